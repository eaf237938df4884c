//! What is included while a play runs: which file or role is only known then, but everything that it can be is
//! loaded and checked before.

use std::path::PathBuf;
use std::sync::Arc;

use super::Entry;
use crate::source::Diagnostic;
use crate::vars::{Definition, Definitions};

/// Which body of a play.
pub type BodyId = usize;

/// Tasks that are included while a play runs.
#[derive(Debug)]
pub struct Body {
    /// As the user calls it: the file, or the role.
    pub name: String,
    /// In order.
    pub entries: Vec<Entry>,
}

/// `include_tasks` or `include_role`.
#[derive(Debug)]
pub struct Include {
    /// Whether a role is included, and not a file.
    pub role: bool,
    /// The name of the file or role.
    pub name: Definition,
    /// Where the file, or the role's directory, is looked for.
    pub directories: Vec<PathBuf>,
    /// What the name can be, by path.
    pub candidates: Vec<(PathBuf, Candidate)>,
}

/// Something that can be included: its body, or what is wrong with it. What is wrong matters only once it is
/// included, because a name without any literal part may find files that are no tasks.
pub type Candidate = Result<BodyId, Arc<Diagnostic>>;

impl Include {
    /// What `name` refers to, if it is one of the candidates.
    pub fn find(&self, name: &str) -> Option<&Candidate> {
        self.directories.iter().find_map(|directory| {
            let path = directory.join(name);
            let found = self.candidates.iter().find(|(known, _)| *known == path);
            found.map(|(_, candidate)| candidate)
        })
    }

    /// What its name can be, as it would be written.
    pub fn names(&self) -> Vec<String> {
        let name = |path: &PathBuf| {
            let inside = self
                .directories
                .iter()
                .find_map(|dir| path.strip_prefix(dir).ok());
            inside.unwrap_or(path).display().to_string()
        };
        self.candidates.iter().map(|(path, _)| name(path)).collect()
    }
}

/// `include_vars`: files of variables that are chosen while a play runs.
#[derive(Debug)]
pub struct IncludeVars {
    /// The name of the file.
    pub file: Definition,
    /// Where it is looked for.
    pub directories: Vec<PathBuf>,
    /// What the name can be, by path.
    pub candidates: Vec<(PathBuf, Arc<Definitions>)>,
}

impl IncludeVars {
    /// The variables of the file called `name`.
    pub fn find(&self, name: &str) -> Option<&Arc<Definitions>> {
        self.directories.iter().find_map(|directory| {
            let path = directory.join(name);
            let found = self.candidates.iter().find(|(known, _)| *known == path);
            found.map(|(_, definitions)| definitions)
        })
    }
}
