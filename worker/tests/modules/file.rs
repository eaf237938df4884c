//! `file` makes, removes and adjusts files, directories and links.

use serde_json::json;

use crate::support::{Case, dir, file, link, own_gid, own_uid};

#[test]
fn a_directory_is_made_with_those_above_it() {
    let args = json!({"path": "/etc/a/b", "state": "directory", "mode": "0750"});
    Case::new("file", args)
        .before([dir("/etc")])
        .changes(["directory /etc/a", "directory /etc/a/b"])
        .after([dir("/etc/a").mode(0o750), dir("/etc/a/b").mode(0o750)])
        .run();
}

#[test]
fn a_directory_that_is_there_is_only_adjusted() {
    let ran = Case::new(
        "file",
        json!({"path": "/etc/a", "state": "directory", "mode": "0700"}),
    )
    .before([file("/etc/a/x", "kept")])
    .changes(["mode of /etc/a"])
    .after([dir("/etc/a").mode(0o700)])
    .run();
    assert_eq!(ran.diffs[0].before.as_deref(), Some("0755"));
    assert_eq!(ran.diffs[0].after.as_deref(), Some("0700"));
}

#[test]
fn a_directory_behind_a_link_is_a_directory() {
    Case::new("file", json!({"path": "/lib", "state": "directory"}))
        .before([dir("/usr/lib"), link("/lib", "usr/lib")])
        .run();
}

#[test]
fn recurse_adjusts_all_but_links() {
    let args = json!({"path": "/srv", "recurse": true, "mode": "u=rwX,go=rX"});
    Case::new("file", args)
        .before([
            dir("/srv/in").mode(0o700),
            file("/srv/in/data", "").mode(0o600),
            file("/srv/in/tool", "").mode(0o700),
            link("/srv/out", "/nowhere"),
        ])
        .changes([
            "mode of /srv/in",
            "mode of /srv/in/data",
            "mode of /srv/in/tool",
        ])
        .after([
            dir("/srv/in").mode(0o755),
            file("/srv/in/data", "").mode(0o644),
            file("/srv/in/tool", "").mode(0o755),
        ])
        .run();
}

#[test]
fn owner_and_group_may_be_numbers() {
    let args = json!({
        "path": "/etc/x",
        "owner": own_uid().to_string(),
        "group": own_gid().to_string(),
    });
    Case::new("file", args).before([file("/etc/x", "")]).run();
}

#[test]
fn a_file_is_given_away_by_name_and_keeps_its_set_user_id_bit() {
    if own_uid() != 0 {
        // Nobody else can give a file away.
        return;
    }
    let args = json!({"path": "/bin/x", "owner": "ops", "group": "ops", "mode": "4755"});
    let ran = Case::new("file", args)
        .before([
            file(
                "/etc/passwd",
                "root:x:0:0::/root:/bin/sh\nops:x:1000:1001::/:/bin/sh\n",
            ),
            file("/etc/group", "root:x:0:\nops:x:1001:\n"),
            file("/bin/x", "").mode(0o4755).owner(0, 0),
        ])
        .changes(["owner of /bin/x", "group of /bin/x"])
        .after([file("/bin/x", "").mode(0o4755).owner(1000, 1001)])
        .run();
    assert_eq!(ran.diffs[0].before.as_deref(), Some("root"));
    assert_eq!(ran.diffs[0].after.as_deref(), Some("ops"));
}

#[test]
fn an_unknown_owner_is_an_error() {
    let failure = Case::new("file", json!({"path": "/etc/x", "owner": "nobody-knows"}))
        .before([file("/etc/x", "")])
        .plan_fails();
    assert_eq!(failure.message, "there is no user `nobody-knows`");
}

#[test]
fn touch_makes_an_empty_file_and_leaves_one_that_is_there() {
    let touch = || {
        Case::new(
            "file",
            json!({"path": "/etc/x", "state": "touch", "mode": "0600"}),
        )
    };
    touch()
        .before([dir("/etc")])
        .changes(["file /etc/x"])
        .after([file("/etc/x", "").mode(0o600)])
        .run();
    touch().before([file("/etc/x", "text").mode(0o600)]).run();
}

#[test]
fn a_link_is_made_and_turned_to_its_target() {
    let args = || json!({"src": "../opt/v2", "dest": "/bin/tool", "state": "link"});
    Case::new("file", args())
        .before([file("/opt/v2", ""), dir("/bin")])
        .changes(["link /bin/tool"])
        .after([link("/bin/tool", "../opt/v2")])
        .run();
    let ran = Case::new("file", args())
        .before([file("/opt/v2", ""), link("/bin/tool", "../opt/v1")])
        .changes(["link /bin/tool"])
        .after([link("/bin/tool", "../opt/v2")])
        .run();
    assert_eq!(ran.diffs[0].before.as_deref(), Some("../opt/v1"));
}

#[test]
fn a_link_takes_the_place_of_a_file_only_by_force() {
    let case = |force: bool| {
        let args = json!({"src": "/opt/x", "path": "/bin/x", "state": "link", "force": force});
        Case::new("file", args).before([file("/bin/x", "precious")])
    };
    let failure = case(false).plan_fails();
    assert_eq!(
        failure.message,
        "`/bin/x` is a file: `force: true` replaces it by a link"
    );
    case(true)
        .changes(["link /bin/x"])
        .after([link("/bin/x", "/opt/x")])
        .run();
}

#[test]
fn a_hard_link_shares_the_file() {
    let args = json!({"src": "/opt/x", "path": "/bin/x", "state": "hard"});
    Case::new("file", args)
        .before([file("/opt/x", "same"), dir("/bin")])
        .changes(["hard link /bin/x"])
        .after([file("/bin/x", "same")])
        .run();
}

#[test]
fn absent_removes_whatever_is_there() {
    let absent = |path: &str| Case::new("file", json!({"path": path, "state": "absent"}));
    absent("/etc/nothing").run();
    absent("/etc/d")
        .before([
            file("/etc/d/deep/x", ""),
            link("/etc/d/l", "/opt"),
            file("/opt/kept", ""),
        ])
        .changes(["removal of /etc/d"])
        .gone(["/etc/d"])
        .run();
    absent("/etc/l")
        .before([file("/opt/kept", ""), link("/etc/l", "/opt")])
        .changes(["removal of /etc/l"])
        .gone(["/etc/l"])
        .run();
    let ran = absent("/etc/x")
        .before([file("/etc/x", "old\n")])
        .changes(["removal of /etc/x"])
        .gone(["/etc/x"])
        .run();
    assert_eq!(ran.diffs[0].before.as_deref(), Some("old\n"));
    assert_eq!(ran.diffs[0].after, None);
}

#[test]
fn what_is_missing_or_in_the_way_is_an_error() {
    let message = |args| {
        Case::new("file", args)
            .before([file("/etc/x", ""), dir("/etc/d")])
            .plan_fails()
            .message
    };
    assert_eq!(
        message(json!({"path": "/etc/y", "state": "file"})),
        "`/etc/y` does not exist: `state: touch` makes an empty file, `state: directory` a directory"
    );
    assert_eq!(
        message(json!({"path": "/etc/x/y", "state": "directory"})),
        "`/etc/x` is to be a directory but is a file: remove it first, with `state: absent`"
    );
    assert_eq!(
        message(json!({"path": "/srv/y", "state": "touch"})),
        "the directory `/srv` does not exist: make it first, with `file: {path: /srv, state: directory}`"
    );
    assert_eq!(
        message(json!({"path": "/etc/d", "state": "link", "src": "/opt", "force": true})),
        "`/etc/d` is to be a link but is a directory: remove it first, with `state: absent`"
    );
    assert_eq!(
        message(json!({"path": "/", "state": "absent"})),
        "argument `path`: the root directory is not removed"
    );
}
