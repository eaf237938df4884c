//! `replace` changes all matches, in all of a file or in a part of it.

use serde_json::{Value, json};

use crate::support::{Case, file};

#[track_caller]
fn replaces(mut args: Value, before: &str, after: &str) {
    args["path"] = "/etc/conf".into();
    let case = Case::new("replace", args).before([file("/etc/conf", before).mode(0o640)]);
    if before == after {
        case.run();
    } else {
        case.changes(["content of /etc/conf"])
            .after([file("/etc/conf", after).mode(0o640)])
            .run();
    }
}

#[test]
fn all_matches_are_replaced_line_by_line() {
    let args = json!({"regexp": "^x=(.*)$", "replace": r"y=\1"});
    replaces(args.clone(), "x=1\na\nx=2\n", "y=1\na\ny=2\n");
    replaces(args, "ax=1\n", "ax=1\n");
    replaces(json!({"regexp": "b"}), "abc\n", "ac\n");
}

#[test]
fn only_a_part_is_looked_at() {
    let text = "x\n[a]\nx\n[b]\nx\n[c]\nx\n";
    let args = |more: Value| {
        let mut args = json!({"regexp": "x", "replace": "y"});
        for (name, value) in more.as_object().expect("a mapping") {
            args[name] = value.clone();
        }
        args
    };
    let both = json!({"after": r"\[a\]", "before": r"\["});
    replaces(args(both), text, "x\n[a]\ny\n[b]\nx\n[c]\nx\n");
    let after = json!({"after": r"\[b\]"});
    replaces(args(after), text, "x\n[a]\nx\n[b]\ny\n[c]\ny\n");
    let before = json!({"before": r"\["});
    replaces(args(before), text, "y\n[a]\ny\n[b]\ny\n[c]\nx\n");
    replaces(args(json!({"after": "nowhere"})), text, text);
}

#[test]
fn what_would_never_end_is_refused() {
    let args = json!({"path": "/etc/conf", "regexp": "x", "replace": "xx"});
    let failure = Case::new("replace", args)
        .before([file("/etc/conf", "x\n")])
        .plan_fails();
    assert!(failure.message.contains("after each run"), "{failure:?}");
    let args = json!({"path": "/etc/conf", "regexp": "("});
    let failure = Case::new("replace", args).plan_fails();
    assert!(
        failure.message.contains("not a regular expression"),
        "{failure:?}"
    );
}
