//! How the results of a task look on a page. Must not decide when they are shown.

use super::batch::Batch;
use super::detail::{Detail, is_failure};
use super::fold::{Block, Group};
use super::page::{Page, Tone};
use super::text::names;
use crate::event::{Status, TaskName};

/// The most different results of a task that are told apart unless more is asked for.
const GROUPS: usize = 5;

/// The order in which the results of a task are shown: what went wrong stands last, where the eye is.
const ORDER: [Status; 8] = [
    Status::Ok,
    Status::Skipped,
    Status::Changed,
    Status::Unknown,
    Status::Ignored,
    Status::Rescued,
    Status::Failed,
    Status::Unreachable,
];

/// Writes results.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer<'a> {
    /// How much is shown.
    pub(super) detail: Detail,
    /// Whether the changes are only foreseen.
    pub(super) check: bool,
    /// The hosts of the play.
    pub(super) batch: &'a Batch,
}

impl Writer<'_> {
    /// Adds the results of a task.
    pub(super) fn block(self, page: &mut Page, block: &Block) {
        for status in ORDER {
            let mut groups: Vec<&Group> = block.with_status(status).collect();
            if is_failure(status) {
                for group in groups {
                    self.failure(page, &block.task, group);
                }
            } else if !groups.is_empty() {
                groups.sort_by_key(|group| std::cmp::Reverse(group.hosts.len()));
                self.groups(page, &block.task, status, &groups);
            }
        }
    }

    fn groups(self, page: &mut Page, task: &TaskName, status: Status, groups: &[&Group]) {
        let mut all: Vec<_> = groups
            .iter()
            .flat_map(|group| group.hosts.iter().cloned())
            .collect();
        all.sort_by_key(|host| self.batch.place(host));
        self.heading(page, task, status, &self.names(&all));
        if let [group] = groups {
            for line in self.detail.lines(&group.result, &task.at) {
                page.line(&line);
            }
            return;
        }
        let many = groups.len() > GROUPS && self.detail.verbosity == 0 && !self.detail.diff;
        let listed = if many { GROUPS - 1 } else { groups.len() };
        for group in &groups[..listed] {
            let lines = self.detail.lines(&group.result, &task.at);
            let hosts = self.names(&group.hosts);
            match lines.as_slice() {
                [] => {}
                [line] => {
                    page.under(0).add(&hosts, Tone::Dim).add(": ", Tone::Dim);
                    page.add(&line.text, line.tone).end();
                }
                lines => {
                    page.under(0)
                        .add(&hosts, Tone::Dim)
                        .add(":", Tone::Dim)
                        .end();
                    for line in lines {
                        page.line(&line.clone().further_in());
                    }
                }
            }
        }
        if many {
            let more = format!(
                "and {} more different results (-v shows them)",
                groups.len() - listed
            );
            page.under(0).add(&more, Tone::Dim).end();
        }
    }

    fn failure(self, page: &mut Page, task: &TaskName, group: &Group) {
        self.heading(
            page,
            task,
            group.result.status,
            &names(&group.hosts, self.batch.len(), true),
        );
        if let Some(host) = &group.shown {
            page.under(0)
                .add("as on ", Tone::Dim)
                .add(host, Tone::Dim)
                .end();
        } else {
            for line in self.detail.lines(&group.result, &task.at) {
                page.line(&line);
            }
        }
    }

    fn heading(self, page: &mut Page, task: &TaskName, status: Status, hosts: &str) {
        page.word(self.word(status), status.into());
        let tone = if Tone::from(status) == Tone::Dim {
            Tone::Dim
        } else {
            Tone::Plain
        };
        self::task(page, task, tone);
        page.add("   ", Tone::Plain).add(hosts, Tone::Dim).end();
    }

    fn word(self, status: Status) -> &'static str {
        match status {
            Status::Ok => "ok",
            Status::Changed if self.check => "would change",
            Status::Changed => "changed",
            Status::Skipped => "skipped",
            Status::Unknown => "unknown",
            Status::Ignored => "ignored",
            Status::Rescued => "rescued",
            Status::Failed => "failed",
            Status::Unreachable => "unreachable",
        }
    }

    fn names(self, hosts: &[std::sync::Arc<str>]) -> String {
        names(hosts, self.batch.len(), self.detail.verbosity > 0)
    }
}

/// Adds the name of a task to the line.
pub(super) fn task(page: &mut Page, task: &TaskName, tone: Tone) {
    if let Some(role) = &task.role {
        page.add(role, tone).add(" : ", Tone::Dim);
    }
    page.add(&task.name, tone);
    if task.handler {
        page.add(" (handler)", Tone::Dim);
    }
}
