//! Tells results in the order of the play, and ends what has failed.

use std::sync::Arc;

use super::play::PlayRun;
use super::result::ended;
use crate::event::{Event, Status, TaskName, TaskResult};

impl PlayRun<'_> {
    /// Tells the results of all steps that every host has ended, and failures at once, in the order of the
    /// play; lets go whoever has waited for that.
    pub(super) fn tell(&mut self) {
        loop {
            self.tell_finished();
            // Nobody waits for anything but the frontier, so all hosts are asked only when it has moved.
            let frontier = self.frontier.position();
            if self.let_go_at == Some(frontier) {
                return;
            }
            self.let_go_at = Some(frontier);
            for host in self.batch.clone() {
                self.let_go(host);
                let progress = &mut self.hosts[host].progress;
                if progress.parked && progress.cursor <= frontier {
                    progress.parked = false;
                    self.advance(host);
                }
            }
        }
    }

    fn tell_finished(&mut self) {
        let is_failure =
            |result: &TaskResult| matches!(result.status, Status::Failed | Status::Unreachable);
        while let Some(entry) = self.finished.first_entry() {
            let frontier = self.frontier.position();
            let failed = entry.get().iter().any(|(_, result)| is_failure(result));
            if *entry.key() > frontier || (*entry.key() == frontier && !failed) {
                return;
            }
            let (step, results) = entry.remove_entry();
            for (host, result) in results {
                self.report(host, self.steps[step].name.clone(), result);
            }
            if failed && self.play.any_errors_fatal {
                self.abort(step);
            }
        }
    }

    fn report(&mut self, host: usize, task: TaskName, result: TaskResult) {
        let run = &mut self.hosts[host];
        run.recap.count(result.status);
        self.events.event(&Event::TaskFinished {
            task,
            host: run.name.clone(),
            result,
        });
    }

    /// Ends the play on every host, once the failed step has ended everywhere.
    fn abort(&mut self, step: usize) {
        for host in self.batch.clone() {
            if self.hosts[host].is_active() && self.hosts[host].progress.position > step {
                self.end_host(host);
            }
        }
        self.finished.retain(|later, _| *later <= step);
        self.fatal = Some(step);
    }

    pub(super) fn lose(&mut self, host: usize, unreachable: bool, message: String) {
        let run = &mut self.hosts[host];
        let status = if unreachable {
            Status::Unreachable
        } else {
            Status::Failed
        };
        let step = run
            .progress
            .queue
            .front()
            .map_or(run.progress.cursor, |pending| pending.step);
        let step = step.min(self.steps.len().saturating_sub(1));
        self.end_host(host);
        let result = ended(status, Some(message)).result;
        if self.hosts[host].has_facts() && step < self.steps.len() {
            self.finished.entry(step).or_default().push((host, result));
        } else {
            // It has never got as far as a task.
            let task = TaskName {
                position: 0,
                role: None,
                name: Arc::from("connect"),
                handler: false,
                at: Arc::from(""),
            };
            self.report(host, task, result);
        }
    }

    /// Nothing more runs on the host.
    pub(super) fn end_host(&mut self, host: usize) {
        let run = &mut self.hosts[host];
        if run.is_active() {
            self.frontier.left(run.progress.position);
        }
        run.ended = true;
        run.progress.queue.clear();
        run.progress.held = None;
    }
}
