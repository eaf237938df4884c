//! Modules: what each is given in a task.

use provision_worker::arg::Kind;
use provision_worker::module::{Field, Module};
use provision_worker::modules::MODULES;
use serde_json::{Map, Value, json};

use super::playbook;
use super::types::{described, or_template, reference, template, variables};
use crate::playbook::control::CONTROLS;
use crate::playbook::keywords::{self, Kind as KeywordKind};

/// The collections that a module may be written with, as a regular expression.
const COLLECTIONS: &str = r"ansible\.(builtin|legacy|posix)|community\.general";

/// What stands in the place of a task, and is no action of one.
fn is_import(module: &Module) -> bool {
    module.name.starts_with("import_")
}

/// Everything that a task can do, by name.
fn all() -> Vec<&'static Module> {
    let all = MODULES.iter().chain(CONTROLS).copied();
    let mut all: Vec<&Module> = all.filter(|module| !is_import(module)).collect();
    all.sort_unstable_by_key(|module| module.name);
    all
}

/// The name of the definition that says what a task gives to a module.
fn definition(module: &Module) -> String {
    format!("module_{}", module.name)
}

/// The name of the definition that has a module's arguments, of which none must be there.
fn arguments_definition(module: &Module) -> String {
    format!("arguments_{}", module.name)
}

/// Adds the modules to the keywords of a task.
pub(super) fn add_to(task: &mut Value) {
    let mut patterns = Map::new();
    for module in all() {
        let summary = module.manual.trim_start().split("\n\n").next();
        let value = described(
            reference(&definition(module)),
            summary.unwrap_or(module.name),
        );
        let pattern = format!("^({COLLECTIONS})\\.{}$", module.name);
        task["properties"][module.name] = value;
        patterns.insert(pattern, reference(&definition(module)));
    }
    task["patternProperties"] = Value::Object(patterns);
}

/// The definitions of all modules' arguments, and of `module_defaults`.
pub(super) fn definitions() -> Map<String, Value> {
    let mut definitions = Map::new();
    let mut defaults = Map::new();
    let mut patterns = Map::new();
    for module in all() {
        definitions.insert(definition(module), value(module));
        if module.fields.is_empty() {
            continue;
        }
        definitions.insert(arguments_definition(module), arguments(module));
        let arguments = reference(&arguments_definition(module));
        let pattern = format!("^({COLLECTIONS})\\.{}$", module.name);
        patterns.insert(pattern, arguments.clone());
        defaults.insert(module.name.to_owned(), arguments);
    }
    definitions.insert(
        "module_defaults".into(),
        json!({
            "type": ["object", "null"],
            "properties": defaults,
            "patternProperties": patterns,
            "additionalProperties": false,
        }),
    );
    definitions
}

/// `action`: a module and its arguments in one mapping.
pub(super) fn action() -> Value {
    let names: Vec<&str> = all().iter().map(|module| module.name).collect();
    let long = json!({ "type": "string", "pattern": format!("^({COLLECTIONS})\\.") });
    json!({
        "type": "object",
        "properties": { "module": { "anyOf": [{ "enum": names }, long] } },
        "required": ["module"],
    })
}

/// What a task gives to a module.
fn value(module: &Module) -> Value {
    let place = match module.name {
        "include_tasks" => &keywords::INCLUDE_TASKS,
        "include_role" => &keywords::INCLUDE_ROLE,
        "include_vars" => &keywords::INCLUDE_VARS,
        "add_host" => return playbook::kind(KeywordKind::Mapping(&keywords::ADD_HOST)),
        "set_fact" => return variables(),
        _ => return call(module),
    };
    playbook::kind(KeywordKind::NameOr(place))
}

fn call(module: &Module) -> Value {
    let mut required: Vec<Value> = module
        .fields
        .iter()
        .filter(|field| field.required && module.free_form != Some(field.name))
        .map(playbook::given)
        .collect();
    let can_be_empty = required.is_empty();
    let mut arguments = reference(&arguments_definition(module));
    if !can_be_empty {
        required.insert(0, arguments);
        arguments = json!({ "allOf": required });
    }
    let nothing = || json!({ "type": "null" });
    match module.free_form.and_then(|name| module.field(name)) {
        Some(field) => json!({ "anyOf": [argument(field.kind), arguments, nothing()] }),
        None if can_be_empty => json!({ "anyOf": [arguments, nothing()] }),
        None => arguments,
    }
}

/// The arguments of a module, of which none must be there.
fn arguments(module: &Module) -> Value {
    let mut properties = Map::new();
    for field in module.fields {
        let mut schema = described(argument(field.kind), &manual(field));
        if let Some(default) = field.default.and_then(|text| text.parse::<Value>().ok()) {
            schema["default"] = default;
        }
        for name in [field.name].iter().chain(field.aliases) {
            properties.insert((*name).to_owned(), schema.clone());
        }
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn manual(field: &Field) -> String {
    let text = field.manual.trim_end();
    if field.required {
        format!("{text} Required.")
    } else {
        text.to_owned()
    }
}

/// What an argument takes: a value, or a template that yields it.
fn argument(kind: Kind) -> Value {
    match kind {
        Kind::Bool => or_template(&json!({ "type": "boolean" })),
        Kind::Integer => or_template(&json!({ "type": "integer" })),
        Kind::String => json!({ "type": ["string", "number"] }),
        Kind::Path => json!({ "type": "string", "pattern": r"^/|\{\{|\{%" }),
        Kind::Mode => json!({
            "type": "string",
            "pattern": r"^[0-7]{3,4}$|^0[0-7]{4}$|^[ugoa]*[=+-][rwxXst]*(,[ugoa]*[=+-][rwxXst]*)*$|\{\{|\{%",
        }),
        Kind::Choice(words) => json!({ "anyOf": [{ "enum": words }, template()] }),
        Kind::List(item) => {
            let item = argument(*item);
            json!({ "anyOf": [{ "type": "array", "items": item.clone() }, item] })
        }
        Kind::Map => or_template(&json!({ "type": "object" })),
        Kind::Any => json!({}),
        Kind::ControllerFile | Kind::ControllerTemplate => json!({ "type": "string" }),
    }
}
