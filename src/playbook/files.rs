//! Where the files of a role or a play are found.

use std::path::{Path, PathBuf};

/// Looks for files as a task of a role or a play sees them.
#[derive(Clone, Debug)]
pub struct Finder {
    role: Option<PathBuf>,
    playbook: PathBuf,
}

impl Finder {
    /// For tasks of the role in the directory `role`, or of the playbook in the directory `playbook`.
    pub fn new(role: Option<&Path>, playbook: &Path) -> Self {
        Self {
            role: role.map(Path::to_owned),
            playbook: playbook.to_owned(),
        }
    }

    /// The places where `name` may be, the first one first. `folder` is `files` or `templates`.
    pub fn candidates(&self, folder: &str, name: &str) -> Vec<PathBuf> {
        let name = Path::new(name);
        if name.is_absolute() {
            return vec![name.to_owned()];
        }
        let directories = self.role.iter().chain(std::iter::once(&self.playbook));
        directories
            .flat_map(|dir| [dir.join(folder).join(name), dir.join(name)])
            .collect()
    }

    /// The first of the candidates that exists.
    pub fn find(&self, folder: &str, name: &str) -> Option<PathBuf> {
        self.candidates(folder, name)
            .into_iter()
            .find(|path| path.exists())
    }
}
