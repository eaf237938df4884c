//! Tells results in the order of the play, and ends what has failed.

use std::sync::Arc;

use super::calls::text;
use super::play::PlayRun;
use super::program::{StepId, StepKind};
use super::untold::Untold;
use crate::event::{Event, Status, TaskName, TaskResult};
use crate::playbook::Task;

/// How many characters of a rendered name are shown.
const TITLE: usize = 200;

impl PlayRun<'_> {
    /// Tells the results of all steps that every host has ended, and failures at once, in the order of the
    /// play; lets go whoever has waited for that.
    pub(super) fn tell(&mut self) {
        loop {
            self.tell_finished();
            // Nobody waits for anything but the frontier and what `wake` tells, so all hosts are asked only then.
            let frontier = self.frontier.position();
            if self.let_go_at == Some(frontier) {
                return;
            }
            self.let_go_at = Some(frontier);
            for host in self.batch.clone() {
                if !self.hosts[host].is_active() {
                    continue;
                }
                self.let_go(host);
                let progress = &mut self.hosts[host].progress;
                let cursor = progress.cursor;
                if progress.parked && self.reached(cursor) {
                    self.hosts[host].progress.parked = false;
                    self.advance(host);
                }
            }
        }
    }

    fn tell_finished(&mut self) {
        let is_failure = |result: &Untold| {
            matches!(
                result.status(),
                Status::Failed | Status::Rescued | Status::Unreachable
            )
        };
        while let Some(entry) = self.finished.first_entry() {
            let rank = *entry.key();
            let frontier = self.frontier.position();
            let failed = entry.get().iter().any(|(_, result)| is_failure(result));
            let waits = rank > frontier || (rank == frontier && !failed);
            if waits && !self.play.course.free {
                return;
            }
            let step = self.program.at_rank(rank);
            let (_, results) = entry.remove_entry();
            let is_final =
                |result: &Untold| matches!(result.status(), Status::Failed | Status::Unreachable);
            let mut final_failure = false;
            let failed = results.iter().filter(|(_, result)| is_failure(result));
            let failed: Vec<usize> = failed.map(|(host, _)| *host).collect();
            for (host, result) in results {
                final_failure |= is_final(&result);
                let name = self.name(host, step);
                self.report(host, name, result.into_result());
                let untold = &mut self.hosts[host].progress.untold;
                *untold = untold.saturating_sub(1);
                self.show(host);
            }
            if final_failure && self.too_many_failed() {
                self.broken = true;
                self.abort(rank, &[]);
            } else if !failed.is_empty() && self.fatal_steps.contains(&step) {
                self.abort(rank, &failed);
            }
        }
    }

    /// How a step is shown. A name that is a template is rendered when it is first shown, and as in Ansible for the first
    /// host that takes part; if not all that it mentions is known yet, for the host that is at it, or it stays as it is
    /// written. So does the name of a task of which nothing may be shown.
    pub(super) fn name(&mut self, host: usize, step: StepId) -> TaskName {
        let about = self.program.step(step);
        if let Some(task) = about.task().filter(|_| !about.is_named) {
            let takes_part = |host: &usize| {
                let entered = &self.hosts[*host].progress.entered;
                about
                    .instance
                    .is_none_or(|instance| entered.contains_key(&instance))
            };
            let first = self.batch.iter().copied().find(takes_part);
            let mut hosts = first
                .into_iter()
                .chain([host])
                .filter(|_| !task.common.no_log);
            let name = hosts.find_map(|host| self.title(host, step, task));
            let name = name.unwrap_or_else(|| task.name.clone());
            self.program.call(step, name);
        }
        self.program.step(step).name.clone()
    }

    fn title(&self, host: usize, step: StepId, task: &Task) -> Option<Arc<str>> {
        let view = self.view(host, step);
        let locals = view.locals(None);
        let scope = view.scope(self.shared, &locals);
        let title = task.title.as_ref()?.render(&self.shared.templates, &scope);
        let title = text(&title.ok()?);
        let words: Vec<&str> = title.split_whitespace().collect();
        let title: String = words.join(" ").chars().take(TITLE).collect();
        (!title.is_empty()).then(|| title.into())
    }

    /// Whether more hosts of the batch have failed than the play allows.
    fn too_many_failed(&self) -> bool {
        let Some(limit) = self.play.course.max_fail_percentage else {
            return false;
        };
        let failed = self.batch.iter().filter(|&&host| {
            let recap = &self.hosts[host].recap;
            recap.failed > 0 || recap.unreachable
        });
        #[expect(clippy::cast_precision_loss, reason = "nobody has that many hosts")]
        let part = failed.count() as f64 / self.batch.len() as f64;
        part * 100.0 > limit
    }

    pub(super) fn report(&mut self, host: usize, task: TaskName, result: TaskResult) {
        let run = &mut self.hosts[host];
        run.recap.count(result.status);
        self.events.event(&Event::TaskFinished {
            task,
            host: run.name.clone(),
            result,
        });
    }

    /// Has every host but those in `failed` fail, once the step at `rank` has ended everywhere.
    pub(super) fn abort(&mut self, rank: usize, failed: &[usize]) {
        if self.fatal == Some(rank) {
            return;
        }
        self.fatal = Some(rank);
        // What later steps have found counts no more; since they were held, nothing was changed.
        let later = self.finished.split_off(&(rank + 1));
        for (later, results) in later {
            let step = self.program.step(self.program.at_rank(later));
            for (host, _) in results {
                let progress = &mut self.hosts[host].progress;
                progress.untold = progress.untold.saturating_sub(1);
                // A handler that has not been told to have run is still owed.
                if let StepKind::Handler(index, _) = step.kind {
                    progress.notified.insert(index);
                }
            }
        }
        let rescued = !self.broken && self.program.is_rescued(self.program.at_rank(rank));
        for host in self.batch.clone() {
            let run = &mut self.hosts[host];
            if failed.contains(&host) || run.ended {
                continue;
            }
            if !run.is_active() {
                // It has come to the end already, without any change.
                if !rescued {
                    self.note_stop_behind(host, self.program.at_rank(rank));
                    self.end_host(host);
                }
            } else if self.program.rank(run.progress.position) > rank {
                self.fell(host);
            } else {
                run.progress.doomed = true;
            }
        }
    }
}
