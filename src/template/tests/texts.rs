//! Texts and files: what surrounds expressions.

use std::sync::Arc;

use serde_json::json;

use super::{Variables, render};
use crate::template::{Templates, Text, Trimming};

#[test]
fn a_text_with_templates_is_a_string() {
    for (text, rendered) in [
        ("plain { text } %}", "plain { text } %}"),
        ("{{ one }} ", "1 "),
        ("{{ one }}{{ flag }}", "1true"),
        (
            "{% if list %}a{% elif missing %}b{% else %}c{% endif %}",
            "a",
        ),
        (
            "{% for h in hosts %}{{ loop.index }}={{ h.name }};{% endfor %}",
            "1=b;2=a;",
        ),
        (
            "{% for k, v in conf.tls %}{{ k }}{{ v }}{% else %}none{% endfor %}",
            "ontrue",
        ),
        ("{% set x = one + 1 %}{{ x }}", "2"),
        ("{% set x %}a{{ one }}{% endset %}{{ x | upper }}", "A1"),
        ("{% filter upper %}{{ name }}{% endfilter %}", "WEB"),
        (
            "{% raw %}{{ missing }}{% endraw %}{# {{ missing }} #}!",
            "{{ missing }}!",
        ),
        ("a  {%- if flag -%}  b  {%- endif %}", "ab"),
        ("{{ '{' }}x", "{x"),
        ("{{ [{'a': {'b': 1}}] | to_json }}.", "[{\"a\":{\"b\":1}}]."),
        ("<{{ name }}>\n", "<web>\n"),
    ] {
        assert_eq!(render(text), Ok(json!(rendered)), "{text}");
    }
}

#[test]
fn a_file_fails_at_its_undefined_name() {
    let mut templates = Templates::new();
    let file = "# conf\n{% for h in hosts %}\n{{ h.nam }}\n{% endfor %}\n";
    let file = templates
        .compile_file("a.tera", file, Trimming::default())
        .expect("a file");
    let error = templates
        .render_file(&file, &Variables::standard())
        .expect_err("nam");
    assert_eq!(error.message, "`h.nam` is not defined");
    assert_eq!(error.at, Some(31..36));

    let file = templates
        .compile_file(
            "b.tera",
            "{% if nope == 1 %}{% endif %}",
            Trimming::default(),
        )
        .expect("a file");
    let error = templates
        .render_file(&file, &Variables::standard())
        .expect_err("nope");
    assert_eq!(
        (error.message.as_str(), error.at),
        ("`nope` is not defined", Some(6..10))
    );
}

#[test]
fn the_engines_own_complaints_are_placed_in_the_authors_text() {
    let mut templates = Templates::new();
    for (text, place) in [
        ("{{ one }}{% if one %}", 12..20),
        ("{{ one }}{% endif %}", 12..17),
    ] {
        let error = templates
            .compile_file("c.tera", text, Trimming::default())
            .expect_err(text);
        let at = error.at.expect("a place");
        assert!(
            place.start <= at.start && at.end <= text.len(),
            "{text}: {at:?} {}",
            error.message
        );
    }
}

#[test]
fn the_free_names_of_a_template_are_known() {
    let mut templates = Templates::new();
    let names = |text: &Text| -> Vec<(String, usize, bool)> {
        let names = text.names().iter();
        names
            .map(|used| (used.name.to_string(), used.at.start, used.guarded))
            .collect()
    };
    let used = |name: &str, at, guarded| (name.to_owned(), at, guarded);
    for (text, expected) in [
        ("{{ a.b }}", vec![used("a", 3, false)]),
        (
            "{{ a is defined and a.b == c }}",
            vec![
                used("a", 3, true),
                used("a", 20, false),
                used("c", 27, false),
            ],
        ),
        (
            "{{ a | default(value=b) }}",
            vec![used("a", 3, true), used("b", 21, false)],
        ),
        ("{{ a?.b }}", vec![used("a", 3, true)]),
        (
            "{{ [x ~ y for x in xs] }}",
            vec![used("xs", 19, false), used("y", 8, false)],
        ),
        (
            "{% for x in xs %}{{ x }}{{ loop.index }}{% endfor %}{{ x }}",
            vec![used("xs", 12, false), used("x", 55, false)],
        ),
        (
            "{% set x = a %}{{ x }}",
            vec![used("a", 11, false), used("x", 18, true)],
        ),
        (
            "{{ f['k'][i] }}",
            vec![used("f", 3, false), used("i", 10, false)],
        ),
        ("{{ {'k': v} }}", vec![used("v", 9, false)]),
        ("{{ true or None }}", vec![]),
    ] {
        let text = templates.compile_text(text).expect(text);
        assert_eq!(names(&text), expected, "{}", text.source());
    }
}

#[test]
fn only_the_names_in_a_text_are_looked_up_and_each_once() {
    let mut templates = Templates::new();
    let text = templates
        .compile_text("{{ one + one }} {{ name }}")
        .expect("a text");
    let variables = Variables::standard();
    templates.render_text(&text, &variables).expect("a string");
    assert_eq!(*variables.asked.borrow(), ["one", "name"]);
}

#[test]
fn the_same_text_is_compiled_once() {
    let mut templates = Templates::new();
    let first = templates.compile_text("{{ one }}").expect("a text");
    let second = templates.compile_text("{{ one }}").expect("a text");
    assert!(Arc::ptr_eq(first.source(), second.source()));
}

#[test]
fn many_texts_do_not_disturb_each_other() {
    let mut templates = Templates::new();
    let texts: Vec<Text> = (0..100)
        .map(|number| {
            templates
                .compile_text(&format!("{{{{ one + {number} }}}}"))
                .expect("a text")
        })
        .collect();
    for (number, text) in texts.iter().enumerate() {
        let value = templates
            .render_text(text, &Variables::standard())
            .expect("a number");
        assert_eq!(value.as_u64(), Some(number as u64 + 1));
    }
}

#[test]
fn templates_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Templates>();
    shared::<Text>();
}
