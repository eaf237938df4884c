//! What becomes of a host on which something has failed.

use std::sync::Arc;

use provision_worker::protocol::ToWorker;

use super::host::{Ended, Pending, PendingState};
use super::link::ToLink;
use super::play::PlayRun;
use super::program::{Refuge, StepId, StepKind};
use super::result::ended;
use super::settings::Settings;
use super::timing::Clock;
use super::untold::Untold;
use crate::event::{Position, Status, TaskName};
use crate::value::{Map, Value};

impl PlayRun<'_> {
    /// The host has failed at `step`: it goes on where a block says so, or nowhere.
    /// `result` is what the failure would register, if it is the host's own.
    pub(super) fn fail(&mut self, host: usize, step: StepId, result: Option<&Value>) {
        self.hosts[host].progress.doomed = false;
        let refuge = self.program.refuge(step);
        if let (Some(_), Some(result)) = (&refuge, result) {
            self.remember_failure(host, step, result);
        }
        match refuge {
            Some(Refuge::Rescue(start)) => self.jump(host, start),
            Some(Refuge::Always(block, start)) => {
                self.hosts[host].progress.failing.insert(block);
                self.jump(host, start);
            }
            None => {
                self.note_stop_at(host, step);
                self.give_up(host, step);
            }
        }
    }

    /// What `rescue` may want to know.
    fn remember_failure(&mut self, host: usize, step: StepId, result: &Value) {
        let Some(task) = self.program.step(step).task() else {
            return;
        };
        let mut about = Map::new();
        about.insert("name".into(), (&*task.name).into());
        about.insert("action".into(), task.action_name().into());
        let result = if task.common.no_log {
            Value::from(Map::new())
        } else {
            result.clone()
        };
        self.hosts[host].learn([
            (Arc::from("ansible_failed_task"), about.into()),
            (Arc::from("ansible_failed_result"), result),
        ]);
    }

    /// Drops what was sent ahead and goes on at `start`.
    fn jump(&mut self, host: usize, start: StepId) {
        let progress = &mut self.hosts[host].progress;
        progress.held = None;
        progress.parked = false;
        progress.clock = Clock::default();
        progress.cursor = start;
        progress.last = Some(start);
        let dropped = std::mem::take(&mut progress.queue);
        for pending in &dropped {
            // Handlers that were sent ahead have not run.
            if let StepKind::Handler(index, _) = self.program.step(pending.step).kind {
                progress.notified.insert(index);
            }
        }
        // The worker takes no requests after a failure until it is told to.
        let mut targets = Vec::new();
        for target in dropped.into_iter().filter_map(|pending| pending.target) {
            if target.host == host && !targets.contains(&target) {
                targets.push(target);
            }
        }
        for target in targets {
            let send = ToLink::send(target.worker, ToWorker::Resume);
            self.hosts[host].send(send);
        }
        self.update_position(host);
    }

    /// The host takes no further part, apart from handlers that must run.
    fn give_up(&mut self, host: usize, step: StepId) {
        let progress = &self.hosts[host].progress;
        let in_handler = matches!(self.program.step(step).kind, StepKind::Handler(..));
        let forced = self.play.course.force_handlers
            && !in_handler
            && !progress.failed
            && !progress.notified.is_empty();
        match self.program.next_flush(step).filter(|_| forced) {
            Some(flush) => {
                self.hosts[host].progress.failed = true;
                self.jump(host, flush);
            }
            None => self.end_host(host),
        }
    }

    /// The host fails because another one has failed at the step that was fatal.
    pub(super) fn fell(&mut self, host: usize) {
        let progress = &mut self.hosts[host].progress;
        progress.doomed = false;
        let Some(last) = progress.last.filter(|_| !self.broken) else {
            return self.end_host(host);
        };
        let fatal = self.fatal.map(|rank| self.program.at_rank(rank));
        let step = fatal.filter(|&fatal| self.program.rank(fatal) < self.program.rank(last));
        let step = step.unwrap_or(last);
        if self.program.refuge(step).is_none() {
            self.note_stop_behind(host, step);
        }
        // What waits to be allowed to change the host is never going to be.
        if !self.hosts[host].progress.queue.is_empty() {
            self.hosts[host].progress.queue.clear();
            self.reconnect(host);
        }
        self.fail(host, step, None);
    }

    /// The connection to a host is lost, or could not be made.
    pub(super) fn lose(&mut self, host: usize, unreachable: bool, message: &str) {
        self.hosts[host].link = None;
        self.turns.over(host);
        let delegating: Vec<usize> = self
            .batch
            .iter()
            .copied()
            .filter(|&other| other != host && self.waits_for(other, host))
            .collect();
        for other in delegating {
            let name = self.hosts[host].name.clone();
            self.fail_front(other, unreachable, format!("`{name}`: {message}"));
        }
        if self.hosts[host].is_active() && self.batch.contains(&host) {
            self.fail_front(host, unreachable, message.to_owned());
        }
    }

    pub(super) fn waits_for(&self, host: usize, other: usize) -> bool {
        let run = &self.hosts[host];
        let waits = |pending: &Pending| {
            let target = pending.target.as_ref();
            matches!(pending.state, PendingState::Sent(_))
                && target.is_some_and(|target| target.host == other)
        };
        run.is_active() && run.progress.queue.iter().any(waits)
    }

    /// The first task that has not ended on a host cannot be carried out.
    fn fail_front(&mut self, host: usize, unreachable: bool, message: String) {
        let progress = &self.hosts[host].progress;
        let front = progress.queue.front().map(|pending| pending.step);
        let step = front.unwrap_or(progress.cursor);
        let task = self.program.step(step).task().cloned();
        let status = if unreachable {
            Status::Unreachable
        } else {
            Status::Failed
        };
        let goes_on = unreachable
            && task
                .as_ref()
                .is_some_and(|task| task.common.ignore_unreachable);
        if let (Some(task), true) = (&task, goes_on) {
            let message = format!("{message}; the host goes on with the next task");
            let mut ended = ended(Status::Ignored, Some(message));
            self.stamp(&mut ended.result.timing);
            let registered = ended.registered.take().and_then(Value::into_map);
            let mut registered = registered.unwrap_or_default();
            registered.insert("unreachable".into(), true.into());
            ended.registered = Some(registered.into());
            let next = self.program.next(step);
            let progress = &mut self.hosts[host].progress;
            progress.queue.clear();
            progress.held = None;
            progress.cursor = next;
            self.hosts[host].learn(ended.learned(task));
            self.pass_on(host, step, task, &ended);
            self.keep(host, step, ended, false);
            self.update_position(host);
            return;
        }
        let mut ended = ended(status, Some(message));
        self.stamp(&mut ended.result.timing);
        if let Some(task) = &task {
            self.pass_on(host, step, task, &ended);
        }
        let fatal = match &task {
            Some(task) => Settings::of(self.settings(host, step).as_deref(), task).any_errors_fatal,
            // The play is what the first task inherits from.
            None => self.play.common.any_errors_fatal.value() == Some(true),
        };
        let run = &self.hosts[host];
        if task.is_some() && (run.has_facts() || run.progress.untold > 0) {
            self.keep(host, step, ended, fatal);
        } else {
            // It has never got as far as a task.
            let task = TaskName {
                position: Position::default(),
                role: None,
                name: Arc::from("connect"),
                handler: false,
                at: Arc::from(""),
            };
            self.report(host, task, ended.result);
        }
        self.end_host(host);
        if fatal {
            self.abort(self.program.rank(step), &[]);
        }
    }

    /// Keeps a result until it can be told. If it is a failure, it may be one for all hosts.
    pub(super) fn keep(&mut self, host: usize, step: StepId, ended: Ended, fatal: bool) {
        let failed = matches!(
            ended.result.status,
            Status::Failed | Status::Rescued | Status::Unreachable
        );
        if fatal && failed {
            self.fatal_steps.insert(step);
        }
        let rank = self.program.rank(step);
        self.hosts[host].progress.untold += 1;
        let untold = Untold::new(ended.result, ended.skip);
        self.finished.entry(rank).or_default().push((host, untold));
    }

    /// Nothing more runs on the host.
    pub(super) fn end_host(&mut self, host: usize) {
        self.note_stop(host);
        let run = &mut self.hosts[host];
        if run.is_active() {
            self.frontier.left(self.program.rank(run.progress.position));
        }
        run.ended = true;
        run.progress.queue.clear();
        run.progress.held = None;
        self.let_off(host);
        self.count_play_hosts();
        self.wake();
    }

    /// Says which hosts still take part.
    pub(super) fn count_play_hosts(&mut self) {
        let names = |hosts: &[usize]| -> Vec<Value> {
            let left = hosts.iter().filter(|&&host| !self.hosts[host].ended);
            left.map(|&host| Value::from(&*self.hosts[host].name))
                .collect()
        };
        let (of_play, of_batch) = (names(&self.members), names(&self.batch));
        self.shared.set_magic("ansible_play_hosts", of_play);
        self.shared
            .set_magic("ansible_play_batch", of_batch.clone());
        self.shared.set_magic("play_hosts", of_batch);
    }
}
