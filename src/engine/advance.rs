//! Prepares the steps of a host and sends them ahead as far as is possible.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use provision_worker::protocol::{Background, Request, ToWorker};

use super::calls::{ItemState, Prepared, calls, environment, module_call, prepare};
use super::control::ready;
use super::gate::Gate;
use super::host::{Again, Ended, Pending, PendingState, Sent, Target};
use super::link::ToLink;
use super::play::PlayRun;
use super::program::{StepId, StepKind};
use super::result::{conclude, ended};
use super::settings::Settings;
use super::view::{NOTHING, View};
use crate::event::Status;
use crate::playbook::Task;
use crate::source::Diagnostic;

/// How many requests may be under way to one host.
const WINDOW: usize = 64;

impl PlayRun<'_> {
    /// Prepares and sends steps as far as it is possible now.
    pub(super) fn advance(&mut self, host: usize) {
        if !self.hosts[host].progress.taken_up {
            return;
        }
        while self.hosts[host].is_active() && self.prepare_next(host) {
            self.settle(host);
        }
        let run = &self.hosts[host];
        let waits_for_hello = !self.play.course.no_facts && !run.has_facts() && run.link.is_some();
        if run.is_active()
            && run.progress.cursor == self.program.end()
            && run.progress.queue.is_empty()
            && !waits_for_hello
        {
            self.frontier.left(self.program.rank(run.progress.position));
            self.hosts[host].progress.done = true;
            self.let_off(host);
        }
    }

    /// A task of the play as it is seen on a host.
    pub(super) fn view(&self, host: usize, step: StepId) -> View<'_> {
        let step = self.program.step(step);
        let base = step
            .instance
            .and_then(|instance| self.hosts[host].progress.entered.get(&instance));
        View {
            play: self.play,
            hosts: self.hosts,
            host,
            task: step.task().map(AsRef::as_ref),
            base: base.unwrap_or(&NOTHING),
        }
    }

    /// Prepares the next step. Returns whether it could.
    fn prepare_next(&mut self, host: usize) -> bool {
        let progress = &self.hosts[host].progress;
        let (cursor, idle) = (progress.cursor, progress.queue.is_empty());
        // Nothing is put behind a fence, so that only the last one can be one.
        if progress.queue.len() >= WINDOW || progress.queue.back().is_some_and(Pending::is_fence) {
            return false;
        }
        match self.program.step(cursor).kind.clone() {
            StepKind::End => false,
            StepKind::Task(task) => self.prepare_task(host, cursor, &task),
            StepKind::RescueEnd | StepKind::Leave => self.go_to(host, self.program.next(cursor)),
            StepKind::BodyEnd(block) => self.go_to(host, self.program.behind_rescue(block)),
            StepKind::BlockEnd(block) => {
                if !progress.failing.contains(&block) {
                    return self.go_to(host, self.program.next(cursor));
                }
                if idle {
                    self.hosts[host].progress.failing.remove(&block);
                    self.fail(host, cursor, None);
                }
                idle
            }
            StepKind::Enter { instance, leave } => {
                let inside = progress.entered.contains_key(&instance);
                let next = if inside { cursor } else { leave };
                self.go_to(host, self.program.next(next))
            }
            StepKind::Flush { .. } | StepKind::Handler(..) | StepKind::FlushEnd { .. } => {
                self.prepare_handlers(host, cursor, idle)
            }
        }
    }

    /// Goes on with another step.
    fn go_to(&mut self, host: usize, step: StepId) -> bool {
        self.hosts[host].progress.cursor = step;
        true
    }

    fn prepare_handlers(&mut self, host: usize, cursor: StepId, idle: bool) -> bool {
        let next = self.program.next(cursor);
        match self.program.step(cursor).kind.clone() {
            StepKind::Flush { end, .. } => {
                if idle {
                    let progress = &mut self.hosts[host].progress;
                    progress.flushed.clear();
                    progress.cursor = if progress.notified.is_empty() {
                        end
                    } else {
                        next
                    };
                }
                idle
            }
            StepKind::Handler(index, task) => {
                if !self.hosts[host].progress.notified.contains(&index) {
                    // A handler before this one may still notify it.
                    if idle {
                        self.hosts[host].progress.cursor = next;
                    }
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
                if !idle {
                    return false;
                }
                // A handler that a later one has notified has its turn at the next flush; where no other follows,
                // in this one, but only once.
                let is_last = self.program.next_flush(next).is_none();
                let progress = &mut self.hosts[host].progress;
                if is_last {
                    progress
                        .notified
                        .retain(|index| !progress.flushed.contains(index));
                }
                let again = is_last && !progress.notified.is_empty();
                progress.cursor = if again { start } else { next };
                if !again && progress.failed {
                    self.end_host(host);
                }
                true
            }
            _ => false,
        }
    }

    fn prepare_task(&mut self, host: usize, cursor: StepId, task: &Arc<Task>) -> bool {
        if self.must_wait(host, cursor) {
            return false;
        }
        match self.gate(host, cursor, task) {
            Gate::Open => {}
            Gate::Closed => return false,
            Gate::Passed => return true,
        }
        self.hosts[host].progress.clock.begin();
        let run = &self.hosts[host];
        let needs = &self.program.step(cursor).needs.learned;
        let unknown = needs
            .iter()
            .filter(|name| run.unknown.contains(*name))
            .min();
        let ended = if let Some(name) = unknown {
            let why = format!("depends on `{name}`, which check mode cannot know");
            ended(Status::Unknown, Some(why))
        } else {
            let view = self.view(host, cursor);
            match prepare(self.shared, view, task) {
                Err(diagnostic) => self.mistake(host, cursor, &diagnostic),
                Ok(prepared) if !prepared.runs() => match prepared.skipped_alone() {
                    Some(condition) => self.skips.ended(cursor, condition),
                    None => conclude(self.shared, view, task, &prepared, &[], &HashMap::new()),
                },
                Ok(prepared) => match self.start(host, cursor, task, prepared) {
                    Ok(started) => return started,
                    Err(diagnostic) => self.mistake(host, cursor, &diagnostic),
                },
            }
        };
        self.enqueue(host, None, ready(ended));
        true
    }

    /// Puts the step at the cursor behind those that wait.
    fn enqueue(&mut self, host: usize, target: Option<Target>, state: PendingState) {
        let step = self.hosts[host].progress.cursor;
        let next = self.program.next(step);
        let progress = &mut self.hosts[host].progress;
        let mut clock = std::mem::take(&mut progress.clock);
        clock.prepared();
        progress.queue.push_back(Pending {
            step,
            target,
            clock,
            state,
        });
        progress.cursor = next;
    }

    /// Whether the step needs something that an answer still to come brings.
    fn must_wait(&mut self, host: usize, cursor: StepId) -> bool {
        let (run, needs) = (&self.hosts[host], &self.program.step(cursor).needs.learned);
        if !run.has_facts() && needs.contains("facts") {
            if run.link.is_none() {
                self.connect(host);
            }
            return true;
        }
        if needs.is_empty() {
            return false;
        }
        let queue = run.progress.queue.iter();
        let tasks = queue.filter_map(|pending| self.program.step(pending.step).task());
        tasks
            .flat_map(|task| task.learns())
            .any(|name| needs.contains(&name))
    }

    /// Carries out a control action or sends a request. Returns whether it could be done now.
    fn start(
        &mut self,
        host: usize,
        cursor: StepId,
        task: &Arc<Task>,
        mut prepared: Prepared,
    ) -> Result<bool, Box<Diagnostic>> {
        let idle = self.hosts[host].progress.queue.is_empty();
        let Some(call) = module_call(task) else {
            // What it sets or shows must not come before what has been sent.
            if !idle {
                return Ok(false);
            }
            let ended = self.control(host, cursor, task, &prepared)?;
            self.enqueue(host, None, ready(ended));
            return Ok(true);
        };
        let targets = self.targets(host, cursor, task, &prepared)?;
        let Some(target) = targets.first().cloned() else {
            return Ok(false);
        };
        let queue = &self.hosts[host].progress.queue;
        let last = queue
            .iter()
            .rev()
            .find_map(|pending| pending.target.as_ref());
        if last.is_some_and(|last| *last != target) {
            return Ok(false);
        }
        for target in &targets {
            self.link(target.host, Some(&target.worker))?;
        }
        let view = View {
            play: self.play,
            hosts: self.hosts,
            host,
            task: Some(task),
            base: &NOTHING,
        };
        let calls = calls(self.shared, view, call, &prepared)?;
        let environment = environment(self.shared, view, task, &prepared)?;
        let delegated = target.host != host;
        let ahead = !self.reached(cursor);
        let check = self.shared.options.check && task.common.check_mode != Some(false)
            || task.common.check_mode == Some(true);
        let settings: Vec<_> = running(&prepared)
            .map(|item| Settings::of(item.settings.as_deref(), task))
            .collect();
        // Only the controller can say whether the task has failed if some items may and others may not.
        let ignored = settings.iter().filter(|said| said.ignore_errors).count();
        let fence = delegated || decides(task) || (ignored > 0 && ignored < targets.len());
        let timeout = settings.first().map(|said| said.timeout);
        let one_by_one = prepared.is_loop && (delegated || task.retry.is_some());
        let mut arguments: VecDeque<_> = calls.arguments.into();
        let first = if one_by_one {
            arguments.pop_front().into_iter().collect()
        } else {
            arguments.drain(..).collect()
        };
        let rest = targets.into_iter().skip(1).zip(arguments).collect();
        let diff = task.common.diff.unwrap_or(self.shared.options.diff);
        let request = Request {
            id: self.shared.next_id(),
            module: call.module.name.to_owned(),
            calls: first,
            check,
            diff: diff && !task.common.no_log,
            hold: ahead && !check,
            // What fails in check mode may be unknown only, and then the host goes on.
            keep_going: ignored > 0 || fence || self.shared.options.check,
            timeout,
            environment,
            pause: task.repeat.as_ref().and_then(|repeat| repeat.pause),
            background: background(task, host),
        };
        if delegated {
            self.delegated.insert(request.id, host);
        }
        prepared.forget();
        let again = task.retry.is_some() || one_by_one;
        let state = Sent {
            id: request.id,
            again: again.then(|| {
                Box::new(Again {
                    request: request.clone(),
                    contents: calls.contents.clone(),
                })
            }),
            prepared,
            attempts: 1,
            fence,
            outcomes: Vec::new(),
            rest,
            exhausted: HashMap::new(),
        };
        let send = ToLink::send_with(
            target.worker.clone(),
            ToWorker::Run(request),
            calls.contents,
        );
        self.hosts[target.host].send(send);
        self.enqueue(host, Some(target), PendingState::Sent(Box::new(state)));
        Ok(true)
    }

    pub(super) fn mistake(&self, host: usize, step: StepId, diagnostic: &Diagnostic) -> Ended {
        Ended {
            settings: self.settings(host, step),
            ..ended(Status::Failed, Some(self.shared.explain(diagnostic)))
        }
    }

    /// What the keywords of a task say for the whole of it, if one of them is a template and all can be rendered.
    pub(super) fn settings(&self, host: usize, step: StepId) -> Option<Box<Settings>> {
        let view = self.view(host, step);
        let rendered = Settings::rendered(self.shared, view, view.task?, &view.locals(None));
        rendered.ok().flatten()
    }

    /// Whether every host has come as far as this step, or none waits for another.
    pub(super) fn reached(&self, step: StepId) -> bool {
        self.play.course.free || self.program.rank(step) <= self.frontier.position()
    }
}

/// How a task goes on by itself while the play does, under a name that no other job has.
fn background(task: &Task, host: usize) -> Option<Box<Background>> {
    static JOBS: AtomicU64 = AtomicU64::new(0);
    let limit = task.background?;
    let number = JOBS.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or_default().as_nanos();
    Some(Box::new(Background {
        limit,
        job: format!("j{now:x}-{host}-{number}"),
    }))
}

/// Whether only the controller can say how the task has ended.
fn decides(task: &Task) -> bool {
    let computed = |conditions: &Option<Vec<crate::playbook::When>>| {
        let conditions = conditions.iter().flatten();
        conditions.into_iter().any(|when| when.condition.is_ok())
    };
    task.failed_when.is_some() || computed(&task.changed_when) || task.retry.is_some()
}

/// The items of a task that run.
pub(super) fn running(prepared: &Prepared) -> impl Iterator<Item = &super::calls::Item> {
    let items = prepared.items.iter();
    items.filter(|item| matches!(item.state, ItemState::Call(_)))
}
