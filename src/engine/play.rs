//! One play on its hosts: sends steps ahead, lets changes wait for the slowest host, and tells results in the
//! order of the play.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use provision_worker::protocol::{FromWorker, Hello, Request, Response, ToWorker};

use super::calls::{Item, ItemState, Prepared, calls, module_call, prepare};
use super::connect::{Connections, worker_key};
use super::frontier::Frontier;
use super::host::{Ended, HostRun, Pending, PendingState, Sent};
use super::link::{FromLink, LinkEvent, ToLink};
use super::result::{all_hold, conclude, control, ended, total_of};
use super::shared::Shared;
use super::steps::{Step, StepKind};
use crate::event::{Event, Events, Status, TaskName, TaskResult};
use crate::playbook::{Play, Task};
use crate::source::Diagnostic;
use crate::value::from_json;

/// How many requests may be under way to one host.
const WINDOW: usize = 64;

/// The longest time that a program of a task may take where the task does not say, in seconds.
const TASK_TIMEOUT: u64 = 3600;

/// How often the reporters are told that nothing has happened.
const TICK: Duration = Duration::from_millis(100);

/// A play while it runs.
pub(super) struct PlayRun<'a> {
    pub(super) shared: &'a mut Shared,
    pub(super) play: &'a Play,
    pub(super) steps: Vec<Step>,
    pub(super) hosts: &'a mut [HostRun],
    pub(super) batch: Vec<usize>,
    pub(super) frontier: Frontier,
    /// Results that have not been told yet, by step.
    pub(super) finished: BTreeMap<usize, Vec<(usize, TaskResult)>>,
    pub(super) events: &'a mut dyn Events,
    pub(super) connections: &'a mut Connections,
    /// The step whose failure ends the play everywhere.
    pub(super) fatal: Option<usize>,
}

/// How a play ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlayEnd {
    /// It came to its end.
    Finished,
    /// A failure ended it on all hosts.
    Fatal,
    /// The user ended it.
    Interrupted,
}

impl PlayRun<'_> {
    /// Runs the play.
    pub(super) async fn run(mut self) -> PlayEnd {
        let names = self
            .batch
            .iter()
            .map(|&host| self.hosts[host].name.clone())
            .collect();
        self.events.event(&Event::PlayStarted {
            play: self.play.name.clone(),
            hosts: names,
        });
        for host in self.batch.clone() {
            self.connect(host);
            self.advance(host);
        }
        self.tell();
        let interrupted = self.follow().await;
        self.events.event(&Event::PlayFinished {
            play: self.play.name.clone(),
        });
        match (interrupted, self.fatal) {
            (true, _) => PlayEnd::Interrupted,
            (false, Some(_)) => PlayEnd::Fatal,
            (false, None) => PlayEnd::Finished,
        }
    }

    /// Takes what the links say until no host is active any more. Returns whether the user interrupted it.
    async fn follow(&mut self) -> bool {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        while self.batch.iter().any(|&host| self.hosts[host].is_active()) {
            tokio::select! {
                biased;
                interrupt = tokio::signal::ctrl_c() => {
                    // Without a signal handler the signal itself would have ended the process.
                    if interrupt.is_ok() {
                        return true;
                    }
                }
                message = self.connections.incoming.recv() => {
                    let Some(message) = message else { return false };
                    self.take(message);
                    self.tell();
                }
                _ = tick.tick() => self.events.tick(),
            }
        }
        false
    }

    fn connect(&mut self, host: usize) {
        if self.hosts[host].link.is_some() {
            return;
        }
        self.events.event(&Event::HostConnecting {
            host: self.hosts[host].name.clone(),
        });
        if let Err(diagnostic) = self
            .connections
            .start(self.shared, self.play, self.hosts, host)
        {
            let message = self.shared.explain(&diagnostic);
            self.lose(host, false, message);
        }
    }

    fn take(&mut self, message: FromLink) {
        let host = message.host;
        if !self.hosts[host].is_active() {
            return;
        }
        match message.event {
            LinkEvent::Hello(hello, after) => self.greet(host, *hello, after),
            LinkEvent::Lost {
                unreachable,
                message,
            } => return self.lose(host, unreachable, message),
            LinkEvent::Timer(id) => self.try_again(host, id),
            LinkEvent::Message(FromWorker::Held(id)) => self.hold(host, id),
            LinkEvent::Message(FromWorker::Done(response)) => self.answer(host, &response),
            // A host that has failed is not active any more, so nothing waits for these.
            LinkEvent::Message(
                FromWorker::NotRun(_) | FromWorker::Hello(_) | FromWorker::NeedContent(_),
            ) => {}
        }
        self.settle(host);
        self.advance(host);
    }

    fn greet(&mut self, host: usize, hello: Hello, after: Duration) {
        let run = &mut self.hosts[host];
        if run.has_facts() {
            return;
        }
        run.magic
            .insert(Arc::from("facts"), from_json(&hello.facts));
        let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        self.events.event(&Event::HostConnected {
            host: run.name.clone(),
            millis,
        });
    }

    /// A request wants to change the host: it may once every host has finished the steps before.
    fn hold(&mut self, host: usize, id: u64) {
        let progress = &mut self.hosts[host].progress;
        let step = progress
            .queue
            .iter()
            .find(|pending| pending.request_id() == Some(id));
        progress.held = step.map(|pending| (id, pending.step));
        self.let_go(host);
    }

    fn let_go(&mut self, host: usize) {
        let run = &mut self.hosts[host];
        if let Some((id, step)) = run.progress.held
            && step <= self.frontier.position()
        {
            run.progress.held = None;
            run.send(ToLink::Send(
                run.worker_of(id),
                ToWorker::Go(id),
                Vec::new(),
            ));
        }
    }

    fn answer(&mut self, host: usize, response: &Response) {
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
                    let status = if task.ignore_errors {
                        Status::Ignored
                    } else {
                        Status::Failed
                    };
                    let why = ended.result.message.take();
                    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                    ended.result.status = status;
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
    fn try_again(&mut self, host: usize, id: u64) {
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

    fn lose(&mut self, host: usize, unreachable: bool, message: String) {
        let run = &mut self.hosts[host];
        let status = if unreachable {
            Status::Unreachable
        } else {
            Status::Failed
        };
        let step = run
            .progress
            .queue
            .front()
            .map_or(run.progress.cursor, |pending| pending.step);
        let step = step.min(self.steps.len().saturating_sub(1));
        self.end_host(host);
        let result = ended(status, Some(message)).result;
        if self.hosts[host].has_facts() && step < self.steps.len() {
            self.finished.entry(step).or_default().push((host, result));
        } else {
            // It has never got as far as a task.
            let task = TaskName {
                position: 0,
                role: None,
                name: Arc::from("connect"),
                handler: false,
                at: Arc::from(""),
            };
            self.report(host, task, result);
        }
    }

    /// Nothing more runs on the host.
    fn end_host(&mut self, host: usize) {
        let run = &mut self.hosts[host];
        if run.is_active() {
            self.frontier.left(run.progress.position);
        }
        run.ended = true;
        run.progress.queue.clear();
        run.progress.held = None;
    }

    /// Takes the results at the front of the queue, in order.
    fn settle(&mut self, host: usize) {
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

    fn finish(&mut self, host: usize, step: usize, ended: Ended) {
        let Some(task) = self.steps[step].task().cloned() else {
            return;
        };
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

    /// Tells the results of all steps that every host has ended, and failures at once, in the order of the
    /// play; lets go whoever has waited for that.
    fn tell(&mut self) {
        loop {
            self.tell_finished();
            let mut moved = false;
            for host in self.batch.clone() {
                self.let_go(host);
                let progress = &mut self.hosts[host].progress;
                if progress.parked && progress.cursor <= self.frontier.position() {
                    progress.parked = false;
                    moved = true;
                    self.advance(host);
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn tell_finished(&mut self) {
        let is_failure =
            |result: &TaskResult| matches!(result.status, Status::Failed | Status::Unreachable);
        while let Some(entry) = self.finished.first_entry() {
            let frontier = self.frontier.position();
            let failed = entry.get().iter().any(|(_, result)| is_failure(result));
            if *entry.key() > frontier || (*entry.key() == frontier && !failed) {
                return;
            }
            let (step, results) = entry.remove_entry();
            for (host, result) in results {
                self.report(host, self.steps[step].name.clone(), result);
            }
            if failed && self.play.any_errors_fatal {
                self.abort(step);
            }
        }
    }

    fn report(&mut self, host: usize, task: TaskName, result: TaskResult) {
        let run = &mut self.hosts[host];
        run.recap.count(result.status);
        self.events.event(&Event::TaskFinished {
            task,
            host: run.name.clone(),
            result,
        });
    }

    /// Ends the play on every host, once the failed step has ended everywhere.
    fn abort(&mut self, step: usize) {
        for host in self.batch.clone() {
            if self.hosts[host].is_active() && self.hosts[host].progress.position > step {
                self.end_host(host);
            }
        }
        self.finished.retain(|later, _| *later <= step);
        self.fatal = Some(step);
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

    /// Prepares and sends steps as far as it is possible now.
    fn advance(&mut self, host: usize) {
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
            Some(ended(Status::Unknown, Some(why)))
        } else {
            match prepare(self.shared, self.play, run, task) {
                Err(diagnostic) => Some(self.mistake(&diagnostic)),
                Ok(prepared) if !prepared.runs() => {
                    Some(conclude(self.shared, self.play, run, task, &prepared, &[]))
                }
                Ok(prepared) => match self.start(host, cursor, task, prepared) {
                    Ok(started) => return started,
                    Err(diagnostic) => Some(self.mistake(&diagnostic)),
                },
            }
        };
        let progress = &mut self.hosts[host].progress;
        if let Some(mut ended) = ended {
            if ended.result.status == Status::Failed && task.ignore_errors {
                ended.result.status = Status::Ignored;
            }
            let state = PendingState::Ready(Box::new(ended));
            progress.queue.push_back(Pending {
                step: cursor,
                state,
            });
        }
        progress.cursor += 1;
        true
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
            let state = PendingState::Ready(Box::new(ended));
            self.hosts[host].progress.queue.push_back(Pending {
                step: cursor,
                state,
            });
            self.hosts[host].progress.cursor += 1;
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
        let state = PendingState::Sent(Box::new(sent));
        run.progress.queue.push_back(Pending {
            step: cursor,
            state,
        });
        run.progress.cursor += 1;
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
        Ok(total_of(task, prepared, all))
    }

    fn mistake(&self, diagnostic: &Diagnostic) -> Ended {
        ended(Status::Failed, Some(self.shared.explain(diagnostic)))
    }
}

impl Pending {
    fn request_id(&self) -> Option<u64> {
        match &self.state {
            PendingState::Sent(sent) => Some(sent.request.id),
            PendingState::Ready(_) => None,
        }
    }

    fn worker(&self) -> Option<&super::link::WorkerKey> {
        match &self.state {
            PendingState::Sent(sent) => Some(&sent.worker),
            PendingState::Ready(_) => None,
        }
    }

    /// Whether nothing may be prepared behind it.
    fn is_fence(&self) -> bool {
        match &self.state {
            PendingState::Sent(sent) => sent.fence,
            PendingState::Ready(ended) => ended.result.status == Status::Failed,
        }
    }
}

impl HostRun {
    fn queued(&self, id: u64) -> Option<usize> {
        self.progress
            .queue
            .iter()
            .position(|pending| pending.request_id() == Some(id))
    }

    fn worker_of(&self, id: u64) -> super::link::WorkerKey {
        let pending = self
            .queued(id)
            .and_then(|at| self.progress.queue[at].worker());
        pending.cloned().unwrap_or_default()
    }

    fn send(&self, message: ToLink) {
        if let Some(link) = &self.link {
            // A link that has ended has said why, and that is taken in its turn.
            let _ = link.send(message);
        }
    }
}

impl Prepared {
    fn runs(&self) -> bool {
        self.items
            .iter()
            .any(|item| matches!(item.state, ItemState::Call(_)))
    }
}
