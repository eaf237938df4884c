//! Tasks: what one is, with everything it inherits already in it.

use std::sync::Arc;

use provision_worker::arg::Kind;
use provision_worker::module::Module;

use super::{Common, Include, IncludeVars, RoleArguments, Setting};
use crate::source::{Node, Span};
use crate::template::{Condition, Trimming};
use crate::vars::{Definition, Definitions};

/// A condition and the node it was written as.
#[derive(Debug)]
pub struct When {
    /// The condition; `None` for a plain `true` or `false`.
    pub condition: Result<Condition, bool>,
    /// Where it was written.
    pub node: Node,
}

/// Something to be done on a host.
#[derive(Debug)]
pub struct Task {
    /// Its name, or what it does.
    pub name: Arc<str>,
    /// The template that its name is, if it is one.
    pub title: Option<Definition>,
    /// Where it was written.
    pub span: Span,
    /// `file:line` of that.
    pub at: Arc<str>,
    /// What is to be done.
    pub action: Action,
    /// What it shares with plays and blocks, and has from those around it.
    pub common: Common,
    /// Once for each item.
    pub repeat: Option<Loop>,
    /// The variable that keeps the result.
    pub register: Option<Arc<str>>,
    /// When the result counts as changed, in place of what the module says.
    pub changed_when: Option<Vec<When>>,
    /// When the result counts as failed, in place of what the module says.
    pub failed_when: Option<Vec<When>>,
    /// Again until a condition holds.
    pub retry: Option<Retry>,
    /// Whether a connection variable is among its own variables or those of its role, so that it may be carried out
    /// otherwise than the other tasks of its host.
    pub sets_connection: bool,
    /// For how long it may run in the background, in seconds, while the play goes on.
    pub background: Option<u64>,
}

/// Again until a condition holds.
#[derive(Debug)]
pub struct Retry {
    /// All must hold; without any, the task must succeed.
    pub until: Vec<When>,
    /// How often at most, the first time not counted.
    pub retries: Setting<u64>,
    /// How long to wait before the next time, in milliseconds.
    pub delay: Setting<u64>,
}

/// The items of a loop.
#[derive(Debug)]
pub struct Loop {
    /// A list or a mapping, once rendered.
    pub items: Definition,
    /// The variable that is the item.
    pub variable: Arc<str>,
    /// The variable that is its number, from 0.
    pub index: Option<Arc<str>>,
    /// How long to wait between two items, in milliseconds.
    pub pause: Option<u64>,
    /// Whether `ansible_loop` says where in the loop an item is.
    pub extended: bool,
    /// What is shown of an item.
    pub label: Option<Definition>,
}

/// What a task does.
#[derive(Debug)]
pub enum Action {
    /// A module on the host.
    Module(ModuleCall),
    /// Something that never leaves the controller.
    Control(Control),
}

/// A module with its arguments.
#[derive(Debug)]
pub struct ModuleCall {
    /// The module.
    pub module: &'static Module,
    /// The arguments, by the names that the module gives them.
    pub arguments: Vec<Argument>,
}

impl ModuleCall {
    /// What tags take away with them in the template that it renders, as far as that is known before it runs.
    pub fn trimming(&self) -> Trimming {
        Trimming::of(|name| {
            let mut arguments = self.arguments.iter();
            let argument = arguments.find(|argument| argument.name == name)?;
            argument.value.literal()?.as_bool()
        })
    }
}

/// An argument of a module.
#[derive(Debug)]
pub struct Argument {
    /// Its name in the module.
    pub name: &'static str,
    /// Its value.
    pub value: Definition,
}

/// What never leaves the controller.
#[derive(Debug)]
pub enum Control {
    /// Fails unless all conditions hold.
    Assert {
        /// The conditions.
        that: Vec<When>,
        /// What to say when one does not hold.
        fail_msg: Option<Definition>,
        /// What to say when all hold.
        success_msg: Option<Definition>,
    },
    /// Shows a message or a variable.
    Debug {
        /// What to show.
        what: Definition,
        /// The name of the variable, if it is one.
        variable: Option<Arc<str>>,
    },
    /// Fails.
    Fail {
        /// Why.
        msg: Definition,
    },
    /// Sets variables of the host.
    SetFact(Definitions),
    /// Takes in variables from a file.
    IncludeVars(IncludeVars),
    /// Goes on with other tasks.
    Include(Include),
    /// Adds a host to the inventory.
    AddHost {
        /// Its name.
        name: Definition,
        /// The groups that it goes into.
        groups: Option<Definition>,
        /// Its variables.
        vars: Definitions,
    },
    /// Puts the host into a group.
    GroupBy {
        /// The group.
        key: Definition,
        /// The groups above it.
        parents: Option<Definition>,
    },
    /// Checks the arguments of a role with the host's values.
    CheckArguments(Arc<RoleArguments>),
    /// Something asked of the run itself.
    Meta(Meta),
}

/// What `meta` asks of the run itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meta {
    /// Runs the handlers that have been notified until here.
    FlushHandlers,
    /// Ends the play for the host.
    EndHost,
    /// Ends the play for all hosts of the batch.
    EndBatch,
    /// Ends the play for all hosts.
    EndPlay,
    /// Forgets facts and reads them again.
    ClearFacts,
    /// Reads the inventory again.
    RefreshInventory,
    /// Connects again.
    ResetConnection,
    /// Does nothing.
    Noop,
}

/// A task that runs when it has been notified.
#[derive(Debug)]
pub struct Handler {
    /// What it does.
    pub task: Arc<Task>,
    /// Other names that notify it.
    pub listen: Vec<Arc<str>>,
}

impl Handler {
    /// Whether `name` is its own name, or that with its role's before it.
    pub fn is_called(&self, name: &str) -> bool {
        let role = self.task.common.role.as_ref().map(|role| &*role.role.name);
        let of_role = || {
            name.split_once(" : ")
                .is_some_and(|(before, after)| Some(before) == role && &*self.task.name == after)
        };
        &*self.task.name == name || of_role()
    }

    /// Whether `name` is a topic that it listens to.
    pub fn listens_to(&self, name: &str) -> bool {
        self.listen.iter().any(|topic| &**topic == name)
    }
}

impl Task {
    /// The variables that it sets when it runs.
    pub fn learns(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = self.register.iter().cloned().collect();
        match &self.action {
            Action::Control(Control::SetFact(facts)) => names.extend(facts.keys().cloned()),
            Action::Control(Control::IncludeVars(include)) => {
                let files = include.candidates.iter();
                names.extend(files.flat_map(|(_, file)| file.keys().cloned()));
            }
            _ => {}
        }
        names
    }

    /// The templates of its keywords that are rendered when it runs.
    pub fn templates(&self) -> impl Iterator<Item = &Definition> {
        let common = &self.common;
        let flags = [&common.ignore_errors, &common.any_errors_fatal];
        let again = self.retry.iter();
        let again = again.flat_map(|retry| [&retry.retries, &retry.delay]);
        let notify = common.notify.iter();
        let notify = notify.filter_map(|notify| notify.template.as_deref());
        let flags = flags.into_iter().filter_map(Setting::template);
        let numbers = again.chain(&common.timeout).filter_map(Setting::template);
        flags.chain(numbers).chain(notify)
    }

    /// Whether it renders a template file whose path is only known when it runs.
    pub fn has_unknown_template(&self) -> bool {
        let Action::Module(call) = &self.action else {
            return false;
        };
        call.arguments.iter().any(|argument| {
            let field = call.module.field(argument.name);
            argument.value.literal().is_none()
                && field.is_some_and(|field| field.kind == Kind::ControllerTemplate)
        })
    }

    /// The module's name, as the task uses it.
    pub fn action_name(&self) -> &'static str {
        match &self.action {
            Action::Module(call) => call.module.name,
            Action::Control(control) => control.name(),
        }
    }

    /// What it includes.
    pub fn include(&self) -> Option<&Include> {
        match &self.action {
            Action::Control(Control::Include(include)) => Some(include),
            _ => None,
        }
    }
}

impl Control {
    /// The action's name, as a task uses it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Assert { .. } => "assert",
            Self::Debug { .. } => "debug",
            Self::Fail { .. } => "fail",
            Self::SetFact(_) => "set_fact",
            Self::IncludeVars(_) => "include_vars",
            Self::Include(include) if include.role => "include_role",
            Self::Include(_) => "include_tasks",
            Self::AddHost { .. } => "add_host",
            Self::GroupBy { .. } => "group_by",
            Self::CheckArguments(_) => "validate_argument_spec",
            Self::Meta(_) => "meta",
        }
    }
}
