//! `copy` and `template` put a file in its place; they share all but their arguments.

use provision_worker::host::hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};

use crate::support::{Case, Known, Scripted, dir, exits, file, known, link, says};

#[test]
fn a_new_file_is_written_with_its_mode() {
    let motd = known("motd", "hello\n");
    let args = json!({"src": motd.value(), "dest": "/etc/motd", "mode": "0600"});
    let ran = Case::new("copy", args)
        .before([dir("/etc")])
        .content(&motd)
        .changes(["file /etc/motd"])
        .after([file("/etc/motd", "hello\n").mode(0o600)])
        .run();
    assert_eq!(ran.applied["dest"], "/etc/motd");
    assert_eq!(ran.diffs[0].before, None);
    assert_eq!(ran.diffs[0].after.as_deref(), Some("hello\n"));
}

#[test]
fn a_template_is_a_file_by_then() {
    let conf = known("x.conf.tera", "rendered");
    Case::new(
        "template",
        json!({"src": conf.value(), "dest": "/etc/x.conf"}),
    )
    .before([file("/etc/x.conf", "old").mode(0o640)])
    .content(&conf)
    .changes(["content of /etc/x.conf"])
    .after([file("/etc/x.conf", "rendered").mode(0o640)])
    .run();
}

#[test]
fn content_that_is_there_is_not_sent() {
    let motd = known("motd", "hello\n");
    let ran = Case::new("copy", json!({"src": motd.value(), "dest": "/etc/motd"}))
        .before([file("/etc/motd", "hello\n")])
        .run();
    assert_eq!(ran.fetches, 0);
}

#[test]
fn large_content_is_sent_only_to_be_written() {
    let large = known("large", vec![b'x'; 100_000]);
    let ran = Case::new("copy", json!({"src": large.value(), "dest": "/opt/large"}))
        .before([dir("/opt")])
        .content(&large)
        .changes(["file /opt/large"])
        .after([file("/opt/large", vec![b'x'; 100_000])])
        .run();
    assert_eq!(ran.fetches, 1);
    assert_eq!(ran.diffs[0].after, None);
}

#[test]
fn content_and_mode_are_two_changes() {
    let args = json!({"content": "new", "dest": "/etc/x", "mode": "0600"});
    let ran = Case::new("copy", args)
        .before([file("/etc/x", "old")])
        .changes(["content of /etc/x", "mode of /etc/x"])
        .after([file("/etc/x", "new").mode(0o600)])
        .run();
    assert_eq!(ran.diffs[0].before.as_deref(), Some("old"));
    assert_eq!(ran.diffs[1].after.as_deref(), Some("0600"));
}

#[test]
fn binary_content_is_not_shown() {
    let binary = known("tool", b"\x7fELF\0".to_vec());
    let ran = Case::new("copy", json!({"src": binary.value(), "dest": "/bin/tool"}))
        .before([file("/bin/tool", "text")])
        .content(&binary)
        .changes(["content of /bin/tool"])
        .after([file("/bin/tool", b"\x7fELF\0")])
        .run();
    assert_eq!((&ran.diffs[0].before, &ran.diffs[0].after), (&None, &None));
}

#[test]
fn a_directory_takes_the_file_under_its_own_name() {
    let motd = known("motd", "hello");
    Case::new("copy", json!({"src": motd.value(), "dest": "/etc/"}))
        .before([dir("/etc")])
        .content(&motd)
        .changes(["file /etc/motd"])
        .after([file("/etc/motd", "hello")])
        .run();
}

#[test]
fn a_link_is_replaced_and_its_target_left_alone() {
    Case::new("copy", json!({"content": "new", "dest": "/etc/x"}))
        .before([file("/opt/x", "kept"), link("/etc/x", "/opt/x")])
        .changes(["file /etc/x"])
        .after([file("/etc/x", "new")])
        .run();
}

#[test]
fn a_file_of_the_host_is_copied_by_remote_src() {
    let args = json!({"src": "/opt/a", "dest": "/opt/b", "remote_src": true});
    let ran = Case::new("copy", args)
        .before([file("/opt/a", "text"), file("/opt/b", "old")])
        .changes(["content of /opt/b"])
        .after([file("/opt/b", "text")])
        .run();
    assert_eq!(ran.diffs[0].after.as_deref(), Some("text"));
}

#[test]
fn a_backup_keeps_the_old_file_as_it_was() {
    let args = json!({"content": "new", "dest": "/etc/x", "mode": "0644", "backup": true});
    let kept = "/etc/x.01d09d19c213~";
    let ran = Case::new("copy", args)
        .before([file("/etc/x", "old\n").mode(0o640)])
        .changes(["backup of /etc/x", "content of /etc/x", "mode of /etc/x"])
        .after([
            file("/etc/x", "new").mode(0o644),
            file(kept, "old\n").mode(0o640),
        ])
        .run();
    assert_eq!(ran.applied["backup_file"], kept);
}

#[test]
fn without_force_a_file_that_is_there_stays() {
    let args = || json!({"content": "new", "dest": "/etc/x", "force": false});
    Case::new("copy", args())
        .before([file("/etc/x", "old")])
        .run();
    Case::new("copy", args())
        .before([dir("/etc")])
        .changes(["file /etc/x"])
        .after([file("/etc/x", "new")])
        .run();
}

#[test]
fn a_file_is_written_only_if_the_validating_command_accepts_it() {
    let case = |rc: i32| {
        let args = json!({"content": "new", "dest": "/etc/sudoers", "validate": "visudo -cf %s"});
        let programs = Scripted::new().writes("visudo -cf", move |_| match rc {
            0 => says("parsed OK"),
            rc => exits(rc, "syntax error"),
        });
        Case::new("copy", args)
            .before([file("/etc/sudoers", "old").mode(0o440)])
            .programs(programs)
    };
    let ran = case(0)
        .changes(["content of /etc/sudoers"])
        .after([file("/etc/sudoers", "new")])
        .run();
    assert_eq!(ran.programs.len(), 1);
    assert!(ran.command_lines()[0].contains("/etc/.sudoers.provision-"));
    let failure = case(1).apply_fails();
    assert_eq!(failure.message, "`visudo` exited with 1: syntax error");
}

#[test]
fn what_cannot_be_written_is_an_error_of_the_plan() {
    let message = |args| {
        Case::new("copy", args)
            .before([dir("/etc/d")])
            .plan_fails()
            .message
    };
    assert_eq!(
        message(json!({"content": "x", "dest": "/srv/x"})),
        "the directory `/srv` does not exist: make it first, with `file: {path: /srv, state: directory}`"
    );
    assert_eq!(
        message(json!({"content": "x", "dest": "/etc/d"})),
        "`/etc/d` is a directory: `dest` must name the file in it"
    );
    assert_eq!(
        message(json!({"src": "/opt/a", "dest": "/etc/x", "remote_src": true})),
        "there is no file `/opt/a`"
    );
    assert_eq!(
        message(json!({"dest": "/etc/x"})),
        "either `src` or `content` is required"
    );
    assert_eq!(
        message(json!({"src": "a", "dest": "/etc/x", "remote_src": true})),
        "argument `src`: with `remote_src` it must be an absolute path of the host, found \"a\""
    );
    assert_eq!(
        message(json!({"content": "a", "dest": "/etc/x", "validate": "true"})),
        "argument `validate`: `%s` must stand for the file to check"
    );
}

/// The digests of `hello\n`.
const SHA256: &str = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
const SHA512: &str = "sha512:e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931f94aae41edda2c2b207a36e10f8bcb8d45223e54878f5b316e7ce3b6bc019629";

#[test]
fn a_source_with_the_right_checksum_is_put_in_place() {
    for checksum in [SHA256, SHA512] {
        let motd = known("motd", "hello\n");
        let sources = [
            json!({"src": motd.value()}),
            json!({"content": "hello\n"}),
            json!({"src": "/opt/motd", "remote_src": true}),
        ];
        for mut args in sources {
            args["dest"] = json!("/etc/motd");
            args["checksum"] = json!(checksum);
            Case::new("copy", args)
                .before([dir("/etc"), file("/opt/motd", "hello\n")])
                .content(&motd)
                .changes(["file /etc/motd"])
                .after([file("/etc/motd", "hello\n")])
                .run();
        }
    }
}

#[test]
fn content_that_is_there_is_not_sent_to_take_its_checksum() {
    for checksum in [SHA256, SHA512] {
        let motd = known("motd", "hello\n");
        let args = json!({"src": motd.value(), "dest": "/etc/motd", "checksum": checksum});
        let ran = Case::new("copy", args)
            .before([file("/etc/motd", "hello\n")])
            .run();
        assert_eq!(ran.fetches, 0);
    }
}

#[test]
fn a_source_with_another_checksum_is_an_error_that_names_both() {
    let other = known("motd", "other\n");
    let found = "7e4fa2eb8c7ac089739d5defc4489fad68a100d92082ca35c6b40a4524821f87";
    let sources = [
        (
            json!({"src": other.value()}),
            "`motd` of the controller has the checksum",
        ),
        (
            json!({"content": "other\n"}),
            "the content has the checksum",
        ),
        (
            json!({"src": "/opt/motd", "remote_src": true}),
            "`/opt/motd` has the checksum",
        ),
    ];
    for (mut args, start) in sources {
        for checksum in [SHA256, SHA512] {
            args["dest"] = json!("/etc/motd");
            args["checksum"] = json!(checksum);
            // Even where the wrong file is in place already.
            let message = Case::new("copy", args.clone())
                .before([file("/etc/motd", "other\n"), file("/opt/motd", "other\n")])
                .content(&other)
                .plan_fails()
                .message;
            assert!(message.starts_with(start), "{message}");
            assert!(
                message.ends_with(&format!("expected {checksum}")),
                "{message}"
            );
        }
    }
    let message = Case::new(
        "copy",
        json!({"src": other.value(), "dest": "/etc/motd", "checksum": SHA256}),
    )
    .before([dir("/etc")])
    .plan_fails()
    .message;
    assert_eq!(
        message,
        format!("`motd` of the controller has the checksum sha256:{found}, expected {SHA256}")
    );
}

#[test]
fn a_checksum_that_is_none_is_refused() {
    let message = Case::new(
        "copy",
        json!({"content": "x", "dest": "/etc/x", "checksum": "md5:00"}),
    )
    .before([dir("/etc")])
    .plan_fails()
    .message;
    assert_eq!(
        message,
        "argument `checksum`: expected `sha256:` with 64 or `sha512:` with 128 hexadecimal digits"
    );
}

/// How often a file as large as this is read for a plan, and how often to carry it out.
fn passes(
    mut args: Value,
    checksum: Option<&str>,
    dest: Option<&[u8]>,
    source: &Known,
) -> (u64, u64) {
    let bytes = vec![b'x'; LARGE];
    args["dest"] = json!("/opt/dest");
    if let Some(checksum) = checksum {
        args["checksum"] = json!(checksum);
    }
    let mut before = vec![dir("/opt"), file("/opt/source", bytes.clone())];
    before.extend(dest.map(|dest| file("/opt/dest", dest)));
    let case = Case::new("copy", args).before(before).content(source);
    let case = match dest {
        Some(dest) if dest == bytes => case,
        Some(_) => case.changes(["content of /opt/dest"]),
        None => case.changes(["file /opt/dest"]),
    };
    let ran = case.after([file("/opt/dest", bytes)]).run();
    let rounded = |read: u64| (read + LARGE as u64 / 2) / LARGE as u64;
    (rounded(ran.read.0), rounded(ran.read.1))
}

const LARGE: usize = 4 << 20;

#[test]
fn nothing_is_read_more_often_than_it_must_be() {
    let bytes = vec![b'x'; LARGE];
    let (sha256, sha512) = (hex(&Sha256::digest(&bytes)), hex(&Sha512::digest(&bytes)));
    let source = known("source", bytes.clone());
    let same_size = vec![b'y'; LARGE];
    let shorter = vec![b'x'; LARGE / 4];
    let of_host = json!({"src": "/opt/source", "remote_src": true});
    let of_controller = json!({"src": source.value()});
    for checksum in [None, Some(&*sha256), Some(&*sha512)] {
        let passes =
            |args: &Value, dest: Option<&[u8]>| passes(args.clone(), checksum, dest, &source);
        let is_given = u64::from(checksum.is_some());
        // The source for its checksum or to compare it, the file that is there, and then the source to be written.
        assert_eq!(passes(&of_host, Some(&bytes)), (2, 0), "{checksum:?}");
        assert_eq!(passes(&of_host, Some(&same_size)), (2, 1), "{checksum:?}");
        assert_eq!(
            passes(&of_host, Some(&shorter)),
            (is_given, 1),
            "{checksum:?}"
        );
        assert_eq!(passes(&of_host, None), (is_given, 1), "{checksum:?}");
        // The file that is there; and what is fetched only to take its SHA-512.
        let fetched = u64::from(checksum == Some(&*sha512));
        assert_eq!(passes(&of_controller, Some(&bytes)), (1, 0), "{checksum:?}");
        assert_eq!(
            passes(&of_controller, Some(&same_size)),
            (1 + fetched, 0),
            "{checksum:?}"
        );
        assert_eq!(
            passes(&of_controller, Some(&shorter)),
            (fetched, 0),
            "{checksum:?}"
        );
        assert_eq!(passes(&of_controller, None), (fetched, 0), "{checksum:?}");
    }
}

#[test]
fn a_source_that_has_changed_since_it_was_planned_is_not_put_in_place() {
    let failure = Case::new(
        "copy",
        json!({
            "src": "/opt/motd", "remote_src": true, "dest": "/etc/motd", "checksum": SHA256,
            "backup": false,
        }),
    )
    .before([dir("/etc"), file("/opt/motd", "hello\n")])
    .meanwhile(|root| std::fs::write(root.join("opt/motd"), "other\n").expect("written"))
    .after([file("/opt/motd", "other\n")])
    .apply_fails();
    assert!(
        failure.message.contains("has the checksum"),
        "{}",
        failure.message
    );
}
