//! When conditions hold, and when they must not be answered.

use super::holds;

#[test]
fn conditions_are_booleans_with_short_circuits() {
    for (condition, expected) in [
        ("true", true),
        ("flag", true),
        ("not flag", false),
        ("flag and one == 1", true),
        ("off or one == 1", true),
        ("not (off or one == 2)", true),
        ("not off and not one == 2", true),
        (
            "flag and (off or name == 'web') and not nothing is defined",
            false,
        ),
        ("missing is defined", false),
        ("missing is not defined", true),
        ("missing.a['b'][0].c is defined", false),
        ("conf.tls.on is defined and conf.tls.on", true),
        ("conf.tls.nope is undefined", true),
        ("name.field is defined", false),
        ("missing is defined and missing.x == 1", false),
        ("missing is undefined or missing == 1", true),
        ("off and missing", false),
        ("flag or missing", true),
        ("missing | default(value=false)", false),
        ("missing.x | default(value='a') == 'a'", true),
        ("(missing if off else flag)", true),
        (
            "result is changed and result is succeeded and result is not failed",
            true,
        ),
        ("'b' in hosts | map(attribute='name')", true),
        ("name in ['web', 'db'] and list | length > 2", true),
        ("yes_text | bool", true),
        ("[x for x in list if x > 2] == [3]", true),
        ("{'a': {'b': 1}} != {}", true),
        ("nothing is none", true),
        ("(flag) and ((off) or (conf.tls.on))", true),
        ("one\n  == 1\n  and flag", true),
        ("flag == true", true),
        ("'1.10' is version(version='1.9', operator='>')", true),
    ] {
        assert_eq!(holds(condition), Ok(expected), "{condition}");
    }
}

#[test]
fn what_is_not_defined_fails_where_it_is_evaluated() {
    for (condition, place, undefined) in [
        ("missing", 0..7, "missing"),
        ("missing == 1", 0..7, "missing"),
        ("not missing", 4..11, "missing"),
        ("flag and missing", 9..16, "missing"),
        ("off or conf.nope == 1", 7..16, "conf.nope"),
        ("conf.nope.x == 1", 0..9, "conf.nope"),
        ("conf.tls.nope", 0..13, "conf.tls.nope"),
        ("one in missing", 7..14, "missing"),
        ("list[7] == 1", 0..7, "list[7]"),
        ("hosts[one].nope == 1", 0..15, "hosts[one].nope"),
        ("missing | length > 0", 0..7, "missing"),
        ("name is starting_with(pat=missing)", 26..33, "missing"),
        ("missing.a is string", 0..7, "missing"),
        ("(1 if missing == 1 else 2) == 1", 6..13, "missing"),
        ("[x.nope for x in hosts] == []", 1..7, "x.nope"),
        ("conf?.nope", 0..10, "conf?.nope"),
        ("one == 1 and\n  missing.a == 2", 15..22, "missing"),
    ] {
        let error = holds(condition).expect_err(condition);
        assert_eq!(
            error.message,
            format!("`{undefined}` is not defined"),
            "{condition}"
        );
        assert_eq!(error.at, Some(place), "{condition}");
        assert_eq!(error.undefined.as_deref(), Some(undefined), "{condition}");
    }
}

#[test]
fn what_is_no_boolean_is_refused_with_advice() {
    for (condition, message, help) in [
        (
            "one",
            "condition `one` is a number, not a boolean",
            "compare it, as in `one != 0`",
        ),
        (
            "flag and list",
            "condition `list` is a list, not a boolean",
            "compare it, as in `list | length > 0`",
        ),
        (
            "not conf",
            "condition `conf` is a mapping, not a boolean",
            "compare it, as in `conf | length > 0`",
        ),
        (
            "yes_text",
            "condition `yes_text` is the string `yes`, not a boolean",
            "write the value without quotes, or `yes_text | bool`",
        ),
        (
            "secret",
            "condition `secret` is a string, not a boolean",
            "compare it, as in `secret == '...'`",
        ),
        (
            "nothing or flag",
            "condition `nothing` is null, not a boolean",
            "ask `nothing is none`",
        ),
        (
            "name | upper",
            "condition `name | upper` is a string, not a boolean",
            "compare it, as in `name | upper == '...'`",
        ),
        (
            "'x'",
            "condition `'x'` is a string, not a boolean",
            "compare it, as in `'x' == '...'`",
        ),
    ] {
        let error = holds(condition).expect_err(condition);
        assert_eq!(
            (error.message.as_str(), error.help.as_deref()),
            (message, Some(help))
        );
    }
}
