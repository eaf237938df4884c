//! Tests of the folder as a whole: what expressions give, when conditions hold, what is said of mistakes.

mod arguments;
mod conditions;
mod derived;
mod errors;
mod expressions;
mod filters;
mod hostvars;
mod limits;
mod lookups;
mod texts;
mod trimming;

use std::cell::RefCell;

use serde_json::{Value as Json, json};

use super::{Lookup, TemplateError, Templates};
use crate::value::{Value, from_json, to_json};

/// Variables from JSON. A key `!name` holds the message that the variable's own text fails with.
struct Variables {
    json: Json,
    asked: RefCell<Vec<String>>,
}

impl Variables {
    fn new(json: Json) -> Self {
        Self {
            json,
            asked: RefCell::default(),
        }
    }

    /// What the tables of this folder use.
    fn standard() -> Self {
        Self::new(json!({
            "one": 1,
            "name": "web",
            "yes_text": "yes",
            "secret": "hunter2",
            "flag": true,
            "off": false,
            "nothing": null,
            "list": [3, 1, 2],
            "empty": [],
            "conf": {"port": 80, "tls": {"on": true}, "dashed-key": 1},
            "hosts": [{"name": "b", "up": true}, {"name": "a", "up": false}],
            "result": {"changed": true, "failed": false, "rc": 0},
            "not_run": {"changed": false, "skipped": true},
            "!broken": "boom",
        }))
    }
}

impl Lookup for Variables {
    fn get(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        self.asked.borrow_mut().push(name.to_owned());
        if let Some(message) = self.json[format!("!{name}")].as_str() {
            return Err(TemplateError::new(message).at(0..1));
        }
        Ok(self.json.get(name).map(from_json))
    }

    fn names(&self) -> Vec<String> {
        self.json
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect()
    }
}

fn render(text: &str) -> Result<Json, TemplateError> {
    let mut templates = Templates::new();
    let text = templates.compile_text(text)?;
    templates
        .render_text(&text, &Variables::standard())
        .map(|value| to_json(&value))
}

fn holds(condition: &str) -> Result<bool, TemplateError> {
    let mut templates = Templates::new();
    let condition = templates.compile_condition(condition)?;
    templates.evaluate_condition(&condition, &Variables::standard())
}
