//! What the engine knows about one host while a run lasts.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use provision_worker::protocol::{Outcome, Request};
use serde_json::Map;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::calls::Prepared;
use super::content::ContentSource;
use super::link::{ToLink, WorkerKey};
use super::program::{BlockId, InstanceId, StepId};
use super::settings::Settings;
use super::timing::Clock;
use super::untold::Skip;
use crate::event::{Recap, Status, StepName, TaskResult};
use crate::inventory::connection::{ConnectionVars, is_connection_variable};
use crate::inventory::{HostName, Inventory};
use crate::playbook::Task;
use crate::value::Value;
use crate::vars::{Definitions, Values};

/// A host in a run.
pub(super) struct HostRun {
    pub(super) name: Arc<str>,
    /// The inventory's variables, the strongest of each name.
    vars: Definitions,
    /// What the run itself knows, the facts among it once they are there.
    magic: Values,
    /// Set and registered variables.
    learned: Values,
    /// Registered variables of which check mode cannot know the value.
    pub(super) unknown: HashSet<Arc<str>>,
    /// Whether check mode has found something to change: what comes after may depend on it.
    pub(super) would_change: bool,
    /// What it has learned and what no record may hold.
    pub(super) hidden: HashSet<Arc<str>>,
    /// The play and the step at which it learned the first of that.
    pub(super) hidden_since: Option<(usize, Option<StepName>)>,
    /// The play and the step at which it has stopped.
    pub(super) stopped: Option<(usize, Option<StepName>)>,
    /// The handlers that were notified when it stopped.
    pub(super) owed: Vec<Arc<str>>,
    /// Variables that it has taken in from files.
    included: Definitions,
    /// The connection variables that its tasks see alike in the play that runs, once they have been read: they are written
    /// out, and no task has anything to say about them.
    pub(super) connection: RefCell<Option<Arc<ConnectionVars>>>,
    pub(super) link: Option<mpsc::UnboundedSender<ToLink>>,
    /// Counts its connections, so that nobody listens to an old one.
    pub(super) generation: u64,
    /// What serves its connections: one that is closed may still have to end.
    pub(super) link_tasks: Vec<JoinHandle<()>>,
    /// Whether nothing more runs on it.
    pub(super) ended: bool,
    /// Whether a play works on it, and not only tasks that are delegated to it.
    pub(super) takes_part: bool,
    pub(super) recap: Recap,
    pub(super) progress: Progress,
}

/// How far a host has come in the play that runs.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is about another moment"
)]
pub(super) struct Progress {
    /// The next step to prepare.
    pub(super) cursor: StepId,
    /// The first step that has not ended: what the frontier counts.
    pub(super) position: StepId,
    /// The last step that has ended, or to which a failure has led.
    pub(super) last: Option<StepId>,
    /// It fails with the others as soon as it has ended the step that was fatal.
    pub(super) doomed: bool,
    /// The step that the reporters have been told it works on.
    pub(super) shown: Option<StepId>,
    /// How many of its results have not been told yet.
    pub(super) untold: usize,
    /// Whether it has been its turn to be connected to.
    pub(super) taken_up: bool,
    /// Whether the next step waits for other hosts.
    pub(super) parked: bool,
    /// The clock of the next step.
    pub(super) clock: Clock,
    /// Steps that have been sent or wait for those before them, in order.
    pub(super) queue: VecDeque<Pending>,
    /// Handlers to run at the next flush.
    pub(super) notified: BTreeSet<usize>,
    /// Handlers that have run since the flush began.
    pub(super) flushed: BTreeSet<usize>,
    /// The request that waits to be allowed to change the host, and its step.
    pub(super) held: Option<(u64, StepId)>,
    /// What it takes part in of what has been included, with the variables of the includes' loops.
    pub(super) entered: HashMap<InstanceId, Values>,
    /// The blocks of which it runs `always` after a failure.
    pub(super) failing: HashSet<BlockId>,
    /// It has failed, and runs only the handlers that have been notified before.
    pub(super) failed: bool,
    /// Whether nothing more of the play runs on it.
    pub(super) done: bool,
}

/// A step that has been prepared and has not ended.
pub(super) struct Pending {
    pub(super) step: StepId,
    /// The worker that it was sent to.
    pub(super) target: Option<Target>,
    pub(super) clock: Clock,
    pub(super) state: PendingState,
}

/// Who carries out a step: a worker of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: usize,
    pub(super) worker: WorkerKey,
}

/// What a prepared step waits for.
pub(super) enum PendingState {
    /// An answer to this request.
    Sent(Box<Sent>),
    /// Those before it; this is its result.
    Ready(Box<Ended>),
}

/// A request that has been sent.
pub(super) struct Sent {
    /// Its number.
    pub(super) id: u64,
    /// What was sent, if there may be more like it: for a thousand hosts it is much to keep.
    pub(super) again: Option<Box<Again>>,
    pub(super) prepared: Prepared,
    /// How often it has been tried.
    pub(super) attempts: u32,
    /// Whether what follows depends on its answer in a way that only the controller can decide.
    pub(super) fence: bool,
    /// The outcomes of the items before this one, if items are sent one by one.
    pub(super) outcomes: Vec<Outcome>,
    /// The items that are still to be sent, if items are sent one by one.
    pub(super) rest: VecDeque<(Target, Map<String, serde_json::Value>)>,
    /// Why an item has failed in the end, whatever its last outcome says.
    pub(super) exhausted: HashMap<usize, String>,
}

/// What is sent again, or for another item.
pub(super) struct Again {
    pub(super) request: Request,
    pub(super) contents: Vec<(String, ContentSource)>,
}

/// How a step has ended on a host.
#[derive(Clone)]
pub(super) struct Ended {
    pub(super) result: TaskResult,
    /// What a `register` keeps.
    pub(super) registered: Option<Value>,
    /// Variables that it sets.
    pub(super) facts: Values,
    /// What the task's keywords have said, if one of them is a template.
    pub(super) settings: Option<Box<Settings>>,
    /// All that the result says, if it is the same for every host on which the task is skipped.
    pub(super) skip: Option<Arc<Skip>>,
}

impl Ended {
    /// The variables that its host learns of it.
    pub(super) fn learned(&self, task: &Task) -> impl Iterator<Item = (Arc<str>, Value)> + use<> {
        let registered = task.register.clone().zip(self.registered.clone());
        self.facts.clone().into_iter().chain(registered)
    }
}

impl HostRun {
    pub(super) fn new(name: &str, vars: Definitions, magic: Values) -> Self {
        let name: Arc<str> = Arc::from(name);
        Self {
            recap: Recap {
                host: name.clone(),
                ..Recap::default()
            },
            name,
            vars,
            magic,
            learned: Values::new(),
            unknown: HashSet::new(),
            would_change: false,
            hidden: HashSet::new(),
            hidden_since: None,
            stopped: None,
            owed: Vec::new(),
            included: Definitions::new(),
            connection: RefCell::default(),
            link: None,
            generation: 0,
            link_tasks: Vec::new(),
            ended: false,
            takes_part: false,
            progress: Progress::default(),
        }
    }

    /// Whether it takes part in the play that runs.
    pub(super) fn is_active(&self) -> bool {
        !self.ended && !self.progress.done
    }

    /// The inventory's variables.
    pub(super) fn vars(&self) -> &Definitions {
        &self.vars
    }

    /// What the run itself knows.
    pub(super) fn magic(&self) -> &Values {
        &self.magic
    }

    /// Set and registered variables.
    pub(super) fn learned(&self) -> &Values {
        &self.learned
    }

    /// Variables from files.
    pub(super) fn included(&self) -> &Definitions {
        &self.included
    }

    /// Gives it other variables of the inventory.
    pub(super) fn set_vars(&mut self, vars: &Definitions) {
        self.vars.clone_from(vars);
        self.connection.take();
    }

    /// It learns variables.
    pub(super) fn learn(&mut self, values: impl IntoIterator<Item = (Arc<str>, Value)>) {
        for (name, value) in values {
            self.has_new(&name);
            self.learned.insert(name, value);
        }
    }

    /// It takes in variables from a file.
    pub(super) fn include(&mut self, definitions: &Definitions) {
        for (name, definition) in definitions {
            self.has_new(name);
            self.included.insert(name.clone(), definition.clone());
        }
    }

    /// The run knows more about it.
    pub(super) fn know(&mut self, name: &str, value: Value) {
        self.has_new(name);
        self.magic.insert(Arc::from(name), value);
    }

    pub(super) fn forget_facts(&mut self) {
        self.magic.shift_remove("facts");
    }

    /// Another play begins, which may have other things to say about connections.
    pub(super) fn play_begins(&mut self) {
        self.connection.take();
    }

    /// A variable of this name has another value than before.
    fn has_new(&mut self, name: &str) {
        if is_connection_variable(name) {
            self.connection.take();
        }
    }

    pub(super) fn queued(&self, id: u64) -> Option<usize> {
        self.progress
            .queue
            .iter()
            .position(|pending| pending.request_id() == Some(id))
    }

    pub(super) fn send(&self, message: ToLink) {
        if let Some(link) = &self.link {
            // A link that has ended has said why, and that is taken in its turn.
            let _ = link.send(message);
        }
    }

    /// The facts, as far as they are there.
    pub(super) fn has_facts(&self) -> bool {
        self.magic.contains_key("facts")
    }
}

impl Pending {
    pub(super) fn request_id(&self) -> Option<u64> {
        match &self.state {
            PendingState::Sent(sent) => Some(sent.id),
            PendingState::Ready(_) => None,
        }
    }

    /// Whether nothing may be prepared behind it.
    pub(super) fn is_fence(&self) -> bool {
        match &self.state {
            PendingState::Sent(sent) => sent.fence,
            PendingState::Ready(ended) => ended.result.status == Status::Failed,
        }
    }
}

/// The names of what the run itself knows.
pub fn magic_names() -> &'static [&'static str] {
    &[
        "inventory_hostname",
        "inventory_hostname_short",
        "group_names",
        "groups",
        "hostvars",
        "play_hosts",
        "ansible_play_hosts",
        "ansible_play_hosts_all",
        "ansible_play_batch",
        "ansible_play_name",
        "ansible_check_mode",
        "ansible_diff_mode",
        "ansible_failed_task",
        "ansible_failed_result",
        "playbook_dir",
        "inventory_dir",
        "facts",
        "omit",
    ]
}

/// What the run itself knows about a host before it has been reached.
pub(super) fn magic(inventory: &Inventory, name: &HostName) -> Values {
    let mut values = Values::new();
    let mut set = |name: &str, value: Value| values.insert(Arc::from(name), value);
    let text = name.as_str();
    set("inventory_hostname", text.into());
    set(
        "inventory_hostname_short",
        text.split('.').next().unwrap_or(text).into(),
    );
    set("group_names", group_names(inventory, name));
    values
}

/// The same, and what is known without a play: the groups and the directory of the inventory.
pub fn magic_of(inventory: &Inventory, name: &HostName, directory: &std::path::Path) -> Values {
    let mut values = magic(inventory, name);
    let directory = super::shared::directory_value(directory);
    values.insert(Arc::from("groups"), groups(inventory));
    values.insert(Arc::from("inventory_dir"), directory);
    values
}

/// The groups of a host.
pub(super) fn group_names(inventory: &Inventory, name: &HostName) -> Value {
    let own = inventory.groups_of(name).into_iter();
    let own: Vec<Value> = own.map(|group| Value::from(group.name.as_str())).collect();
    own.into()
}

/// The hosts of every group.
pub(super) fn groups(inventory: &Inventory) -> Value {
    let mut map = crate::value::Map::new();
    for name in inventory.groups.keys() {
        let hosts = inventory.hosts_in(name.as_str()).into_iter();
        let hosts: Vec<Value> = hosts.map(|host| Value::from(host.as_str())).collect();
        map.insert(name.as_str().to_owned().into(), hosts.into());
    }
    map.into()
}
