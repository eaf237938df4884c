//! The clock of a task on a host. It looks at the time a few times for each task, and at nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::Timing;

/// When a task was where.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    begun: Option<Instant>,
    prepared: Option<Instant>,
    ended: Option<Instant>,
    /// Since when it has been waiting for other hosts.
    waits: Option<Instant>,
    held: Duration,
    waited_for: Option<Arc<str>>,
}

impl Clock {
    /// It waits for other hosts from now on, unless it does already.
    pub(super) fn wait(&mut self) {
        self.waits.get_or_insert_with(Instant::now);
    }

    /// It need not wait any longer: this host has come last.
    pub(super) fn go(&mut self, last: Option<Arc<str>>) {
        if let Some(since) = self.waits.take() {
            self.held += since.elapsed();
            self.waited_for = last;
        }
    }

    /// It is taken up.
    pub(super) fn begin(&mut self) {
        self.begun = Some(Instant::now());
    }

    /// It is rendered and sent; or, if nothing is to be sent, it has ended.
    pub(super) fn prepared(&mut self) {
        self.prepared = Some(Instant::now());
    }

    /// Its last answer is there.
    pub(super) fn end(&mut self) {
        self.ended = Some(Instant::now());
    }

    /// Adds what it knows to the times that came from the host.
    pub(super) fn tell(self, run: Instant, timing: &mut Timing) {
        let since = |moment: Instant| micros(moment.saturating_duration_since(run));
        let Some(begun) = self.begun else { return };
        let prepared = self.prepared.unwrap_or(begun);
        timing.begun = since(begun);
        timing.prepare = micros(prepared - begun);
        timing.ended = since(self.ended.unwrap_or(prepared));
        timing.held = micros(self.held);
        timing.waited_for = self.waited_for;
    }
}

/// A time in microseconds.
pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::Clock;
    use crate::event::Timing;

    #[test]
    fn a_wait_counts_once_and_names_who_came_last() {
        let run = Instant::now();
        let mut clock = Clock::default();
        clock.begin();
        clock.prepared();
        clock.wait();
        clock.wait();
        std::thread::sleep(std::time::Duration::from_millis(2));
        clock.go(Some("h2".into()));
        clock.go(Some("h3".into()));
        clock.end();
        let mut timing = Timing {
            plan: 7,
            ..Timing::default()
        };
        clock.tell(run, &mut timing);
        assert!(timing.held >= 2000 && timing.begun + timing.held <= timing.ended);
        assert_eq!(timing.waited_for.as_deref(), Some("h2"));
        assert_eq!(timing.plan, 7);
    }

    #[test]
    fn what_never_began_has_no_times() {
        let mut timing = Timing::default();
        Clock::default().tell(Instant::now(), &mut timing);
        assert_eq!(timing, Timing::default());
    }
}
