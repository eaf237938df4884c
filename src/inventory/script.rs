//! Programs as inventories: Ansible's protocol of `--list` and `--host NAME`, whose answers are JSON.
//!
//! A program is as trusted as a file of the same place: texts in its answers are templates, as in Ansible.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use indexmap::IndexSet;

use super::load::Loader;
use super::{GroupName, HostName, Vars, vars};
use crate::source::{Diagnostic, Node, SourceMap, parse_yaml};

/// How long one call may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The longest answer.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;

/// How many lines of what a program says when it fails are shown.
const LINES_SHOWN: usize = 10;

/// Asks a program for its groups and hosts.
pub(super) fn read(loader: &mut Loader<'_>, path: &Path, map: &mut SourceMap) -> Option<()> {
    let root = answer(path, &["--list"], TIME_LIMIT, map);
    let root = loader.diagnostics.check(root)?;
    let (mut meta, mut found) = (None, IndexSet::new());
    for entry in root.as_map().unwrap_or_default() {
        if entry.name() == "_meta" {
            meta = entry.value.get("hostvars");
        } else if let Some(group) = loader.declare(entry.name(), entry.key.span, None) {
            body(loader, &group, &entry.value, &mut found);
        }
    }
    match meta {
        Some(meta) => of_meta(loader, meta),
        None => of_each(loader, &found, path, map),
    }
    Some(())
}

/// A group: a list of hosts, or a mapping with `hosts`, `children` and `vars`.
fn body(loader: &mut Loader<'_>, group: &GroupName, body: &Node, found: &mut IndexSet<HostName>) {
    if body.as_list().is_some() {
        hosts(loader, group, body, found);
        return;
    }
    let Some(entries) = body.as_map() else {
        let message = format!(
            "the group `{group}` must be a list of hosts or a mapping, found {}",
            body.type_name()
        );
        let error = Diagnostic::error(message);
        loader
            .diagnostics
            .push(error.at(body.span, "expected `hosts`, `children` or `vars`"));
        return;
    };
    for entry in entries {
        match entry.name() {
            "hosts" => hosts(loader, group, &entry.value, found),
            "children" => {
                for child in names(loader, "`children`", &entry.value) {
                    loader.declare(child.as_str().unwrap_or_default(), child.span, Some(group));
                }
            }
            "vars" => loader.group_vars(group, &entry.value),
            unknown => {
                let message = format!("unknown key `{unknown}` in the group `{group}`");
                let error = Diagnostic::error(message)
                    .at(entry.key.span, "expected `hosts`, `children` or `vars`")
                    .suggest(unknown, ["hosts", "children", "vars"].into_iter());
                loader.diagnostics.push(error);
            }
        }
    }
}

fn hosts(loader: &mut Loader<'_>, group: &GroupName, node: &Node, found: &mut IndexSet<HostName>) {
    for host in names(loader, "`hosts`", node) {
        let name = HostName::new(host.as_str().unwrap_or_default());
        if let Some(name) = loader.name(name, host.span) {
            found.insert(name.clone());
            loader.host(group, name, host.span, Vars::new());
        }
    }
}

/// The items of a list of names.
fn names<'n>(loader: &mut Loader<'_>, what: &str, node: &'n Node) -> Vec<&'n Node> {
    let Some(items) = node.as_list() else {
        let message = format!("{what} must be a list of names, found {}", node.type_name());
        let error = Diagnostic::error(message).at(node.span, "expected `[\"NAME\", ...]`");
        loader.diagnostics.push(error);
        return Vec::new();
    };
    let (names, others): (Vec<&Node>, Vec<&Node>) =
        items.iter().partition(|item| item.as_str().is_some());
    for other in others {
        let message = format!("{what} holds {}, a name was expected", other.type_name());
        let error = Diagnostic::error(message).at(other.span, "not a name");
        loader.diagnostics.push(error);
    }
    names
}

/// The variables of all hosts, in the answer itself.
fn of_meta(loader: &mut Loader<'_>, meta: &Node) {
    for entry in meta.as_map().unwrap_or_default() {
        let whose = format!("the host `{}`", entry.name());
        let vars = vars::read(&entry.value, &whose, loader.diagnostics);
        if !loader.unite_host(entry.name(), vars) {
            let message = format!(
                "`_meta` has variables of `{}`, which is in no group",
                entry.name()
            );
            let warning = Diagnostic::warning(message).at(entry.key.span, "not read");
            loader.diagnostics.push(warning);
        }
    }
}

/// The variables of all hosts, one call for each.
fn of_each(loader: &mut Loader<'_>, hosts: &IndexSet<HostName>, path: &Path, map: &mut SourceMap) {
    for name in hosts {
        let node = answer(path, &["--host", name.as_str()], TIME_LIMIT, map);
        let Some(node) = loader.diagnostics.check(node) else {
            // The others would fail in the same way.
            return;
        };
        let vars = vars::read(&node, &format!("the host `{name}`"), loader.diagnostics);
        loader.unite_host(name.as_str(), vars);
    }
}

/// What a program answers, as a tree whose places are in the answer as it would be written with line breaks.
fn answer(
    path: &Path,
    args: &[&str],
    limit: Duration,
    map: &mut SourceMap,
) -> Result<Node, Diagnostic> {
    let shown = format!("{} {}", path.display(), args.join(" "));
    let bytes = call(path, args, limit, &shown)?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!("`{shown}` does not answer with JSON: {error}");
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
        let first = text.lines().next().unwrap_or_default().trim();
        let error = Diagnostic::error(message);
        if first.is_empty() {
            error.note("it prints nothing")
        } else {
            let first: String = first.chars().filter(|c| !c.is_control()).collect();
            error.note(format!("it prints `{first}`"))
        }
    })?;
    if !value.is_object() {
        let message = format!("`{shown}` must answer with a JSON object");
        let help = if args.len() == 1 {
            "an object of groups: `{\"web\": {\"hosts\": [\"web1\"]}, \"_meta\": {\"hostvars\": {}}}`"
        } else {
            "an object of the host's variables, `{}` if it has none"
        };
        return Err(Diagnostic::error(message).help(help));
    }
    let text = serde_json::to_string_pretty(&value)
        .map_err(|error| Diagnostic::error(format!("`{shown}`: {error}")))?;
    let file = map.add(&shown, text);
    let documents = parse_yaml(map, file)?;
    let nothing = || Diagnostic::error(format!("`{shown}` answers nothing"));
    documents.into_iter().next().ok_or_else(nothing)
}

/// Runs a program to its end and gives what it prints.
fn call(path: &Path, args: &[&str], limit: Duration, shown: &str) -> Result<Vec<u8>, Diagnostic> {
    let failed = |what: String| Diagnostic::error(format!("`{shown}` {what}"));
    // A bare name would be looked for in `PATH`.
    let mut child = Command::new(path.canonicalize().as_deref().unwrap_or(path))
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| failed(format!("cannot be run: {error}")))?;
    let until = Instant::now() + limit;
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let late = || {
        failed(format!("has not ended after {} seconds", limit.as_secs()))
            .help("an inventory is read before anything else: let the program keep what takes long")
    };
    // The pipes are closed when the program and all that it has started have ended.
    let rest = || until.saturating_duration_since(Instant::now());
    let answers = stdout.recv_timeout(rest()).and_then(|stdout| {
        let stderr = stderr.recv_timeout(rest())?;
        Ok((stdout, stderr))
    });
    let Ok((stdout, stderr)) = answers else {
        end(&mut child);
        return Err(late());
    };
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                end(&mut child);
                return Err(late());
            }
            Err(error) => return Err(failed(format!("was lost: {error}"))),
        }
    };
    if !status.success() {
        let said = String::from_utf8_lossy(&stderr).into_owned();
        let lines: Vec<&str> = said.trim_end().lines().collect();
        let last = lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n");
        let clean = |c: &char| *c == '\n' || !c.is_control();
        let last: String = last.chars().filter(clean).collect();
        let error = failed(format!("failed ({status})"));
        return Err(if last.is_empty() {
            error.note("it said nothing on standard error")
        } else {
            error.note(format!("it said:\n{last}"))
        });
    }
    if stdout.len() as u64 > SIZE_LIMIT {
        return Err(failed("answers with more than 16 MiB".into()));
    }
    Ok(stdout)
}

/// Reads a pipe to its end, or as far as an answer may be long.
fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What could be read until an error has to do: it is no JSON then.
            let _ = pipe.take(SIZE_LIMIT + 1).read_to_end(&mut bytes);
        }
        // Nobody listens any more if it took too long.
        let _ = sender.send(bytes);
    });
    receiver
}

/// Ends a program with all that it has started.
fn end(child: &mut Child) {
    let id = i32::try_from(child.id()).ok();
    if let Some(group) = id.and_then(rustix::process::Pid::from_raw) {
        // It may have ended by now.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.wait();
}

#[cfg(test)]
mod tests;
