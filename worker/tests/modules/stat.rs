//! `stat` tells what is there and changes nothing.

use serde_json::json;

use crate::support::{Case, dir, file, link};

#[test]
fn a_missing_file_does_not_exist() {
    let ran = Case::new("stat", json!({"path": "/etc/nothing"})).run();
    assert_eq!(ran.applied["stat"], json!({"exists": false}));
}

#[test]
fn a_file_is_described() {
    let ran = Case::new("stat", json!({"path": "/etc/motd"}))
        .before([file("/etc/motd", "hello").mode(0o640)])
        .run();
    let stat = &ran.applied["stat"];
    assert_eq!(stat["mode"], "0640");
    assert_eq!(stat["size"], 5);
    assert_eq!(
        stat["checksum"],
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    );
}

#[test]
fn a_link_is_followed_only_on_request() {
    let look = |follow: bool| {
        Case::new("stat", json!({"path": "/opt/current", "follow": follow}))
            .before([dir("/opt/v1"), link("/opt/current", "/opt/v1")])
            .run()
            .applied["stat"]
            .clone()
    };
    assert_eq!(look(false)["lnk_source"], "/opt/v1");
    assert_eq!(look(false)["islnk"], true);
    assert_eq!(look(true)["isdir"], true);
}
