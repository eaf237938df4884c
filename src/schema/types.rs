//! Pieces that schemas are put together from.

use serde_json::{Value, json};

/// What the name of a variable looks like.
const VARIABLE: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

/// A string with a template in it, which may yield anything.
pub(super) fn template() -> Value {
    json!({ "type": "string", "pattern": r"\{\{|\{%" })
}

/// What `schema` admits, or a template that may yield it.
pub(super) fn or_template(schema: &Value) -> Value {
    json!({ "anyOf": [schema, template()] })
}

/// The definition called `name`.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// The name of a variable.
pub(super) fn variable() -> Value {
    json!({ "type": "string", "pattern": VARIABLE })
}

/// Variables and their values; nothing at all counts as none.
pub(super) fn variables() -> Value {
    json!({ "type": ["object", "null"], "propertyNames": { "pattern": VARIABLE } })
}

/// A list, or one item of it alone. Items have one of the `types`, which are not `array`.
pub(super) fn one_or_several(types: &[&str]) -> Value {
    let mut all = types.to_vec();
    all.push("array");
    json!({ "type": all, "items": { "type": types } })
}

/// Adds what `schema` is about.
pub(super) fn described(mut schema: Value, text: &str) -> Value {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    schema["description"] = Value::from(lines.join("\n").trim());
    schema
}
