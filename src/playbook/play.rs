//! Playbooks and plays.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Body, Common, Entry, Handler, Role, RoleLayers, Task, each_task};
use crate::inventory::HostPattern;
use crate::source::{Diagnostic, Span};
use crate::vars::{Definition, Definitions};

/// A file with plays.
#[derive(Debug)]
pub struct Playbook {
    /// The file.
    pub path: PathBuf,
    /// Its plays and those that it imports, in order.
    pub plays: Vec<Play>,
}

/// Hosts, and what is to be done on them.
#[derive(Debug)]
pub struct Play {
    /// Its name, or its pattern.
    pub name: Arc<str>,
    /// Where it was written.
    pub span: Span,
    /// The playbook that it stands in, which may be an imported one.
    pub path: PathBuf,
    /// The hosts.
    pub hosts: HostPattern,
    /// What its tasks inherit, and its first connection needs.
    pub common: Common,
    /// How its hosts are reached where the inventory does not say so.
    pub connection: Connection,
    /// `vars`.
    pub vars: Definitions,
    /// `vars_prompt`.
    pub prompts: Vec<Prompt>,
    /// `vars_files`, in order.
    pub vars_files: Vec<Definitions>,
    /// `pre_tasks`, then roles and `tasks`, then `post_tasks`. Handlers run at the end of each.
    pub sections: [Vec<Entry>; 3],
    /// What can be included while it runs.
    pub bodies: Vec<Body>,
    /// The handlers of the play and its roles, in the order in which they run.
    pub handlers: Vec<Handler>,
    /// The roles of the play, for their defaults.
    pub roles: Vec<Arc<Role>>,
    /// The variables of all of these.
    pub role_layers: RoleLayers,
    /// How its hosts go through it.
    pub course: Course,
}

/// How the hosts of a play go through it.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// How many hosts at a time, one batch after the other; the last entry is repeated.
    pub serial: Vec<BatchSize>,
    /// In which order hosts are taken.
    pub order: Order,
    /// Each host goes on by itself and waits for no other.
    pub free: bool,
    /// The play ends everywhere when more hosts of a batch have failed than this, in percent.
    pub max_fail_percentage: Option<f64>,
    /// Handlers that have been notified run even on a host that fails.
    pub force_handlers: bool,
    /// `gather_facts: false`: a host without tasks need not be reached.
    pub no_facts: bool,
}

/// How many hosts are a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BatchSize {
    /// That many.
    Hosts(usize),
    /// That part of all hosts of the play, in percent.
    Percent(f64),
}

/// In which order hosts are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the inventory has them.
    #[default]
    Inventory,
    /// The other way round.
    ReverseInventory,
    /// By name.
    Sorted,
    /// By name, the other way round.
    ReverseSorted,
    /// By chance.
    Shuffle,
}

/// How the hosts of a play are reached where the inventory does not say so.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// The login user.
    pub user: Option<Arc<Definition>>,
    /// The port.
    pub port: Option<u16>,
}

/// A variable that the user is asked for.
#[derive(Debug)]
pub struct Prompt {
    /// The variable.
    pub name: Arc<str>,
    /// What the user is asked.
    pub question: String,
    /// What an empty answer stands for.
    pub default: Option<String>,
    /// The answer is not shown, and is a secret.
    pub private: bool,
    /// The user is asked twice.
    pub confirm: bool,
}

impl Play {
    /// The directory that its files are relative to; empty, and not `.`, if it is the current one.
    pub fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The handlers that a notification of `name` is for: those that listen to it, and of those that are called so
    /// the one of the role or play that was loaded last.
    pub fn notified_by(&self, name: &str) -> Vec<usize> {
        let called = |handler: &&Handler| handler.is_called(name);
        let last = self.handlers.iter().rfind(called);
        let owner = |handler: &Handler| {
            let role = handler.task.common.role.as_ref();
            role.map(|role| role.role.name.clone())
        };
        let chosen = last.map(owner).and_then(|last| {
            let mut handlers = self.handlers.iter();
            handlers.position(|handler| handler.is_called(name) && owner(handler) == last)
        });
        let listening = self.handlers.iter().enumerate();
        let listening = listening.filter(|(_, handler)| handler.listens_to(name));
        let listening = listening.map(|(index, _)| index);
        chosen.into_iter().chain(listening).collect()
    }

    /// The same, or what is wrong if there is none.
    pub fn handlers_for(&self, name: &str, notified: Span) -> Result<Vec<usize>, Diagnostic> {
        let found = self.notified_by(name);
        if !found.is_empty() {
            return Ok(found);
        }
        let names = self.handlers.iter().map(|handler| &handler.task.name);
        let topics = self.handlers.iter().flat_map(|handler| &handler.listen);
        let known = names.chain(topics).map(AsRef::as_ref);
        Err(Diagnostic::error(format!("there is no handler `{name}`"))
            .at(notified, "notified here")
            .suggest(name, known))
    }

    /// Calls `visit` for each task of the play: those in blocks, handlers, and what can be included as well.
    pub fn each_task<'a>(&'a self, visit: &mut dyn FnMut(&'a Arc<Task>)) {
        let bodies = self.bodies.iter().map(|body| &body.entries);
        for entries in self.sections.iter().chain(bodies) {
            each_task(entries, visit);
        }
        for handler in &self.handlers {
            visit(&handler.task);
        }
    }
}
