//! Whose turn it is to be connected to: no more hosts than `--forks` are at a time. Nothing is prepared for a host before
//! its turn, so that a thousand hosts do not keep what only a few can be sent.

use std::collections::{HashSet, VecDeque};

use super::play::PlayRun;

/// The hosts of a batch that wait for their turn, and those that have it.
#[derive(Debug, Default)]
pub(super) struct Turns {
    waiting: VecDeque<usize>,
    connecting: HashSet<usize>,
    most: usize,
}

impl Turns {
    /// `most` of these hosts have their turn at a time.
    pub(super) fn new(hosts: &[usize], most: usize) -> Self {
        Self {
            waiting: hosts.iter().copied().collect(),
            connecting: HashSet::new(),
            most,
        }
    }

    /// The host stands, or is not connected to any more.
    pub(super) fn over(&mut self, host: usize) {
        self.connecting.remove(&host);
    }

    fn next(&mut self) -> Option<usize> {
        if self.connecting.len() >= self.most {
            return None;
        }
        self.waiting.pop_front()
    }
}

impl PlayRun<'_> {
    /// Tells what can be told and takes up hosts as long as one leads to the other.
    pub(super) fn proceed(&mut self) {
        loop {
            self.tell();
            let Some(host) = self.turns.next() else {
                return;
            };
            self.take_up(host);
            while let Some(host) = self.turns.next() {
                self.take_up(host);
            }
        }
    }

    fn take_up(&mut self, host: usize) {
        let run = &mut self.hosts[host];
        if !run.is_active() {
            return;
        }
        run.progress.taken_up = true;
        if run.link.is_none() {
            self.connect(host);
            if self.hosts[host].link.is_some() {
                self.turns.connecting.insert(host);
            }
        }
        self.advance(host);
    }
}
