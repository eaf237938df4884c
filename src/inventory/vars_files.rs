//! `group_vars/` and `host_vars/` beside the inventory or a playbook: `NAME.yaml`, `NAME.yml`, `NAME.json`, `NAME`, or a
//! directory `NAME` whose files are read in the order of their names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::{GroupName, HostName, Inventory, Vars, vars};
use crate::source::{Diagnostic, Diagnostics, SourceMap, parse_yaml};

const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// How deep directories below `group_vars/NAME` may be nested; links may go round in circles.
const DEPTH_LIMIT: usize = 8;

/// What the directories stand beside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    Inventory,
    /// A playbook, which many inventories may be used with: it need not have all the groups.
    Playbook,
}

/// Reads all files of both directories into the groups and hosts that they are named after.
pub(super) fn load(
    directory: &Path,
    beside: Beside,
    inventory: &mut Inventory,
    map: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) {
    let mut reader = Reader {
        map,
        diagnostics,
        beside,
    };
    for (name, path) in reader.names(&directory.join("group_vars")) {
        let known = inventory.groups.keys().map(GroupName::as_str);
        if reader.is_known("group", &name, &path, known) {
            let files = reader.vars(&format!("group `{name}`"), &path, DEPTH_LIMIT);
            reader.check_priority(&files);
            let group = &mut inventory.groups[name.as_str()];
            match beside {
                Beside::Inventory => group.files.extend(files),
                Beside::Playbook => group.playbook_files.extend(files),
            }
        }
    }
    for (name, path) in reader.names(&directory.join("host_vars")) {
        let known = inventory.hosts.keys().map(HostName::as_str);
        if reader.is_known("host", &name, &path, known) {
            let files = reader.vars(&format!("host `{name}`"), &path, DEPTH_LIMIT);
            let host = &mut inventory.hosts[name.as_str()];
            match beside {
                Beside::Inventory => host.files.extend(files),
                Beside::Playbook => host.playbook_files.extend(files),
            }
        }
    }
}

struct Reader<'a> {
    map: &'a mut SourceMap,
    diagnostics: &'a mut Diagnostics,
    beside: Beside,
}

impl Reader<'_> {
    /// The names that the entries of a directory stand for.
    fn names(&mut self, directory: &Path) -> IndexMap<String, PathBuf> {
        let mut names: IndexMap<String, PathBuf> = IndexMap::new();
        for path in self.list(directory) {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            let name = if path.is_dir() { &file } else { stem(&file) };
            if let Some(first) = names.get(name) {
                self.diagnostics.push(
                    Diagnostic::error(format!(
                        "`{}` and `{}` both hold the variables of `{name}`",
                        first.display(),
                        path.display()
                    ))
                    .help(format!("put both into a directory `{name}`; its files are read in order of their names")),
                );
            } else {
                names.insert(name.to_owned(), path.clone());
            }
        }
        names
    }

    fn is_known<'a>(
        &mut self,
        what: &str,
        name: &str,
        path: &Path,
        mut known: impl Iterator<Item = &'a str> + Clone,
    ) -> bool {
        let is_known = known.clone().any(|other| other == name);
        if !is_known && self.beside == Beside::Inventory {
            self.diagnostics.push(
                Diagnostic::warning(format!(
                    "`{}` is not read: the inventory has no {what} `{name}`",
                    path.display()
                ))
                .suggest(name, known.by_ref()),
            );
        }
        is_known
    }

    /// The variables of a file, or of each file of a directory.
    fn vars(&mut self, whose: &str, path: &Path, depth: usize) -> Vec<Vars> {
        if !path.is_dir() {
            return self.file(whose, path).into_iter().collect();
        }
        if depth == 0 {
            let message = format!("`{}` is nested too deep", path.display());
            self.diagnostics.push(Diagnostic::error(message));
            return Vec::new();
        }
        let mut files = Vec::new();
        for path in self.list(path) {
            let file = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() || stem(&file) != file || !file.contains('.') {
                files.extend(self.vars(whose, &path, depth - 1));
            } else {
                let message = format!("`{}` is not read", path.display());
                let warning =
                    Diagnostic::warning(message).help("name it `*.yaml`, `*.yml` or `*.json`");
                self.diagnostics.push(warning);
            }
        }
        files
    }

    fn file(&mut self, whose: &str, path: &Path) -> Option<Vars> {
        let id = self.diagnostics.check(self.map.load(path))?;
        let documents = self.diagnostics.check(parse_yaml(self.map, id))?;
        match &documents[..] {
            [] => None,
            [document] => Some(vars::read(document, whose, self.diagnostics)),
            [_, second, ..] => {
                let error = Diagnostic::error("a file of variables holds one document");
                self.diagnostics
                    .push(error.at(second.span, "the second one begins here"));
                None
            }
        }
    }

    /// The entries of a directory by name, without hidden files and what editors leave behind. No
    /// directory, no entries.
    fn list(&mut self, directory: &Path) -> Vec<PathBuf> {
        let read = || {
            fs::read_dir(directory)?
                .map(|entry| Ok(entry?.path()))
                .collect()
        };
        let entries: io::Result<Vec<PathBuf>> = read();
        let mut paths = match entries {
            Ok(paths) => paths,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                let message = format!("cannot read `{}`: {error}", directory.display());
                self.diagnostics.push(Diagnostic::error(message));
                Vec::new()
            }
        };
        paths.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !name.starts_with('.') && !name.ends_with('~')
        });
        paths.sort();
        paths
    }

    fn check_priority(&mut self, files: &[Vars]) {
        for node in files
            .iter()
            .filter_map(|file| file.get("ansible_group_priority"))
        {
            self.diagnostics.push(
                Diagnostic::warning("`ansible_group_priority` has no effect here")
                    .at(node.span, "this file is found by way of the group")
                    .help("set it in the `vars` of the group in the inventory"),
            );
        }
    }
}

/// A file's name without the extension of a file of variables. Names of hosts have dots too.
fn stem(file: &str) -> &str {
    match file.rsplit_once('.') {
        Some((stem, extension)) if EXTENSIONS.contains(&extension) => stem,
        _ => file,
    }
}
