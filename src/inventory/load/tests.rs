//! What an inventory becomes, which variables win, and the exact words for each mistake in it.

use std::fs;
use std::path::Path;

use crate::inventory::{HostName, Inventory};
use crate::source::{Diagnostics, SourceMap, render};
use crate::value::to_json;

/// An inventory directory. Messages name its files without the directory.
struct Directory(tempfile::TempDir);

impl Directory {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        for (path, text) in files {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().expect("a file")).expect("a directory");
            fs::write(path, text).expect("written");
        }
        Self(directory)
    }

    fn load(&self) -> (Inventory, String) {
        let mut map = SourceMap::new();
        let mut diagnostics = Diagnostics::new();
        let path = self.0.path().join("inventory.yaml");
        let inventory = Inventory::load(&path, &mut map, &mut diagnostics);
        let rendered: Vec<_> = diagnostics
            .iter()
            .map(|diagnostic| render(diagnostic, &map, false))
            .collect();
        let directory = format!("{}/", self.0.path().display());
        (inventory, rendered.join("\n\n").replace(&directory, ""))
    }
}

fn load(text: &str) -> Inventory {
    let (inventory, wrong) = Directory::new(&[("inventory.yaml", text)]).load();
    assert_eq!(wrong, "");
    inventory
}

fn wrong(text: &str) -> String {
    Directory::new(&[("inventory.yaml", text)]).load().1
}

fn names<'a>(hosts: impl IntoIterator<Item = &'a HostName>) -> String {
    hosts
        .into_iter()
        .map(HostName::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

fn host(name: &str) -> HostName {
    HostName::new(name).expect("a name")
}

/// The winning values of a host's variables.
fn vars(inventory: &Inventory, name: &str) -> serde_json::Value {
    let mut vars = serde_json::Map::new();
    for layer in inventory.layers_for(&host(name)) {
        for (name, node) in layer.entries {
            vars.insert(name.clone(), to_json(&node.to_value()));
        }
    }
    vars.into()
}

#[test]
fn groups_may_be_written_below_all_or_at_the_top_and_more_than_once() {
    let inventory = load(
        "\
all:
  hosts:
    lone:
    node[01:02]: {ansible_user: ops}
  children:
    kube_control_plane: {hosts: {node02: }}
    k8s_cluster:
      children: {kube_control_plane: , kube_node: }
kube_node:
  hosts: {node01: {ansible_user: ops}, node02: }
etcd: {children: {kube_control_plane: }}
empty:
",
    );
    assert_eq!(names(inventory.hosts.keys()), "lone node01 node02");
    assert_eq!(names(inventory.hosts_in("all")), "lone node01 node02");
    assert_eq!(names(inventory.hosts_in("ungrouped")), "lone");
    assert_eq!(names(inventory.hosts_in("k8s_cluster")), "node02 node01");
    assert_eq!(names(inventory.hosts_in("etcd")), "node02");
    assert_eq!(names(inventory.hosts_in("empty")), "");
    let groups = inventory.groups_of(&host("node02"));
    let groups: Vec<_> = groups
        .iter()
        .map(|group| (group.name.as_str(), group.depth))
        .collect();
    assert_eq!(
        groups,
        [
            ("etcd", 1),
            ("k8s_cluster", 1),
            ("kube_control_plane", 2),
            ("kube_node", 2)
        ]
    );
    assert_eq!(
        vars(&inventory, "node02").to_string(),
        r#"{"ansible_user":"ops"}"#
    );
}

#[test]
fn a_child_overrides_its_parents_and_equals_go_by_priority_then_by_name() {
    let inventory = load(
        "\
all: {vars: {who: all}}
z_parent: {vars: {who: z_parent, a: 1}, children: {a_child: {vars: {who: a_child}}}}
b: {vars: {one: b, two: b}}
c: {vars: {one: c, two: c}}
first: {vars: {two: first, ansible_group_priority: 10}}
a_child: {hosts: {h: }}
",
    );
    assert_eq!(
        vars(&inventory, "h").to_string(),
        r#"{"who":"a_child","a":1}"#
    );
    let inventory = load(
        "\
b: {hosts: {h: }, vars: {one: b, two: b}}
a: {hosts: {h: }, vars: {one: a, two: a, ansible_group_priority: 10}}
c: {hosts: {h: }, vars: {one: c}}
",
    );
    assert_eq!(vars(&inventory, "h")["one"], "a");
    assert_eq!(vars(&inventory, "h")["two"], "a");
}

#[test]
fn files_override_the_inventory_and_hosts_override_groups() {
    let directory = Directory::new(&[
        (
            "inventory.yaml",
            "all: {vars: {v1: 1, v2: 1, v3: 1, v4: 1, v5: 1, v6: 1}}\n\
             web: {hosts: {h: {v5: 5, v6: 5}}, vars: {v2: 2, v3: 2, v4: 2, v5: 2, v6: 2}}\n",
        ),
        ("group_vars/all/20.yml", "v3: 3\n"),
        ("group_vars/all/10.yml", "v3: wrong\nv4: 3\nv5: 3\nv6: 3\n"),
        ("group_vars/all/.hidden.yml", "{"),
        ("group_vars/all/sub/30.json", "{\"v7\": 7}"),
        ("group_vars/web.yaml", "v4: 4\nv5: 4\nv6: 4\n"),
        ("host_vars/h", "---\nv6: 6\n"),
        ("host_vars/h~", "{"),
    ]);
    let (inventory, wrong) = directory.load();
    assert_eq!(wrong, "");
    let expected = r#"{"v1":1,"v2":2,"v3":3,"v4":4,"v5":5,"v6":6,"v7":7}"#;
    assert_eq!(vars(&inventory, "h").to_string(), expected);
    let kinds = inventory.layers_for(&host("h"));
    assert!(kinds.is_sorted_by_key(|layer| &layer.kind));
}

#[test]
fn unknown_keys_and_wrong_shapes_are_all_shown_at_once() {
    assert_eq!(
        wrong(
            "\
web:
  host: {web1: }
  hosts:
    web2: 10.0.0.2
  children: [db]
  vars:
    http-port: 80
"
        ),
        "\
error: unknown key `host` in the group `web`
 --> inventory.yaml:2:3
  |
2 |   host: {web1: }
  |   ^^^^ expected `hosts`, `children` or `vars`
  |
  = help: did you mean `hosts`?

error: the variables of the host `web2` must be a mapping, found the string `10.0.0.2`
 --> inventory.yaml:4:11
  |
4 |     web2: 10.0.0.2
  |           ^^^^^^^^ expected nothing, or `name: value` lines
  |
  = help: if it is an address: `web2: {ansible_host: 10.0.0.2}`

error: `children` of `web` must be a mapping, found a list
 --> inventory.yaml:5:13
  |
5 |   children: [db]
  |             ^^^^ expected one `name:` for each group

error: `http-port` is no name for a variable
 --> inventory.yaml:7:5
  |
7 |     http-port: 80
  |     ^^^^^^^^^ only letters, digits and `_`, and no digit first"
    );
}

#[test]
fn a_key_of_a_group_at_the_top_is_an_error() {
    assert_eq!(
        wrong("hosts: {web1: }\n"),
        "\
error: `hosts` belongs to a group, not to the top of the file
 --> inventory.yaml:1:1
  |
1 | hosts: {web1: }
  | ^^^^^ expected the name of a group
  |
  = help: put it below `all:`"
    );
}

#[test]
fn names_and_ranges_that_are_none_are_errors() {
    assert_eq!(
        wrong("web: {hosts: {'n[3:1]': , 'a b': }}\n'k8s:children': \n"),
        "\
error: `n[3:1]` is no host and no range of hosts
 --> inventory.yaml:1:15
  |
1 | web: {hosts: {'n[3:1]': , 'a b': }}
  |               ^^^^^^^^ the last element of a range must not come before the first

error: `a b` is no name for a host: ` ` is not allowed, only letters, digits, `_`, `-` and `.` are
 --> inventory.yaml:1:27
  |
1 | web: {hosts: {'n[3:1]': , 'a b': }}
  |                           ^^^^^ not a name

error: `k8s:children` is no name for a group: `:` is not allowed, only letters, digits, `_`, `-` and `.` are
 --> inventory.yaml:2:1
  |
2 | 'k8s:children': 
  | ^^^^^^^^^^^^^^ not a name"
    );
}

#[test]
fn a_circle_of_groups_is_an_error() {
    let text = "a: {children: {b: }}\nb: {children: {c: }}\nc: {children: {a: }, hosts: {h: }}\n";
    assert_eq!(
        wrong(text),
        "\
error: the group `a` is below itself
 --> inventory.yaml:1:1
  |
1 | a: {children: {b: }}
  | ^ this group
2 | b: {children: {c: }}
  |                - `a` is a child of this one
  |
  = note: the way down is `a` > `b` > `c` > `a`"
    );
    let (inventory, _) = Directory::new(&[("inventory.yaml", text)]).load();
    assert_eq!(names(inventory.hosts_in("a")), "h");
    assert!(wrong("a: {children: {a: }}\n").contains("the way down is `a` > `a`"));
    assert!(
        wrong("a: {children: {all: }}\n").starts_with("error: the group `all` cannot be a child\n")
    );
}

#[test]
fn a_variable_may_be_repeated_but_not_contradicted() {
    assert_eq!(
        wrong("a: {hosts: {h: {x: 1, y: 1}}}\nb: {hosts: {h: {x: 1, y: 2}}}\n"),
        "\
error: the variable `y` of the host `h` has two values
 --> inventory.yaml:2:26
  |
1 | a: {hosts: {h: {x: 1, y: 1}}}
  |                          - and this one
2 | b: {hosts: {h: {x: 1, y: 2}}}
  |                          ^ this value"
    );
}

#[test]
fn names_that_are_no_longer_used_are_warned_about() {
    assert_eq!(
        wrong("kube-master: {hosts: {n1: {ansible_ssh_host: n1.lan}}}\n"),
        "\
warning: `kube-master` is a name that Kubespray gave up
 --> inventory.yaml:1:1
  |
1 | kube-master: {hosts: {n1: {ansible_ssh_host: n1.lan}}}
  | ^^^^^^^^^^^ nothing here goes by this name
  |
  = help: rename it to `kube_control_plane`

warning: `ansible_ssh_host` has no effect: it is no connection variable
 --> inventory.yaml:1:28
  |
1 | kube-master: {hosts: {n1: {ansible_ssh_host: n1.lan}}}
  |                            ^^^^^^^^^^^^^^^^ unknown
  |
  = help: it is called `ansible_host` now"
    );
}

#[test]
fn files_that_would_be_passed_over_are_named() {
    let directory = Directory::new(&[
        ("inventory.yaml", "web: {hosts: {web1: }}\n"),
        ("group_vars/wbe.yml", "a: 1\n"),
        ("group_vars/web/notes.txt", "text\n"),
        ("group_vars/web/a.yml", "ansible_group_priority: 2\n"),
        ("host_vars/web1.yml", "$ANSIBLE_VAULT;1.1;AES256\n3132\n"),
        ("host_vars/web1/a.yml", "a: 1\n"),
    ]);
    assert_eq!(
        directory.load().1,
        "\
warning: `group_vars/wbe.yml` is not read: the inventory has no group `wbe`
 |
 = help: did you mean `web`?

warning: `group_vars/web/notes.txt` is not read
 |
 = help: name it `*.yaml`, `*.yml` or `*.json`

warning: `ansible_group_priority` has no effect here
 --> group_vars/web/a.yml:1:25
  |
1 | ansible_group_priority: 2
  |                         ^ this file is found by way of the group
  |
  = help: set it in the `vars` of the group in the inventory

error: `host_vars/web1` and `host_vars/web1.yml` both hold the variables of `web1`
 |
 = help: put both into a directory `web1`; its files are read in order of their names"
    );
    let directory = Directory::new(&[
        ("inventory.yaml", "web: {hosts: {web1: }}\n"),
        ("host_vars/web1.yml", "$ANSIBLE_VAULT;1.1;AES256\n3132\n"),
        ("group_vars/web.yml", "a: 1\n---\nb: 1\n"),
        ("group_vars/all.yml", "- a\n"),
    ]);
    let wrong = directory.load().1;
    let messages: Vec<_> = wrong
        .lines()
        .filter(|line| line.starts_with("error"))
        .collect();
    assert_eq!(
        messages,
        [
            "error: the variables of group `all` must be a mapping, found a list",
            "error: a file of variables holds one document",
            "error: this encrypted text is damaged: it is cut off: there is no whole checksum",
        ]
    );
}

#[test]
fn what_is_no_inventory_is_said_to_be_none() {
    assert!(
        wrong("- web\n").starts_with("error: an inventory is a mapping of groups, found a list\n")
    );
    assert!(wrong("# nothing\n").starts_with("error: the inventory `inventory.yaml` is empty\n"));
    assert!(wrong("all:\n---\nall:\n").starts_with("error: an inventory is one document\n"));
    assert!(wrong("all: {\n").starts_with("error: this is not YAML\n"));
    let mut diagnostics = Diagnostics::new();
    Inventory::load(
        Path::new("/nowhere/i.yaml"),
        &mut SourceMap::new(),
        &mut diagnostics,
    );
    assert!(diagnostics.has_errors());
}
