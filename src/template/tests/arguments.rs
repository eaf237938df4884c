//! Arguments by place and by name, and those of what `map` and its kin apply.

use serde_json::json;

use super::{holds, render};

#[test]
fn arguments_are_given_by_place_as_in_jinja() {
    for (expression, value) in [
        ("missing | default('x')", json!("x")),
        ("'' | d('x', true)", json!("x")),
        ("(missing.a) | default([])", json!([])),
        ("list | join('-')", json!("3-1-2")),
        ("'a.b.c' | replace('.', '-')", json!("a-b-c")),
        ("'a' | regex_replace('a', replacement='b')", json!("b")),
        ("[1] | union([2], )", json!([1, 2])),
        (
            "{} | combine({'a': 1}, {'a': 2, 'b': [1]}, {'b': [2]}, list_merge='append')",
            json!({"a": 2, "b": [1, 2]}),
        ),
        ("[1] | zip(list, [4])", json!([[1, 3, 4]])),
        ("-5 | string | default((1 + 2) * 3)", json!("-5")),
        ("range(3)", json!([0, 1, 2])),
    ] {
        assert_eq!(
            render(&format!("{{{{ {expression} }}}}")),
            Ok(value),
            "{expression}"
        );
    }
    assert_eq!(holds("'1.10' is version('1.9', '>')"), Ok(true));
    assert_eq!(
        render(
            "{% filter replace('a', 'b') %}aa{% endfilter %}{% set x | indent(2) %}a\nb{% endset %}{{ x }}"
        ),
        Ok(json!("bba\n  b"))
    );
}

#[test]
fn filters_and_tests_are_applied_to_items() {
    for (expression, value) in [
        ("['a', 'b'] | map('upper')", json!(["A", "B"])),
        (
            "['a1', 'b2'] | map('regex_replace', '[0-9]', '')",
            json!(["a", "b"]),
        ),
        (
            "['a1'] | map('regex_replace', '[0-9]', replacement='x')",
            json!(["ax"]),
        ),
        (
            "hosts | map(attribute='name') | map('upper') | list",
            json!(["B", "A"]),
        ),
        (
            "[hosts] | map('map', attribute='name')",
            json!([["b", "a"]]),
        ),
        (
            "[hosts] | map('selectattr', 'name', 'equalto', 'a') | first | length",
            json!(1),
        ),
        (
            "[['a', 'b']] | map('map', 'regex_replace', '^', 'x')",
            json!([["xa", "xb"]]),
        ),
        ("[hosts] | map('sum', attribute='nope')", json!(null)),
        (
            "hosts | selectattr('up') | map(attribute='name')",
            json!(["b"]),
        ),
        (
            "hosts | selectattr('name', 'in', ['a', 'z']) | map(attribute='name')",
            json!(["a"]),
        ),
        ("hosts | selectattr('nope', 'defined')", json!([])),
        ("hosts | selectattr('nope', 'undefined') | length", json!(2)),
        (
            "hosts | rejectattr('name', 'match', 'a') | map(attribute='name')",
            json!(["b"]),
        ),
        ("list | select('gt', 1)", json!([3, 2])),
        ("list | reject('odd')", json!([2])),
        ("['', 'a'] | select", json!(["a"])),
        (
            "['b', 'a'] | map('extract', {'a': {'x': {'y': 1}}, 'b': {'x': {'y': 2}}}, ['x', 'y'])",
            json!([2, 1]),
        ),
        ("{'a': 1} | map('upper')", json!(["A"])),
    ] {
        let rendered = render(&format!("{{{{ {expression} }}}}"));
        if value.is_null() {
            let error = rendered.expect_err(expression);
            assert_eq!(error.message, "an item has no `nope`");
        } else {
            assert_eq!(rendered, Ok(value), "{expression}");
        }
    }
}

#[test]
fn what_is_undefined_in_an_argument_is_found() {
    let error = render("{{ list | map('regex_replace', missing, 'b') }}").expect_err("missing");
    assert_eq!(
        (error.message.as_str(), error.at),
        ("`missing` is not defined", Some(31..38))
    );
}
