//! What is asked of the variables of other hosts.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::json;

use crate::template::{Lookup, TemplateError, Templates};
use crate::value::{Value, from_json, to_json};

/// The fields that were asked for.
#[derive(Default)]
struct Hosts {
    asked: RefCell<Vec<Option<Vec<String>>>>,
}

impl Lookup for Hosts {
    fn get(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        assert_ne!(name, "hostvars", "it is asked for by a method of its own");
        Ok((name == "h").then(|| Value::from("web1")))
    }

    fn names(&self) -> Vec<String> {
        vec!["h".into(), "hostvars".into()]
    }

    fn hostvars(&self, fields: Option<&[Arc<str>]>) -> Result<Option<Value>, TemplateError> {
        let fields = fields.map(|fields| fields.iter().map(ToString::to_string).collect());
        self.asked.borrow_mut().push(fields);
        Ok(Some(from_json(&json!({
            "web1": {"ip": "10.0.0.1", "facts": {"os": "debian"}},
            "web2": {"ip": "10.0.0.2"},
        }))))
    }
}

#[test]
fn only_the_fields_that_a_text_uses_are_asked_for() {
    for (text, value, asked) in [
        (
            "{{ hostvars['web1'].ip }}",
            json!("10.0.0.1"),
            Some(vec!["ip"]),
        ),
        (
            "{{ hostvars[h]['ip'] }}",
            json!("10.0.0.1"),
            Some(vec!["ip"]),
        ),
        (
            "{{ hostvars.web2.ip ~ hostvars[h].facts.os ~ hostvars[h].ip }}",
            json!("10.0.0.2debian10.0.0.1"),
            Some(vec!["ip", "facts"]),
        ),
        (
            "{{ hostvars.web2.nope | default('x') }}",
            json!("x"),
            Some(vec!["nope"]),
        ),
        ("{{ hostvars[h] is defined }}", json!(true), Some(vec![])),
        (
            "{{ hostvars[h] is defined and hostvars[h].ip == '10.0.0.1' }}",
            json!(true),
            Some(vec!["ip"]),
        ),
        ("{{ hostvars[h] | length }}", json!(2), None),
        ("{{ hostvars[h][h] | default(1) }}", json!(1), None),
        (
            "{{ hostvars | length ~ hostvars[h].ip }}",
            json!("210.0.0.1"),
            None,
        ),
        (
            "{{ ['web2', h] | map('extract', hostvars, 'ip') }}",
            json!(["10.0.0.2", "10.0.0.1"]),
            Some(vec!["ip"]),
        ),
        (
            "{{ [h] | map('extract', hostvars, ['facts', 'os']) }}",
            json!(["debian"]),
            Some(vec!["facts"]),
        ),
        (
            "{{ [h] | map('extract', hostvars) | map(attribute='ip') }}",
            json!(["10.0.0.1"]),
            None,
        ),
        (
            "{% for n in ['web1', 'web2'] %}{{ hostvars[n].ip }} {% endfor %}",
            json!("10.0.0.1 10.0.0.2 "),
            Some(vec!["ip"]),
        ),
    ] {
        let hosts = Hosts::default();
        let mut templates = Templates::new();
        let compiled = templates.compile_text(text).expect(text);
        let rendered = templates
            .render_text(&compiled, &hosts)
            .map(|value| to_json(&value));
        assert_eq!(rendered, Ok(value), "{text}");
        let asked = asked.map(|fields| fields.into_iter().map(str::to_owned).collect());
        assert_eq!(*hosts.asked.borrow(), [asked], "{text}");
    }
}

#[test]
fn the_names_of_a_text_tell_the_fields() {
    let mut templates = Templates::new();
    let text = templates
        .compile_text("{{ hostvars[h].ip ~ h }}")
        .expect("a text");
    let fields: Vec<_> = text
        .names()
        .iter()
        .map(|used| {
            (
                &*used.name,
                used.fields.as_ref().map(|fields| fields[0].to_string()),
            )
        })
        .collect();
    assert_eq!(
        fields,
        [
            ("hostvars", Some("ip".to_owned())),
            ("h", None),
            ("h", None)
        ]
    );
}

#[test]
fn what_another_host_lacks_is_named() {
    for (text, message, help) in [
        (
            "{{ hostvars.web3.ip }}",
            "`hostvars.web3` is not defined",
            "did you mean `web1`?",
        ),
        (
            "{{ hostvars['web2'].facts }}",
            "`hostvars['web2'].facts` is not defined",
            "`hostvars['web2']` is a host for which nothing defines `facts`",
        ),
        (
            "{{ hostvars[h].nope }}",
            "`hostvars[h].nope` is not defined",
            "either there is no such host, or nothing defines this for it",
        ),
    ] {
        let mut templates = Templates::new();
        let compiled = templates.compile_text(text).expect(text);
        let error = templates
            .render_text(&compiled, &Hosts::default())
            .expect_err(text);
        assert_eq!(error.message, message);
        assert_eq!(error.help.unwrap_or_default(), help, "{text}");
    }
}
