//! sudo with a password, on this machine, by a program in sudo's place.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

/// What sudo-rs says if it may not ask, and how it asks.
const SUDO: &str = r#"#!/bin/sh
while [ "$1" != -- ]; do
    case "$1" in
        -n) echo "sudo: interactive authentication is required" >&2; exit 1 ;;
        -p) prompt=$(printf %s "$2" | sed 's/%%/%/g') ;;
    esac
    shift
done
shift
printf '[sudo: %s] Password: ' "$prompt" >&2
read -r password
[ "$password" = "open sesame" ] || { echo "Authentication failed" >&2; exit 1; }
exec "$@"
"#;

#[test]
fn sudo_is_told_the_password_whatever_it_says_without_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("bin")).expect("a directory");
    for (name, text) in [
        ("bin/sudo", SUDO),
        ("password", "open sesame\n"),
        (
            "site.yaml",
            "- hosts: all\n  become: true\n  tasks:\n    - command: echo reached\n",
        ),
    ] {
        fs::write(at(name), text).expect("written");
    }
    fs::set_permissions(at("bin/sudo"), fs::Permissions::from_mode(0o755)).expect("a mode");
    let path = std::env::var("PATH").expect("a path");
    let output = Command::new(env!("CARGO_BIN_EXE_provision"))
        .args(["-i", "h,", "-e", "ansible_connection=local", "--no-record"])
        .args(["--become-password-file", "password", "site.yaml"])
        .current_dir(directory.path())
        .env("HOME", directory.path())
        .env_remove("XDG_CACHE_HOME")
        .env("PATH", format!("{}:{path}", at("bin").display()))
        .output()
        .expect("provision runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}
