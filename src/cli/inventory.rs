//! `provision inventory`: hosts, groups and variables as they were written, in the shapes of `ansible-inventory`.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::args::InventoryArgs;
use super::print::print;
use super::{exit_code, hosts, run};
use crate::inventory::{Group, GroupName, HostName, Inventory, Vars};
use crate::source::{Diagnostic, Diagnostics, SourceMap};
use crate::template::to_yaml;
use crate::value::{from_json, to_json};

/// Shows what was asked for.
pub(super) fn run(args: &InventoryArgs) -> u8 {
    let mut sources = SourceMap::with_keys(args.keys.keyring());
    let mut diagnostics = Diagnostics::new();
    // Only the directory counts, whatever the playbook is called.
    let playbooks: Vec<_> = args.playbook_dir.iter().map(|dir| dir.join("_")).collect();
    let inventory =
        Inventory::load_all(&args.inventory, &playbooks, &mut sources, &mut diagnostics);
    let limit = args.limit.as_deref();
    let limit = hosts::limit(limit, &inventory, &mut sources, &mut diagnostics);
    let host = args.host_name(&inventory, &mut diagnostics);
    run::show(&diagnostics, &sources);
    if diagnostics.has_errors() {
        return exit_code::BAD_INPUT;
    }
    let shown = match limit {
        Some(limit) => limit.into_iter().collect(),
        None => inventory.hosts.keys().cloned().collect(),
    };
    let view = View {
        inventory: &inventory,
        shown,
    };
    let text = if args.what.graph {
        let mut text = String::new();
        view.graph(&inventory.groups[GroupName::ALL], 0, args.vars, &mut text);
        text
    } else {
        let value = match (host, args.yaml) {
            (Some(host), _) => vars_of(&inventory, &host),
            (None, true) => view.tree(),
            (None, false) => view.list(),
        };
        written(&value, args.yaml)
    };
    print(&sources.secrets().redact(&text))
}

impl InventoryArgs {
    fn host_name(&self, inventory: &Inventory, wrong: &mut Diagnostics) -> Option<HostName> {
        known_host(self.what.host.as_deref()?, inventory, wrong)
    }
}

/// The host of this name; that there is none is an error.
pub(super) fn known_host(
    name: &str,
    inventory: &Inventory,
    diagnostics: &mut Diagnostics,
) -> Option<HostName> {
    let known = inventory.hosts.get_key_value(name);
    if known.is_none() {
        let names = inventory.hosts.keys().map(HostName::as_str);
        let error = Diagnostic::error(format!("the inventory has no host `{name}`"));
        diagnostics.push(error.suggest(name, names));
    }
    known.map(|(name, _)| name.clone())
}

fn written(value: &Value, yaml: bool) -> String {
    if yaml {
        to_yaml(&from_json(value))
    } else {
        // The alternate form has line breaks.
        format!("{value:#}\n")
    }
}

/// The winning variables of a host, as they were written.
fn vars_of(inventory: &Inventory, host: &HostName) -> Value {
    let mut vars = Map::new();
    for layer in inventory.layers_for(host) {
        extend(&mut vars, layer.entries);
    }
    vars.into()
}

fn extend(vars: &mut Map<String, Value>, more: &Vars) {
    let more = more.iter();
    vars.extend(more.map(|(name, node)| (name.clone(), to_json(&node.to_value()))));
}

/// An inventory, of which only some hosts are shown.
struct View<'a> {
    inventory: &'a Inventory,
    shown: HashSet<HostName>,
}

impl View<'_> {
    fn children<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a Group> {
        let children = group.children.iter();
        children.filter_map(|name| self.inventory.groups.get(name))
    }

    fn hosts<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a HostName> {
        group.hosts.iter().filter(|host| self.shown.contains(*host))
    }

    // Writing to a string cannot fail.

    fn graph(&self, group: &Group, depth: usize, vars: bool, text: &mut String) {
        let line = |text: &mut String, depth: usize, what: &str| {
            let bars = "  |".repeat(depth);
            let dashes = if depth > 0 { "--" } else { "" };
            let _ = writeln!(text, "{bars}{dashes}{what}");
        };
        let show = |text: &mut String, depth: usize, vars: &Map<String, Value>| {
            let mut names: Vec<&String> = vars.keys().collect();
            names.sort_unstable();
            for name in names {
                let value = match &vars[name] {
                    Value::String(string) => string.clone(),
                    other => other.to_string(),
                };
                line(text, depth, &format!("{{{name} = {value}}}"));
            }
        };
        line(text, depth, &format!("@{}:", group.name));
        for child in self.children(group) {
            self.graph(child, depth + 1, vars, text);
        }
        if group.name.as_str() != GroupName::ALL {
            for host in self.hosts(group) {
                line(text, depth + 1, host.as_str());
                if vars && let Value::Object(vars) = vars_of(self.inventory, host) {
                    show(text, depth + 2, &vars);
                }
            }
        }
        if vars {
            let mut own = Map::new();
            extend(&mut own, &group.vars);
            let files = group.files.iter().chain(&group.playbook_files);
            files.for_each(|file| extend(&mut own, file));
            show(text, depth + 1, &own);
        }
    }

    /// What a dynamic inventory answers to `--list`.
    fn list(&self) -> Value {
        let mut hostvars = Map::new();
        for host in self.inventory.hosts.keys() {
            let vars = vars_of(self.inventory, host);
            if self.shown.contains(host) && vars != json!({}) {
                hostvars.insert(host.to_string(), vars);
            }
        }
        let mut list = Map::new();
        list.insert("_meta".into(), json!({ "hostvars": hostvars }));
        let mut groups: Vec<&Group> = self.inventory.groups.values().collect();
        groups.sort_by_key(|group| (group.name.as_str() != GroupName::ALL, &group.name));
        for group in groups {
            let mut entry = Map::new();
            let mut set = |key: &str, names: Vec<String>| {
                if !names.is_empty() {
                    entry.insert(key.into(), names.into());
                }
            };
            let children = self.children(group).filter(|child| {
                child.name.as_str() != GroupName::UNGROUPED || !child.hosts.is_empty()
            });
            let children = children.map(|child| child.name.to_string()).collect();
            if group.name.as_str() != GroupName::ALL {
                set(
                    "hosts",
                    self.hosts(group).map(HostName::to_string).collect(),
                );
            }
            set("children", children);
            if !entry.is_empty() {
                list.insert(group.name.to_string(), entry.into());
            }
        }
        list.into()
    }

    /// The same as an inventory in YAML form. The variables of a host stand where it is named first.
    fn tree(&self) -> Value {
        let mut seen = HashSet::new();
        let all = &self.inventory.groups[GroupName::ALL];
        json!({ "all": self.branch(all, &mut seen) })
    }

    fn branch(&self, group: &Group, seen: &mut HashSet<HostName>) -> Value {
        let (mut entry, mut children, mut hosts) = (Map::new(), Map::new(), Map::new());
        for child in self.children(group) {
            let branch = self.branch(child, seen);
            if child.name.as_str() != GroupName::UNGROUPED || branch != json!({}) {
                children.insert(child.name.to_string(), branch);
            }
        }
        if group.name.as_str() != GroupName::ALL {
            for host in self.hosts(group) {
                let vars = if seen.insert(host.clone()) {
                    vars_of(self.inventory, host)
                } else {
                    json!({})
                };
                hosts.insert(host.to_string(), vars);
            }
        }
        for (key, map) in [("children", children), ("hosts", hosts)] {
            if !map.is_empty() {
                entry.insert(key.into(), map.into());
            }
        }
        entry.into()
    }
}
