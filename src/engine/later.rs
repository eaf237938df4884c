//! Which hosts are needed again: the connections of all others are closed as soon as their work is over.

use std::collections::HashSet;

use super::play::PlayRun;
use super::roster::Roster;
use crate::inventory::HostName;
use crate::playbook::{Action, Control, Meta, Play};

/// The hosts that something may still be asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    /// Perhaps any: who it is, only the run will say.
    Any,
    /// At most these.
    These(HashSet<String>),
}

impl Needed {
    /// Nobody.
    pub(super) fn nobody() -> Self {
        Self::These(HashSet::new())
    }

    /// Takes in the hosts that tasks of a play are delegated to.
    pub(super) fn add_delegates(&mut self, play: &Play) {
        play.each_task(&mut |task| {
            let Some(definition) = &task.common.delegate_to else {
                if let (true, Self::These(names)) = (task.common.local, &mut *self) {
                    names.insert("localhost".to_owned());
                }
                return;
            };
            match (definition.literal(), &mut *self) {
                (Some(name), Self::These(names)) => {
                    names.insert(super::calls::text(name));
                }
                _ => *self = Self::Any,
            }
        });
    }

    /// Takes in hosts by their names.
    pub(super) fn add(&mut self, hosts: impl IntoIterator<Item = HostName>) {
        if let Self::These(names) = self {
            names.extend(hosts.into_iter().map(|name| name.as_str().to_owned()));
        }
    }

    /// Whether the host is among them.
    pub(super) fn has(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(names) => names.contains(host),
        }
    }
}

/// Whether tasks of a play can change who belongs to which group, so that nobody can say yet whom a later play works on.
pub(super) fn regroups(play: &Play) -> bool {
    let mut found = false;
    play.each_task(&mut |task| {
        found |= matches!(
            task.action,
            Action::Control(
                Control::AddHost { .. }
                    | Control::GroupBy { .. }
                    | Control::Meta(Meta::RefreshInventory)
            )
        );
    });
    found
}

/// Closes the connection of a host.
pub(super) fn close(hosts: &mut Roster, host: usize) {
    let run = &mut hosts[host];
    if run.link.take().is_some() {
        // Nobody listens to what it still has to say.
        run.generation += 1;
    }
}

impl PlayRun<'_> {
    /// Nothing more of the play runs on the host: its connection is closed unless somebody needs it again.
    pub(super) fn let_off(&mut self, host: usize) {
        let run = &self.hosts[host];
        if run.link.is_none() || self.needed.has(&run.name) {
            return;
        }
        let mut others = self.delegated.values();
        if others.any(|&other| other != host && self.waits_for(other, host)) {
            return;
        }
        self.turns.over(host);
        close(self.hosts, host);
    }
}
