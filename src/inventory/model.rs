//! The inventory as a whole, after loading: what belongs to what, and who overrides whom.

use std::collections::VecDeque;

use indexmap::{IndexMap, IndexSet};

use super::{Group, GroupName, Host, HostName, LayerKind, VarLayer};

/// All hosts and groups, in the order in which they were first named.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The hosts.
    pub hosts: IndexMap<HostName, Host>,
    /// The groups; `all` and `ungrouped` are always among them.
    pub groups: IndexMap<GroupName, Group>,
}

impl Default for Inventory {
    /// An inventory without hosts.
    fn default() -> Self {
        let implied = [GroupName::ALL, GroupName::UNGROUPED].map(GroupName::implied);
        Self {
            hosts: IndexMap::new(),
            groups: implied
                .into_iter()
                .map(|name| (name.clone(), Group::new(name, None)))
                .collect(),
        }
    }
}

impl Inventory {
    /// The hosts of a group and of all groups below it, each once, the group's own first. The order is that
    /// of the file. A group that does not exist has none.
    pub fn hosts_in(&self, group: &str) -> IndexSet<&HostName> {
        if group == GroupName::ALL {
            return self.hosts.keys().collect();
        }
        let groups = self.walk(self.groups.get(group), |group| &group.children);
        groups.into_iter().flat_map(|group| &group.hosts).collect()
    }

    /// The groups of a host, directly or through a child, without `all`; parents come before children.
    pub fn groups_of(&self, host: &HostName) -> Vec<&Group> {
        let listing = self
            .groups
            .values()
            .filter(|group| group.hosts.contains(host));
        let mut groups: Vec<_> = self
            .walk(listing, |group| &group.parents)
            .into_iter()
            .filter(|group| group.name.as_str() != GroupName::ALL)
            .collect();
        groups.sort_by_key(|group| (group.depth, group.priority, &group.name));
        groups
    }

    /// The variables of a host, source by source, in ascending precedence. Sources without variables are
    /// left out.
    pub fn layers_for(&self, host: &HostName) -> Vec<VarLayer<'_>> {
        let mut layers = Vec::new();
        let mut add = |kind: LayerKind, entries| layers.push(VarLayer { kind, entries });
        if let Some(all) = self.groups.get(GroupName::ALL) {
            add(LayerKind::GroupAllInline, &all.vars);
            all.files
                .iter()
                .for_each(|file| add(LayerKind::GroupVarsAll, file));
        }
        for group in self.groups_of(host) {
            let (depth, priority, name) = (group.depth, group.priority, &group.name);
            let kind = LayerKind::GroupInline {
                depth,
                priority,
                group: name.clone(),
            };
            add(kind, &group.vars);
            for file in &group.files {
                let kind = LayerKind::GroupVars {
                    depth,
                    priority,
                    group: name.clone(),
                };
                add(kind, file);
            }
        }
        if let Some(host) = self.hosts.get(host) {
            add(LayerKind::HostInline, &host.vars);
            host.files
                .iter()
                .for_each(|file| add(LayerKind::HostVars, file));
        }
        layers.retain(|layer| !layer.entries.is_empty());
        // The files of one group keep their order: the sort is stable.
        layers.sort_by(|one, other| one.kind.cmp(&other.kind));
        layers
    }

    /// The groups to start with and everything that can be reached from them, nearest first.
    fn walk<'a>(
        &'a self,
        start: impl IntoIterator<Item = &'a Group>,
        next: impl Fn(&'a Group) -> &'a IndexSet<GroupName>,
    ) -> Vec<&'a Group> {
        let mut queue: VecDeque<&Group> = start.into_iter().collect();
        let mut seen: IndexSet<&GroupName> = queue.iter().map(|group| &group.name).collect();
        let mut groups = Vec::new();
        while let Some(group) = queue.pop_front() {
            groups.push(group);
            for name in next(group) {
                if seen.insert(name) {
                    queue.extend(self.groups.get(name));
                }
            }
        }
        groups
    }
}

impl Inventory {
    /// stub
    pub fn add_host(&mut self, _name: HostName, _groups: &[GroupName]) {}
    /// stub
    pub fn add_to_group(&mut self, _host: &HostName, _group: GroupName, _parents: &[GroupName]) {}
}
