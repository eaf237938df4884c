//! What a play comes to on each host, found out in the simplest way: one host after the other, one task after the
//! other, nothing sent ahead. Shares no code with the engine.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Does, Entry, Fault, Host, Model, Task, When};
use crate::event::Status;

/// The name under which a host is reported that has never been reached.
pub(super) const CONNECT: &str = "connect";

/// The results of a host, in order.
pub(super) type Results = Vec<(String, Status)>;

/// The results of each host, by the order of the hosts.
pub(super) fn results(model: &Model) -> Vec<Results> {
    let mut all = Vec::new();
    let mut goes_on = true;
    for batch in model.batches() {
        let mut any_left = false;
        for host in batch {
            if !goes_on {
                all.push(Results::new());
                continue;
            }
            let mut run = HostRun::new(host);
            any_left |= run.play(model) == Flow::Done;
            all.push(run.results);
        }
        // As in Ansible: when a whole batch has failed, no other follows.
        goes_on &= any_left;
    }
    all
}

/// How a host goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Done,
    Failed,
    Lost,
}

struct HostRun<'a> {
    host: &'a Host,
    results: Results,
    /// Whether the task of this number has registered a change.
    registered: BTreeMap<usize, bool>,
    notified: BTreeSet<usize>,
    requests: usize,
}

impl<'a> HostRun<'a> {
    fn new(host: &'a Host) -> Self {
        Self {
            host,
            results: Vec::new(),
            registered: BTreeMap::new(),
            notified: BTreeSet::new(),
            requests: 0,
        }
    }

    fn play(&mut self, model: &Model) -> Flow {
        for section in &model.sections {
            let flow = self.entries(section, false);
            if flow != Flow::Done {
                return flow;
            }
            for handler in &model.handlers {
                if self.notified.remove(&handler.number) {
                    let flow = self.task(handler, false);
                    if flow != Flow::Done {
                        return flow;
                    }
                }
            }
        }
        Flow::Done
    }

    /// `rescued` says whether a failure is rescued by a block around all this.
    fn entries(&mut self, entries: &[Entry], rescued: bool) -> Flow {
        for entry in entries {
            let flow = match entry {
                Entry::Task(task) => self.task(task, rescued),
                Entry::Block {
                    body,
                    rescue,
                    always,
                } => self.block(body, rescue, always, rescued),
            };
            if flow != Flow::Done {
                return flow;
            }
        }
        Flow::Done
    }

    fn block(&mut self, body: &[Entry], rescue: &[Entry], always: &[Entry], rescued: bool) -> Flow {
        let mut flow = self.entries(body, rescued || !rescue.is_empty());
        if flow == Flow::Failed && !rescue.is_empty() {
            flow = self.entries(rescue, rescued);
        }
        if flow == Flow::Lost {
            return flow;
        }
        match self.entries(always, rescued) {
            Flow::Done => flow,
            other => other,
        }
    }

    fn task(&mut self, task: &Task, rescued: bool) -> Flow {
        let does = match self.holds(task.when) {
            None => Some(Does::Fail),
            Some(false) => None,
            Some(true) => {
                self.requests += 1;
                if self.is_lost() {
                    let reached = self.host.fault != Fault::AtOnce;
                    let name = if reached { task.name() } else { CONNECT.into() };
                    self.results.push((name, Status::Unreachable));
                    return Flow::Lost;
                }
                Some(self.host.does[task.number])
            }
        };
        let status = match does {
            None => Status::Skipped,
            Some(Does::Nothing) => Status::Ok,
            Some(Does::Change) => Status::Changed,
            Some(Does::Fail) if task.ignore_errors => Status::Ignored,
            Some(Does::Fail) if rescued => Status::Rescued,
            Some(Does::Fail) => Status::Failed,
        };
        if task.register {
            self.registered
                .insert(task.number, status == Status::Changed);
        }
        if status == Status::Changed {
            self.notified.extend(task.notify);
        }
        self.results.push((task.name(), status));
        match status {
            Status::Rescued | Status::Failed => Flow::Failed,
            _ => Flow::Done,
        }
    }

    /// Whether a condition holds; `None` if it cannot be evaluated.
    fn holds(&self, when: When) -> Option<bool> {
        match when {
            When::Always => Some(true),
            When::Flag(number) => Some(self.host.flags[number]),
            When::Changed(number) => self.registered.get(&number).copied(),
        }
    }

    fn is_lost(&self) -> bool {
        match self.host.fault {
            Fault::AtOnce => true,
            Fault::AtRequest(number) => self.requests == number,
            Fault::Nothing | Fault::After(_) => false,
        }
    }
}
