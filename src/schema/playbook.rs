//! Playbooks, files of tasks and handlers, and the arguments of roles: the table of keywords as a schema.

use provision_worker::module::Field;
use serde_json::{Map, Value, json};

use super::modules;
use super::types::{
    described, one_or_several, or_template, reference, template, variable, variables,
};
use crate::playbook::ArgumentKind;
use crate::playbook::keywords::{
    ARGUMENT, BLOCK, HANDLER, IMPORT_PLAYBOOK, Keyword, Kind, PLAY, Place, ROLE, ROLE_IMPORT, TASK,
    TASKS_IMPORT,
};

/// A list of plays.
pub(super) fn plays() -> Value {
    let one = [reference("play"), reference("import_playbook")];
    json!({ "type": "array", "items": { "oneOf": one } })
}

/// All that playbooks consist of.
pub(super) fn definitions() -> Map<String, Value> {
    let mut definitions = Map::new();
    let (mut one_task, mut handler) = (place(&TASK), place(&HANDLER));
    modules::add_to(&mut one_task);
    modules::add_to(&mut handler);
    let entries = ["task", "block", "import_tasks", "import_role"].map(reference);
    let roles = [json!({ "type": "string" }), place(&ROLE)];
    for (name, schema) in [
        ("play", place(&PLAY)),
        ("import_playbook", place(&IMPORT_PLAYBOOK)),
        ("tasks", list(&json!({ "anyOf": entries }))),
        ("task", one_task),
        ("block", place(&BLOCK)),
        ("import_tasks", place(&TASKS_IMPORT)),
        ("import_role", place(&ROLE_IMPORT)),
        ("handlers", list(&reference("handler"))),
        ("handler", handler),
        ("roles", list(&json!({ "anyOf": roles }))),
    ] {
        definitions.insert(name.to_owned(), schema);
    }
    definitions.extend(modules::definitions());
    definitions
}

/// `meta/args.yaml`.
pub(super) fn role_arguments() -> Value {
    let mut arguments = kind(Kind::Entries);
    arguments["propertyNames"] = variable();
    arguments
}

/// What a role's argument may declare.
pub(super) fn argument_definition() -> Map<String, Value> {
    Map::from_iter([("argument".to_owned(), place(&ARGUMENT))])
}

/// A list; nothing at all counts as an empty one.
fn list(item: &Value) -> Value {
    json!({ "type": ["array", "null"], "items": item })
}

/// A mapping with the keywords of a place.
fn place(place: &Place) -> Value {
    let mut properties = Map::new();
    for keyword in place.keywords() {
        let schema = described(kind(keyword.kind), keyword.doc);
        for name in keyword.names() {
            properties.insert(name.to_owned(), schema.clone());
        }
    }
    let required = place.keywords().filter(|keyword| keyword.required);
    let required: Vec<Value> = required.map(one_of_its_names).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": place.open,
    });
    if !required.is_empty() {
        schema["allOf"] = Value::Array(required);
    }
    schema
}

fn one_of_its_names(keyword: &Keyword) -> Value {
    required(keyword.name, keyword.aliases)
}

/// That an argument is there.
pub(super) fn given(field: &Field) -> Value {
    required(field.name, field.aliases)
}

fn required(name: &str, aliases: &[&str]) -> Value {
    if aliases.is_empty() {
        return json!({ "required": [name] });
    }
    let names = std::iter::once(&name).chain(aliases);
    let each: Vec<Value> = names.map(|name| json!({ "required": [name] })).collect();
    json!({ "anyOf": each })
}

/// What a keyword takes.
pub(super) fn kind(kind: Kind) -> Value {
    match kind {
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Integer => json!({ "type": "integer", "minimum": 0 }),
        Kind::Seconds => json!({ "type": "number", "minimum": 0 }),
        Kind::Port => json!({ "type": "integer", "minimum": 1, "maximum": 65535 }),
        Kind::Percentage => json!({ "anyOf": [
            { "type": "number", "minimum": 0, "maximum": 100 },
            { "type": "string", "pattern": r"^\s*\d+(\.\d+)?%?\s*$" },
        ] }),
        Kind::Sizes => {
            let number = json!({ "type": "integer", "minimum": 1 });
            let share = json!({ "type": "string", "pattern": r"^\s*\d+(\.\d+)?%?\s*$" });
            let several = json!({ "type": "array", "items": { "anyOf": [number, share] } });
            json!({ "anyOf": [number, share, several] })
        }
        Kind::Rendered(inner) => or_template(&self::kind(*inner)),
        Kind::String | Kind::Text => json!({ "type": "string" }),
        Kind::Strings => one_or_several(&["string"]),
        Kind::Variable => variable(),
        Kind::Words(words) => json!({ "enum": words }),
        Kind::Choice(words) => json!({ "anyOf": [{ "enum": words }, template()] }),
        Kind::Any => json!({}),
        Kind::List => json!({ "type": ["array", "null"] }),
        Kind::Items => or_template(&json!({ "type": ["array", "object"] })),
        Kind::Conditions => one_or_several(&["boolean", "string"]),
        Kind::Variables => variables(),
        Kind::Environment => {
            let one = or_template(&json!({ "type": "object" }));
            json!({ "anyOf": [one, { "type": "array", "items": one }] })
        }
        Kind::ModuleDefaults => reference("module_defaults"),
        Kind::Arguments => json!({ "type": ["object", "null"] }),
        Kind::Action => modules::action(),
        Kind::Tasks => reference("tasks"),
        Kind::Handlers => reference("handlers"),
        Kind::Roles => reference("roles"),
        Kind::Mapping(inner) => place(inner),
        Kind::Mappings(inner) => list(&place(inner)),
        Kind::NameOr(inner) => json!({ "anyOf": [{ "type": "string" }, place(inner)] }),
        Kind::Type => {
            let names = ArgumentKind::NAMES.map(|(name, _)| name);
            json!({ "enum": names })
        }
        Kind::Elements => json!({ "anyOf": [self::kind(Kind::Type), reference("argument")] }),
        Kind::Entries => {
            json!({ "type": "object", "additionalProperties": reference("argument") })
        }
    }
}
