//! What is made of a secret becomes one.

use super::{Templates, Variables};
use crate::secret::{MASK, Secrets};
use crate::template::Trimming;

/// The text of what a template gives, and the same as it is shown.
fn shown(text: &str) -> (String, String) {
    let secrets = Secrets::default();
    secrets.add("hunter2");
    let mut templates = Templates::with_secrets(secrets.clone());
    let compiled = templates.compile_text(text).expect("a template");
    let value = templates.render_text(&compiled, &Variables::standard());
    let text = super::to_json(&value.expect("a value")).to_string();
    let redacted = secrets.redact(&text).into_owned();
    (text, redacted)
}

#[test]
fn what_filters_make_of_a_secret_is_hidden() {
    for template in [
        "{{ secret | upper }}",
        "{{ secret | b64encode }}",
        "{{ (secret | b64encode) }}",
        "{{ (secret ~ 'x') | b64encode }}",
        "{{ secret | hash(algorithm='sha256') }}",
        "{{ [secret] | to_json | b64encode }}",
        "{{ 'a-b' | replace(from='-', to=secret) | upper }}",
        "{% filter upper %}{{ secret }}{% endfilter %}",
        "{% set made = secret | reverse %}{{ made }}",
        "{{ [s | upper for s in [secret]] | first }}",
    ] {
        let (plain, redacted) = shown(template);
        assert!(
            !plain.contains("hunter2") && plain.len() > 6,
            "{template}: {plain}"
        );
        assert_eq!(redacted, format!("\"{MASK}\""), "{template}: {plain}");
    }
}

#[test]
fn what_has_nothing_to_do_with_a_secret_stays() {
    for template in [
        "{{ name | upper | b64encode }}",
        "{{ secret | length }}",
        "{{ [secret, name, 'other'] | last }}",
        "{{ hosts | map(attribute='name') | join(sep='--') }}",
        "{% if secret | length > 3 %}{{ name | upper }}{% endif %}",
    ] {
        let (plain, redacted) = shown(template);
        assert_eq!(redacted, plain, "{template}");
    }
}

#[test]
fn a_failure_leaves_nothing_to_the_next_rendering() {
    let secrets = Secrets::default();
    secrets.add("hunter2");
    let mut templates = Templates::with_secrets(secrets.clone());
    let fails = templates
        .compile_text("{{ secret | nth(n=list) }}")
        .expect("a template");
    assert!(
        templates
            .render_text(&fails, &Variables::standard())
            .is_err()
    );
    let works = templates
        .compile_text("{{ name | upper }}")
        .expect("a template");
    templates
        .render_text(&works, &Variables::standard())
        .expect("a value");
    assert_eq!(secrets.redact("WEB"), "WEB");
}

#[test]
fn an_encrypted_file_stays_secret_when_it_is_rendered() {
    let secrets = Secrets::default();
    let mut templates = Templates::with_secrets(secrets.clone());
    let file = templates
        .compile_file("t", "listen = {{ conf.port }}\n", Trimming::default())
        .expect("a template");
    let file = file.secret(true);
    let text = templates
        .render_file(&file, &Variables::standard())
        .expect("a text");
    assert_eq!(secrets.redact(&text), format!("{MASK}\n"));
}
