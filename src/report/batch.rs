//! How far each host of a batch has come, and what it is busy with. Knows no results and writes nothing.

use std::sync::Arc;
use std::time::Instant;

use indexmap::IndexMap;

use crate::event::{Position, TaskName};

/// The hosts that a play is working on.
#[derive(Debug, Default)]
pub(super) struct Batch {
    hosts: IndexMap<Arc<str>, Course>,
}

/// How far a host has come.
#[derive(Debug, Default)]
struct Course {
    /// The tasks that it has begun and not ended, in order.
    running: Vec<(TaskName, Instant)>,
    /// The position of the last task that it ended.
    reached: Option<Position>,
    /// It takes no further part.
    out: bool,
}

/// A host that is busy.
#[derive(Debug)]
pub(super) struct Wait<'a> {
    /// The host.
    pub(super) host: &'a Arc<str>,
    /// What it is busy with.
    pub(super) what: &'a str,
    /// Since when.
    pub(super) since: Instant,
}

impl Batch {
    /// A batch whose hosts have done nothing yet.
    pub(super) fn new(hosts: &[Arc<str>]) -> Self {
        let hosts = hosts
            .iter()
            .map(|host| (host.clone(), Course::default()))
            .collect();
        Self { hosts }
    }

    /// How many hosts it has.
    pub(super) fn len(&self) -> usize {
        self.hosts.len()
    }

    /// The host's place among the others.
    pub(super) fn place(&self, host: &str) -> usize {
        self.hosts.get_index_of(host).unwrap_or(usize::MAX)
    }

    /// A host has begun a task.
    pub(super) fn start(&mut self, host: &Arc<str>, task: &TaskName, now: Instant) {
        self.course(host).running.push((task.clone(), now));
    }

    /// A host has ended a task. Whatever it had begun after it only now gets its turn.
    pub(super) fn finish(&mut self, host: &Arc<str>, task: &TaskName, now: Instant) {
        let course = self.course(host);
        course.reached = course.reached.take().max(Some(task.position.clone()));
        course.running.retain(|(running, _)| running != task);
        if let Some((_, since)) = course.running.first_mut() {
            *since = now;
        }
    }

    /// A host takes no further part.
    pub(super) fn leave(&mut self, host: &Arc<str>) {
        let course = self.course(host);
        course.out = true;
        course.running.clear();
    }

    /// Whether nothing more is to come for the task at `position`, as far as can be known.
    pub(super) fn is_past(&self, position: &Position) -> bool {
        self.hosts.values().all(|course| course.is_past(position))
    }

    /// How many hosts are done with the task that the last of them are busy with.
    pub(super) fn done(&self) -> usize {
        let last = self
            .hosts
            .values()
            .filter_map(|course| course.running.first());
        match last.map(|(task, _)| &task.position).min() {
            Some(position) => self
                .hosts
                .values()
                .filter(|course| course.is_past(position))
                .count(),
            None => self.hosts.len(),
        }
    }

    /// The busy hosts, in their order.
    pub(super) fn waits(&self) -> impl Iterator<Item = Wait<'_>> {
        self.hosts.iter().filter_map(|(host, course)| {
            let (task, since) = course.running.first()?;
            Some(Wait {
                host,
                what: &task.name,
                since: *since,
            })
        })
    }

    fn course(&mut self, host: &Arc<str>) -> &mut Course {
        self.hosts.entry(host.clone()).or_default()
    }
}

impl Course {
    fn is_past(&self, position: &Position) -> bool {
        self.out
            || self.reached.as_ref() >= Some(position)
            || self
                .running
                .first()
                .is_some_and(|(task, _)| task.position > *position)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::Batch;
    use crate::event::TaskName;

    fn task(position: u32) -> TaskName {
        TaskName {
            position: position.into(),
            role: None,
            name: format!("task {position}").into(),
            handler: false,
            at: "site.yaml:1".into(),
        }
    }

    fn hosts() -> [Arc<str>; 2] {
        ["h1".into(), "h2".into()]
    }

    #[test]
    fn a_task_is_over_when_every_host_ended_it_went_beyond_it_or_left() {
        let [h1, h2] = hosts();
        let now = Instant::now();
        let mut batch = Batch::new(&[h1.clone(), h2.clone()]);
        batch.start(&h1, &task(1), now);
        batch.finish(&h1, &task(1), now);
        assert!(!batch.is_past(&1.into()), "h2 has not begun");
        batch.start(&h2, &task(2), now);
        assert!(batch.is_past(&1.into()), "h2 has begun a later one");
        assert!(!batch.is_past(&2.into()));
        batch.leave(&h2);
        batch.finish(&h1, &task(2), now);
        assert!(batch.is_past(&2.into()));
    }

    #[test]
    fn a_host_waits_for_the_first_task_sent_ahead_since_it_got_its_turn() {
        let [h1, h2] = hosts();
        let now = Instant::now();
        let later = now + Duration::from_secs(5);
        let mut batch = Batch::new(&[h1.clone(), h2.clone()]);
        batch.start(&h1, &task(1), now);
        batch.start(&h1, &task(2), now);
        batch.finish(&h1, &task(1), later);
        let waits: Vec<_> = batch.waits().map(|wait| (wait.what, wait.since)).collect();
        assert_eq!(waits, [("task 2", later)]);
    }

    #[test]
    fn hosts_are_done_when_they_are_ahead_of_the_last() {
        let [h1, h2] = hosts();
        let now = Instant::now();
        let mut batch = Batch::new(&[h1.clone(), h2.clone()]);
        assert_eq!(batch.done(), 2);
        batch.start(&h1, &task(1), now);
        batch.start(&h2, &task(1), now);
        assert_eq!(batch.done(), 0);
        batch.finish(&h2, &task(1), now);
        assert_eq!(batch.done(), 1);
    }
}
