//! Which host carries out a task: its own, or the one that it is delegated to.

use std::sync::Arc;

use super::advance::running;
use super::calls::{Item, Prepared, text};
use super::connect::{own_worker, worker_key};
use super::host::Target;
use super::link::WorkerKey;
use super::play::PlayRun;
use super::program::StepId;
use super::view::View;
use crate::inventory::HostName;
use crate::playbook::Task;
use crate::source::Diagnostic;

/// How many lanes a host has for tasks of others: sshd allows ten channels on a connection.
const REMOTE_LANES: usize = 4;

/// How many this machine has.
const LOCAL_LANES: usize = 64;

impl PlayRun<'_> {
    /// Whether another host than its own may carry out the task.
    pub(super) fn is_delegated(&self, task: &Task) -> bool {
        task.common.delegate_to.is_some() || (task.common.local && !self.play.common.local)
    }

    /// The worker for each item of a task that runs.
    pub(super) fn targets(
        &mut self,
        host: usize,
        step: StepId,
        task: &Arc<Task>,
        prepared: &Prepared,
    ) -> Result<Vec<Target>, Box<Diagnostic>> {
        let count = running(prepared).count();
        if !self.is_delegated(task) {
            let target = Target {
                host,
                worker: worker_key(self.shared, self.view(host, step), 0)?,
            };
            return Ok(vec![target; count]);
        }
        let mut targets = Vec::new();
        for item in running(prepared) {
            let other = self.delegate(host, step, task, item)?;
            if other == host {
                let worker = worker_key(self.shared, self.view(host, step), 0)?;
                targets.push(Target { host, worker });
                continue;
            }
            // Who reaches the other host, and whom to become there, is the other host's to say.
            let view = View {
                host: other,
                ..self.view(host, step)
            };
            let is_local = self.hosts[other].magic().contains_key("ansible_connection");
            let lanes = if is_local { LOCAL_LANES } else { REMOTE_LANES };
            let lane = u8::try_from(1 + host % lanes).unwrap_or(1);
            targets.push(Target {
                host: other,
                worker: worker_key(self.shared, view, lane)?,
            });
        }
        Ok(targets)
    }

    /// The host that carries out an item of a task.
    pub(super) fn delegate(
        &mut self,
        host: usize,
        step: StepId,
        task: &Arc<Task>,
        item: &Item,
    ) -> Result<usize, Box<Diagnostic>> {
        let Some(definition) = &task.common.delegate_to else {
            return self
                .find_or_add("localhost")
                .ok_or_else(|| Box::new(Diagnostic::error("this machine cannot be worked on")));
        };
        let view = self.view(host, step);
        let scope = view.scope(self.shared, &item.locals);
        let name = text(&definition.render(&self.shared.templates, &scope)?);
        drop(scope);
        if let Some(number) = self.find_or_add(&name) {
            return Ok(number);
        }
        let known = self.shared.inventory.hosts.keys();
        let wrong = Diagnostic::error(format!("there is no host `{name}` to delegate to"))
            .at(definition.span, "")
            .suggest(&name, known.map(HostName::as_str));
        Err(Box::new(wrong))
    }

    fn find_or_add(&mut self, name: &str) -> Option<usize> {
        self.hosts.find(name).or_else(|| {
            let run = self.shared.new_host(name)?;
            Some(self.hosts.add(run))
        })
    }

    /// Has a connection made to a host, unless there is one. Its first worker is the one whose user its facts are about: on
    /// a host of the play the play's; on any other the host's own, whatever the task that is delegated to it becomes. Where
    /// that makes no difference, it is at once the worker that is wanted there.
    pub(super) fn link(
        &mut self,
        host: usize,
        wanted: Option<&WorkerKey>,
    ) -> Result<(), Box<Diagnostic>> {
        if self.hosts[host].link.is_some() {
            return Ok(());
        }
        let first = if self.members.contains(&host) {
            None
        } else {
            let own = own_worker(self.shared, View::of_play(self.play, self.hosts, host))?;
            let same = wanted.filter(|wanted| wanted.escalation == own.escalation);
            Some(same.cloned().unwrap_or(own))
        };
        self.events.event(&crate::event::Event::HostConnecting {
            host: self.hosts[host].name.clone(),
        });
        self.connections
            .start(self.shared, self.play, self.hosts, host, first)
    }

    /// Connects again.
    pub(super) fn reconnect(&mut self, host: usize) {
        let run = &mut self.hosts[host];
        run.link = None;
        run.generation += 1;
        self.connect(host);
    }
}
