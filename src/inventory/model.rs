//! The inventory as a whole, after loading: what belongs to what, and who overrides whom.

use std::collections::VecDeque;

use indexmap::{IndexMap, IndexSet};

use super::{Group, GroupName, GroupRank, Host, HostName, LayerKind, VarLayer};

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
            for file in &all.files {
                add(LayerKind::GroupVarsAll, file);
            }
            for file in &all.playbook_files {
                add(LayerKind::PlaybookGroupVarsAll, file);
            }
        }
        for group in self.groups_of(host) {
            let rank = GroupRank {
                depth: group.depth,
                priority: group.priority,
                group: group.name.clone(),
            };
            add(LayerKind::GroupInline(rank.clone()), &group.vars);
            for file in &group.files {
                add(LayerKind::GroupVars(rank.clone()), file);
            }
            for file in &group.playbook_files {
                add(LayerKind::PlaybookGroupVars(rank.clone()), file);
            }
        }
        if let Some(host) = self.hosts.get(host) {
            add(LayerKind::HostInline, &host.vars);
            for file in &host.files {
                add(LayerKind::HostVars, file);
            }
            for file in &host.playbook_files {
                add(LayerKind::PlaybookHostVars, file);
            }
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
    /// Puts a host that was found during the run into groups; what does not exist yet is created. In no
    /// other group, it is ungrouped. Its variables are whoever's who found it.
    pub fn add_host(&mut self, name: HostName, groups: &[GroupName]) {
        let new = || Host::new(name.clone(), None);
        self.hosts.entry(name.clone()).or_insert_with(new);
        for group in groups {
            self.add_to_group(&name, group, &[]);
        }
        let grouped = self.groups.values().any(|group| {
            let implied = [GroupName::ALL, GroupName::UNGROUPED].contains(&group.name.as_str());
            !implied && group.hosts.contains(&name)
        });
        if !grouped {
            self.groups[GroupName::UNGROUPED].hosts.insert(name);
        }
    }

    /// Puts a host into a group, and the group below `parents`; groups that do not exist yet are created.
    /// A link that would put a group below itself is left out.
    pub fn add_to_group(&mut self, host: &HostName, group: &GroupName, parents: &[GroupName]) {
        self.create(group);
        for parent in parents {
            self.create(parent);
            self.link(parent, group);
        }
        let implied = [GroupName::ALL, GroupName::UNGROUPED].contains(&group.as_str());
        if group.as_str() != GroupName::ALL {
            self.groups[group].hosts.insert(host.clone());
        }
        if !implied {
            self.groups[GroupName::UNGROUPED].hosts.shift_remove(host);
        }
        self.deepen(&GroupName::implied(GroupName::ALL), 0);
    }

    /// Makes sure that there is a group. A new one is directly below `all`.
    fn create(&mut self, name: &GroupName) {
        if self.groups.contains_key(name) {
            return;
        }
        let mut group = Group::new(name.clone(), None);
        group.parents.insert(GroupName::implied(GroupName::ALL));
        self.groups.insert(name.clone(), group);
        self.groups[GroupName::ALL].children.insert(name.clone());
    }

    fn link(&mut self, parent: &GroupName, child: &GroupName) {
        let all = GroupName::ALL;
        let above = self.walk(self.groups.get(parent), |group| &group.parents);
        let circle = above.iter().any(|group| group.name == *child);
        if circle || parent.as_str() == all {
            return;
        }
        self.groups[parent].children.insert(child.clone());
        let below = &mut self.groups[child].parents;
        below.insert(parent.clone());
        // Only what is below no other group is directly below `all`.
        below.shift_remove(all);
        self.groups[all].children.shift_remove(child);
    }

    /// Sets the depth of a group and of those below it: the longest way counts.
    pub(super) fn deepen(&mut self, name: &GroupName, depth: usize) {
        let group = &mut self.groups[name];
        if depth > 0 && group.depth >= depth {
            return;
        }
        group.depth = depth;
        for child in group.children.clone() {
            self.deepen(&child, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{GroupName, HostName, Inventory};

    fn host(name: &str) -> HostName {
        HostName::new(name).expect("a name")
    }

    fn group(name: &str) -> GroupName {
        GroupName::new(name).expect("a name")
    }

    fn groups(inventory: &Inventory, name: &str) -> Vec<String> {
        let groups = inventory.groups_of(&host(name));
        groups.iter().map(|group| group.name.to_string()).collect()
    }

    #[test]
    fn a_host_of_the_run_is_in_its_groups_and_in_all() {
        let mut inventory = Inventory::default();
        inventory.add_host(host("a"), &[]);
        assert_eq!(groups(&inventory, "a"), ["ungrouped"]);
        inventory.add_host(host("a"), &[group("web"), group("db")]);
        assert_eq!(groups(&inventory, "a"), ["db", "web"]);
        assert_eq!(inventory.hosts_in("all").len(), 1);
        assert_eq!(inventory.hosts_in("web").len(), 1);
        assert!(inventory.hosts_in("ungrouped").is_empty());
    }

    #[test]
    fn parents_come_before_their_children_and_never_below_themselves() {
        let mut inventory = Inventory::default();
        inventory.add_host(host("a"), &[]);
        inventory.add_to_group(&host("a"), &group("apt"), &[group("os")]);
        assert_eq!(groups(&inventory, "a"), ["os", "apt"]);
        inventory.add_to_group(&host("a"), &group("os"), &[group("apt")]);
        assert_eq!(groups(&inventory, "a"), ["os", "apt"]);
        assert_eq!(inventory.groups["apt"].depth, 2);
        assert_eq!(inventory.hosts_in("os").len(), 1);
    }
}
