//! What the engine tells the reporters: plain data, nothing live, so that a run can be recorded and shown
//! again. This is the only thing that leaves the engine.

use std::sync::Arc;

use provision_worker::protocol::Changed;
use serde::{Deserialize, Serialize};

use crate::value::Value;

/// Takes what the engine tells.
pub trait Events {
    /// Takes an event.
    fn event(&mut self, event: &Event);

    /// Is called several times a second while nothing happens, for whoever shows how long something takes.
    fn tick(&mut self) {}
}

/// Something that happened in a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// The playbooks, as given.
        playbooks: Vec<String>,
        /// Every host that the plays will work on.
        hosts: Vec<Arc<str>>,
        /// Whether nothing is to be changed.
        check: bool,
    },
    /// A play begins on a batch of hosts.
    PlayStarted {
        /// The play's name, or its host pattern.
        play: Arc<str>,
        /// The hosts of this batch.
        hosts: Vec<Arc<str>>,
    },
    /// A connection to a host is being made: a run can wait for this as it can for a task.
    HostConnecting {
        /// The host.
        host: Arc<str>,
    },
    /// A connection to a host stands and its first worker has said hello.
    HostConnected {
        /// The host.
        host: Arc<str>,
        /// From the first packet to the hello, in milliseconds.
        millis: u64,
        /// Where this time went.
        #[serde(default)]
        phases: Phases,
    },
    /// A host has begun a task: what a run waits for is the newest of these without a result.
    TaskStarted {
        /// The task.
        task: TaskName,
        /// The host.
        host: Arc<str>,
    },
    /// A task has ended on a host.
    TaskFinished {
        /// The task.
        task: TaskName,
        /// The host.
        host: Arc<str>,
        /// How it ended.
        result: TaskResult,
    },
    /// A play has ended.
    PlayFinished {
        /// The play's name, or its host pattern.
        play: Arc<str>,
    },
    /// Something that the user should know and that fails nothing.
    Warning {
        /// The host it is about, if it is about one.
        host: Option<Arc<str>>,
        /// What it is.
        message: String,
    },
    /// A host has not come to the end of the run: where a later run can take it up again.
    HostStopped(Stopped),
    /// The run has ended.
    RunFinished {
        /// The end of each host, in inventory order.
        recap: Vec<Recap>,
        /// Whether the run was ended by the user.
        interrupted: bool,
    },
}

/// Where a host has stopped, and what it knew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    /// The host.
    pub host: Arc<str>,
    /// The play, counted from 0 over all playbooks.
    pub play: usize,
    /// The step; without one, the first of the play.
    pub step: Option<StepName>,
    /// What has been registered and set, unless it is secret.
    pub learned: serde_json::Map<String, serde_json::Value>,
    /// The handlers that have been notified and have not run.
    pub notified: Vec<Arc<str>>,
}

/// A step of a play, recognised after the playbook has been edited as long as it keeps its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepName {
    /// The role it belongs to.
    pub role: Option<Arc<str>>,
    /// The task's name; none if handlers run here.
    pub task: Option<Arc<str>>,
    /// How many such steps come before it.
    pub number: usize,
}

/// A task, as people recognise it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TaskName {
    /// Its place in the order of the play: two tasks of one play never share it.
    pub position: Position,
    /// The role it belongs to.
    pub role: Option<Arc<str>>,
    /// Its name, or what it does.
    pub name: Arc<str>,
    /// Whether it is a handler.
    pub handler: bool,
    /// `file:line` of its definition.
    pub at: Arc<str>,
}

/// A place in the order of a play. What an include has put in has the include's place and more behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position(pub Arc<[u32]>);

impl From<u32> for Position {
    fn from(number: u32) -> Self {
        Self(Arc::new([number]))
    }
}

/// How a task, or one item of its loop, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The host was in the desired state.
    Ok,
    /// Something was changed, or in check mode would be.
    Changed,
    /// The task's condition did not hold.
    Skipped,
    /// Check mode cannot say what would happen.
    Unknown,
    /// It failed, and the host goes on because the task says so.
    Ignored,
    /// It failed, and the host goes on with the `rescue` of a block around it.
    Rescued,
    /// It failed.
    Failed,
    /// The host could not be reached.
    Unreachable,
}

/// The result of a task on a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskResult {
    /// How it ended.
    pub status: Status,
    /// What was changed, of all items.
    pub changes: Vec<Changed>,
    /// Why it failed, was skipped or is unknown; what `debug` has to say.
    pub message: Option<String>,
    /// The end of what the task's program printed and complained, shown when it failed.
    pub output: Option<String>,
    /// One entry for each item of the task's loop; empty if it has none.
    pub items: Vec<ItemResult>,
    /// What was registered, for reporters that show everything. `None` where `no_log` forbids it. It is
    /// not read back from a record.
    #[serde(skip_deserializing)]
    pub registered: Option<Value>,
    /// How long it took on the host, in milliseconds.
    pub millis: u64,
    /// Where its time went.
    #[serde(default)]
    pub timing: Timing,
}

/// The result of one item of a loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemResult {
    /// The item, as people recognise it.
    pub label: String,
    /// How it ended.
    pub status: Status,
    /// Why it failed, was skipped or is unknown.
    pub message: Option<String>,
}

/// Where the time went until a host's first worker had said hello, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// When the host was to be connected to, since the beginning of the run.
    pub begun: u64,
    /// Until it was its turn: so many hosts are connected to at a time.
    pub turn: u64,
    /// Opening the connection: lookup, TCP, key exchange.
    pub connect: u64,
    /// Logging in.
    pub auth: u64,
    /// Starting the worker, until its hello; without sending it.
    pub start: u64,
    /// Sending the worker, if the host did not have it.
    pub upload: Option<u64>,
}

/// Where the time of a task on a host went, in microseconds.
///
/// A task may be sent long before it is its turn, so what is left of the time from `begun` to `ended` is mostly spent
/// behind the tasks before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// When the controller took it up, since the beginning of the run.
    pub begun: u64,
    /// When it had ended, since the beginning of the run.
    pub ended: u64,
    /// Rendering it on the controller.
    pub prepare: u64,
    /// Finding out on the host what is to be changed.
    pub plan: u64,
    /// Changing it.
    pub apply: u64,
    /// Waiting until other hosts had come as far.
    pub held: u64,
    /// The host that came last, if it was waited for.
    pub waited_for: Option<Arc<str>>,
}

/// What became of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recap {
    /// The host.
    pub host: Arc<str>,
    /// Tasks that found the desired state.
    pub ok: usize,
    /// Tasks that changed something, or in check mode would.
    pub changed: usize,
    /// Tasks whose condition did not hold.
    pub skipped: usize,
    /// Tasks of which check mode cannot say what they would do.
    pub unknown: usize,
    /// Tasks that failed and were ignored.
    pub ignored: usize,
    /// Tasks that failed and were rescued.
    pub rescued: usize,
    /// Tasks that failed.
    pub failed: usize,
    /// Whether the host could not be reached.
    pub unreachable: bool,
}

impl Recap {
    /// Counts the result of a task.
    pub fn count(&mut self, status: Status) {
        match status {
            Status::Ok => self.ok += 1,
            Status::Changed => self.changed += 1,
            Status::Skipped => self.skipped += 1,
            Status::Unknown => self.unknown += 1,
            Status::Ignored => self.ignored += 1,
            Status::Rescued => self.rescued += 1,
            Status::Failed => self.failed += 1,
            Status::Unreachable => self.unreachable = true,
        }
    }
}
