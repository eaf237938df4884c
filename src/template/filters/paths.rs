//! Paths as texts. They are those of the hosts: `/` separates, whatever the controller runs on.

use tera::{Kwargs, State, Tera, TeraResult};

use super::fail;
use crate::template::reference::{Documented, filter};
use crate::value::Value;

pub(super) const TABLE: &[Documented] = &[
    filter(
        "basename",
        &[],
        "The last part of a path.",
        "'/etc/hosts' | basename",
        "\"hosts\"",
    ),
    filter(
        "dirname",
        &[],
        "A path without its last part.",
        "'/etc/hosts' | dirname",
        "\"/etc\"",
    ),
    filter(
        "path_join",
        &[],
        "One path from its parts; an absolute part begins anew.",
        "['/etc', 'ssh/', 'sshd_config'] | path_join",
        "\"/etc/ssh/sshd_config\"",
    ),
    filter(
        "splitext",
        &[],
        "A path and its extension.",
        "'a/b.tar.gz' | splitext",
        "[\"a/b.tar\",\".gz\"]",
    ),
    filter(
        "normpath",
        &[],
        "Without `.`, `..` and doubled slashes, as far as the text alone tells.",
        "'/etc/ssl/../hosts' | normpath",
        "\"/etc/hosts\"",
    ),
    filter(
        "relpath",
        &["start"],
        "The way from a directory to a path.",
        "'/etc/ssl/certs' | relpath('/etc/ssh')",
        "\"../ssl/certs\"",
    ),
    filter(
        "commonpath",
        &[],
        "The longest directory that all paths have in common.",
        "['/etc/ssl/a', '/etc/ssh'] | commonpath",
        "\"/etc\"",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("basename", |path: &str, _: Kwargs, _: &State| {
        split(path).1.to_owned()
    });
    tera.register_filter("dirname", |path: &str, _: Kwargs, _: &State| {
        split(path).0.to_owned()
    });
    tera.register_filter("path_join", path_join);
    tera.register_filter("normpath", |path: &str, _: Kwargs, _: &State| normal(path));
    tera.register_filter("relpath", relpath);
    tera.register_filter("commonpath", commonpath);
    tera.register_filter("splitext", |path: &str, _: Kwargs, _: &State| {
        let name = split(path).1;
        // A leading dot hides a file and begins no extension.
        let dot = name.trim_start_matches('.').rfind('.');
        let extension = dot.map_or(0, |dot| name.trim_start_matches('.').len() - dot);
        let (stem, extension) = path.split_at(path.len() - extension);
        vec![Value::from(stem), Value::from(extension)]
    });
}

/// Directory and name.
fn split(path: &str) -> (&str, &str) {
    match path.rfind('/') {
        None => ("", path),
        Some(slash) => {
            let directory = path[..slash].trim_end_matches('/');
            let directory = if directory.is_empty() { "/" } else { directory };
            (directory, &path[slash + 1..])
        }
    }
}

fn path_join(parts: &[Value], _: Kwargs, _: &State) -> TeraResult<String> {
    let mut path = String::new();
    for part in parts {
        let Some(part) = part.as_str() else {
            return fail("a part of the path is no text");
        };
        if part.starts_with('/') {
            path.clear();
        } else if !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(part);
    }
    Ok(path)
}

/// The parts of a path without what leads nowhere.
fn parts(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    parts
}

fn normal(path: &str) -> String {
    let joined = parts(path).join("/");
    if path.starts_with('/') {
        format!("/{joined}")
    } else if joined.is_empty() {
        ".".into()
    } else {
        joined
    }
}

fn relpath(path: &str, arguments: Kwargs, _: &State) -> TeraResult<String> {
    let start = arguments.must_get::<&str>("start")?;
    if path.starts_with('/') != start.starts_with('/') {
        return fail("`relpath` needs two absolute paths or two relative ones");
    }
    let (path, start) = (parts(path), parts(start));
    let common = path.iter().zip(&start).take_while(|(a, b)| a == b).count();
    let way: Vec<&str> = std::iter::repeat_n("..", start.len() - common)
        .chain(path[common..].iter().copied())
        .collect();
    Ok(if way.is_empty() {
        ".".into()
    } else {
        way.join("/")
    })
}

fn commonpath(paths: &[Value], _: Kwargs, _: &State) -> TeraResult<String> {
    let paths: TeraResult<Vec<&str>> = paths.iter().map(super::kinds::text).collect();
    let paths = paths?;
    let Some(first) = paths.first() else {
        return fail("the list is empty");
    };
    let absolute = first.starts_with('/');
    if paths.iter().any(|path| path.starts_with('/') != absolute) {
        return fail("`commonpath` needs absolute paths or relative ones, not both");
    }
    let mut common = parts(first);
    for path in &paths {
        let same = common.iter().zip(parts(path)).take_while(|(a, b)| *a == b);
        common.truncate(same.count());
    }
    let root = if absolute { "/" } else { "" };
    Ok(root.to_owned() + &common.join("/"))
}
