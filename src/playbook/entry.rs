//! Tasks and blocks of tasks, as a play, a role or an included file lists them.

use std::sync::Arc;

use super::Task;
use crate::source::Span;

/// One entry of a list of tasks.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A task.
    Task(Arc<Task>),
    /// A block of them.
    Block(Arc<Block>),
}

/// Tasks with what is done when one of them fails.
#[derive(Debug)]
pub struct Block {
    /// Where it was written.
    pub span: Span,
    /// The tasks.
    pub body: Vec<Entry>,
    /// What is done when one of them has failed; afterwards the host goes on as if none had.
    pub rescue: Vec<Entry>,
    /// What is done in any case.
    pub always: Vec<Entry>,
}

/// Calls `visit` for each task of `entries`, those in blocks included.
pub fn each_task<'a>(entries: &'a [Entry], visit: &mut dyn FnMut(&'a Arc<Task>)) {
    for entry in entries {
        match entry {
            Entry::Task(task) => visit(task),
            Entry::Block(block) => {
                for part in [&block.body, &block.rescue, &block.always] {
                    each_task(part, visit);
                }
            }
        }
    }
}
