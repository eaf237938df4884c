//! What programs answer, and what is said of those that do not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::call;
use crate::inventory::{HostName, Inventory};
use crate::source::{Diagnostics, SourceMap, render};

fn program(script: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("hosts.sh");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    (directory, path)
}

fn load(script: &str) -> (Inventory, String) {
    let (directory, path) = program(script);
    let (mut map, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let inventory = Inventory::load(&path, &mut map, &mut diagnostics);
    let wrong: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| render(diagnostic, &map, false))
        .collect();
    let directory = format!("{}/", directory.path().display());
    (inventory, wrong.join("\n").replace(&directory, ""))
}

fn var(inventory: &Inventory, host: &str, name: &str) -> Option<String> {
    let host = HostName::new(host).expect("a name");
    let layers = inventory.layers_for(&host);
    let mut layers = layers.iter().rev();
    let node = layers.find_map(|layer| layer.entries.get(name))?;
    Some(crate::value::to_json(&node.to_value()).to_string())
}

#[test]
fn groups_and_the_variables_of_all_hosts_come_in_one_answer() {
    let (inventory, wrong) = load(
        r#"[ "$1" = --list ] || exit 1
echo '{"web": {"hosts": ["a", "b"], "vars": {"x": 1, "t": "{{ x }}"}, "children": ["eu"]}, "eu": ["c"],
"_meta": {"hostvars": {"a": {"y": [1, "\u00e9\ud83d\ude00"]}}}}'"#,
    );
    assert_eq!(wrong, "");
    let hosts = inventory.hosts_in("web");
    let hosts: Vec<_> = hosts.iter().map(|host| host.as_str()).collect();
    assert_eq!(hosts, ["a", "b", "c"]);
    assert_eq!(var(&inventory, "a", "y").as_deref(), Some("[1,\"é😀\"]"));
    assert_eq!(var(&inventory, "c", "x").as_deref(), Some("1"));
    assert_eq!(var(&inventory, "c", "y"), None);
}

#[test]
fn without_meta_each_host_is_asked_for() {
    let (inventory, wrong) = load(
        r#"if [ "$1" = --list ]; then echo '{"web": ["a", "b"]}'; else echo "{\"me\": \"$2\"}"; fi"#,
    );
    assert_eq!(wrong, "");
    assert_eq!(var(&inventory, "b", "me").as_deref(), Some("\"b\""));
}

#[test]
fn a_program_that_fails_is_quoted() {
    for (script, words) in [
        (
            "echo no cloud >&2; exit 3",
            "error: `hosts.sh --list` failed (exit status: 3)",
        ),
        ("echo no cloud >&2; exit 3", "no cloud"),
        (
            "echo Hello",
            "`hosts.sh --list` does not answer with JSON: expected value at line 1 column 1",
        ),
        ("echo Hello", "it prints `Hello`"),
        (
            "echo '[]'",
            "`hosts.sh --list` must answer with a JSON object",
        ),
        (
            "echo '{\"web\": 1}'",
            "the group `web` must be a list of hosts or a mapping, found the number `1`",
        ),
        ("echo '{\"web\": {\"host\": []}}'", "did you mean `hosts`?"),
        (
            "echo '{\"web\": [1]}'",
            "`hosts` holds the number `1`, a name was expected",
        ),
        (
            "echo '{\"web\": {\"children\": \"a\"}}'",
            "`children` must be a list of names",
        ),
        (
            "echo '{\"_meta\": {\"hostvars\": {\"z\": {}}}}'",
            "`_meta` has variables of `z`, which is in no group",
        ),
    ] {
        let wrong = load(script).1;
        assert!(wrong.contains(words), "{script}: {wrong}");
    }
}

#[test]
fn a_program_that_hangs_is_ended_with_what_it_has_started() {
    let (_directory, path) = program("sleep 60 & sleep 60");
    let began = Instant::now();
    let error = call(
        &path,
        &["--list"],
        Duration::from_millis(300),
        "hosts.sh --list",
    );
    let error = error.expect_err("it hangs");
    assert_eq!(
        error.message,
        "`hosts.sh --list` has not ended after 0 seconds"
    );
    assert!(began.elapsed() < Duration::from_secs(20));
}
