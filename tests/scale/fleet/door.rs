//! Whether a server takes a connection: sshd drops some before it says anything while many are not logged in.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many connections that are not logged in are always taken; then some of them, and from `FULL` on none.
const START: usize = 10;
const RATE: usize = 30;
const FULL: usize = 100;

/// The policy of a server, and what it has done so far.
pub(super) struct Door {
    policy: Policy,
    seen: AtomicUsize,
    dropped: AtomicUsize,
    waiting: Arc<AtomicUsize>,
}

enum Policy {
    /// The first connections are dropped, so many of them.
    First(usize),
    /// OpenSSH's `MaxStartups 10:30:100`.
    MaxStartups,
}

/// A connection that is not logged in yet.
pub(super) struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Door {
    pub(super) fn open() -> Self {
        Self::dropping(0)
    }

    pub(super) fn dropping(first: usize) -> Self {
        Self::new(Policy::First(first))
    }

    pub(super) fn max_startups() -> Self {
        Self::new(Policy::MaxStartups)
    }

    fn new(policy: Policy) -> Self {
        Self {
            policy,
            seen: AtomicUsize::default(),
            dropped: AtomicUsize::default(),
            waiting: Arc::default(),
        }
    }

    pub(super) fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }

    /// Takes one more connection, unless it is to be dropped.
    pub(super) fn admit(&self) -> Option<Waiting> {
        let seen = self.seen.fetch_add(1, Ordering::SeqCst);
        let waiting = self.waiting.load(Ordering::SeqCst);
        let drops = match self.policy {
            Policy::First(first) => seen < first,
            Policy::MaxStartups if waiting < START => false,
            Policy::MaxStartups => {
                let percent = RATE + (100 - RATE) * (waiting - START) / (FULL - START);
                RandomState::new().hash_one(seen) % 100 < percent as u64
            }
        };
        if drops {
            self.dropped.fetch_add(1, Ordering::SeqCst);
            return None;
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Some(Waiting(Arc::clone(&self.waiting)))
    }
}
