//! The hosts of a run: those that plays work on, and those that tasks are delegated to.

use std::collections::HashMap;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use super::host::HostRun;

/// The hosts of a run. A host keeps its number.
#[derive(Default)]
pub(super) struct Roster {
    hosts: Vec<HostRun>,
    numbers: HashMap<Arc<str>, usize>,
}

impl Roster {
    /// The number of the host called `name`.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// Takes in a host.
    pub(super) fn add(&mut self, host: HostRun) -> usize {
        let number = self.hosts.len();
        self.numbers.insert(host.name.clone(), number);
        self.hosts.push(host);
        number
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &HostRun> {
        self.hosts.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut HostRun> {
        self.hosts.iter_mut()
    }
}

impl Index<usize> for Roster {
    type Output = HostRun;

    fn index(&self, number: usize) -> &HostRun {
        &self.hosts[number]
    }
}

impl IndexMut<usize> for Roster {
    fn index_mut(&mut self, number: usize) -> &mut HostRun {
        &mut self.hosts[number]
    }
}
