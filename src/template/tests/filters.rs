//! The corners of the filters that the manual's examples do not show.

use serde_json::json;

use super::render;

#[test]
fn addresses_are_reckoned_with() {
    for (expression, value) in [
        ("'192.168.32.0/24' | ipaddr('1') | default(0)", json!(null)),
        ("'192.168.32.0/24' | ipaddr(1)", json!("192.168.32.1/24")),
        (
            "'192.168.32.0/24' | ipaddr(1) | ipaddr('address')",
            json!("192.168.32.1"),
        ),
        ("'192.168.32.0/24' | ipaddr(-2)", json!("192.168.32.254/24")),
        ("'10.0.0.9/255.255.255.0' | ipaddr('prefix')", json!(24)),
        ("'10.0.0.9/24' | ipaddr('netmask')", json!("255.255.255.0")),
        ("'10.0.0.9/24' | ipaddr('broadcast')", json!("10.0.0.255")),
        ("'10.0.0.9/24' | ipaddr('subnet')", json!("10.0.0.0/24")),
        ("'10.0.0.9/24' | ipaddr('size')", json!(256)),
        (
            "'10.0.0.9/24' | ipaddr('range_usable')",
            json!("10.0.0.1-10.0.0.254"),
        ),
        ("'10.0.0.0/31' | ipaddr('last_usable')", json!("10.0.0.1")),
        ("'10.0.0.9/24' | ipaddr('net')", json!(false)),
        ("'10.0.0.0/24' | ipaddr('net')", json!("10.0.0.0/24")),
        ("'10.0.0.9' | ipaddr('private')", json!("10.0.0.9")),
        ("'8.8.8.8' | ipaddr('public')", json!("8.8.8.8")),
        ("'8.8.8.8' | ipaddr('10.0.0.0/8')", json!(false)),
        (
            "'10.0.0.9' | ipaddr('revdns')",
            json!("9.0.0.10.in-addr.arpa."),
        ),
        ("'nonsense' | ipaddr", json!(false)),
        (
            "['10.0.0.1', 'x', '11.0.0.1', 'fe80::1'] | ipaddr('10.0.0.0/8')",
            json!(["10.0.0.1"]),
        ),
        ("'fd00::/64' | ipaddr(5)", json!("fd00::5/64")),
        ("'fd00::1/64' | ipv4", json!(false)),
        ("'fd00::1/64' | ipv6('address')", json!("fd00::1")),
        ("'10.0.0.1' | ipwrap", json!("10.0.0.1")),
        ("'node' | ipwrap", json!("node")),
        ("'10.0.0.0/24' | nthhost(-1)", json!("10.0.0.255")),
        ("'192.168.0.0/16' | ipsubnet(20)", json!(16)),
        ("'192.168.144.5' | ipsubnet(20)", json!("192.168.144.0/20")),
        (
            "'192.168.0.0/16' | ipsubnet(20, -1)",
            json!("192.168.240.0/20"),
        ),
        ("'10.0.0.0' | ipmath(-1)", json!("9.255.255.255")),
        ("'192.168.1.253/24' | next_nth_usable(5)", json!(false)),
        ("'::/0' | ipaddr('netmask')", json!("::")),
        ("'255.255.255.255/0' | ipaddr('network')", json!("0.0.0.0")),
        (
            "'10.0.0.1' is ip_in_subnet(['11.0.0.0/8', '10.0.0.0/8'])",
            json!(true),
        ),
        ("'fd00::1' is in_network('10.0.0.0/8')", json!(false)),
    ] {
        let rendered = render(&format!("{{{{ {expression} }}}}"));
        if value.is_null() {
            assert!(rendered.is_err(), "{expression}: {rendered:?}");
        } else {
            assert_eq!(rendered, Ok(value), "{expression}");
        }
    }
    for expression in [
        "'0.0.0.0' | ipmath(-1)",
        "'255.255.255.255' | ipmath(1)",
        "'10.0.0.0/24' | nthhost(256)",
        "'10.0.0.0/24' | ipsubnet(33)",
        "'10.0.0.0/24' | ipsubnet(25, 2)",
        "'10.0.0.0/33' | ipaddr('prefix')",
        "'10.0.0.0/255.0.255.0' | ipaddr('prefix')",
        "1 | ipaddr('network')",
        "'10.0.0.1' | ipaddr('nonsense')",
        "'::' | ipmath(-170141183460469231731687303715884105728)",
    ] {
        assert!(
            render(&format!("{{{{ {expression} }}}}")).is_err(),
            "{expression}"
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn texts_have_ansibles_forms() {
    for (expression, value) in [
        ("'a\\nb' | comment('c')", json!("//\n// a\n// b\n//")),
        ("'a' | comment(decoration='; ')", json!(";\n; a\n;")),
        ("'a' | comment('xml')", json!("<!--\n -\n - a\n -\n-->")),
        (
            "'%5s|%-5s|%05.1f|%x|%%' | format('a', 'b', 1.25, 255)",
            json!("    a|b    |001.2|ff|%"),
        ),
        ("'%d' | format(-3) ~ ('%04d' | format(-3))", json!("-3-003")),
        ("1 | human_readable", json!("1.00 Bytes")),
        ("(10 * 1024 ** 3) | human_readable", json!("10.00 GB")),
        ("'1.5 GiB' | human_to_bytes", json!(1_610_612_736)),
        ("'10' | human_to_bytes('M')", json!(10_485_760)),
        ("'a b' | quote", json!("'a b'")),
        ("'a  b' | split", json!(["a", "b"])),
        (
            "'abc' | regex_search('(?P<x>b)(c)', '\\\\g<x>', '\\\\2')",
            json!(["b", "c"]),
        ),
        ("'abc' | regex_search('B', ignorecase=true)", json!("b")),
        ("'abc' | regex_search('(b)', 1)", json!("b")),
        (
            "'a1b2' | regex_findall('([a-z])([0-9])')",
            json!([["a", "1"], ["b", "2"]]),
        ),
        ("'aaa' | regex_replace('a', 'b', count=2)", json!("bba")),
        ("'aaa' | regex_replace('a')", json!("")),
        ("'x' | int(0)", json!(0)),
        ("'x' | int(default=7, base=16)", json!(7)),
        ("'1f' | int(base=16)", json!(31)),
        ("2.55 | round(1, 'floor')", json!(2.5)),
        ("null | ternary('a', 'b', 'c')", json!("c")),
        (
            "'secret' | password_hash('sha512', 'saltsalt')",
            json!(
                "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1"
            ),
        ),
        (
            "'web1' | to_uuid",
            json!("4ebc6093-8026-5090-bb95-a592e5a6aec3"),
        ),
        (
            "'%a %d %b %Y %H:%M:%S %j' | strftime(1471204812)",
            json!("Sun 14 Aug 2016 20:00:12 227"),
        ),
        ("'%F %T' | strftime(-1)", json!("1969-12-31 23:59:59")),
        ("'2000-02-29 12:00:00' | to_datetime", json!(951_825_600)),
        (
            "'http://user:pw@[fd00::1]:80/a?b#c' | urlsplit('hostname')",
            json!("fd00::1"),
        ),
        (
            "'http://user:pw@[fd00::1]:80/a?b#c' | urlsplit('port')",
            json!(80),
        ),
        (
            "{'a b': 'c&d', 'e': 1} | urlencode",
            json!("a%20b=c%26d&e=1"),
        ),
        (
            "'..' | normpath ~ ('/../a//b/.' | normpath)",
            json!("../a/b"),
        ),
        ("['a', 'B'] | sort(reverse=true)", json!(["B", "a"])),
        ("['b', 'A'] | sort(case_sensitive=true) | first", json!("A")),
        (
            "{'b': 1, 'a': 2} | dictsort(by='value') | first | first",
            json!("b"),
        ),
        (
            "{'a': {'x': [1]}} | combine({'a': {'x': [2]}}, recursive=true, list_merge='prepend')",
            json!({"a": {"x": [2, 1]}}),
        ),
        (
            "[1, null, [2]] | flatten(skip_nulls=false)",
            json!([1, null, 2]),
        ),
        ("[1, 2, 3, 4, 5] | slice(3)", json!([[1, 2], [3, 4], [5]])),
        (
            "'a: [1, {b: c}]' | from_yaml",
            json!({"a": [1, {"b": "c"}]}),
        ),
        ("'' | from_yaml", json!(null)),
        (
            "{'b': [{'d': 1, 'c': 2}], 'a': 1} | to_json(sort_keys=true)",
            json!("{\"a\":1,\"b\":[{\"c\":2,\"d\":1}]}"),
        ),
        (
            "{'b': 1, 'a': 2} | to_nice_yaml(indent=2, width=1337)",
            json!("b: 1\na: 2\n"),
        ),
        ("range(3, 0, -2)", json!([3, 1])),
        ("range(start=2, end=4)", json!([2, 3])),
        ("range(2, 7, step_by=2)", json!([2, 4, 6])),
        (
            "(60 | random(seed='a')) == (60 | random(seed='a'))",
            json!(true),
        ),
        (
            "([1, 2, 3, 4] | shuffle('a')) == ([1, 2, 3, 4] | shuffle('a'))",
            json!(true),
        ),
    ] {
        assert_eq!(
            render(&format!("{{{{ {expression} }}}}")),
            Ok(value),
            "{expression}"
        );
    }
    for expression in [
        "'%d' | format('a')",
        "range(2000000)",
        "range(1, 2, 0)",
        "range(1, 2, 1, 1)",
        "range('a')",
        "'%d' | format(1, 2)",
        "'%d %d' | format(1)",
        "'%q' | format(1)",
        "'%' | format(1)",
        "'10 XB' | human_to_bytes",
        "'2001-02-29 00:00:00' | to_datetime",
        "'%Q' | strftime(0)",
        "'a' | password_hash('sha512', '')",
        "'a' | password_hash('sha512', 'a$b')",
        "'a' | password_hash('md5', 'ab')",
        "'a' | password_hash('sha512', 'ab', 10)",
        "0 | random(seed=1)",
        "[] | random(seed=1)",
        "[1, 2] | batch(0)",
        "'a: b: c' | from_yaml",
        "'a: 1\\n---\\nb: 1' | from_yaml",
        "[range(2000)] | map('product', range(2000))",
    ] {
        assert!(
            render(&format!("{{{{ {expression} }}}}")).is_err(),
            "{expression}"
        );
    }
}
