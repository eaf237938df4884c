//! The tasks that a play would run, without running it.

use std::sync::Arc;

use super::TagFilter;
use crate::playbook::{Action, Control, Meta, Play, Task, each_task};

/// The tasks of a play that `tags` admits, in order; those in files and roles that are included while the play runs are
/// not among them.
pub fn listed<'a>(play: &'a Play, tags: &TagFilter) -> Vec<&'a Arc<Task>> {
    let mut tasks = Vec::new();
    for section in &play.sections {
        each_task(section, &mut |task| {
            let flushes = matches!(
                task.action,
                Action::Control(Control::Meta(Meta::FlushHandlers))
            );
            if !flushes && tags.admits(&task.common.tags) {
                tasks.push(task);
            }
        });
    }
    tasks
}
