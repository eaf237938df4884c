//! Tasks: what one is, with everything it inherits already in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use provision_worker::arg::Kind;
use provision_worker::module::Module;

use super::RoleUse;
use crate::source::{Node, Span};
use crate::template::Condition;
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
    /// Where it was written.
    pub span: Span,
    /// `file:line` of that.
    pub at: Arc<str>,
    /// The role it belongs to.
    pub role: Option<RoleUse>,
    /// What is to be done.
    pub action: Action,
    /// All must hold.
    pub when: Vec<When>,
    /// Once for each item.
    pub repeat: Option<Loop>,
    /// The variable that keeps the result.
    pub register: Option<Arc<str>>,
    /// Handlers to run when it has changed something.
    pub notify: Vec<(Arc<str>, Span)>,
    /// When the result counts as changed, in place of what the module says.
    pub changed_when: Option<Vec<When>>,
    /// When the result counts as failed, in place of what the module says.
    pub failed_when: Option<Vec<When>>,
    /// Again until a condition holds.
    pub retry: Option<Retry>,
    /// A failure does not end the host's run.
    pub ignore_errors: bool,
    /// Whether it becomes another user.
    pub escalate: Option<bool>,
    /// The user it becomes.
    pub become_user: Option<Arc<Definition>>,
    /// Its tags and those it inherits.
    pub tags: BTreeSet<Arc<str>>,
    /// Its variables and those it inherits, the nearest last.
    pub vars: Arc<Definitions>,
    /// Nothing of its arguments and results may be shown.
    pub no_log: bool,
    /// `false`: it runs even in check mode, because it only reads.
    pub check_mode: Option<bool>,
    /// The longest time a program of it may take, in seconds.
    pub timeout: Option<u64>,
}

/// Again until a condition holds.
#[derive(Debug)]
pub struct Retry {
    /// All must hold.
    pub until: Vec<When>,
    /// How often at most, the first time not counted.
    pub retries: u32,
    /// How long to wait before the next time, in seconds.
    pub delay: u64,
}

/// The items of a loop.
#[derive(Debug)]
pub struct Loop {
    /// A list, once rendered.
    pub items: Definition,
    /// The variable that is the item.
    pub variable: Arc<str>,
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
    /// Runs the handlers that have been notified until here.
    FlushHandlers,
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
    /// Whether `name` notifies it.
    pub fn answers_to(&self, name: &str) -> bool {
        &*self.task.name == name || self.listen.iter().any(|topic| &**topic == name)
    }
}

impl Task {
    /// The variables that it sets when it runs.
    pub fn learns(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = self.register.iter().cloned().collect();
        if let Action::Control(Control::SetFact(facts)) = &self.action {
            names.extend(facts.keys().cloned());
        }
        names
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
            Action::Control(Control::Assert { .. }) => "assert",
            Action::Control(Control::Debug { .. }) => "debug",
            Action::Control(Control::Fail { .. }) => "fail",
            Action::Control(Control::SetFact(_)) => "set_fact",
            Action::Control(Control::FlushHandlers | Control::Noop) => "meta",
        }
    }
}
