//! `lineinfile` and `blockinfile` edit text files.

use serde_json::{Value, json};

use crate::support::{Case, dir, file, link};

const PATH: &str = "/etc/conf";

/// Edits a file with the text `before`, which is to become `after`.
#[track_caller]
fn edits(module: &'static str, mut args: Value, before: &str, after: &str) {
    args["path"] = PATH.into();
    let case = Case::new(module, args).before([file(PATH, before).mode(0o640)]);
    if before == after {
        case.run();
    } else {
        case.changes(["content of /etc/conf"])
            .after([file(PATH, after)])
            .run();
    }
}

#[track_caller]
fn line(args: Value, before: &str, after: &str) {
    edits("lineinfile", args, before, after);
}

#[track_caller]
fn block(args: Value, before: &str, after: &str) {
    edits("blockinfile", args, before, after);
}

#[test]
fn a_line_is_appended_unless_it_is_there() {
    line(json!({"line": "b"}), "a\n", "a\nb\n");
    line(json!({"line": "b"}), "a", "a\nb\n");
    line(json!({"line": "b"}), "b\na\n", "b\na\n");
    line(json!({"line": "b"}), "a\nb", "a\nb");
}

#[test]
fn the_last_match_is_replaced() {
    line(
        json!({"regexp": "^#?x=", "line": "x=1"}),
        "#x=\ny\nx=2\nz\n",
        "#x=\ny\nx=1\nz\n",
    );
    line(json!({"regexp": "^#?x=", "line": "x=1"}), "y\n", "y\nx=1\n");
}

#[test]
fn an_expression_that_does_not_match_its_line_replaces_once() {
    line(json!({"regexp": "^x", "line": "y"}), "x1\nx2\n", "x1\ny\n");
    line(json!({"regexp": "^x", "line": "y"}), "x1\ny\n", "x1\ny\n");
}

#[test]
fn a_line_goes_where_it_is_to_be_inserted() {
    line(
        json!({"line": "n", "insertbefore": "BOF"}),
        "a\nb\n",
        "n\na\nb\n",
    );
    line(
        json!({"line": "n", "insertafter": "^a"}),
        "a\nb\n",
        "a\nn\nb\n",
    );
    line(
        json!({"line": "n", "insertbefore": "^b"}),
        "a\nb\n",
        "a\nn\nb\n",
    );
    line(
        json!({"line": "n", "insertafter": "^c"}),
        "a\nb\n",
        "a\nb\nn\n",
    );
    line(
        json!({"line": "n", "insertafter": "^b"}),
        "a\nb",
        "a\nb\nn\n",
    );
}

#[test]
fn groups_of_the_expression_are_put_into_the_line() {
    let args = json!({"regexp": "^#t=(?<v>.*)$", "line": r"t=\1 \g<v> \\ \d", "backrefs": true});
    line(args.clone(), "#t=5\n", "t=5 5 \\ \\d\n");
    line(args, "nothing\n", "nothing\n");
}

#[test]
fn all_such_lines_are_removed() {
    line(
        json!({"regexp": "swap", "state": "absent"}),
        "a swap\nb\nswap",
        "b\n",
    );
    line(
        json!({"line": "b", "state": "absent"}),
        "b\nbb\nb\n",
        "bb\n",
    );
    Case::new(
        "lineinfile",
        json!({"path": "/no", "line": "b", "state": "absent"}),
    )
    .run();
}

#[test]
fn a_file_is_made_only_on_request() {
    let case = |create: bool| {
        let args = json!({"path": PATH, "line": "a", "create": create, "mode": "0600"});
        Case::new("lineinfile", args).before([dir("/etc")])
    };
    case(true)
        .changes(["file /etc/conf"])
        .after([file(PATH, "a\n").mode(0o600)])
        .run();
    assert_eq!(
        case(false).plan_fails().message,
        "`/etc/conf` does not exist: `create: true` makes it"
    );
}

#[test]
fn the_file_behind_a_link_is_edited() {
    Case::new("lineinfile", json!({"path": PATH, "line": "b"}))
        .before([link(PATH, "../run/conf"), file("/run/conf", "a\n")])
        .changes(["content of /etc/../run/conf"])
        .after([file("/run/conf", "a\nb\n")])
        .run();
}

#[test]
fn an_edit_without_end_is_refused() {
    let args = json!({"path": PATH, "regexp": "^(a+)$", "line": r"\1a", "backrefs": true});
    let failure = Case::new("lineinfile", args)
        .before([file(PATH, "a\n")])
        .plan_fails();
    assert!(
        failure
            .message
            .starts_with("the edit would find something to change after each run")
    );
}

#[test]
fn bad_expressions_are_errors_of_the_arguments() {
    let failure = Case::new(
        "lineinfile",
        json!({"path": PATH, "regexp": "(", "line": "x"}),
    )
    .plan_fails();
    assert!(
        failure
            .message
            .starts_with("argument `regexp`: not a regular expression: ")
    );
}

#[test]
fn a_block_is_inserted_replaced_and_removed() {
    let marker = "# {mark} x";
    let args = |text: &str| json!({"block": text, "marker": marker});
    let with_a = "1\n# BEGIN x\na\n# END x\n2\n";
    let with_b = "1\n# BEGIN x\nb\nc\n# END x\n2\n";
    block(args("a"), "1", "1\n# BEGIN x\na\n# END x\n");
    block(args("b\nc\n"), with_a, with_b);
    block(args("a"), with_a, with_a);
    block(args(""), with_a, "1\n2\n");
    block(
        json!({"marker": marker, "state": "absent"}),
        with_b,
        "1\n2\n",
    );
    let before_2 = json!({"block": "a", "marker": marker, "insertbefore": "^2"});
    block(before_2, "1\n2\n", with_a);
}

#[test]
fn a_marker_without_its_other_half_is_an_error() {
    let failure = Case::new(
        "blockinfile",
        json!({"path": PATH, "block": "a", "marker": "# {mark}"}),
    )
    .before([file(PATH, "# BEGIN\n")])
    .plan_fails();
    assert!(
        failure
            .message
            .starts_with("`/etc/conf` has only one of the lines `# BEGIN` and `# END`")
    );
}
