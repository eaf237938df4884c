//! `authorized_key` adds and removes lines about keys, and leaves the others alone.

use serde_json::{Value, json};

use crate::support::{Case, Entry, dir, file, link, own_gid, own_uid};

const FILE: &str = "/home/ada/.ssh/authorized_keys";
const ONE: &str = "ssh-ed25519 AAAAC3NzOne ada@laptop";
const TWO: &str = "ssh-ed25519 AAAAC3NzTwo ada@desk";

fn ada() -> [Entry; 2] {
    let passwd = format!("ada:x:{}:{}:Ada:/home/ada:/bin/sh\n", own_uid(), own_gid());
    [file("/etc/passwd", passwd), dir("/home/ada")]
}

fn keys(text: &str) -> Entry {
    file(FILE, text).mode(0o600)
}

/// The file of ada's keys, which holds `before`, is to become `after`.
#[track_caller]
fn edits(mut args: Value, before: &str, after: &str) {
    args["user"] = "ada".into();
    let case = Case::new("authorized_key", args)
        .before(ada())
        .before([dir("/home/ada/.ssh").mode(0o700), keys(before)]);
    if before == after {
        case.run();
    } else {
        case.changes([&format!("content of {FILE}")])
            .after([keys(after)])
            .run();
    }
}

#[test]
fn the_file_and_its_directory_are_made() {
    Case::new("authorized_key", json!({"user": "ada", "key": ONE}))
        .before(ada())
        .changes([
            "directory /home/ada/.ssh",
            "file /home/ada/.ssh/authorized_keys",
        ])
        .after([dir("/home/ada/.ssh").mode(0o700), keys(&format!("{ONE}\n"))])
        .run();
}

#[test]
fn a_key_is_there_once_as_it_is_wanted() {
    edits(
        json!({"key": ONE}),
        &format!("# mine\n{ONE}\n"),
        &format!("# mine\n{ONE}\n"),
    );
    edits(
        json!({"key": TWO}),
        &format!("{ONE}\n"),
        &format!("{ONE}\n{TWO}\n"),
    );
    let old = "no-pty ssh-ed25519 AAAAC3NzOne old\n";
    edits(json!({"key": ONE}), old, &format!("{ONE}\n"));
    edits(
        json!({"key": ONE, "key_options": "no-pty", "comment": "old"}),
        &format!("{ONE}\n"),
        old,
    );
}

#[test]
fn others_stay_unless_it_is_exclusive() {
    let both = format!("# mine\n{ONE}\n{TWO}\n");
    edits(
        json!({"key": TWO, "exclusive": true}),
        &both,
        &format!("# mine\n{TWO}\n"),
    );
    edits(
        json!({"key": ONE, "state": "absent"}),
        &both,
        &format!("# mine\n{TWO}\n"),
    );
    edits(json!({"key": "", "exclusive": true}), &both, "# mine\n");
}

#[test]
fn a_link_in_place_of_the_directory_is_refused() {
    let failure = Case::new("authorized_key", json!({"user": "ada", "key": ONE}))
        .before(ada())
        .before([link("/home/ada/.ssh", "/etc")])
        .plan_fails();
    assert!(
        failure.message.contains("a link there is not followed"),
        "{failure:?}"
    );
}

#[test]
fn what_is_no_public_key_is_refused() {
    let cases = [
        ("keys/ada.pub", "expected lines such as"),
        ("https://example.org/ada.keys", "a URL is not fetched"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "private key"),
    ];
    for (key, expected) in cases {
        let failure = Case::new("authorized_key", json!({"user": "ada", "key": key})).plan_fails();
        assert!(failure.message.contains(expected), "{failure:?}");
    }
}
