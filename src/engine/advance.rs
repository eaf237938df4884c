//! Prepares the steps of a host and sends them ahead as far as is possible.

use std::sync::Arc;

use provision_worker::protocol::{Request, ToWorker};

use super::calls::{ItemState, Prepared, calls, module_call, prepare};
use super::connect::worker_key;
use super::host::{Ended, Pending, PendingState, Sent};
use super::link::ToLink;
use super::play::PlayRun;
use super::result::{conclude, control, ended, total_of};
use super::steps::StepKind;
use crate::event::Status;
use crate::playbook::Task;
use crate::source::Diagnostic;

/// How many requests may be under way to one host.
const WINDOW: usize = 64;

/// The longest time that a program of a task may take where the task does not say, in seconds.
const TASK_TIMEOUT: u64 = 3600;

impl PlayRun<'_> {
    /// Prepares and sends steps as far as it is possible now.
    pub(super) fn advance(&mut self, host: usize) {
        while self.hosts[host].is_active() && self.prepare_next(host) {
            self.settle(host);
        }
        let run = &mut self.hosts[host];
        if run.is_active()
            && run.progress.cursor == self.steps.len()
            && run.progress.queue.is_empty()
        {
            self.frontier.left(run.progress.position);
            run.progress.done = true;
        }
    }

    /// Prepares the next step. Returns whether it could.
    fn prepare_next(&mut self, host: usize) -> bool {
        let progress = &mut self.hosts[host].progress;
        let (cursor, idle) = (progress.cursor, progress.queue.is_empty());
        let Some(step) = self.steps.get(cursor) else {
            return false;
        };
        if progress.queue.len() >= WINDOW || progress.queue.iter().any(Pending::is_fence) {
            return false;
        }
        match step.kind.clone() {
            StepKind::Task(task) => self.prepare_task(host, cursor, &task),
            StepKind::Flush { end } => {
                if idle {
                    progress.flushed.clear();
                    progress.cursor = if progress.notified.is_empty() {
                        end + 1
                    } else {
                        cursor + 1
                    };
                }
                idle
            }
            StepKind::Handler(index, task) => {
                if !progress.notified.contains(&index) {
                    // A handler before this one may still notify it.
                    progress.cursor += usize::from(idle);
                    return idle;
                }
                let prepared = self.prepare_task(host, cursor, &task);
                if prepared {
                    let progress = &mut self.hosts[host].progress;
                    progress.notified.remove(&index);
                    progress.flushed.insert(index);
                }
                prepared
            }
            StepKind::FlushEnd { start } => {
                if idle {
                    // A handler that has been notified by a later one has its turn; once in a flush.
                    progress
                        .notified
                        .retain(|index| !progress.flushed.contains(index));
                    let again = !progress.notified.is_empty();
                    progress.cursor = if again { start } else { cursor + 1 };
                }
                idle
            }
        }
    }

    fn prepare_task(&mut self, host: usize, cursor: usize, task: &Arc<Task>) -> bool {
        let run = &self.hosts[host];
        if self.must_wait(host, cursor) {
            return false;
        }
        let unknown = self.steps[cursor]
            .needs
            .iter()
            .filter(|name| run.unknown.contains(*name))
            .min();
        let ended = if let Some(name) = unknown {
            let why = format!("depends on `{name}`, which check mode cannot know");
            ended(Status::Unknown, Some(why))
        } else {
            match prepare(self.shared, self.play, run, task) {
                Err(diagnostic) => self.mistake(&diagnostic),
                Ok(prepared) if !prepared.runs() => {
                    conclude(self.shared, self.play, run, task, &prepared, &[])
                }
                Ok(prepared) => match self.start(host, cursor, task, prepared) {
                    Ok(started) => return started,
                    Err(diagnostic) => self.mistake(&diagnostic),
                },
            }
        };
        self.enqueue(host, PendingState::Ready(Box::new(ended)));
        true
    }

    /// Puts the step at the cursor behind those that wait.
    fn enqueue(&mut self, host: usize, state: PendingState) {
        let progress = &mut self.hosts[host].progress;
        let step = progress.cursor;
        progress.queue.push_back(Pending { step, state });
        progress.cursor += 1;
    }

    /// Whether the step needs something that an answer still to come brings.
    fn must_wait(&self, host: usize, cursor: usize) -> bool {
        let (run, needs) = (&self.hosts[host], &self.steps[cursor].needs);
        let queue = run.progress.queue.iter();
        let tasks = queue.filter_map(|pending| self.steps[pending.step].task());
        (!run.has_facts() && needs.contains("facts"))
            || tasks
                .flat_map(|task| task.learns())
                .any(|name| needs.contains(&name))
    }

    /// Carries out a control action or sends a request. Returns whether it could be done now.
    fn start(
        &mut self,
        host: usize,
        cursor: usize,
        task: &Arc<Task>,
        prepared: Prepared,
    ) -> Result<bool, Box<Diagnostic>> {
        let idle = self.hosts[host].progress.queue.is_empty();
        let Some(call) = module_call(task) else {
            // What it sets or shows must not come before what has been sent.
            if !idle {
                return Ok(false);
            }
            let ended = self.control(host, task, &prepared)?;
            self.enqueue(host, PendingState::Ready(Box::new(ended)));
            return Ok(true);
        };
        let worker = worker_key(self.shared, self.play, &self.hosts[host], Some(task))?;
        let last = self.hosts[host]
            .progress
            .queue
            .iter()
            .rev()
            .find_map(Pending::worker);
        if last.is_some_and(|last| *last != worker) {
            return Ok(false);
        }
        // What looks at other hosts may only look once they have come as far.
        let ahead = cursor > self.frontier.position();
        if call.module.name == "wait_for" && (ahead || !idle) {
            self.hosts[host].progress.parked = ahead;
            return Ok(false);
        }
        let calls = calls(
            self.shared,
            self.play,
            &self.hosts[host],
            task,
            call,
            &prepared,
        )?;
        let check = self.shared.options.check && task.check_mode != Some(false)
            || task.check_mode == Some(true);
        let fence = task.failed_when.is_some() || task.retry.is_some();
        let run = &mut self.hosts[host];
        run.next_id += 1;
        let request = Request {
            id: run.next_id,
            module: call.module.name.to_owned(),
            calls: calls.arguments,
            check,
            diff: self.shared.options.diff && !task.no_log,
            hold: ahead && !check,
            // What fails in check mode may be unknown only, and then the host goes on.
            keep_going: task.ignore_errors || fence || self.shared.options.check,
            timeout: Some(task.timeout.unwrap_or(TASK_TIMEOUT)),
            ..Request::default()
        };
        let message = ToWorker::Run(request.clone());
        run.send(ToLink::Send(
            worker.clone(),
            message,
            calls.contents.clone(),
        ));
        let contents = if task.retry.is_some() {
            calls.contents
        } else {
            Vec::new()
        };
        let sent = Sent {
            request,
            worker,
            contents,
            prepared,
            attempts: 1,
            fence,
        };
        self.enqueue(host, PendingState::Sent(Box::new(sent)));
        Ok(true)
    }

    fn control(
        &self,
        host: usize,
        task: &Task,
        prepared: &Prepared,
    ) -> Result<Ended, Box<Diagnostic>> {
        let run = &self.hosts[host];
        let mut all = Vec::new();
        for item in &prepared.items {
            all.push(match item.state {
                ItemState::Call(_) => control(self.shared, self.play, run, task, item)?,
                ItemState::Skipped(_) => ended(Status::Skipped, None),
            });
        }
        Ok(total_of(prepared, all))
    }

    pub(super) fn mistake(&self, diagnostic: &Diagnostic) -> Ended {
        ended(Status::Failed, Some(self.shared.explain(diagnostic)))
    }
}
