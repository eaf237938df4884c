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
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("basename", |path: &str, _: Kwargs, _: &State| {
        split(path).1.to_owned()
    });
    tera.register_filter("dirname", |path: &str, _: Kwargs, _: &State| {
        split(path).0.to_owned()
    });
    tera.register_filter("path_join", path_join);
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
