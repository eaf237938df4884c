//! What a file in INI form becomes, and the words for each mistake in it.

use std::fs;

use crate::inventory::{HostName, Inventory};
use crate::source::{Diagnostics, SourceMap, render};
use crate::value::to_json;

fn load(text: &str) -> (Inventory, SourceMap, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("hosts.ini");
    fs::write(&path, text).expect("written");
    let (mut map, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let inventory = Inventory::load(&path, &mut map, &mut diagnostics);
    let wrong: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| render(diagnostic, &map, false))
        .collect();
    (inventory, map, wrong.join("\n"))
}

fn good(text: &str) -> Inventory {
    let (inventory, _, wrong) = load(text);
    assert_eq!(wrong, "");
    inventory
}

fn vars(inventory: &Inventory, name: &str) -> serde_json::Value {
    let mut vars = serde_json::Map::new();
    let host = HostName::new(name).expect("a name");
    for layer in inventory.layers_for(&host) {
        for (name, node) in layer.entries {
            vars.insert(name.clone(), to_json(&node.to_value()));
        }
    }
    vars.into()
}

fn hosts(inventory: &Inventory, group: &str) -> String {
    let hosts = inventory.hosts_in(group);
    let names: Vec<_> = hosts.into_iter().map(HostName::as_str).collect();
    names.join(" ")
}

#[test]
fn the_sample_of_kubespray_is_read() {
    let inventory = good(
        "# comment\n[kube_control_plane]\nnode1 ansible_host=192.0.2.1  # ip=10.3.0.1 etcd_member_name=etcd1\n\
         ; node2\n[etcd:children]\nkube_control_plane\n\n[kube_node]\nnode[2:3]\n\
         [k8s_cluster:children]\nkube_control_plane # both\nkube_node\n[all:vars]\nansible_user = u\n",
    );
    assert_eq!(hosts(&inventory, "etcd"), "node1");
    assert_eq!(hosts(&inventory, "k8s_cluster"), "node1 node2 node3");
    assert_eq!(hosts(&inventory, "ungrouped"), "");
    let expected = serde_json::json!({"ansible_user": "u", "ansible_host": "192.0.2.1"});
    assert_eq!(vars(&inventory, "node1"), expected);
}

#[test]
fn values_are_python_literals_or_texts() {
    let inventory = good(
        "[g]\nh a=True b=5 c=\"[1, 'x', None]\" d=yes e='\"5\"' f=0644 g=\"{'k': 1.5}\" h=10.0.0.1 i= j='two words' k='(1)' l='[1' m=-0x10 n=1e3\n\
         [g:vars]\np=[1, 2]\nq='quoted'\no=FALSE\n",
    );
    let expected = serde_json::json!({
        "a": true, "b": 5, "c": [1, "x", null], "d": "yes", "e": "5", "f": "0644", "g": {"k": 1.5},
        "h": "10.0.0.1", "i": "", "j": "two words", "k": 1, "l": "[1", "m": -16, "n": 1000.0, "p": [1, 2], "q": "quoted",
        "o": "FALSE",
    });
    assert_eq!(vars(&inventory, "h"), expected);
}

#[test]
fn hosts_before_the_first_section_are_ungrouped_and_a_port_is_a_variable() {
    let inventory = good("a:2222 x=1\nn[1:2]:22\n[web]\nw\n");
    assert_eq!(hosts(&inventory, "ungrouped"), "a n1 n2");
    let expected = serde_json::json!({"ansible_port": 2222, "x": 1});
    assert_eq!(vars(&inventory, "a"), expected);
    assert_eq!(vars(&inventory, "n2")["ansible_port"], 22);
}

#[test]
fn a_value_knows_its_place() {
    let (inventory, map, _) = load("[web]\nw a=1 b=text c='quoted'\n[web:vars]\nd = some text\n");
    let host = &inventory.hosts["w"];
    assert_eq!(map.slice(host.vars["b"].span), "b=text");
    assert_eq!(map.line_column(host.vars["b"].span), (2, 7));
    assert_eq!(host.vars["b"].content_offset(1), Some(15));
    assert_eq!(host.vars["c"].content_offset(1), None);
    let group = &inventory.groups["web"];
    assert_eq!(map.slice(group.vars["d"].span), "some text");
}

#[test]
fn a_priority_is_one_in_ini_too() {
    let inventory =
        good("[a]\nh\n[b]\nh\n[a:vars]\nansible_group_priority=10\nx=1\n[b:vars]\nx=2\n");
    assert_eq!(vars(&inventory, "h")["x"], 1);
}

#[test]
fn each_mistake_has_its_words() {
    for (text, message) in [
        ("[a:children]\nb\n", "the group `b` is defined nowhere"),
        ("[a:vars]\nx=1\n", "the group `a` is defined nowhere"),
        ("[a:host]\nb\n", "`host` is no kind of section"),
        ("[a\n", "the name of a section needs a closing `]`"),
        ("[a]\nh x=1 y\n", "expected `name=value`, found `y`"),
        ("[a]\nh x='1\n", "a quote is not closed"),
        ("[a]\nn[1:\n", "`n[1:` is no host and no range of hosts"),
        ("[a]\nh\n[a:vars]\nx\n", "expected `name=value`, found `x`"),
        ("[a]\nh 1x=2\n", "`1x` is no name for a variable"),
        (
            "[a]\nh x=1\nh x=2\n",
            "the variable `x` of the host `h` has two values",
        ),
        ("[a:children]\nb\n[b:children]\na\n", "is below itself"),
    ] {
        let wrong = load(text).2;
        assert!(wrong.contains(message), "{text}: {wrong}");
        assert!(wrong.starts_with("error"), "{text}: {wrong}");
    }
}
