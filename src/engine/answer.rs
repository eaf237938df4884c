//! Takes the answers of a host's workers and draws the conclusions, in the order of the play.

use std::time::Duration;

use provision_worker::protocol::{Response, ToWorker};

use super::calls::Item;
use super::host::{Ended, Pending, PendingState};
use super::link::ToLink;
use super::play::PlayRun;
use super::result::{all_hold, censor, conclude};
use crate::event::{Event, Status};
use crate::playbook::Task;
use crate::source::Diagnostic;

impl PlayRun<'_> {
    pub(super) fn answer(&mut self, host: usize, response: &Response) {
        let Some(at) = self.hosts[host].queued(response.id) else {
            return;
        };
        let pending = &self.hosts[host].progress.queue[at];
        let PendingState::Sent(sent) = &pending.state else {
            return;
        };
        let Some(task) = self.steps[pending.step].task().cloned() else {
            return;
        };
        let (attempts, run) = (sent.attempts, &self.hosts[host]);
        let mut ended = conclude(
            self.shared,
            self.play,
            run,
            &task,
            &sent.prepared,
            &response.outcomes,
        );
        if let Some(retry) = &task.retry
            && let Some(item) = sent.prepared.items.first()
            && ended.result.status != Status::Unknown
        {
            match self.satisfied(host, &task, item, &ended) {
                Ok(true) => {}
                Ok(false) if attempts <= retry.retries => {
                    let delay = Duration::from_secs(retry.delay);
                    self.hosts[host].send(ToLink::Timer(delay, response.id));
                    return;
                }
                Ok(false) => {
                    let why = ended.result.message.take();
                    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                    ended.result.status = Status::Failed;
                    ended.result.message =
                        Some(format!("`until` did not hold in {attempts} attempts{why}"));
                }
                Err(diagnostic) => ended = self.mistake(&diagnostic),
            }
        }
        self.hosts[host].progress.queue[at].state = PendingState::Ready(Box::new(ended));
    }

    fn satisfied(
        &self,
        host: usize,
        task: &Task,
        item: &Item,
        ended: &Ended,
    ) -> Result<bool, Box<Diagnostic>> {
        let Some(retry) = &task.retry else {
            return Ok(true);
        };
        let registered = ended
            .registered
            .clone()
            .and_then(crate::value::Value::into_map);
        let registered = registered.unwrap_or_default();
        all_hold(
            self.shared,
            self.play,
            &self.hosts[host],
            task,
            item,
            &registered,
            &retry.until,
        )
    }

    /// Sends a request again under a new number.
    pub(super) fn try_again(&mut self, host: usize, id: u64) {
        let run = &mut self.hosts[host];
        let Some(at) = run.queued(id) else { return };
        run.next_id += 1;
        let id = run.next_id;
        if let PendingState::Sent(sent) = &mut run.progress.queue[at].state {
            sent.attempts += 1;
            sent.request.id = id;
            let message = ToWorker::Run(sent.request.clone());
            let send = ToLink::Send(sent.worker.clone(), message, sent.contents.clone());
            run.send(send);
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
                state: PendingState::Ready(ended),
            }) = self.hosts[host].progress.queue.pop_front()
            else {
                return;
            };
            self.finish(host, step, *ended);
            if !self.hosts[host].is_active() {
                return;
            }
        }
        self.update_position(host);
    }

    fn finish(&mut self, host: usize, step: usize, mut ended: Ended) {
        let Some(task) = self.steps[step].task().cloned() else {
            return;
        };
        if ended.result.status == Status::Failed && task.ignore_errors {
            ended.result.status = Status::Ignored;
        }
        if task.no_log {
            censor(&mut ended.result);
        }
        let status = ended.result.status;
        let run = &mut self.hosts[host];
        run.learned.extend(ended.facts);
        if let (Some(name), Some(value)) = (&task.register, ended.registered) {
            run.learned.insert(name.clone(), value);
        }
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
            for (name, _) in &task.notify {
                let handlers = self.play.handlers.iter().enumerate();
                let notified = handlers.filter(|(_, handler)| handler.answers_to(name));
                run.progress
                    .notified
                    .extend(notified.map(|(index, _)| index));
            }
        }
        self.finished
            .entry(step)
            .or_default()
            .push((host, ended.result));
        if status == Status::Failed {
            self.end_host(host);
        }
    }

    fn update_position(&mut self, host: usize) {
        let progress = &mut self.hosts[host].progress;
        let front = progress.queue.front().map(|pending| pending.step);
        let position = front.unwrap_or(progress.cursor);
        if position != progress.position {
            self.frontier.moved(progress.position, position);
            progress.position = position;
            if self.fatal.is_some_and(|fatal| position > fatal) {
                return self.end_host(host);
            }
        }
        if let Some(step) = front
            && progress.shown != front
        {
            progress.shown = front;
            let task = self.steps[step].name.clone();
            let host = self.hosts[host].name.clone();
            self.events.event(&Event::TaskStarted { task, host });
        }
    }
}
