//! Which hosts are needed again: the connections of all others are closed as soon as their work is over.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::play::PlayRun;
use super::roster::Roster;
use crate::inventory::HostName;
use crate::playbook::{Action, Control, Meta, Play};

/// Until which play each host of a run may be needed.
#[derive(Clone, Debug)]
pub(super) struct Until {
    /// Up to this play it can be any host that later ones need: whom, only the run will say.
    any: Option<usize>,
    /// The last play that picks a host or delegates to it; not known while it can be any.
    last: Option<Arc<HashMap<String, usize>>>,
}

impl Until {
    pub(super) fn new(plays: &[&Play]) -> Self {
        let numbered = plays.iter().enumerate();
        let any = numbered.filter_map(|(number, play)| {
            // What the last play changes, nobody needs.
            let regroups = (number + 1 < plays.len() && regroups(play)).then_some(number);
            let unknown = delegates(play).is_none().then(|| number.checked_sub(1));
            regroups.max(unknown.flatten())
        });
        Self {
            any: any.max(),
            last: None,
        }
    }

    /// Who is needed in a play and after it. `pick` says whom a play picks.
    pub(super) fn needed(
        &mut self,
        number: usize,
        plays: &[&Play],
        pick: impl Fn(&Play) -> Vec<HostName>,
    ) -> Needed {
        let any = self.any.is_some_and(|any| number <= any);
        if !any && self.last.is_none() {
            let mut last = HashMap::new();
            for (number, play) in plays.iter().enumerate().skip(number) {
                let picked = pick(play).into_iter();
                let picked = picked.map(|name| name.as_str().to_owned());
                let delegates = delegates(play).unwrap_or_default();
                last.extend(picked.chain(delegates).map(|name| (name, number)));
            }
            self.last = Some(Arc::new(last));
        }
        Needed {
            any,
            play: number,
            last: self.last.clone().unwrap_or_default(),
            delegates: delegates(plays[number]),
        }
    }
}

/// The hosts that something may still be asked of while a play runs and after it.
#[derive(Debug)]
pub(super) struct Needed {
    any: bool,
    play: usize,
    last: Arc<HashMap<String, usize>>,
    /// Whom the play delegates to; none if that may be anybody.
    delegates: Option<HashSet<String>>,
}

impl Needed {
    /// Whether the host may be needed after its own part in the play.
    pub(super) fn has(&self, host: &str) -> bool {
        self.later(host)
            || (self.delegates.as_ref()).is_none_or(|delegates| delegates.contains(host))
    }

    /// Whether a later play may need it.
    pub(super) fn later(&self, host: &str) -> bool {
        self.any || self.last.get(host).is_some_and(|last| *last > self.play)
    }
}

/// The hosts that tasks of a play are delegated to; none if that may be anybody.
fn delegates(play: &Play) -> Option<HashSet<String>> {
    let mut names = Some(HashSet::new());
    play.each_task(&mut |task| {
        let name = match &task.common.delegate_to {
            None if task.common.local => "localhost".to_owned(),
            None => return,
            Some(definition) => match definition.literal() {
                Some(name) => super::calls::text(name),
                None => {
                    names = None;
                    return;
                }
            },
        };
        if let Some(names) = &mut names {
            names.insert(name);
        }
    });
    names
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
