//! A validator for the part of JSON Schema that the generated schemas use. It refuses a keyword that it does not know,
//! so nothing in a schema goes unlooked at.

use regex_lite::Regex;
use serde_json::{Map, Value};

/// What is wrong with `value`; nothing if it fits.
pub(crate) fn check(root: &Value, value: &Value) -> Result<(), String> {
    Checker { root }.check(root, value, "$")
}

struct Checker<'a> {
    root: &'a Value,
}

impl Checker<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let schema = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Bool(false) => return Err(format!("{at}: nothing is admitted here")),
            schema => schema.as_object().expect("a schema"),
        };
        if let Some(reference) = schema.get("$ref") {
            let pointer = text(reference).strip_prefix('#').expect("a local one");
            let target = self.root.pointer(pointer).expect("a definition");
            return self.check(target, value, at);
        }
        for (keyword, wanted) in schema {
            self.keyword(keyword, wanted, schema, value, at)?;
        }
        Ok(())
    }

    fn keyword(
        &self,
        keyword: &str,
        wanted: &Value,
        schema: &Map<String, Value>,
        value: &Value,
        at: &str,
    ) -> Result<(), String> {
        let all = |wanted: &Value| -> Vec<Result<(), String>> {
            let each = wanted.as_array().expect("a list").iter();
            each.map(|one| self.check(one, value, at)).collect()
        };
        let fits = match keyword {
            "$schema" | "title" | "description" | "default" | "definitions"
            | "patternProperties" => true,
            "type" => is_of(wanted, value),
            "enum" => wanted.as_array().expect("a list").contains(value),
            "pattern" => value
                .as_str()
                .is_none_or(|value| matches(text(wanted), value)),
            "minimum" => value.as_f64().is_none_or(|value| value >= number(wanted)),
            "maximum" => value.as_f64().is_none_or(|value| value <= number(wanted)),
            "not" => self.check(wanted, value, at).is_err(),
            "allOf" => return all(wanted).into_iter().collect(),
            "oneOf" => all(wanted).iter().filter(|one| one.is_ok()).count() == 1,
            "anyOf" => {
                let all = all(wanted);
                let wrong = all.iter().filter_map(|one| one.as_ref().err());
                let wrong: Vec<&str> = wrong.map(String::as_str).collect();
                if wrong.len() == all.len() {
                    return Err(format!("({})", wrong.join(" | ")));
                }
                true
            }
            "required" => value.as_object().is_none_or(|map| {
                let names = wanted.as_array().expect("a list");
                names.iter().all(|name| map.contains_key(text(name)))
            }),
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(wanted, item, &format!("{at}[{number}]"))?;
                }
                true
            }
            "propertyNames" => {
                for name in value.as_object().into_iter().flat_map(Map::keys) {
                    self.check(wanted, &Value::from(name.as_str()), &format!("{at}.{name}"))?;
                }
                true
            }
            "properties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    if let Some(wanted) = wanted.get(name) {
                        self.check(wanted, inner, &format!("{at}.{name}"))?;
                    }
                }
                true
            }
            "additionalProperties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    self.additional(wanted, schema, name, inner, &format!("{at}.{name}"))?;
                }
                true
            }
            other => panic!("the checker does not know `{other}`"),
        };
        fits.then_some(())
            .ok_or_else(|| format!("{at}: {keyword} {wanted}"))
    }

    /// What `properties` does not name: `patternProperties`, and else `additionalProperties`.
    fn additional(
        &self,
        wanted: &Value,
        schema: &Map<String, Value>,
        name: &str,
        value: &Value,
        at: &str,
    ) -> Result<(), String> {
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        let mut named = schema
            .get("properties")
            .is_some_and(|known| known.get(name).is_some());
        for (pattern, wanted) in patterns.into_iter().flatten() {
            if matches(pattern, name) {
                named = true;
                self.check(wanted, value, at)?;
            }
        }
        if named {
            Ok(())
        } else {
            self.check(wanted, value, at)
        }
    }
}

fn is_of(wanted: &Value, value: &Value) -> bool {
    let is = |name: &Value| match text(name) {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the checker does not know the type `{other}`"),
    };
    match wanted.as_array() {
        Some(names) => names.iter().any(is),
        None => is(wanted),
    }
}

fn matches(pattern: &str, value: &str) -> bool {
    Regex::new(pattern).expect("a pattern").is_match(value)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}
