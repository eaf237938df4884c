//! What expressions give.

use serde_json::json;

use super::render;
use crate::template::documented;

#[test]
fn an_expression_keeps_its_type() {
    for (expression, value) in [
        ("one", json!(1)),
        ("-one", json!(-1)),
        ("- one", json!(-1)),
        ("(one)", json!(1)),
        ("name[0]", json!("w")),
        ("one + 1", json!(2)),
        ("one + 1.5", json!(2.5)),
        ("flag", json!(true)),
        ("nothing", json!(null)),
        ("list", json!([3, 1, 2])),
        ("list[-1]", json!(2)),
        ("list[1:]", json!([1, 2])),
        (
            "conf",
            json!({"port": 80, "tls": {"on": true}, "dashed-key": 1}),
        ),
        ("conf['dashed-key']", json!(1)),
        ("conf.tls['on']", json!(true)),
        ("hosts[0].name", json!("b")),
        ("hosts[one]['name']", json!("a")),
        ("{'b': 1, 'a': {'c': 2}}", json!({"b": 1, "a": {"c": 2}})),
        ("{'a': {'b': name}}", json!({"a": {"b": "web"}})),
        ("[...list, one]", json!([3, 1, 2, 1])),
        ("{...conf.tls, 'x': 1}", json!({"on": true, "x": 1})),
        ("[h.name for h in hosts if h.up]", json!(["b"])),
        ("[k ~ v for k, v in conf.tls]", json!(["ontrue"])),
        ("name ~ '-' ~ one", json!("web-1")),
        ("'a' if flag else missing", json!("a")),
        ("missing if off else 'b'", json!("b")),
        ("not flag", json!(false)),
        ("not one == 2 and flag", json!(true)),
        ("2 ** 3 ** 1 + -1 | abs", json!(9)),
        ("7 // 2 * 2 % 4", json!(2)),
        ("'x' in name or name", json!("web")),
        ("1 not in list", json!(false)),
        ("(hosts | map(attribute='name') | sort)[0]", json!("a")),
        ("9007199254740993", json!(9_007_199_254_740_993_i64)),
        ("\"it's\" ~ 'a\\'b'", json!("it'sa'b")),
        ("conf?.nope?.x | default(value=5)", json!(5)),
        ("conf.nope.x | default(value=5)", json!(5)),
        ("missing[0]['x'] | default(value=list)", json!([3, 1, 2])),
        ("(missing) is undefined", json!(true)),
    ] {
        assert_eq!(
            render(&format!("{{{{ {expression} }}}}")),
            Ok(value),
            "{expression}"
        );
    }
}

#[test]
fn white_space_and_trim_marks_do_not_make_a_text_of_an_expression() {
    for text in ["{{one}}", "{{- one -}}", "{{\n  one\n}}", "{{ one }}"] {
        assert_eq!(render(text), Ok(json!(1)), "{text}");
    }
    assert_eq!(render("{{ {'a': {'b': 1}}}}"), Ok(json!({"a": {"b": 1}})));
    assert_eq!(render("{{ '}}' }}"), Ok(json!("}}")));
}

#[test]
fn the_manuals_examples_give_what_it_says() {
    let mut wrong = Vec::new();
    for entry in documented() {
        let value = render(&format!("{{{{ {} }}}}", entry.example));
        let expected = serde_json::from_str(entry.gives).expect(entry.name);
        if value != Ok(expected) {
            wrong.push(format!("{}: {value:?}", entry.example));
        }
        assert!(entry.example.contains(entry.name), "{}", entry.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn filters_have_the_corners_that_people_meet() {
    for (expression, value) in [
        (
            "'a.b' | regex_replace(pattern='\\\\.', replacement='$$')",
            json!("a$b"),
        ),
        (
            "'ab' | regex_replace(pattern='(?P<x>a)', replacement='${x}1\\\\1')",
            json!("a1ab"),
        ),
        ("'abc' | regex_search(pattern='x')", json!(null)),
        ("'my node1' is match(pattern='node')", json!(false)),
        ("'' | quote", json!("''")),
        ("'a b' | quote", json!("'a b'")),
        ("'/a' | dirname", json!("/")),
        ("'a' | dirname", json!("")),
        ("'.bashrc' | splitext", json!([".bashrc", ""])),
        ("['a', '/b'] | path_join", json!("/b")),
        ("'0x1f' | int(base=16)", json!(31)),
        ("1.9 | int", json!(1)),
        ("'No' | bool", json!(false)),
        ("[] | sum", json!(0)),
        (
            "hosts | max(attribute='name')",
            json!({"name": "b", "up": true}),
        ),
        (
            "hosts | selectattr(attribute='up') | map(attribute='name')",
            json!(["b"]),
        ),
        ("hosts | rejectattr(attribute='nope') | length", json!(2)),
        ("hosts | map(attribute='nope', default=0)", json!([0, 0])),
        ("[[empty, list], 3] | flatten", json!([3, 1, 2, 3])),
        (
            "{'a': {'b': 1}} | combine(with={'a': {'c': 2}}, recursive=true)",
            json!({"a": {"b": 1, "c": 2}}),
        ),
        (
            "{'a': {'b': 1}} | combine(with={'a': {'c': 2}})",
            json!({"a": {"c": 2}}),
        ),
        (
            "[{'n': 'x', 'v': 1}] | items2dict(key_name='n', value_name='v')",
            json!({"x": 1}),
        ),
        (
            "'[1, {\"b\": 2, \"a\": 1}]' | from_json | last | keys",
            json!(["b", "a"]),
        ),
    ] {
        assert_eq!(
            render(&format!("{{{{ {expression} }}}}")),
            Ok(value),
            "{expression}"
        );
    }
}
