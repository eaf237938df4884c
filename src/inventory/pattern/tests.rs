//! Which hosts a pattern picks, and the words for patterns that pick none.

use super::HostPattern;
use crate::inventory::{HostName, Inventory};
use crate::source::{Diagnostics, SourceMap, Span, render};

const INVENTORY: &str = "\
all:
  hosts: {lone: }
  children:
    web: {hosts: {web2: , web1: , web3: }}
    db: {hosts: {'db[1:2]': }}
    eu: {hosts: {web1: , db1: }}
    site: {children: {db: , web: }}
    nobody:
";

fn inventory() -> Inventory {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("inventory.yaml");
    std::fs::write(&path, INVENTORY).expect("written");
    let mut diagnostics = Diagnostics::new();
    let inventory = Inventory::load(&path, &mut SourceMap::new(), &mut diagnostics);
    assert_eq!(diagnostics, Diagnostics::new());
    inventory
}

fn picked(pattern: &str) -> String {
    let pattern = HostPattern::parse(pattern, None).expect(pattern);
    let hosts = pattern.resolve(&inventory()).expect("known names");
    hosts
        .iter()
        .map(HostName::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

fn refused(pattern: &str) -> String {
    let mut map = SourceMap::new();
    let text = format!("hosts: {pattern}");
    let span = Span::new(map.add("site.yaml", text.clone()), 7..text.len());
    let parsed = HostPattern::parse(pattern, span);
    let error = parsed
        .and_then(|pattern| pattern.resolve(&inventory()))
        .expect_err(pattern);
    render(&error, &map, false)
}

#[test]
fn patterns_pick_hosts_in_order() {
    for (pattern, hosts) in [
        ("all", "lone web2 web1 web3 db1 db2"),
        ("*", "lone web2 web1 web3 db1 db2"),
        ("ungrouped", "lone"),
        ("web", "web2 web1 web3"),
        ("db1", "db1"),
        ("site", "db1 db2 web2 web1 web3"),
        ("db:web", "db1 db2 web2 web1 web3"),
        ("web1, web , db2", "web1 web2 web3 db2"),
        ("web:&eu", "web1"),
        ("!web2:web", "web1 web3"),
        ("web:!eu", "web2 web3"),
        ("!web", "lone db1 db2"),
        ("&eu", "web1 db1"),
        ("web*", "web2 web1 web3"),
        ("?b1", "db1"),
        ("all:!*1", "lone web2 web3 db2"),
        ("~(web|db)[12]$", "web2 web1 db1 db2"),
        ("all:!~web\\d{1,2}", "lone db1 db2"),
        ("web[0]", "web2"),
        ("web[-1]", "web3"),
        ("web[1:2]", "web1 web3"),
        ("web[1:]", "web1 web3"),
        ("web[2:18446744073709551615]", "web3"),
        ("all:!web[0]", "lone web1 web3 db1 db2"),
        ("nobody", ""),
        ("nobody[0]", ""),
        ("app*", ""),
    ] {
        assert_eq!(picked(pattern), hosts, "{pattern}");
    }
}

#[test]
fn a_list_of_patterns_is_one_pattern() {
    let parts = ["!web3", "web", "db1"].map(|part| HostPattern::parse(part, None).expect(part));
    let hosts = HostPattern::join(parts)
        .resolve(&inventory())
        .expect("known names");
    assert_eq!(
        hosts.iter().map(HostName::as_str).collect::<Vec<_>>(),
        ["web2", "web1", "db1"]
    );
}

#[test]
fn an_unknown_name_is_pointed_at() {
    assert_eq!(
        refused("db:!wbe"),
        "\
error: the inventory has no group and no host `wbe`
 --> site.yaml:1:11
  |
1 | hosts: db:!wbe
  |           ^^^^ unknown
  |
  = help: did you mean `web`?"
    );
    assert!(
        refused("kube-master")
            .ends_with("help: Kubespray calls this group `kube_control_plane` now")
    );
    assert!(refused("localhost").ends_with("`localhost: {ansible_connection: local}`"));
}

#[test]
fn a_position_without_a_host_is_an_error() {
    assert_eq!(
        refused("web[3]"),
        "\
error: `web[3]` picks a host that is not there
 --> site.yaml:1:8
  |
1 | hosts: web[3]
  |        ^^^^^^ there are fewer hosts to pick from
  |
  = note: positions are 0 to 2, or -1 to -3 from the end"
    );
    assert!(refused("web[-4]").contains("not there"));
}

#[test]
fn what_is_no_pattern_is_an_error() {
    for (pattern, reason) in [
        (
            "web[x]",
            "expected a position such as `[0]`, `[-1]` or `[1:3]`",
        ),
        (
            "web[2:1]",
            "expected a position such as `[0]`, `[-1]` or `[1:3]`",
        ),
        ("web db", "` ` has no meaning here"),
        ("web:!", "expected the name of a group or a host"),
        ("~we(b", "is no host pattern"),
        (" : ", "the host pattern is empty"),
    ] {
        assert!(refused(pattern).contains(reason), "{}", refused(pattern));
    }
}
