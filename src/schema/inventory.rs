//! Inventories in YAML: groups in groups, hosts, and the variables that say how a host is reached.

use serde_json::{Map, Value, json};

use super::types::{described, or_template, reference};
use crate::inventory::connection::{BecomeMethod, CONNECTION_VARIABLES};

/// What belongs to a group and not to the top of the file.
const GROUP_KEYS: [&str; 3] = ["hosts", "children", "vars"];

/// The top of an inventory: groups by name.
pub(super) fn groups() -> Value {
    json!({
        "type": "object",
        "propertyNames": { "not": { "enum": GROUP_KEYS } },
        "additionalProperties": reference("group"),
    })
}

/// What a group and a host can have.
pub(super) fn definitions() -> Map<String, Value> {
    let mapping =
        |of: &str| json!({ "type": ["object", "null"], "additionalProperties": reference(of) });
    let group = json!({
        "type": ["object", "null"],
        "properties": {
            "hosts": described(mapping("vars"), "Hosts and their variables; `web[1:9]` is a range."),
            "children": described(mapping("group"), "The groups below this one."),
            "vars": described(reference("vars"), "Variables of every host of the group."),
        },
        "additionalProperties": false,
    });
    let mut known = Map::new();
    for variable in CONNECTION_VARIABLES {
        let schema = or_template(&connection_variable(variable.name));
        for name in variable.names() {
            known.insert(name.to_owned(), described(schema.clone(), variable.doc));
        }
    }
    let priority = json!({ "type": "integer" });
    let doc = "Of two groups of one depth, the variables of the one with the greater number win.";
    known.insert("ansible_group_priority".into(), described(priority, doc));
    let vars = json!({ "type": ["object", "null"], "properties": known });
    Map::from_iter([("group".to_owned(), group), ("vars".to_owned(), vars)])
}

/// What a connection variable must be.
fn connection_variable(name: &str) -> Value {
    match name {
        "ansible_port" => json!({ "type": "integer", "minimum": 1, "maximum": 65535 }),
        "ansible_timeout" => json!({ "type": "number", "minimum": 0 }),
        "ansible_become" => json!({ "type": "boolean" }),
        "ansible_connection" => json!({ "enum": ["ssh", "local"] }),
        "ansible_host_key_checking" => json!({ "enum": [true, false, "accept-new"] }),
        "ansible_become_method" => json!({ "enum": BecomeMethod::ALL.map(BecomeMethod::name) }),
        _ => json!({ "type": "string" }),
    }
}
