//! Equal results folded: what many hosts have in common is said once.
//!
//! A [`Block`] gathers the results of one task until every host of the batch has one; [`Blocks`] keeps them in
//! the order of the play. Knows nothing of how they are shown.

use std::sync::Arc;

use super::batch::Batch;
use crate::event::{Position, Status, TaskName, TaskResult};

/// The results of a task that wait to be shown.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// The task.
    pub(super) task: TaskName,
    /// The different results.
    pub(super) groups: Vec<Group>,
}

/// Hosts with equal results.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The result they share.
    pub(super) result: TaskResult,
    /// The hosts, in the order of the batch once the group is taken.
    pub(super) hosts: Vec<Arc<str>>,
    /// The host for which it was shown already, if it was.
    pub(super) shown: Option<Arc<str>>,
}

impl Block {
    /// The groups that ended with `status`.
    pub(super) fn with_status(&self, status: Status) -> impl Iterator<Item = &Group> {
        self.groups
            .iter()
            .filter(move |group| group.result.status == status)
    }

    /// Folds in a result. Returns its group.
    fn add(&mut self, host: &Arc<str>, result: TaskResult) -> &mut Group {
        let known = self.groups.iter().position(|group| group.result == result);
        let index = known.unwrap_or(self.groups.len());
        if known.is_none() {
            self.groups.push(Group {
                result,
                hosts: Vec::new(),
                shown: None,
            });
        }
        let group = &mut self.groups[index];
        group.hosts.push(host.clone());
        group
    }

    /// Takes what there is to show, and remembers what was shown as long as equal results may follow.
    fn take(&mut self, batch: &Batch) -> Option<Self> {
        let mut groups = std::mem::take(&mut self.groups);
        let shown = groups.iter().filter(|group| group.shown.is_some());
        self.groups = shown
            .map(|group| Group {
                hosts: Vec::new(),
                ..group.clone()
            })
            .collect();
        groups.retain(|group| !group.hosts.is_empty());
        for group in &mut groups {
            group.hosts.sort_by_key(|host| batch.place(host));
        }
        (!groups.is_empty()).then(|| Self {
            task: self.task.clone(),
            groups,
        })
    }
}

/// The blocks of a play, in its order.
#[derive(Debug, Default)]
pub(super) struct Blocks(Vec<Block>);

impl Blocks {
    /// Keeps a result until its task is over.
    pub(super) fn add(&mut self, task: &TaskName, host: &Arc<str>, result: TaskResult) {
        self.block(task).add(host, result);
    }

    /// Keeps a result that cannot wait. Unless an equal one was shown before, it comes back to be shown now.
    pub(super) fn add_urgent(
        &mut self,
        task: &TaskName,
        host: &Arc<str>,
        result: TaskResult,
    ) -> Option<Block> {
        let group = self.block(task).add(host, result);
        if group.shown.is_some() {
            return None;
        }
        let now = group.clone();
        group.hosts.clear();
        group.shown = Some(host.clone());
        Some(Block {
            task: task.clone(),
            groups: vec![now],
        })
    }

    /// Takes the blocks before which nothing else can come, up to the first to which something can.
    pub(super) fn take_complete(&mut self, batch: &Batch) -> Vec<Block> {
        let open = self
            .0
            .iter()
            .position(|block| !batch.is_past(&block.task.position));
        let complete = self.0.drain(..open.unwrap_or(self.0.len()));
        complete.filter_map(|mut block| block.take(batch)).collect()
    }

    /// Takes what there is of the blocks before `position`, because something of that position must be shown.
    pub(super) fn take_before(&mut self, position: &Position, batch: &Batch) -> Vec<Block> {
        let before = self
            .0
            .iter_mut()
            .take_while(|block| block.task.position < *position);
        before.filter_map(|block| block.take(batch)).collect()
    }

    /// Takes everything.
    pub(super) fn take_all(&mut self, batch: &Batch) -> Vec<Block> {
        self.0
            .drain(..)
            .filter_map(|mut block| block.take(batch))
            .collect()
    }

    fn block(&mut self, task: &TaskName) -> &mut Block {
        let known = self.0.iter().position(|block| block.task == *task);
        let index = known.unwrap_or_else(|| {
            let index = self
                .0
                .partition_point(|block| block.task.position <= task.position);
            self.0.insert(
                index,
                Block {
                    task: task.clone(),
                    groups: Vec::new(),
                },
            );
            index
        });
        &mut self.0[index]
    }
}
