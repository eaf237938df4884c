//! What is wrong with the input is said, with its place, before any host is connected to.

use std::fs;
use std::path::Path;

use crate::common::run::Run;
use crate::lab::{Lab, accepted_connections, yaml};

/// Runs a playbook that must be refused, and returns what is said about it.
fn refused(lab: &Lab, path: &Path) -> String {
    let connections = || lab.hosts.each_ref().map(|host| accepted_connections(host));
    let before = connections();
    let run: Run = lab.provision(&[path.to_str().expect("UTF-8")]);
    run.assert_code(4);
    assert_eq!(connections(), before, "a host was connected to");
    assert_eq!(run.stdout, "");
    run.stderr
}

/// Checks that a message says what is wrong, and where: line, column, and a caret below the source line.
fn assert_says(said: &str, what: &str, place: &str, line: &str, caret: &str) {
    for part in [what, place, line, caret, "nothing was connected to"] {
        assert!(said.contains(part), "it does not say `{part}`:\n{said}");
    }
}

#[test]
fn a_wrong_key_in_a_play_is_refused() {
    let lab = Lab::take();
    let book = yaml("- hosts: all\n  takss: []\n");
    let said = refused(&lab, book.path());
    assert_says(&said, "`takss`", ".yaml:2:3", "  takss: []", "  ^^^^^");
    assert!(said.contains("`tasks`"), "no suggestion:\n{said}");
}

#[test]
fn an_unknown_argument_of_a_module_is_refused() {
    let lab = Lab::take();
    let book = yaml("- hosts: all\n  tasks:\n    - file: {path: /tmp/x, stat: absent}\n");
    let said = refused(&lab, book.path());
    assert_says(
        &said,
        "`stat`",
        ".yaml:3:28",
        "{path: /tmp/x, stat: absent}",
        " ^^^^ ",
    );
    assert!(said.contains("`state`"), "no suggestion:\n{said}");
}

#[test]
fn an_undefined_variable_is_refused() {
    let lab = Lab::take();
    let book = yaml("- hosts: all\n  tasks:\n    - debug: {msg: 'at {{ nowhere }}'}\n");
    let said = refused(&lab, book.path());
    assert_says(
        &said,
        "`nowhere`",
        ".yaml:3:27",
        "at {{ nowhere }}",
        " ^^^^^^^ ",
    );
}

#[test]
fn a_bad_template_is_refused() {
    let lab = Lab::take();
    let role = tempfile::tempdir().expect("a temporary directory");
    let tasks = "- name: write it\n  template: {src: bad.tera, dest: /tmp/x}\n";
    for (name, text) in [
        ("roles/r/tasks/main.yaml", tasks),
        (
            "roles/r/templates/bad.tera",
            "one\n{% if true %}two\n{{ three | }}\n",
        ),
        ("play.yaml", "- {hosts: all, roles: [r]}\n"),
    ] {
        let path = role.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    let said = refused(&lab, &role.path().join("play.yaml"));
    assert_says(
        &said,
        "error",
        "templates/bad.tera:3:",
        "{{ three | }}",
        "^",
    );
}
