//! When each host was busy with what, laid out along the time. [`html`] draws it.

mod html;

pub(super) use self::html::{escape, status_name, task_name};

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use crate::event::{Event, Phases, Status, TaskName, TaskResult, Timing};

/// What the hosts of a run did when. Times are in microseconds since the beginning of the run.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    tasks: IndexSet<(usize, TaskName)>,
    hosts: IndexMap<Arc<str>, Row>,
    plays: usize,
}

/// A host.
#[derive(Debug, Default)]
struct Row {
    connections: Vec<Phases>,
    bars: Vec<Bar>,
    failed: bool,
}

/// A task on a host.
#[derive(Clone, Debug)]
struct Bar {
    task: usize,
    status: Status,
    timing: Timing,
    /// When it was its turn, as far as can be known.
    start: u64,
    end: u64,
}

impl Timeline {
    /// Takes in what has happened.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::PlayStarted { .. } => self.plays += 1,
            Event::HostConnected { host, phases, .. } => {
                let row = self.hosts.entry(host.clone()).or_default();
                row.connections.push(*phases);
            }
            Event::TaskFinished { task, host, result } => self.finished(task, host, result),
            _ => {}
        }
    }

    fn finished(&mut self, task: &TaskName, host: &Arc<str>, result: &TaskResult) {
        let (task, _) = self.tasks.insert_full((self.plays, task.clone()));
        let row = self.hosts.entry(host.clone()).or_default();
        row.failed |= matches!(result.status, Status::Failed | Status::Unreachable);
        row.bars.push(Bar {
            task,
            status: result.status,
            start: result.timing.begun,
            end: result.timing.ended,
            timing: result.timing.clone(),
        });
    }

    /// When the last host was done.
    fn end(&self) -> u64 {
        let ends = self.hosts.values().flat_map(|row| {
            let tasks = row.bars.iter().map(|bar| bar.timing.ended);
            tasks.chain(row.connections.iter().map(ready))
        });
        ends.max().unwrap_or(0)
    }
}

/// When the worker of a connection had said hello.
fn ready(phases: &Phases) -> u64 {
    let Phases {
        begun,
        turn,
        connect,
        auth,
        start,
        upload,
    } = phases;
    begun + turn + connect + auth + start + upload.unwrap_or(0)
}

impl Row {
    /// Puts the bars one behind the other. A worker sends several answers at once, so when a task began and ended
    /// follows from its own times and from those of the tasks after it.
    fn laid_out(&self) -> Vec<Bar> {
        let mut bars = self.bars.clone();
        bars.sort_by_key(|bar| bar.timing.ended);
        let mut next = u64::MAX;
        for bar in bars.iter_mut().rev() {
            let Timing {
                begun,
                ended,
                plan,
                apply,
                held,
                ..
            } = bar.timing;
            // Before it was taken up it waited for its turn at a gate, which is part of `held`.
            bar.end = ended.min(next);
            bar.start = bar
                .end
                .saturating_sub(plan + apply + held)
                .max(begun.saturating_sub(held))
                .min(bar.end);
            next = bar.start;
        }
        bars
    }

    /// When it was done.
    fn end(&self) -> u64 {
        let ends = self.bars.iter().map(|bar| bar.timing.ended);
        ends.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
