//! Which tasks to run, by their tags.

use std::collections::BTreeSet;
use std::sync::Arc;

/// Which tasks to run, by their tags.
#[derive(Clone, Debug, Default)]
pub struct TagFilter {
    /// Run only tasks with one of these; all if there are none.
    pub only: BTreeSet<String>,
    /// Do not run tasks with one of these.
    pub skip: BTreeSet<String>,
}

impl TagFilter {
    /// Whether a task with these tags is to run. `always` and `never` mean what they mean in Ansible.
    pub fn admits(&self, tags: &BTreeSet<Arc<str>>) -> bool {
        let has = |tag: &str| tags.contains(tag);
        let any = |wanted: &BTreeSet<String>| wanted.iter().any(|tag| has(tag));
        let named = any(&self.only)
            || (self.only.contains("tagged") && !tags.is_empty())
            || (self.only.contains("untagged") && tags.is_empty());
        let wanted = if has("never") {
            named
        } else {
            named || self.only.is_empty() || self.only.contains("all") || has("always")
        };
        let skipped = any(&self.skip)
            || (self.skip.contains("tagged") && !tags.is_empty())
            || (self.skip.contains("untagged") && tags.is_empty());
        wanted && !skipped
    }
}
