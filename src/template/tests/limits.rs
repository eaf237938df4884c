//! Texts that are too deep, too long or never end: they are errors, found in time that grows with the text only.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::{Variables, render};
use crate::template::{TemplateError, Templates, Trimming};

fn fails(text: &str) -> TemplateError {
    let started = Instant::now();
    let shown: String = text.chars().take(40).collect();
    let error = render(text).expect_err(&shown);
    let limit = Duration::from_secs(20);
    assert!(
        started.elapsed() < limit,
        "{shown}: {:?}",
        started.elapsed()
    );
    error
}

#[test]
fn deep_nesting_is_an_error() {
    let around = |open: &str, close: &str, depth: usize| {
        format!("{{{{ {}1{} }}}}", open.repeat(depth), close.repeat(depth))
    };
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{'a': ", "} "),
        ("a[", "]"),
        ("not ", ""),
        ("- ", ""),
        ("[x for x in ", "]"),
        ("1 if true else ", ""),
        ("f(", ")"),
        ("1 | default(", ")"),
        ("2 ** ", ""),
        ("1 + (", ")"),
    ] {
        for depth in [100, 10_000] {
            fails(&around(open, close, depth));
        }
    }
    for (open, close) in [
        ("{% if true %}", "{% endif %}"),
        ("{% for x in [1] %}", "{% endfor %}"),
        ("{% set x %}", "{% endset %}"),
        ("{% filter upper %}", "{% endfilter %}"),
        ("{% if true %}{% else %}", "{% endif %}"),
    ] {
        let depth = 5_000;
        fails(&(open.repeat(depth) + "x" + &close.repeat(depth)));
        fails(&open.repeat(depth));
    }
}

#[test]
fn long_chains_are_an_error_and_short_ones_are_not() {
    for operator in [" + ", " ~ ", " and ", " == ", " | upper | lower ~ "] {
        fails(&format!(
            "{{{{ 1{} }}}}",
            format!("{operator}1").repeat(20_000)
        ));
    }
    fails(&format!("{{{{ name{} }}}}", " | upper".repeat(20_000)));
    fails(&format!("{{{{ hosts{} }}}}", "[0]".repeat(20_000)));
    fails(&format!("{{{{ conf{} }}}}", ".a".repeat(20_000)));
    let error = fails(&format!("{{{{ 1{} }}}}", " + 1".repeat(300)));
    assert_eq!(
        error.message,
        "the expression is too long: too many operators in one chain"
    );
    let sum = format!("{{{{ 1{} }}}}", " + 1".repeat(90));
    assert_eq!(render(&sum), Ok(serde_json::json!(91)));
    let elifs = "{% elif one == 2 %}a".repeat(50);
    assert_eq!(
        render(&format!("{{% if off %}}{elifs}{{% else %}}b{{% endif %}}")),
        Ok(serde_json::json!("b"))
    );
    fails(&format!(
        "{{% if off %}}{}{{% endif %}}",
        "{% elif off %}a".repeat(20_000)
    ));
}

#[test]
fn all_that_is_allowed_at_once_fits_on_the_stack() {
    let sum = format!("1{}", " + 1".repeat(80));
    let deep = format!("{}{sum}{}", "(".repeat(15), ")".repeat(15));
    let elifs = "{% elif off %}".repeat(45);
    let blocks = 25;
    let text = format!(
        "{}{{% if off %}}{elifs}{{% else %}}{{{{ {deep} }}}}{{% endif %}}{}",
        "{% if flag %}".repeat(blocks),
        "{% endif %}".repeat(blocks)
    );
    assert!(render(&text).is_ok());
}

#[test]
fn what_never_ends_is_an_error() {
    let filler = "x ".repeat(1 << 17);
    for open in [
        "{{ ",
        "{% ",
        "{# ",
        "{% raw %}",
        "{{ '",
        "{{ \"",
        "{{ `",
        "{% if ",
        "{% for x in ",
        "{% set x = ",
        "{% raw -",
        "{{ {",
        "{{ [",
        "{{ (",
        "{{ a.",
        "{{ a | ",
        "{{ a is ",
        "{{ f(",
        "{{ '\\",
        "{{ 1.",
        "{{-",
        "{%-",
        "{#-",
        "{{",
    ] {
        fails(open);
        fails(&format!("{open}{filler}"));
        fails(&format!("a {open}é"));
    }
    fails(&"{% raw %}".repeat(100_000));
    fails(&"{{ ".repeat(100_000));
    fails(&"{{".repeat(100_000));
    fails(&"{% ".repeat(100_000));
    fails(&"{# #}{# ".repeat(100_000));
}

#[test]
fn long_texts_take_time_that_grows_with_them_only() {
    let mut many = String::new();
    for number in 0..40_000 {
        let _ = write!(many, "{{% set x{number} = name %}}{{{{ x{number} }}}}");
    }
    let started = Instant::now();
    let mut templates = Templates::new();
    let file = templates
        .compile_file("many", &many, Trimming::default())
        .expect("a file");
    templates
        .render_file(&file, &Variables::standard())
        .expect("a text");
    let long = "{ text } %} }} ".repeat(700_000);
    let text = templates.compile_text(&long).expect("a text");
    assert!(text.as_literal().is_some());
    let long = format!("{{{{ name }}}}{long}");
    let text = templates.compile_text(&long).expect("a text");
    templates
        .render_text(&text, &Variables::standard())
        .expect("a text");
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn no_text_of_random_tokens_panics() {
    const TOKENS: [&str; 48] = [
        "{{", "}}", "{%", "%}", "{#", "#}", "-", "(", ")", "[", "]", "{", "}", ",", ":", ".", "?.",
        "|", "~", "=", "==", "'", "'a'", "\"", "\\", "1", "1.", " ", "\n", "é", "if ", "else ",
        "elif ", "endif", "for ", " in ", " is ", "not ", "set ", "raw", "endraw", "list", "map",
        "'upper'", "lookup", "default", "hostvars", "...",
    ];
    // A generator of the kind that is in textbooks, so that a failure comes again.
    let mut state = 42_u64;
    let mut random = |most: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % most
    };
    for _ in 0..10_000 {
        let length = 1 + random(14);
        let mut text = String::from(["{{ ", "{% ", ""][random(3)]);
        for _ in 0..length {
            text.push_str(TOKENS[random(TOKENS.len())]);
        }
        text.push_str([" }}", " %}", ""][random(3)]);
        let mut templates = Templates::new();
        if let Err(error) = templates.compile_text(&text) {
            assert!(!error.message.is_empty(), "{text}");
            if let Some(at) = error.at {
                assert!(text.get(at.clone()).is_some(), "{text}: {at:?}");
            }
        }
        let _ = templates.compile_condition(&text);
    }
}
