//! The files that facts are read from. Whatever cannot be read is absent.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// No file of interest is larger, in bytes; what is behind that is not read.
const MAX_READ: u64 = 1 << 20;

/// The files below a root directory.
pub(super) struct Files {
    root: PathBuf,
}

impl Files {
    /// The files below `root`.
    pub(super) fn below(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Where `path` really is.
    pub(super) fn real_path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// The text of a file.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let mut bytes = Vec::new();
        let file = fs::File::open(self.real_path(path)).ok()?;
        file.take(MAX_READ).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The text of a file with one line; an empty one counts as absent.
    pub(super) fn line(&self, path: &str) -> Option<String> {
        let text = self.text(path)?;
        let line = text.lines().next()?.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// The names in a directory, sorted; none if there is no such directory.
    pub(super) fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.real_path(path)).into_iter().flatten();
        let mut names: Vec<_> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        names
    }

    /// Whether something is there. A link counts, wherever it leads.
    pub(super) fn exists(&self, path: &str) -> bool {
        self.real_path(path).symlink_metadata().is_ok()
    }
}
