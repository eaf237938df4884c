//! One play on its hosts: follows what their links say until nothing runs any more.
//!
//! What a host may do next is decided in [`advance`](super::advance), what an answer means in
//! [`answer`](super::answer), and when a result is told in [`tell`](super::tell).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use provision_worker::protocol::{FromWorker, Hello, ToWorker};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::MissedTickBehavior;

use super::connect::Connections;
use super::frontier::Frontier;
use super::host::HostRun;
use super::link::{FromLink, LinkEvent, ToLink};
use super::shared::Shared;
use super::steps::Step;
use crate::event::{Event, Events, TaskResult};
use crate::playbook::Play;
use crate::value::from_json;

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
    /// The frontier at which hosts that waited for it were last let go.
    pub(super) let_go_at: Option<usize>,
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
        let mut interrupts = Interrupts::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while self.batch.iter().any(|&host| self.hosts[host].is_active()) {
            tokio::select! {
                biased;
                () = interrupts.next() => return true,
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
            LinkEvent::Hello(hello, after) => self.greet(host, &hello, after),
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

    fn greet(&mut self, host: usize, hello: &Hello, after: Duration) {
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

    pub(super) fn let_go(&mut self, host: usize) {
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
