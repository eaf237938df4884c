//! What a YAML file becomes, and the exact words for each way in which it can be wrong.

use std::fmt::Write;

use super::parse_yaml;
use crate::source::{Node, NodeKind, ScalarStyle, SourceMap, Span, render};
use crate::value::to_json;

fn parse(text: &str) -> (SourceMap, Vec<Node>) {
    let mut map = SourceMap::new();
    let id = map.add("a.yaml", text);
    let documents = parse_yaml(&map, id).map_err(|error| render(&error, &map, false));
    (map, documents.expect("it is YAML"))
}

fn json(text: &str) -> String {
    let (_, documents) = parse(text);
    let documents = documents
        .iter()
        .map(|document| to_json(&document.to_value()));
    documents.collect::<serde_json::Value>().to_string()
}

fn wrong(text: &str) -> String {
    let mut map = SourceMap::new();
    let id = map.add("a.yaml", text);
    render(&parse_yaml(&map, id).expect_err("it is wrong"), &map, false)
}

#[test]
fn documents_become_trees_in_the_order_of_the_file() {
    assert_eq!(json(""), "[]");
    assert_eq!(json("# nothing\n"), "[]");
    assert_eq!(
        json("---\nz: 1\na: [x, {b: null}]\n80: ~\n---\n- 2\n...\n"),
        r#"[{"z":1,"a":["x",{"b":null}],"80":null},[2]]"#
    );
    assert_eq!(
        json("\u{feff}a: b\r\nc: |\r\n  x\r\n  y\r\n"),
        r#"[{"a":"b","c":"x\ny\n"}]"#
    );
    assert_eq!(
        json("a: yes\nb: 0644\nc: 'true'\nd: True\n"),
        r#"[{"a":"yes","b":"0644","c":"true","d":true}]"#
    );
}

#[test]
fn merged_entries_give_way_to_own_ones_and_to_earlier_ones() {
    let text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  c: 3\n  <<: [*x, *y]\n";
    let (_, documents) = parse(text);
    let merged = documents[0].get("z").expect("it is there").to_value();
    assert_eq!(to_json(&merged).to_string(), r#"{"a":1,"b":1,"c":3}"#);
    assert_eq!(json("'<<': 1"), r#"[{"<<":1}]"#);
}

#[test]
fn foreign_tags_are_kept_and_core_tags_obeyed() {
    let (_, documents) = parse("- !other |\n  abc\n- !!str 12\n- !!float 2\n- !x [1]\n- ! 12\n");
    let items = documents[0].as_list().expect("a list");
    let tags: Vec<_> = items.iter().map(|item| item.tag.as_deref()).collect();
    assert_eq!(tags, [Some("!other"), None, None, Some("!x"), None]);
    assert_eq!(items[0].as_str(), Some("abc\n"));
    assert_eq!(items[1].as_str(), Some("12"));
    assert_eq!(items[2].kind, NodeKind::Float(2.0));
    assert_eq!(items[4].as_str(), Some("12"));
}

#[test]
fn a_place_inside_a_string_is_found_in_the_file() {
    let text = "é: x {{ a }}\nq: 'y {{ a }}' \nm: plain\n  {{ a }}\nl: |\n\n  é\n    {{ a }}\nf: !t &n >-\n  one\n  {{ a }}\n\nz: \"{{ a }}\"\n";
    let (map, documents) = parse(text);
    for entry in documents[0].as_map().expect("a mapping") {
        let decoded = entry.value.as_str().expect("a string");
        let offset = decoded.find("{{").expect("a template");
        let at = entry.value.content_offset(offset).expect("known");
        let line = map.line_column(Span::new(entry.value.span.file, at..at)).0;
        assert!(
            map.text(entry.value.span.file)[at..].starts_with("{{ a }}"),
            "{}",
            entry.name()
        );
        assert!(
            line >= map.line_column(entry.key.span).0,
            "{}",
            entry.name()
        );
    }
}

#[test]
fn a_place_in_a_string_with_escapes_is_unknown() {
    let (_, documents) = parse("a: \"x\\n{{ a }}\"\nb: 'it''s {{ a }}'\nc: 1\n");
    for entry in documents[0].as_map().expect("a mapping") {
        assert_eq!(entry.value.content_offset(2), None, "{}", entry.name());
    }
}

#[test]
fn a_place_holds_what_was_written_and_no_more() {
    let (map, documents) = parse("q: 'x' # c\nl: [a, b]  \nm:\n  k: v\n\nn:\n");
    let written = |key: &str| map.slice(documents[0].get(key).expect("it is there").span);
    assert_eq!(written("q"), "'x'");
    assert_eq!(written("l"), "[a, b]");
    assert_eq!(written("m"), "k: v");
    assert_eq!(written("n"), "");
    let NodeKind::String(string) = &documents[0].get("q").expect("it is there").kind else {
        panic!("it is a string");
    };
    assert_eq!(string.style, ScalarStyle::Quoted);
}

#[test]
fn a_duplicate_key_names_both_places() {
    assert_eq!(
        wrong("web:\n  port: 80\n  user: x\n  port: 81\n"),
        "\
error: the key `port` is given twice
 --> a.yaml:4:3
  |
2 |   port: 80
  |   ---- first given here
3 |   user: x
4 |   port: 81
  |   ^^^^ given again here"
    );
}

#[test]
fn a_template_without_quotes_is_recognized() {
    assert_eq!(
        wrong("path: {{ root }}/bin # here\n"),
        "\
error: a value that begins with a template must be quoted
 --> a.yaml:1:7
  |
1 | path: {{ root }}/bin # here
  |       ^^^^^^^^^^ YAML takes this for a mapping
  |
  = help: quote it: `\"{{ root }}/bin\"`"
    );
    for (text, help) in [
        ("a: {{ x }}\n", "quote it: `\"{{ x }}\"`"),
        ("- {{ x[\"a\"] }}\n", "quote it: `'{{ x[\"a\"] }}'`"),
        ("- {{ x }}: y\n", "must be quoted"),
        ("a: [{{ x }}]\n", "must be quoted"),
        ("a: {{ x | f(@y) }}\n", "quote it: `\"{{ x | f(@y) }}\"`"),
    ] {
        assert!(wrong(text).contains(help), "{}", wrong(text));
    }
}

#[test]
fn a_tab_is_named() {
    assert_eq!(
        wrong("a:\n\tb: c\n"),
        "\
error: a tab is used for indentation or after `:`
 --> a.yaml:2:1
  |
2 |     b: c
  | ^
  |
  = help: YAML wants spaces here"
    );
}

#[test]
fn common_slips_come_with_a_way_out() {
    for (text, help) in [
        (
            "a: b: c\n",
            "quote a text that contains `: `, or check the indentation",
        ),
        (
            "hosts: *web\n",
            "`*` begins an alias; quote the value if it is meant as text",
        ),
        (
            "hosts: *\n",
            "a value that begins with this character must be quoted",
        ),
        (
            "a: @x\n",
            "a value that begins with this character must be quoted",
        ),
        ("a: 'x\n", "the closing quote is missing"),
        ("a:\n  b: 1\n c: 2\n", "check the indentation of this line"),
    ] {
        assert!(
            wrong(text).ends_with(&format!("= help: {help}")),
            "{}",
            wrong(text)
        );
    }
}

#[test]
fn keys_and_merges_of_the_wrong_kind_are_errors() {
    for (text, message) in [
        ("? [a]\n: b\n", "a key must be plain text, found a list"),
        ("<<: 1\n", "`<<` merges mappings, found the number `1`"),
        (
            "x: &x {}\ny:\n  <<: *x\n  <<: *x\n",
            "the key `<<` is given twice",
        ),
        ("a: !!int x\n", "`!!int` cannot be `x`"),
    ] {
        assert!(
            wrong(text).starts_with(&format!("error: {message}\n")),
            "{}",
            wrong(text)
        );
    }
}

#[test]
fn what_would_grow_without_end_is_stopped() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let alias = format!("*a{}", level - 1);
        let aliases = vec![alias; 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{aliases}]").expect("a string takes everything");
    }
    assert!(wrong(&bomb).starts_with("error: the aliases of this file stand for too many values"));
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(99_999),
        ["*a"; 99].join(", ")
    );
    assert!(wrong(&long).starts_with("error: the aliases of this file stand for too many values"));
    let within = format!(
        "{}[{}]{}",
        "[&a ".repeat(60),
        vec!["x"; 20_000].join(","),
        "]".repeat(60)
    );
    assert!(
        wrong(&within).starts_with("error: the anchors of this file stand for too many values")
    );
    assert!(
        wrong("- &a [*a]\n").starts_with("error: an alias stands inside the value that it names")
    );

    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(json(&nested(64)).len(), 130);
    assert!(wrong(&nested(66)).starts_with("error: values are nested more than 64 deep"));
    let chain: String = (1..70).fold("- &a0 [x]\n".into(), |text, level| {
        text + &format!("- &a{level} [*a{}]\n", level - 1)
    });
    assert!(wrong(&chain).starts_with("error: values are nested more than 64 deep"));
}
