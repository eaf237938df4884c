//! What `-i` may name: a file in YAML or INI form, a program, a directory of these, or hosts with commas.
//!
//! What a file is, its content says. Of several sources the later one wins.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::load::Loader;
use super::vars_files::{self, Beside};
use super::{GroupName, Inventory, ini, script};
use crate::source::{Diagnostic, Diagnostics, SourceMap, Span};

/// Endings of files that are passed over in a directory, as Ansible does.
const PASSED_OVER: [&str; 12] = [
    ".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry",
];

/// Directories beside the files that hold something else.
const NO_SOURCES: [&str; 3] = ["group_vars", "host_vars", "vars_plugins"];

/// How deep directories may be nested; links may go round in circles.
const DEPTH_LIMIT: usize = 8;

impl Inventory {
    /// Reads an inventory and the variables beside it. What is wrong goes to `diagnostics`; if there
    /// are errors among it, the inventory holds only what could be understood.
    pub fn load(path: &Path, map: &mut SourceMap, diagnostics: &mut Diagnostics) -> Self {
        Self::load_all(&[path.to_owned()], &[], map, diagnostics)
    }

    /// Reads all sources to one inventory, the variables beside them, and those beside `playbooks`.
    pub fn load_all(
        sources: &[PathBuf],
        playbooks: &[PathBuf],
        map: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut loader = Loader::new(diagnostics);
        let mut read = false;
        for source in sources {
            read |= loader.source(source, map).is_some();
        }
        let mut inventory = loader.end(read);
        let mut seen = IndexMap::new();
        let beside = sources.iter().filter_map(|source| base(source));
        let beside = beside.map(|directory| (directory, Beside::Inventory));
        let plays = playbooks
            .iter()
            .filter_map(|playbook| Some((playbook.parent()?.to_owned(), Beside::Playbook)));
        for (directory, beside) in beside.chain(plays) {
            let shown = if directory.as_os_str().is_empty() {
                Path::new(".")
            } else {
                &directory
            };
            let same = shown.canonicalize().unwrap_or_else(|_| shown.to_owned());
            if seen.insert(same, ()).is_none() {
                vars_files::load(&directory, beside, &mut inventory, map, diagnostics);
            }
        }
        inventory
    }
}

/// Whether it is hosts with commas and no path.
fn is_list(source: &Path) -> bool {
    let text = source.as_os_str().to_string_lossy();
    text.contains(',') && source.symlink_metadata().is_err()
}

/// The directory that a source's `group_vars/` are in. Hosts with commas have none.
pub fn base(source: &Path) -> Option<PathBuf> {
    if is_list(source) {
        None
    } else if source.is_dir() {
        Some(source.to_owned())
    } else {
        source.parent().map(Path::to_owned)
    }
}

impl Loader<'_> {
    fn source(&mut self, source: &Path, map: &mut SourceMap) -> Option<()> {
        if is_list(source) {
            self.list(&source.to_string_lossy(), map);
            return Some(());
        }
        if !source.is_dir() {
            return self.one(source, map);
        }
        let mut files = Vec::new();
        self.files(source, DEPTH_LIMIT, &mut files);
        if files.is_empty() {
            let message = format!("the directory `{}` holds no inventory", source.display());
            self.diagnostics.push(Diagnostic::error(message).help(
                "files of hosts and groups stand beside its `group_vars`, and not in it; hidden files and endings such as `.txt` and `.cfg` are passed over",
            ));
        }
        let mut read = None;
        for file in files {
            read = self.one(&file, map).or(read);
        }
        read
    }

    /// The files of a directory that are sources, in the order of their names.
    fn files(&mut self, directory: &Path, depth: usize, files: &mut Vec<PathBuf>) {
        let entries = || -> io::Result<Vec<PathBuf>> {
            let entries = fs::read_dir(directory)?;
            entries.map(|entry| Ok(entry?.path())).collect()
        };
        let entries = entries().map_err(|error| {
            Diagnostic::error(format!("cannot read `{}`: {error}", directory.display()))
        });
        let mut entries = self.diagnostics.check(entries).unwrap_or_default();
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.')
                || NO_SOURCES.contains(&&*name)
                || PASSED_OVER.iter().any(|ending| name.ends_with(ending))
            {
                continue;
            }
            if !path.is_dir() {
                files.push(path);
            } else if depth > 0 {
                self.files(&path, depth - 1, files);
            } else {
                let message = format!("`{}` is nested too deep", path.display());
                self.diagnostics.push(Diagnostic::error(message));
            }
        }
    }

    fn one(&mut self, path: &Path, map: &mut SourceMap) -> Option<()> {
        match kind(path) {
            FileKind::Program => script::read(self, path, map),
            FileKind::Locked => {
                let message = format!("`{}` is a program and may not be executed", path.display());
                let error = Diagnostic::error(message).note("it begins with `#!`");
                self.diagnostics.push(error.help(format!(
                    "`chmod +x {}`, or take out the line if it is an inventory in YAML or INI form",
                    path.display()
                )));
                None
            }
            FileKind::Text => {
                let id = self.diagnostics.check(map.load(path))?;
                if ini::is_ini(map.text(id)) {
                    // Its values would not be known as secret.
                    if map.is_secret(id) {
                        let message = format!("`{}` is encrypted and in INI form", path.display());
                        let error = Diagnostic::error(message)
                            .at(Span::new(id, 0..0), "only YAML is read from an encrypted file")
                            .help("keep the secrets in an encrypted `group_vars/NAME.yaml` beside a plain inventory");
                        self.diagnostics.push(error);
                        return None;
                    }
                    ini::read(self, id, map);
                    return Some(());
                }
                let root = self.root(path, id, map)?;
                self.groups(&root);
                Some(())
            }
        }
    }

    /// `web1,web[2:3]:2222,`
    fn list(&mut self, text: &str, map: &mut SourceMap) {
        let file = map.add("--inventory", text);
        let ungrouped = GroupName::implied(GroupName::UNGROUPED);
        let mut start = 0;
        for part in text.split_inclusive(',') {
            let written = part.trim_end_matches(',');
            let host = written.trim();
            let at = start + written.len() - written.trim_start().len();
            start += part.len();
            if !host.is_empty() {
                let span = Span::new(file, at..at + host.len());
                ini::pattern(self, &ungrouped, host, span, super::Vars::new());
            }
        }
    }
}

enum FileKind {
    Text,
    Program,
    /// A program that may not be executed.
    Locked,
}

/// A text may be marked as executable by accident, and on some disks all are: what begins like a program is one.
fn kind(path: &Path) -> FileKind {
    let head = || {
        let mut head = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(fs::File::open(path)?, 4), &mut head)?;
        io::Result::Ok(head)
    };
    // Whoever reads it as a text says why that cannot be done.
    let head = head().unwrap_or_default();
    let executable = path
        .metadata()
        .is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0);
    let is_yaml = [OsStr::new("yaml"), OsStr::new("yml"), OsStr::new("ini")]
        .iter()
        .any(|extension| path.extension() == Some(extension));
    match (head.starts_with(b"#!"), head == b"\x7fELF", executable) {
        (true, _, true) | (_, true, true) => FileKind::Program,
        (true, _, false) if !is_yaml => FileKind::Locked,
        _ => FileKind::Text,
    }
}
