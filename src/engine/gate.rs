//! What a task waits for on other hosts: that they have come as far, that one of them has done it for all, that no
//! more than so many do it at a time.

use std::sync::Arc;

use super::host::Ended;
use super::play::PlayRun;
use super::program::StepId;
use super::run::Choice;
use super::timing::Clock;
use crate::event::Status;
use crate::playbook::{Action, Control, Meta, Task};

/// Whether a host may go on with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// It may.
    Open,
    /// Not yet.
    Closed,
    /// Another host has done it for this one, which is behind it now.
    Passed,
}

/// A task that one host carries out for all.
pub(super) enum Once {
    /// That host is at it.
    Running(usize),
    /// It has ended like this.
    Ended(Box<Ended>),
}

impl PlayRun<'_> {
    pub(super) fn gate(&mut self, host: usize, step: StepId, task: &Arc<Task>) -> Gate {
        let asks = self.shared.ask.is_some();
        if !asks && !self.waits_for_all(step, task) {
            return Gate::Open;
        }
        let progress = &mut self.hosts[host].progress;
        progress.parked = true;
        progress.clock.wait();
        if !progress.queue.is_empty() || !self.reached(step) {
            return Gate::Closed;
        }
        if self.program.step(step).needs.others && self.waits_for_facts() {
            return Gate::Closed;
        }
        if asks && self.ask(host, step) == Choice::Skip {
            let next = self.program.next(step);
            let progress = &mut self.hosts[host].progress;
            progress.parked = false;
            progress.clock = Clock::default();
            progress.cursor = next;
            self.settle(host);
            return Gate::Passed;
        }
        if is_once(task) {
            match self.once.get(&step) {
                Some(Once::Running(_)) => return Gate::Closed,
                Some(Once::Ended(ended)) => {
                    let ended = ended.clone();
                    self.take_over(host, step, task, &ended);
                    return Gate::Passed;
                }
                None if self.first_at(step) != Some(host) => return Gate::Closed,
                None => {
                    self.once.insert(step, Once::Running(host));
                }
            }
        }
        if let Some(limit) = task.common.throttle {
            let at_it = self.busy.entry(step).or_default();
            if *at_it >= limit {
                return Gate::Closed;
            }
            *at_it += 1;
        }
        let last = self.last_for(host);
        let progress = &mut self.hosts[host].progress;
        progress.parked = false;
        progress.clock.go(last);
        Gate::Open
    }

    /// What the user wants to be done with a task; asked once, whatever the number of hosts.
    fn ask(&mut self, host: usize, step: StepId) -> Choice {
        if let Some(choice) = self.asked.get(&step) {
            return *choice;
        }
        let name = self.name(host, step);
        let Some(ask) = &mut self.shared.ask else {
            return Choice::Do;
        };
        let choice = ask(&name);
        if choice == Choice::Continue {
            self.shared.ask = None;
        }
        self.asked.insert(step, choice);
        choice
    }

    /// Whether a host of the batch has not said yet what it is.
    pub(super) fn waits_for_facts(&self) -> bool {
        let mut hosts = self.batch.iter().map(|&host| &self.hosts[host]);
        !self.play.course.no_facts && hosts.any(|run| run.is_active() && !run.has_facts())
    }

    /// Whether every host must have ended the steps before.
    fn waits_for_all(&self, step: StepId, task: &Arc<Task>) -> bool {
        let common = &task.common;
        let of_run = match &task.action {
            Action::Module(call) => call.module.name == "wait_for",
            Action::Control(control) => matches!(
                control,
                Control::AddHost { .. }
                    | Control::GroupBy { .. }
                    | Control::Meta(
                        Meta::EndHost
                            | Meta::EndBatch
                            | Meta::EndPlay
                            | Meta::ClearFacts
                            | Meta::ResetConnection
                            | Meta::RefreshInventory
                    )
            ),
        };
        of_run
            || is_once(task)
            || common.throttle.is_some()
            || self.program.step(step).needs.others
            || self.is_delegated(task)
    }

    /// The first host of the batch that stands at `step`.
    fn first_at(&self, step: StepId) -> Option<usize> {
        let mut hosts = self.batch.iter().copied();
        hosts.find(|&host| {
            let run = &self.hosts[host];
            run.is_active() && run.progress.cursor == step
        })
    }

    /// A task has ended on a host: others may have waited for that.
    pub(super) fn pass_on(&mut self, host: usize, step: StepId, task: &Arc<Task>, ended: &Ended) {
        if let Some(Once::Running(leader)) = self.once.get(&step)
            && *leader == host
        {
            self.once.insert(step, Once::Ended(Box::new(ended.clone())));
            self.wake();
        }
        if task.common.throttle.is_some() {
            let at_it = self.busy.entry(step).or_default();
            *at_it = at_it.saturating_sub(1);
            self.wake();
        }
    }

    /// Has every parked host looked at again.
    pub(super) fn wake(&mut self) {
        self.let_go_at = None;
    }

    /// The host goes on with what another one has found out for all.
    fn take_over(&mut self, host: usize, step: StepId, task: &Arc<Task>, ended: &Ended) {
        let run = &mut self.hosts[host];
        run.progress.parked = false;
        run.progress.clock = Clock::default();
        run.learn(ended.learned(task));
        if ended.result.status == Status::Unknown {
            run.unknown.extend(task.learns());
        }
        run.progress.last = Some(step);
        run.progress.cursor = self.program.next(step);
        self.hide(host, step, task, ended);
        self.settle(host);
        let failed = matches!(ended.result.status, Status::Failed | Status::Rescued);
        if failed || ended.result.status == Status::Unreachable {
            self.fail(host, step, ended.registered.as_ref());
        }
    }
}

fn is_once(task: &Task) -> bool {
    let of_run = matches!(
        task.action,
        Action::Control(Control::Meta(
            Meta::EndBatch | Meta::EndPlay | Meta::RefreshInventory
        ))
    );
    task.common.run_once || of_run
}
