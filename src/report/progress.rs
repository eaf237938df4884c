//! Where a run stands and what it waits for. Writes nothing by itself.

use std::sync::Arc;
use std::time::Instant;

use indexmap::IndexMap;

use super::batch::{Batch, Wait};
use super::detail::is_failure;
use super::page::{Page, Tone};
use super::text::{elapsed, hosts};
use crate::event::Event;

/// The most hosts that are named as waited for.
const NAMED: usize = 3;

/// Where a run stands.
#[derive(Debug, Default)]
pub(super) struct Progress {
    play: Option<Arc<str>>,
    connecting: IndexMap<Arc<str>, Instant>,
    /// The hosts of the play.
    pub(super) batch: Batch,
}

impl Progress {
    /// Takes in what has happened.
    pub(super) fn event(&mut self, event: &Event, now: Instant) {
        match event {
            Event::PlayStarted { play, hosts } => {
                self.play = Some(play.clone());
                self.batch = Batch::new(hosts);
            }
            Event::HostConnecting { host } => {
                self.connecting.insert(host.clone(), now);
            }
            Event::HostConnected { host, .. } => {
                self.connecting.shift_remove(host);
            }
            Event::TaskStarted { task, host } => self.batch.start(host, task, now),
            Event::TaskFinished { task, host, result } => {
                self.batch.finish(host, task, now);
                if is_failure(result.status) {
                    self.connecting.shift_remove(host);
                    self.batch.leave(host);
                }
            }
            Event::RunStarted { .. }
            | Event::PlayFinished { .. }
            | Event::Warning { .. }
            | Event::HostStopped(_)
            | Event::RunFinished { .. } => {}
        }
    }

    /// Adds the line that says how far the run is.
    pub(super) fn write(&self, page: &mut Page, now: Instant) {
        let Some(play) = &self.play else { return };
        page.word("running", Tone::Busy).add(play, Tone::Plain);
        let done = format!(": {}/{}", self.batch.done(), hosts(self.batch.len()));
        page.add(&done, Tone::Plain);
        if let Some(waiting) = self.waiting(now) {
            page.add(", waiting for ", Tone::Dim)
                .add(&waiting, Tone::Plain);
        }
    }

    /// The hosts that the run has waited for longest, each with what it is busy with and for how long.
    pub(super) fn waiting(&self, now: Instant) -> Option<String> {
        let connecting = self.connecting.iter();
        let connecting = connecting.map(|(host, &since)| Wait {
            host,
            what: "connecting",
            since,
        });
        let tasks = self
            .batch
            .waits()
            .filter(|wait| !self.connecting.contains_key(wait.host));
        let mut waits: Vec<Wait<'_>> = connecting.chain(tasks).collect();
        waits.sort_by_key(|wait| wait.since);

        let mut groups: IndexMap<&str, Vec<Wait<'_>>> = IndexMap::new();
        for wait in waits {
            groups.entry(wait.what).or_default().push(wait);
        }
        let mut room = NAMED;
        let mut texts = Vec::new();
        for (what, waits) in groups {
            if room == 0 {
                break;
            }
            let named: Vec<&str> = waits.iter().take(room).map(|wait| &**wait.host).collect();
            room -= named.len();
            let more = match waits.len() - named.len() {
                0 => String::new(),
                more => format!(" (+{more})"),
            };
            let since = now.saturating_duration_since(waits[0].since);
            texts.push(format!(
                "{}{more}: {what} ({})",
                named.join(" "),
                elapsed(since)
            ));
        }
        (!texts.is_empty()).then(|| texts.join(", "))
    }
}
