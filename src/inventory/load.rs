//! An inventory file to an [`Inventory`]. It goes on after a mistake, so that all of
//! them are shown at once.

use std::path::Path;

use indexmap::IndexMap;

use super::range::expand;
use super::{Group, GroupName, Host, HostName, Inventory, Vars, vars};
use crate::source::{Diagnostic, Diagnostics, Entry, FileId, Node, SourceMap, Span, parse_yaml};

const GROUP_KEYS: [&str; 3] = ["hosts", "children", "vars"];

/// Names that Kubespray gave up, with what they are called now.
const RENAMED_GROUPS: [(&str, &str); 6] = [
    ("kube-master", "kube_control_plane"),
    ("kube_master", "kube_control_plane"),
    ("kube-node", "kube_node"),
    ("k8s-cluster", "k8s_cluster"),
    ("calico-rr", "calico_rr"),
    ("no-floating", "no_floating"),
];

/// What a group that was once called `name` is called now.
pub(super) fn renamed_group(name: &str) -> Option<&'static str> {
    let renamed = RENAMED_GROUPS.iter().find(|(old, _)| *old == name);
    renamed.map(|(_, new)| *new)
}

/// Reads sources one after another into one inventory.
pub(super) struct Loader<'a> {
    inventory: Inventory,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl Loader<'_> {
    /// An empty inventory to read sources into.
    pub(super) fn new(diagnostics: &mut Diagnostics) -> Loader<'_> {
        Loader {
            inventory: Inventory::default(),
            diagnostics,
        }
    }

    /// The inventory. If no source could be read, there is nothing to say about its groups.
    pub(super) fn end(mut self, read: bool) -> Inventory {
        if read {
            self.break_cycles();
            self.finish();
        }
        self.inventory
    }

    pub(super) fn root(&mut self, path: &Path, id: FileId, map: &mut SourceMap) -> Option<Node> {
        let mut documents = self.diagnostics.check(parse_yaml(map, id))?.into_iter();
        let error = match (documents.next(), documents.next()) {
            (Some(root), None) if root.as_map().is_some_and(|groups| !groups.is_empty()) => {
                return Some(root);
            }
            (Some(root), None) if root.as_map().is_none() && !root.is_null() => {
                let message = format!(
                    "an inventory is a mapping of groups, found {}",
                    root.type_name()
                );
                Diagnostic::error(message).at(root.span, "expected `all:` or another group")
            }
            (_, Some(second)) => Diagnostic::error("an inventory is one document")
                .at(second.span, "the second one begins here"),
            _ => Diagnostic::error(format!("the inventory `{}` is empty", path.display())).help(
                "name a group and its hosts: `all: {hosts: {web1: {ansible_host: 192.0.2.1}}}`",
            ),
        };
        self.diagnostics.push(error);
        None
    }

    pub(super) fn groups(&mut self, root: &Node) {
        for entry in root.as_map().unwrap_or_default() {
            if GROUP_KEYS.contains(&entry.name()) {
                self.diagnostics.push(
                    Diagnostic::error(format!(
                        "`{}` belongs to a group, not to the top of the file",
                        entry.name()
                    ))
                    .at(entry.key.span, "expected the name of a group")
                    .help("put it below `all:`"),
                );
            } else {
                self.group(entry, None);
            }
        }
    }

    fn group(&mut self, entry: &Entry, parent: Option<&GroupName>) {
        if let Some(name) = self.declare(entry.name(), entry.key.span, parent) {
            self.group_body(&name, &entry.value);
        }
    }

    /// The group of this name, which is there from now on, below `parent`.
    pub(super) fn declare(
        &mut self,
        name: &str,
        span: Span,
        parent: Option<&GroupName>,
    ) -> Option<GroupName> {
        let name = self.name(GroupName::new(name), span)?;
        if name.as_str() == GroupName::ALL && parent.is_some() {
            let error = Diagnostic::error("the group `all` cannot be a child");
            self.diagnostics
                .push(error.at(span, "every group is below it already"));
            return None;
        }
        if let Some(new) = renamed_group(name.as_str()) {
            self.diagnostics.push(
                Diagnostic::warning(format!("`{name}` is a name that Kubespray gave up"))
                    .at(span, "nothing here goes by this name")
                    .help(format!("rename it to `{new}`")),
            );
        }
        let group = self.inventory.groups.entry(name.clone());
        let group = group.or_insert_with(|| Group::new(name.clone(), Some(span)));
        group.span.get_or_insert(span);
        if let Some(parent) = parent {
            group.parents.insert(parent.clone());
            if let Some(parent) = self.inventory.groups.get_mut(parent) {
                parent.children.insert(name.clone());
            }
        }
        Some(name)
    }

    /// Whether the file itself defines a group, or it needs no definition.
    pub(super) fn is_defined(&self, name: &GroupName) -> bool {
        self.inventory.groups.contains_key(name)
    }

    /// The names of all groups, for suggestions.
    pub(super) fn group_names(&self) -> Vec<String> {
        self.inventory
            .groups
            .keys()
            .map(GroupName::to_string)
            .collect()
    }

    fn group_body(&mut self, name: &GroupName, body: &Node) {
        for entry in self.mapping(
            body,
            &format!("the group `{name}`"),
            "expected `hosts`, `children` or `vars`",
        ) {
            let value = &entry.value;
            match entry.name() {
                "hosts" => self.hosts(name, value),
                "children" => {
                    let help = "expected one `name:` for each group";
                    for child in self.mapping(value, &format!("`children` of `{name}`"), help) {
                        self.group(child, Some(name));
                    }
                }
                "vars" => self.group_vars(name, value),
                unknown => self.diagnostics.push(
                    Diagnostic::error(format!("unknown key `{unknown}` in the group `{name}`"))
                        .at(entry.key.span, "expected `hosts`, `children` or `vars`")
                        .suggest(unknown, GROUP_KEYS.into_iter()),
                ),
            }
        }
    }

    pub(super) fn group_vars(&mut self, name: &GroupName, node: &Node) {
        let whose = format!("the group `{name}`");
        let vars = vars::read(node, &whose, self.diagnostics);
        self.unite_group(name, vars);
    }

    /// Adds variables to a group. One of them may be its priority.
    pub(super) fn unite_group(&mut self, name: &GroupName, vars: Vars) {
        let whose = format!("the group `{name}`");
        let Some(group) = self.inventory.groups.get_mut(name) else {
            return;
        };
        if let Some(priority) = vars.get("ansible_group_priority") {
            if let Some(priority) = priority.as_i64() {
                group.priority = priority;
            } else {
                let message = format!(
                    "`ansible_group_priority` must be a whole number, found {}",
                    priority.type_name()
                );
                self.diagnostics
                    .push(Diagnostic::error(message).at(priority.span, ""));
            }
        }
        vars::unite(&mut group.vars, vars, &whose, self.diagnostics);
    }

    fn hosts(&mut self, group: &GroupName, node: &Node) {
        let what = format!("`hosts` of `{group}`");
        for entry in self.mapping(node, &what, "expected one `name:` for each host") {
            let span = entry.key.span;
            let names = match expand(entry.name()) {
                Ok(names) => names,
                Err(error) => {
                    let message = format!("`{}` is no host and no range of hosts", entry.name());
                    self.diagnostics
                        .push(Diagnostic::error(message).at(span, error.to_string()));
                    continue;
                }
            };
            let vars = self.host_vars(entry);
            for name in names {
                let Some(name) = self.name(HostName::new(name), span) else {
                    break;
                };
                self.host(group, name, span, vars.clone());
            }
        }
    }

    fn host_vars(&mut self, entry: &Entry) -> Vars {
        let whose = format!("the host `{}`", entry.name());
        match entry.value.as_str() {
            Some(text) if !text.contains(char::is_whitespace) => {
                self.diagnostics.push(
                    Diagnostic::error(format!(
                        "the variables of {whose} must be a mapping, found the string `{text}`"
                    ))
                    .at(entry.value.span, "expected nothing, or `name: value` lines")
                    .help(format!(
                        "if it is an address: `{}: {{ansible_host: {text}}}`",
                        entry.name()
                    )),
                );
                Vars::new()
            }
            _ => vars::read(&entry.value, &whose, self.diagnostics),
        }
    }

    pub(super) fn host(&mut self, group: &GroupName, name: HostName, span: Span, vars: Vars) {
        let whose = format!("the host `{name}`");
        let host = self.inventory.hosts.entry(name.clone());
        let host = host.or_insert_with(|| Host::new(name.clone(), Some(span)));
        vars::unite(&mut host.vars, vars, &whose, self.diagnostics);
        if let Some(group) = self.inventory.groups.get_mut(group) {
            group.hosts.insert(name);
        }
    }

    /// Adds variables to a host; whether there is one.
    pub(super) fn unite_host(&mut self, name: &str, vars: Vars) -> bool {
        let host = self.inventory.hosts.get_mut(name);
        if let Some(host) = host {
            let whose = format!("the host `{name}`");
            vars::unite(&mut host.vars, vars, &whose, self.diagnostics);
            return true;
        }
        false
    }

    pub(super) fn name<T>(&mut self, name: Result<T, super::InvalidName>, span: Span) -> Option<T> {
        let place = |error: super::InvalidName| {
            Diagnostic::error(format!("{error}")).at(span, "not a name")
        };
        self.diagnostics.check(name.map_err(place))
    }

    /// The entries of a mapping. Nothing at all is an empty one.
    fn mapping<'n>(&mut self, node: &'n Node, what: &str, expected: &str) -> &'n [Entry] {
        if !node.is_null() && node.as_map().is_none() {
            let message = format!("{what} must be a mapping, found {}", node.type_name());
            self.diagnostics
                .push(Diagnostic::error(message).at(node.span, expected));
        }
        node.as_map().unwrap_or_default()
    }

    /// A group that is below itself is an error; the last link of the circle is taken out.
    fn break_cycles(&mut self) {
        let mut done = IndexMap::new();
        for name in self.inventory.groups.keys().cloned().collect::<Vec<_>>() {
            self.descend(&name, &mut done, &mut Vec::new());
        }
    }

    fn descend(
        &mut self,
        name: &GroupName,
        done: &mut IndexMap<GroupName, ()>,
        way: &mut Vec<GroupName>,
    ) {
        if done.contains_key(name) {
            return;
        }
        way.push(name.clone());
        let children = self
            .inventory
            .groups
            .get(name)
            .map(|group| group.children.clone());
        for child in children.into_iter().flatten() {
            if let Some(start) = way.iter().position(|group| *group == child) {
                self.cut(name, &child, &way[start..]);
            } else {
                self.descend(&child, done, way);
            }
        }
        way.pop();
        done.insert(name.clone(), ());
    }

    fn cut(&mut self, parent: &GroupName, child: &GroupName, circle: &[GroupName]) {
        let way: Vec<String> = circle
            .iter()
            .chain([child])
            .map(|name| format!("`{name}`"))
            .collect();
        let mut error = Diagnostic::error(format!("the group `{child}` is below itself"))
            .note(format!("the way down is {}", way.join(" > ")));
        if let Some(span) = self.inventory.groups[child].span {
            error = error.at(span, "this group");
        }
        if let Some(span) = self.inventory.groups[parent]
            .span
            .filter(|_| parent != child)
        {
            error = error.also(span, format!("`{child}` is a child of this one"));
        }
        self.diagnostics.push(error);
        self.inventory.groups[parent].children.shift_remove(child);
        self.inventory.groups[child].parents.shift_remove(parent);
    }

    /// What follows from what is written: who is ungrouped, what is directly below `all`, and all depths.
    fn finish(&mut self) {
        let Inventory { hosts, groups } = &mut self.inventory;
        let implied = |name: &str| name == GroupName::ALL || name == GroupName::UNGROUPED;
        let grouped = |host: &&HostName| {
            let mut others = groups
                .values()
                .filter(|group| !implied(group.name.as_str()));
            others.any(|group| group.hosts.contains(*host))
        };
        let ungrouped = hosts
            .keys()
            .filter(|host| !grouped(host))
            .cloned()
            .collect();
        groups[GroupName::UNGROUPED].hosts = ungrouped;

        let top: Vec<GroupName> = groups
            .values()
            .filter(|group| group.parents.is_empty() && group.name.as_str() != GroupName::ALL)
            .map(|group| group.name.clone())
            .collect();
        for name in top {
            groups[&name]
                .parents
                .insert(GroupName::implied(GroupName::ALL));
            groups[GroupName::ALL].children.insert(name);
        }
        self.inventory
            .deepen(&GroupName::implied(GroupName::ALL), 0);
    }
}

#[cfg(test)]
mod tests;
