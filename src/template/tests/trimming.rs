//! Tags that take line ends and blanks with them.

use super::Variables;
use crate::template::{TemplateError, Templates, Trimming};

const LINE_ENDS: Trimming = Trimming {
    line_ends: true,
    blanks: false,
};
const BLANKS: Trimming = Trimming {
    line_ends: false,
    blanks: true,
};
const BOTH: Trimming = Trimming {
    line_ends: true,
    blanks: true,
};

fn rendered(text: &str, trimming: Trimming) -> Result<String, TemplateError> {
    let mut templates = Templates::new();
    let file = templates.compile_file("a.tera", text, trimming)?;
    templates.render_file(&file, &Variables::standard())
}

/// What Jinja 3 gives for the same texts, with Python's names in place of these variables.
#[test]
fn tags_and_comments_take_what_they_take_in_jinja() {
    let list = "a\n  {% for h in hosts %}\n  - {{ h.name }}\n  {% endfor %}\nz\n";
    for (text, trimming, expected) in [
        (list, LINE_ENDS, "a\n    - b\n    - a\n  z\n"),
        (list, BLANKS, "a\n\n  - b\n\n  - a\n\nz\n"),
        (list, BOTH, "a\n  - b\n  - a\nz\n"),
        ("{{ one }}\n{{ one }}\n", BOTH, "1\n1\n"),
        ("a {# no #}\nb\n\t{# no #}\nc", BOTH, "a b\nc"),
        ("x {% if flag %}\ny\n{% endif %}\n\nz", BOTH, "x y\n\nz"),
        ("{% if flag %}\r\ny\r\n{% endif %}\r\nz", BOTH, "y\r\nz"),
        ("  {%- if flag -%}\n  y\n  {%- endif -%}\n  z", BOTH, "yz"),
        (
            "{% set x = '%}' %}\n{{ x }}{% if flag %}\n{% endif %}",
            BOTH,
            "%}",
        ),
        (
            "  {% raw %}\n  {% if %}\n  {{ no }}\n  {% endraw %}\n.",
            BOTH,
            "\n  {% if %}\n  {{ no }}\n.",
        ),
        (
            "{{ one }} {% if flag %}\n  y\n{{ one }}  {% endif %}\nz",
            BOTH,
            "1   y\n1  z",
        ),
        ("  é {% if flag %}\n  {% endif %}\n", BOTH, "  é "),
    ] {
        assert_eq!(
            rendered(text, trimming).as_deref(),
            Ok(expected),
            "{text:?}"
        );
    }
}

#[test]
fn a_mistake_is_where_it_was_written() {
    for (text, wrong) in [
        ("a\n    {% if nope == 1 %}\nb\n{% endif %}\n", "nope"),
        ("{% if flag %}\n  {{ nope }}\n{% endif %}\n", "nope"),
        ("  {% if flag %}\n  {% endfi %}\n", "endfi"),
    ] {
        let error = rendered(text, BOTH).unwrap_err();
        let at = error.at.unwrap_or_default();
        assert_eq!(text.get(at), Some(wrong), "{text:?}: {}", error.message);
    }
}
