//! Where the time of a run went, added up from its events: by phase, by task, by host, and for whom others waited.
//! Must not write; [`write`] does.

mod write;

pub(super) use self::write::seconds;

use std::sync::Arc;

use indexmap::IndexMap;

use crate::event::{Event, Phases, Status, TaskName, Timing};

/// How the time of a host is divided, in the order in which it is shown.
pub(super) const PHASES: [&str; 8] = [
    "waiting for its turn",
    "connect",
    "auth",
    "worker start",
    "upload",
    "plan",
    "apply",
    "waiting for others",
];

/// The time of a host by phase, in microseconds.
pub(super) type Spent = [u64; PHASES.len()];

const TURN: usize = 0;
const CONNECT: usize = 1;
const AUTH: usize = 2;
const START: usize = 3;
const UPLOAD: usize = 4;
const PLAN: usize = 5;
const APPLY: usize = 6;
const HELD: usize = 7;

/// Where the time of a run went.
#[derive(Debug, Default)]
pub(super) struct Profile {
    hosts: IndexMap<Arc<str>, HostTime>,
    tasks: IndexMap<TaskKey, TaskTime>,
    waits: IndexMap<Arc<str>, Waited>,
    /// Rendering on the controller.
    prepare: u64,
    /// When the last task ended.
    end: u64,
    uploads: usize,
}

/// A task of one of the plays: those of different plays may have the same place.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TaskKey {
    play: usize,
    task: TaskName,
}

/// The time of a host.
#[derive(Debug, Default)]
struct HostTime {
    spent: Spent,
    /// From when to when it took part, since the beginning of the run.
    part: Option<(u64, u64)>,
}

/// The time of a task on all hosts.
#[derive(Debug, Default)]
struct TaskTime {
    hosts: usize,
    sum: u64,
    max: u64,
    slowest: Option<Arc<str>>,
    prepare: u64,
}

/// How long others waited for a host.
#[derive(Debug, Default)]
struct Waited {
    total: u64,
    times: usize,
    /// For how long, by the task that could not go on.
    tasks: IndexMap<TaskKey, u64>,
}

/// Takes in events and adds up.
#[derive(Debug, Default)]
pub(super) struct Adding {
    pub(super) profile: Profile,
    plays: usize,
}

impl Adding {
    /// Takes in what has happened.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::PlayStarted { .. } => self.plays += 1,
            Event::HostConnected { host, phases, .. } => self.profile.connected(host, phases),
            Event::TaskFinished { task, host, result } => {
                let key = TaskKey {
                    play: self.plays,
                    task: task.clone(),
                };
                self.profile
                    .finished(key, host, result.status, &result.timing);
            }
            _ => {}
        }
    }
}

impl Profile {
    fn connected(&mut self, host: &Arc<str>, phases: &Phases) {
        let Phases {
            begun,
            turn,
            connect,
            auth,
            start,
            upload,
        } = *phases;
        self.uploads += usize::from(upload.is_some());
        let own = self.hosts.entry(host.clone()).or_default();
        let upload = upload.unwrap_or(0);
        for (phase, time) in [
            (TURN, turn),
            (CONNECT, connect),
            (AUTH, auth),
            (START, start),
            (UPLOAD, upload),
        ] {
            own.spent[phase] += time;
        }
        own.takes_part(begun, begun + turn + connect + auth + start + upload);
    }

    fn finished(&mut self, key: TaskKey, host: &Arc<str>, status: Status, timing: &Timing) {
        self.prepare += timing.prepare;
        self.end = self.end.max(timing.ended);
        let own = self.hosts.entry(host.clone()).or_default();
        own.spent[PLAN] += timing.plan;
        own.spent[APPLY] += timing.apply;
        own.spent[HELD] += timing.held;
        if timing.ended > 0 {
            own.takes_part(timing.begun, timing.ended);
        }
        if let Some(last) = &timing.waited_for {
            let waited = self.waits.entry(last.clone()).or_default();
            waited.total += timing.held;
            waited.times += 1;
            let task = TaskKey {
                play: key.play,
                task: key.task.clone(),
            };
            *waited.tasks.entry(task).or_default() += timing.held;
        }
        if status == Status::Skipped {
            return;
        }
        let time = timing.plan + timing.apply;
        let task = self.tasks.entry(key).or_default();
        task.hosts += 1;
        task.sum += time;
        task.prepare += timing.prepare;
        if time > task.max || task.slowest.is_none() {
            task.max = time;
            task.slowest = Some(host.clone());
        }
    }
}

impl HostTime {
    fn takes_part(&mut self, from: u64, to: u64) {
        let (first, last) = self.part.unwrap_or((from, to));
        self.part = Some((first.min(from), last.max(to)));
    }

    /// How long it took part.
    fn total(&self) -> u64 {
        let accounted: u64 = self.spent.iter().sum();
        let part = self.part.map_or(0, |(from, to)| to.saturating_sub(from));
        // A connection of its own to become another user may be made meanwhile, and clocks are not of one piece.
        part.max(accounted)
    }

    /// What is left: answers under way, and what the host was not asked for anything.
    fn rest(&self) -> u64 {
        self.total() - self.spent.iter().sum::<u64>()
    }
}

#[cfg(test)]
mod tests;
