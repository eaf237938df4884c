//! One play on a batch of its hosts: follows what their links say until nothing runs any more.
//!
//! What a host may do next is decided in [`advance`](super::advance), what an answer means in
//! [`answer`](super::answer), what a failure means in [`fail`](super::fail), and when a result is told in
//! [`tell`](super::tell).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use provision_worker::protocol::{FromWorker, Hello, ToWorker};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::MissedTickBehavior;

use super::connect::Connections;
use super::frontier::Frontier;
use super::gate::Once;
use super::later::Needed;
use super::link::{FromLink, LinkEvent, ToLink};
use super::program::{Program, StepId};
use super::roster::Roster;
use super::run::Choice;
use super::shared::Shared;
use super::timing::micros;
use super::turns::Turns;
use super::untold::{Skips, Untold};
use crate::event::{Event, Events, Phases, Timing};
use crate::playbook::Play;
use crate::value::from_json;

/// How often the reporters are told that nothing has happened.
const TICK: Duration = Duration::from_millis(100);

/// A play while it runs.
pub(super) struct PlayRun<'a> {
    pub(super) shared: &'a mut Shared,
    pub(super) play: &'a Play,
    /// Which play it is, counted from 0 over all playbooks.
    pub(super) number: usize,
    /// The step at which all hosts begin, if it is not the first.
    pub(super) starts_at: Option<StepId>,
    pub(super) program: Program,
    pub(super) hosts: &'a mut Roster,
    /// The hosts of the play, in all batches.
    pub(super) members: Vec<usize>,
    pub(super) batch: Vec<usize>,
    pub(super) frontier: Frontier,
    /// Results that have not been told yet, by the rank of their step.
    pub(super) finished: BTreeMap<usize, Vec<(usize, Untold)>>,
    /// What is the same for all hosts of a task that is skipped.
    pub(super) skips: Skips,
    /// Whose turn it is to be connected to.
    pub(super) turns: Turns,
    /// Who is needed after its part in this play.
    pub(super) needed: &'a Needed,
    pub(super) events: &'a mut dyn Events,
    pub(super) connections: &'a mut Connections,
    /// The frontier at which hosts that waited for it were last let go.
    pub(super) let_go_at: Option<usize>,
    /// The host that was the last to come as far as the frontier.
    pub(super) came_last: Option<usize>,
    /// The rank of the step whose failure ends the play everywhere.
    pub(super) fatal: Option<usize>,
    /// Steps of which a failure is one for all hosts.
    pub(super) fatal_steps: HashSet<StepId>,
    /// Too many hosts have failed: nothing is rescued any more.
    pub(super) broken: bool,
    /// Tasks that one host carries out for all.
    pub(super) once: HashMap<StepId, Once>,
    /// How many hosts are at a task of which not all may be at it.
    pub(super) busy: HashMap<StepId, usize>,
    /// Whose request it is that another host carries out.
    pub(super) delegated: HashMap<u64, usize>,
    /// What the user has answered about tasks.
    pub(super) asked: HashMap<StepId, Choice>,
    /// `meta: end_play` has ended it.
    pub(super) end_play: bool,
}

/// How a play ended on a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlayEnd {
    /// It came to its end.
    Finished,
    /// It came to its end, and no other batch is to follow.
    Ended,
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
            let start = self.beginning(host);
            let first = self.program.first();
            let progress = &mut self.hosts[host].progress;
            (progress.cursor, progress.position) = (start, first);
            self.update_position(host);
        }
        self.count_play_hosts();
        self.proceed();
        let interrupted = self.follow().await;
        self.events.event(&Event::PlayFinished {
            play: self.play.name.clone(),
        });
        if interrupted {
            for host in self.batch.clone() {
                if self.hosts[host].is_active() {
                    self.note_stop(host);
                }
            }
        }
        let all_failed = self.batch.iter().all(|&host| self.hosts[host].ended);
        if interrupted {
            PlayEnd::Interrupted
        } else if all_failed {
            PlayEnd::Fatal
        } else if self.end_play {
            PlayEnd::Ended
        } else {
            PlayEnd::Finished
        }
    }

    /// Takes what the links say until no host is active any more. Returns whether the user interrupted it.
    async fn follow(&mut self) -> bool {
        let mut interrupts = Interrupts::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // Nobody becomes active again, so that nobody is looked at again who is not.
        let mut done = 0;
        loop {
            let batch = self.batch[done..].iter();
            done += batch
                .take_while(|&&host| !self.hosts[host].is_active())
                .count();
            if done == self.batch.len() {
                return false;
            }
            tokio::select! {
                biased;
                () = interrupts.next() => return true,
                message = self.connections.incoming.recv() => {
                    let Some(message) = message else { return false };
                    let (host, before) = (message.host, self.frontier.position());
                    self.take(message);
                    if self.frontier.position() != before {
                        self.came_last = Some(host);
                    }
                    self.proceed();
                }
                _ = tick.tick() => self.events.tick(),
            }
        }
    }

    /// Has the host connected to, unless it is. A host that cannot be is lost.
    pub(super) fn connect(&mut self, host: usize) {
        if let Err(diagnostic) = self.link(host, None) {
            let message = self.shared.explain(&diagnostic);
            self.lose(host, false, &message);
        }
    }

    fn take(&mut self, message: FromLink) {
        let host = message.host;
        if message.generation != self.hosts[host].generation {
            return;
        }
        let owner = |id: &u64| self.delegated.get(id).copied().unwrap_or(host);
        let active = |host: usize| self.hosts[host].is_active();
        let of = match message.event {
            LinkEvent::Hello(hello, begun, phases) => {
                self.turns.over(host);
                self.greet(host, &hello, begun, phases);
                host
            }
            LinkEvent::Lost {
                unreachable,
                message,
            } => {
                self.lose(host, unreachable, &message);
                for host in self.batch.clone() {
                    self.go_on(host);
                }
                return;
            }
            LinkEvent::Timer(id) => {
                let of = owner(&id);
                self.try_again(of, id);
                of
            }
            LinkEvent::Message(FromWorker::Held(id)) => {
                let of = owner(&id);
                self.hold(of, id);
                of
            }
            LinkEvent::Message(FromWorker::Done(response)) => {
                let of = owner(&response.id);
                if active(of) {
                    self.answer(of, response);
                }
                of
            }
            // A host that has failed is not active any more, so nothing waits for these.
            LinkEvent::Message(
                FromWorker::NotRun(_) | FromWorker::Hello(_) | FromWorker::NeedContent(_),
            ) => host,
        };
        self.go_on(of);
    }

    fn go_on(&mut self, host: usize) {
        if self.hosts[host].is_active() && self.batch.contains(&host) {
            self.settle(host);
            self.advance(host);
        }
    }

    fn greet(&mut self, host: usize, hello: &Hello, begun: Instant, mut phases: Phases) {
        let run = &mut self.hosts[host];
        if run.has_facts() {
            return;
        }
        run.know("facts", from_json(&hello.facts));
        phases.begun = micros(begun.saturating_duration_since(self.shared.begun));
        let way = phases.connect + phases.auth + phases.start + phases.upload.unwrap_or(0);
        self.events.event(&Event::HostConnected {
            host: run.name.clone(),
            millis: way / 1000,
            phases,
        });
        // Others may look at the facts of all hosts, and wait for the last of them: to have everybody looked at again
        // for each would cost the square of their number.
        if !self.waits_for_facts() {
            self.wake();
        }
    }

    /// A request wants to change the host: it may once every host has finished the steps before.
    fn hold(&mut self, host: usize, id: u64) {
        let progress = &mut self.hosts[host].progress;
        let step = progress
            .queue
            .iter_mut()
            .find(|pending| pending.request_id() == Some(id));
        progress.held = step.map(|pending| {
            pending.clock.wait();
            (id, pending.step)
        });
        self.let_go(host);
    }

    pub(super) fn let_go(&mut self, host: usize) {
        let Some((id, step)) = self.hosts[host].progress.held else {
            return;
        };
        if !self.reached(step) {
            return;
        }
        let last = self.last_for(host);
        let progress = &mut self.hosts[host].progress;
        progress.held = None;
        let pending = progress
            .queue
            .iter_mut()
            .find(|pending| pending.request_id() == Some(id));
        let target = pending.and_then(|pending| {
            pending.clock.go(last);
            pending.target.clone()
        });
        if let Some(target) = target {
            let go = ToLink::send(target.worker, ToWorker::Go(id));
            self.hosts[target.host].send(go);
        }
    }

    /// Who kept the host waiting, as far as it was not the host itself.
    pub(super) fn last_for(&self, host: usize) -> Option<Arc<str>> {
        let last = self.came_last.filter(|&last| last != host)?;
        Some(self.hosts[last].name.clone())
    }

    /// The times of what ends now without having been carried out.
    pub(super) fn stamp(&self, timing: &mut Timing) {
        let now = micros(self.shared.begun.elapsed());
        (timing.begun, timing.ended) = (now, now);
    }
}

/// What a user sends who wants the run to end. Where a signal cannot be listened to, it ends the process by itself.
struct Interrupts {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Interrupts {
    fn new() -> Self {
        let listen = |kind| signal(kind).ok();
        Self {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
        }
    }

    async fn next(&mut self) {
        async fn received(signal: &mut Option<Signal>) {
            match signal {
                Some(signal) => {
                    signal.recv().await;
                }
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = received(&mut self.interrupt) => {}
            () = received(&mut self.terminate) => {}
        }
    }
}
