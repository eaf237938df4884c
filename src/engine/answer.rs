//! Takes the answers of a host's workers and draws the conclusions, in the order of the play.

use std::collections::HashMap;
use std::time::Duration;

use provision_worker::protocol::{Outcome, Response, ToWorker};

use super::advance::running;
use super::calls::{Item, ItemState, Prepared};
use super::host::{Ended, Pending, PendingState};
use super::link::ToLink;
use super::play::PlayRun;
use super::program::StepId;
use super::result::{all_hold, censor, conclude};
use super::settings::Settings;
use crate::event::{Event, Status};
use crate::playbook::{Action, Control, Retry, Task};
use crate::source::Diagnostic;
use crate::value::Value;

impl PlayRun<'_> {
    pub(super) fn answer(&mut self, host: usize, response: Response) {
        self.delegated.remove(&response.id);
        let Some(at) = self.hosts[host].queued(response.id) else {
            return;
        };
        let step = self.hosts[host].progress.queue[at].step;
        let Some(task) = self.program.step(step).task().cloned() else {
            return;
        };
        if self.tries_later(host, at, &task, &response) {
            return;
        }
        let pending = &mut self.hosts[host].progress.queue[at];
        let PendingState::Sent(sent) = &mut pending.state else {
            return;
        };
        let outcomes = response.outcomes.into_iter().map(|mut outcome| {
            if task.retry.is_some() {
                let attempts = serde_json::Value::from(sent.attempts);
                outcome.output.insert("attempts".into(), attempts);
            }
            outcome
        });
        sent.outcomes.extend(outcomes);
        if let Some((target, arguments)) = sent.rest.pop_front() {
            return self.send_next(host, at, &task, &target, arguments);
        }
        let (outcomes, exhausted) = (
            std::mem::take(&mut sent.outcomes),
            std::mem::take(&mut sent.exhausted),
        );
        let PendingState::Sent(sent) = &self.hosts[host].progress.queue[at].state else {
            return;
        };
        let view = self.view(host, step);
        let ended = conclude(
            self.shared,
            view,
            &task,
            &sent.prepared,
            &outcomes,
            &exhausted,
        );
        let pending = &mut self.hosts[host].progress.queue[at];
        pending.clock.end();
        pending.state = PendingState::Ready(Box::new(ended));
    }

    /// If the task is tried until a condition holds, and it does not: has it tried again, or notes that it has
    /// been tried often enough. Returns whether the answer is done with.
    fn tries_later(&mut self, host: usize, at: usize, task: &Task, response: &Response) -> bool {
        let Some(retry) = &task.retry else {
            return false;
        };
        let pending = &self.hosts[host].progress.queue[at];
        let (step, target) = (pending.step, pending.target.clone());
        let PendingState::Sent(sent) = &pending.state else {
            return false;
        };
        let (attempts, number) = (sent.attempts, sent.outcomes.len());
        let Some(item) = running(&sent.prepared).nth(number) else {
            return false;
        };
        let (retries, delay) = Settings::of(item.settings.as_deref(), task).again;
        let holds = self.satisfied(host, step, task, retry, item, &response.outcomes);
        let problem = match holds {
            Ok(true) => return false,
            Ok(false) if u64::from(attempts) <= retries => {
                let timer = ToLink::Timer(Duration::from_millis(delay), response.id);
                let target = target.map_or(host, |target| target.host);
                if target != host {
                    self.delegated.insert(response.id, host);
                }
                self.hosts[target].send(timer);
                return true;
            }
            Ok(false) if retry.until.is_empty() => format!("failed in all {attempts} attempts"),
            Ok(false) => format!("`until` did not hold in {attempts} attempts"),
            Err(diagnostic) => self.shared.explain(&diagnostic),
        };
        let pending = &mut self.hosts[host].progress.queue[at];
        if let PendingState::Sent(sent) = &mut pending.state {
            sent.exhausted.insert(number, problem);
        }
        false
    }

    fn satisfied(
        &self,
        host: usize,
        step: StepId,
        task: &Task,
        retry: &Retry,
        item: &Item,
        outcomes: &[Outcome],
    ) -> Result<bool, Box<Diagnostic>> {
        let view = self.view(host, step);
        let alone = Prepared {
            items: vec![Item {
                label: String::new(),
                value: item.value.clone(),
                locals: item.locals.clone(),
                state: ItemState::Call(0),
                settings: None,
            }],
            is_loop: false,
        };
        let ended = conclude(self.shared, view, task, &alone, outcomes, &HashMap::new());
        if ended.result.status == Status::Unknown {
            return Ok(true);
        }
        if retry.until.is_empty() {
            return Ok(ended.result.status != Status::Failed);
        }
        let registered = ended
            .registered
            .and_then(Value::into_map)
            .unwrap_or_default();
        all_hold(self.shared, view, task, item, &registered, &retry.until)
    }

    /// Sends the next item of a task whose items are sent one by one.
    fn send_next(
        &mut self,
        host: usize,
        at: usize,
        task: &Task,
        target: &super::host::Target,
        arguments: serde_json::Map<String, serde_json::Value>,
    ) {
        let id = self.shared.next_id();
        if target.host != host {
            self.delegated.insert(id, host);
        }
        let pause = task.repeat.as_ref().and_then(|repeat| repeat.pause);
        let pending = &mut self.hosts[host].progress.queue[at];
        pending.target = Some(target.clone());
        let PendingState::Sent(sent) = &mut pending.state else {
            return;
        };
        sent.id = id;
        if let Some(again) = &mut sent.again {
            again.request.calls = vec![arguments];
        }
        sent.attempts = 0;
        match pause {
            Some(pause) => {
                let timer = ToLink::Timer(Duration::from_millis(pause), id);
                self.hosts[target.host].send(timer);
            }
            None => self.try_again(host, id),
        }
    }

    /// Sends a request again under a new number.
    pub(super) fn try_again(&mut self, host: usize, id: u64) {
        self.delegated.remove(&id);
        let Some(at) = self.hosts[host].queued(id) else {
            return;
        };
        let id = self.shared.next_id();
        let pending = &mut self.hosts[host].progress.queue[at];
        let Some(target) = pending.target.clone() else {
            return;
        };
        if let PendingState::Sent(sent) = &mut pending.state {
            sent.attempts += 1;
            sent.id = id;
            let Some(again) = &mut sent.again else {
                return;
            };
            again.request.id = id;
            let message = ToWorker::Run(again.request.clone());
            let send = ToLink::send_with(target.worker, message, again.contents.clone());
            if target.host != host {
                self.delegated.insert(id, host);
            }
            self.hosts[target.host].send(send);
        }
    }

    /// Takes the results at the front of the queue, in order.
    pub(super) fn settle(&mut self, host: usize) {
        while let Some(Pending {
            state: PendingState::Ready(_),
            ..
        }) = self.hosts[host].progress.queue.front()
        {
            let Some(Pending {
                step,
                target,
                clock,
                state: PendingState::Ready(mut ended),
            }) = self.hosts[host].progress.queue.pop_front()
            else {
                return;
            };
            clock.tell(self.shared.begun, &mut ended.result.timing);
            self.finish(host, step, target, *ended);
            if !self.hosts[host].is_active() {
                return;
            }
        }
        self.update_position(host);
    }

    fn finish(
        &mut self,
        host: usize,
        step: StepId,
        target: Option<super::host::Target>,
        mut ended: Ended,
    ) {
        let Some(task) = self.program.step(step).task().cloned() else {
            return;
        };
        let settings = Settings::of(ended.settings.as_deref(), &task);
        let fatal = settings.any_errors_fatal;
        let failed = ended.result.status == Status::Failed && !settings.ignore_errors;
        if failed && self.program.is_rescued(step) {
            ended.result.status = Status::Rescued;
        } else if ended.result.status == Status::Failed && !failed {
            ended.result.status = Status::Ignored;
        }
        if task.common.no_log {
            censor(&mut ended);
        }
        self.learn(host, &task, &ended);
        self.hide(host, step, &task, &ended);
        self.pass_on(host, step, &task, &ended);
        let status = ended.result.status;
        self.hosts[host].progress.last = Some(step);
        let registered = ended.registered.take();
        self.keep(host, step, ended, fatal);
        if failed {
            if let Some(target) = target.filter(|target| target.host == host) {
                let send = ToLink::send(target.worker, ToWorker::Resume);
                self.hosts[host].send(send);
            }
            self.fail(host, step, registered.as_ref());
        } else if let (Action::Control(Control::Meta(meta)), Status::Ok) = (&task.action, status) {
            self.carry_out(host, *meta);
        }
    }

    /// What the host knows and has to do now that a task has ended.
    fn learn(&mut self, host: usize, task: &Task, ended: &Ended) {
        let status = ended.result.status;
        let run = &mut self.hosts[host];
        run.learn(ended.learned(task));
        for name in task.learns() {
            if status == Status::Unknown {
                run.unknown.insert(name);
            } else {
                run.unknown.remove(&name);
            }
        }
        run.would_change |=
            self.shared.options.check && matches!(status, Status::Changed | Status::Unknown);
        if status == Status::Changed {
            let written = task.common.notify.iter();
            for notify in written.filter(|notify| notify.template.is_none()) {
                let handlers = self.play.notified_by(&notify.name);
                run.progress.notified.extend(handlers);
            }
            let rendered = ended.settings.iter();
            let rendered = rendered.flat_map(|settings| settings.handlers.iter().copied());
            run.progress.notified.extend(rendered);
        }
    }

    pub(super) fn update_position(&mut self, host: usize) {
        if !self.hosts[host].is_active() {
            return;
        }
        let progress = &mut self.hosts[host].progress;
        let front = progress.queue.front().map(|pending| pending.step);
        let position = front.unwrap_or(progress.cursor);
        if position != progress.position {
            let before = self.program.rank(progress.position);
            let now = self.program.rank(position);
            self.frontier.moved(before, now);
            progress.position = position;
            if self.hosts[host].progress.doomed && self.fatal.is_some_and(|fatal| now > fatal) {
                return self.fell(host);
            }
        }
        self.show(host);
    }

    /// Tells which task the host is busy with, once everything has been told that it has ended before.
    pub(super) fn show(&mut self, host: usize) {
        let progress = &mut self.hosts[host].progress;
        let front = progress.queue.front().map(|pending| pending.step);
        if progress.untold == 0
            && progress.shown != front
            && let Some(step) = front
        {
            progress.shown = front;
            let task = self.name(host, step);
            let host = self.hosts[host].name.clone();
            self.events.event(&Event::TaskStarted { task, host });
        }
    }
}
