//! Where hosts have stopped, for a later run, and how a run takes them up there.

use std::collections::HashMap;
use std::sync::Arc;

use super::host::{Ended, HostRun};
use super::play::PlayRun;
use super::program::{StepId, StepKind};
use super::roster::Roster;
use super::shared::Shared;
use crate::event::{Event, Events, StepName, Stopped};
use crate::playbook::Task;
use crate::value::{Value, from_json, to_json};

/// Where a run begins.
#[derive(Clone, Debug, Default)]
pub enum Beginning {
    /// At the beginning.
    #[default]
    First,
    /// Everywhere at the first task of this name.
    Task(String),
    /// Each host where it has stopped in an earlier run; others take no part.
    Stopped(HashMap<Arc<str>, Stopped>),
}

impl Beginning {
    /// Whether a host takes part in a play.
    pub(super) fn admits(&self, host: &str, play: usize) -> bool {
        match self {
            Self::First | Self::Task(_) => true,
            Self::Stopped(stopped) => stopped.get(host).is_some_and(|stop| stop.play <= play),
        }
    }
}

impl PlayRun<'_> {
    /// The step at which a host begins the play.
    pub(super) fn beginning(&mut self, host: usize) -> StepId {
        let first = self.program.first();
        let name = &self.hosts[host].name;
        let Beginning::Stopped(stopped) = &self.shared.options.beginning else {
            return self.starts_at.unwrap_or(first);
        };
        let Some(stop) = stopped.get(name).filter(|stop| stop.play == self.number) else {
            return first;
        };
        let handlers = self.play.handlers.iter().enumerate();
        let owed = handlers.filter(|(_, handler)| stop.notified.contains(&handler.task.name));
        let owed: Vec<usize> = owed.map(|(index, _)| index).collect();
        let begins = stop
            .step
            .as_ref()
            .map_or(Some(first), |name| self.program.find(name));
        let gone = begins.is_none().then(|| stop.step.clone()).flatten();
        self.hosts[host].progress.notified.extend(owed);
        if let Some(gone) = gone {
            self.warn_gone(host, &gone);
        }
        begins.unwrap_or(first)
    }

    fn warn_gone(&mut self, host: usize, gone: &StepName) {
        let task = gone.task.as_deref().unwrap_or("handlers");
        self.events.event(&Event::Warning {
            host: Some(self.hosts[host].name.clone()),
            message: format!("there is no task `{task}` any more: the play begins at its first"),
        });
    }

    /// Notes where a host stands that takes no further part.
    pub(super) fn note_stop(&mut self, host: usize) {
        let run = &self.hosts[host];
        let front = run.progress.queue.front().map(|pending| pending.step);
        let step = front.unwrap_or(run.progress.position);
        self.note_stop_at(host, step);
    }

    /// Notes that a host has ended `step` and nothing behind it that counts.
    pub(super) fn note_stop_behind(&mut self, host: usize, step: StepId) {
        self.note_stop_at(host, self.program.next(step));
    }

    /// Notes where a host has failed.
    pub(super) fn note_stop_at(&mut self, host: usize, step: StepId) {
        let name = self.program.name_of(step);
        // What has come to the end of a play goes on with the next one.
        let number = self.number + usize::from(step == self.program.end());
        let mut owed: Vec<usize> = self.hosts[host].progress.notified.iter().copied().collect();
        if let StepKind::Handler(index, _) = self.program.step(step).kind {
            owed.push(index);
        }
        let owed = owed
            .into_iter()
            .map(|index| self.play.handlers[index].task.name.clone());
        let owed = owed.collect();
        let run = &mut self.hosts[host];
        if run.stopped.is_none() {
            run.stopped = Some((number, name));
            run.owed = owed;
        }
    }

    /// Notes whether a host has learned something from a task that no record may hold.
    pub(super) fn hide(&mut self, host: usize, step: StepId, task: &Task, ended: &Ended) {
        let is_secret = |value: &Value| self.shared.sources.secrets().occurs_in(value);
        let mut learned = ended.facts.values().chain(&ended.registered);
        if task.learns().is_empty() || !(task.common.no_log || learned.any(is_secret)) {
            return;
        }
        let name = self.program.name_of(step);
        let number = self.number;
        let run = &mut self.hosts[host];
        run.hidden.extend(task.learns());
        run.hidden_since.get_or_insert((number, name));
    }
}

/// Tells where each host has stopped; if the run has not come to its end, the others have before the play
/// `unfinished`.
pub(super) fn tell_stops(
    shared: &Shared,
    hosts: &Roster,
    unfinished: Option<usize>,
    events: &mut dyn Events,
) {
    for run in hosts.iter() {
        let end = run.stopped.clone();
        let end = end.or_else(|| unfinished.map(|play| (play, None)));
        let Some((play, step)) = end else {
            continue;
        };
        // What it knew and may not be told has to be found out again.
        let (play, step) = run.hidden_since.clone().unwrap_or((play, step));
        let secrets = shared.sources.secrets();
        let told = run
            .learned()
            .iter()
            .filter(|(name, value)| !run.hidden.contains(*name) && !secrets.occurs_in(value));
        let learned = told.map(|(name, value)| (name.to_string(), to_json(value)));
        events.event(&Event::HostStopped(Stopped {
            host: run.name.clone(),
            play,
            step,
            learned: learned.collect(),
            notified: run.owed.clone(),
        }));
    }
}

/// Gives a host what it knew when it stopped.
pub(super) fn restore(run: &mut HostRun, beginning: &Beginning) {
    if let Beginning::Stopped(stopped) = beginning
        && let Some(stop) = stopped.get(&run.name)
    {
        let learned = stop.learned.iter();
        let learned = learned.map(|(name, value)| (Arc::from(name.as_str()), from_json(value)));
        run.learn(learned);
    }
}
