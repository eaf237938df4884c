//! `user` and `group` change what differs, and a password appears nowhere.

use serde_json::json;

use crate::support::{Case, Entry, Scripted, exits, file, says};

const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\netcd:x:200:200:etcd:/var/lib/etcd:/bin/sh\n";
const GROUP: &str = "root:x:0:\netcd:x:200:\ndocker:x:300:etcd\nadm:x:4:\nwheel:x:10:etcd\n";

fn accounts() -> [Entry; 3] {
    [
        file("/etc/passwd", PASSWD),
        file("/etc/group", GROUP),
        file("/etc/shadow", "root:*:1::::::\netcd:$6$old:1::::::\n").mode(0o640),
    ]
}

/// The user database after the user `etcd` has been changed.
fn passwd(etcd: &str) -> Entry {
    file(
        "/etc/passwd",
        format!("root:x:0:0:root:/root:/bin/bash\n{etcd}"),
    )
}

#[test]
fn a_missing_user_is_made_with_everything_asked_for() {
    let line = "kube:x:998:0:The kubelet:/var/lib/kube:/usr/sbin/nologin\n";
    let args = json!({
        "name": "kube", "system": true, "uid": 998, "group": "root", "groups": ["adm", "docker"],
        "comment": "The kubelet", "home": "/var/lib/kube", "create_home": false,
        "shell": "/usr/sbin/nologin",
    });
    let groups = GROUP
        .replace("300:etcd", "300:etcd,kube")
        .replace("4:", "4:kube");
    let made = groups.clone();
    let programs = Scripted::new().writes("useradd", move |root| {
        root.write("/etc/passwd", &format!("{PASSWD}{line}"));
        root.write("/etc/group", &made);
        says("")
    });
    let ran = Case::new("user", args)
        .before(accounts())
        .programs(programs)
        .changes(["user kube"])
        .after([
            file("/etc/passwd", format!("{PASSWD}{line}")),
            file("/etc/group", groups),
        ])
        .run();
    assert_eq!(
        ran.command_lines(),
        [
            "useradd --system --no-create-home --uid 998 --gid root --groups adm,docker --home-dir \
          /var/lib/kube --shell /usr/sbin/nologin --comment The kubelet kube"
        ]
    );
    assert_eq!(ran.diffs[0].before, None);
}

#[test]
fn only_what_differs_is_changed() {
    let args = json!({
        "name": "etcd", "uid": 200, "group": "etcd", "shell": "/usr/sbin/nologin",
        "home": "/var/lib/etcd", "comment": "key value store",
    });
    let programs = Scripted::new()
        .writes("usermod --shell /usr/sbin/nologin etcd", |_| says(""))
        .writes("usermod --comment", |root| {
            let line = "etcd:x:200:200:key value store:/var/lib/etcd:/usr/sbin/nologin\n";
            root.write(
                "/etc/passwd",
                &PASSWD.replace("etcd:x:200:200:etcd:/var/lib/etcd:/bin/sh\n", line),
            );
            says("")
        });
    let ran = Case::new("user", args)
        .before(accounts())
        .programs(programs)
        .changes(["user etcd: shell", "user etcd: comment"])
        .after([passwd(
            "etcd:x:200:200:key value store:/var/lib/etcd:/usr/sbin/nologin\n",
        )])
        .run();
    assert_eq!(ran.diffs[0].before.as_deref(), Some("/bin/sh"));
    assert_eq!(ran.diffs[0].after.as_deref(), Some("/usr/sbin/nologin"));
    assert_eq!(ran.applied["uid"], 200);
}

#[test]
fn supplementary_groups_are_exact_unless_appended() {
    let grouped = |groups: &str| GROUP.replace("docker:x:300:etcd", groups);
    let exact = grouped("docker:x:300:")
        .replace("4:", "4:etcd")
        .replace("10:etcd", "10:");
    let text = exact.clone();
    let programs = Scripted::new().writes("usermod --groups adm etcd", move |root| {
        root.write("/etc/group", &text);
        says("")
    });
    Case::new("user", json!({"name": "etcd", "groups": ["adm"]}))
        .before(accounts())
        .programs(programs)
        .changes(["user etcd: groups"])
        .after([file("/etc/group", exact)])
        .run();

    let appended = GROUP.replace("4:", "4:etcd");
    let text = appended.clone();
    let programs = Scripted::new().writes("usermod --groups adm,docker,wheel etcd", move |root| {
        root.write("/etc/group", &text);
        says("")
    });
    Case::new(
        "user",
        json!({"name": "etcd", "groups": ["adm"], "append": true}),
    )
    .before(accounts())
    .programs(programs)
    .changes(["user etcd: groups"])
    .after([file("/etc/group", appended)])
    .run();
}

#[test]
fn the_primary_group_is_no_supplementary_one() {
    Case::new(
        "user",
        json!({"name": "etcd", "groups": ["etcd", "docker", "wheel"]}),
    )
    .before(accounts())
    .run();
}

#[test]
fn a_password_goes_to_standard_input_only() {
    let programs = Scripted::new().writes_with("chpasswd --encrypted", |root, program| {
        assert_eq!(program.stdin, b"etcd:$6$new\n");
        root.write("/etc/shadow", "etcd:$6$new:2::::::\n");
        says("")
    });
    let ran = Case::new("user", json!({"name": "etcd", "password": "$6$new"}))
        .before(accounts())
        .programs(programs)
        .changes(["user etcd: password"])
        .after([file("/etc/shadow", "etcd:$6$new:2::::::\n").mode(0o644)])
        .run();
    let shown = format!(
        "{:?} {:?} {:?}",
        ran.diffs,
        ran.applied,
        ran.command_lines()
    );
    assert!(!shown.contains("$6$"), "{shown}");
}

#[test]
fn a_password_that_could_not_be_set_is_not_told() {
    let failure = Case::new("user", json!({"name": "etcd", "password": "$6$new"}))
        .before(accounts())
        .programs(Scripted::new().writes("chpasswd", |_| exits(1, "line 1: etcd:$6$new: bad")))
        .apply_fails();
    assert!(!format!("{failure:?}").contains("$6$new"), "{failure:?}");
}

#[test]
fn a_password_may_be_for_new_users_only() {
    let args = json!({"name": "etcd", "password": "$6$new", "update_password": "on_create"});
    Case::new("user", args).before(accounts()).run();
}

#[test]
fn a_user_is_removed_with_its_home() {
    let programs = Scripted::new().writes("userdel --remove etcd", |root| {
        root.write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
        says("")
    });
    Case::new(
        "user",
        json!({"name": "etcd", "state": "absent", "remove": true}),
    )
    .before(accounts())
    .programs(programs)
    .changes(["user etcd"])
    .after([passwd("")])
    .run();
    Case::new("user", json!({"name": "nobody", "state": "absent"}))
        .before(accounts())
        .run();
}

#[test]
fn other_services_are_asked_for_accounts_where_there_are_any() {
    for (services, are_asked) in [
        ("group: files\n", false),
        ("# group: ldap\npasswd: files ldap\n", false),
        ("group:\tfiles systemd # since 1970\n", true),
        ("group: sss\n", true),
        ("group: compat\n", true),
    ] {
        let others = [
            file("/etc/nsswitch.conf", services),
            file("/usr/bin/getent", ""),
        ];
        let case = Case::new("group", json!({"name": "staff", "gid": 50}))
            .before(accounts().into_iter().chain(others));
        let programs = Scripted::new();
        if are_asked {
            case.programs(programs.reads("getent group staff", |_| says("staff:x:50:\n")))
                .run();
        } else {
            let programs = programs.writes("groupadd --gid 50 staff", |root| {
                root.write("/etc/group", &format!("{GROUP}staff:x:50:\n"));
                says("")
            });
            case.programs(programs)
                .changes(["group staff"])
                .after([file("/etc/group", format!("{GROUP}staff:x:50:\n"))])
                .run();
        }
    }
}

#[test]
fn the_services_of_the_distribution_count_where_the_administrator_names_none() {
    let others = [
        file("/usr/etc/nsswitch.conf", "group: files sss\n"),
        file("/usr/bin/getent", ""),
    ];
    Case::new("group", json!({"name": "staff", "gid": 50}))
        .before(accounts().into_iter().chain(others))
        .programs(Scripted::new().reads("getent group staff", |_| says("staff:x:50:\n")))
        .run();
}

#[test]
fn names_that_would_be_options_are_refused() {
    for name in ["-r", "", "a:b", "a b", "../x"] {
        for module in ["user", "group"] {
            let failure = Case::new(module, json!({ "name": name })).plan_fails();
            assert!(failure.message.contains("expected the name"), "{failure:?}");
        }
    }
}

#[test]
fn a_group_is_made() {
    let programs = Scripted::new().writes("groupadd --system --gid 301 kube", |root| {
        root.write("/etc/group", &format!("{GROUP}kube:x:301:\n"));
        says("")
    });
    Case::new("group", json!({"name": "kube", "gid": 301, "system": true}))
        .before(accounts())
        .programs(programs)
        .changes(["group kube"])
        .after([file("/etc/group", format!("{GROUP}kube:x:301:\n"))])
        .run();
}

#[test]
fn a_groups_id_is_changed() {
    let programs = Scripted::new().writes("groupmod --gid 301 docker", |root| {
        root.write("/etc/group", &GROUP.replace("300", "301"));
        says("")
    });
    let ran = Case::new("group", json!({"name": "docker", "gid": 301}))
        .before(accounts())
        .programs(programs)
        .changes(["group docker: gid"])
        .after([file("/etc/group", GROUP.replace("300", "301"))])
        .run();
    assert_eq!(ran.diffs[0].before.as_deref(), Some("300"));
}

#[test]
fn a_group_is_removed() {
    let programs = Scripted::new().writes("groupdel adm", |root| {
        root.write("/etc/group", &GROUP.replace("adm:x:4:\n", ""));
        says("")
    });
    Case::new("group", json!({"name": "adm", "state": "absent"}))
        .before(accounts())
        .programs(programs)
        .changes(["group adm"])
        .after([file("/etc/group", GROUP.replace("adm:x:4:\n", ""))])
        .run();
}

#[test]
fn the_end_of_an_account_and_the_lock_of_its_password_are_set() {
    let shadow = |etcd: &str| file("/etc/shadow", format!("root:*:1::::::\n{etcd}\n")).mode(0o644);
    let args = json!({
        "name": "etcd", "expires": 86400 * 20_000, "password_expire_max": 90, "password_lock": true,
        "password": "$6$old",
    });
    let programs = Scripted::new()
        .writes("chage --maxdays 90 etcd", |_| says(""))
        .writes("chage --expiredate 20000 etcd", |_| says(""))
        .writes("usermod --lock etcd", |root| {
            root.write(
                "/etc/shadow",
                "root:*:1::::::\netcd:!$6$old:1::90:::20000:\n",
            );
            says("")
        });
    Case::new("user", args)
        .before(accounts())
        .programs(programs)
        .changes([
            "user etcd: greatest age of the password",
            "user etcd: end",
            "user etcd: lock of the password",
        ])
        .after([shadow("etcd:!$6$old:1::90:::20000:")])
        .run();
}

#[test]
fn an_account_that_never_ends_is_left_alone() {
    let args =
        json!({"name": "etcd", "expires": -1, "password_expire_max": -1, "password_lock": false});
    Case::new("user", args).before(accounts()).run();
}

#[test]
fn groups_may_be_separated_by_commas() {
    let args = json!({"name": "etcd", "groups": "docker,wheel"});
    Case::new("user", args).before(accounts()).run();
}
