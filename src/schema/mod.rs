//! JSON schemas of what users write, so that editors complete and check it. They are made from the tables that loading
//! itself uses, and say what can be said without running anything: templates stand for any value.

mod inventory;
mod modules;
mod playbook;
mod types;

use serde_json::{Value, json};

/// What there is a schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// A playbook.
    Playbook,
    /// A file of tasks: `tasks/*.yaml` of a role, or what is imported and included.
    Tasks,
    /// A file of handlers.
    Handlers,
    /// An inventory in YAML.
    Inventory,
    /// A role's `meta/args.yaml`.
    Args,
}

impl Document {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Playbook,
        Self::Tasks,
        Self::Handlers,
        Self::Inventory,
        Self::Args,
    ];

    /// Its name, which is that of its file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Playbook => "playbook",
            Self::Tasks => "tasks",
            Self::Handlers => "handlers",
            Self::Inventory => "inventory",
            Self::Args => "args",
        }
    }

    /// The one called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|document| document.name() == name)
    }

    fn title(self) -> &'static str {
        match self {
            Self::Playbook => "a playbook of provision",
            Self::Tasks => "tasks of provision",
            Self::Handlers => "handlers of provision",
            Self::Inventory => "an inventory of provision",
            Self::Args => "the arguments of a role of provision",
        }
    }

    /// Its schema.
    pub fn schema(self) -> Value {
        let (mut root, definitions) = match self {
            Self::Playbook => (playbook::plays(), playbook::definitions()),
            Self::Tasks => (types::reference("tasks"), playbook::definitions()),
            Self::Handlers => (types::reference("handlers"), playbook::definitions()),
            Self::Inventory => (inventory::groups(), inventory::definitions()),
            Self::Args => (playbook::role_arguments(), playbook::argument_definition()),
        };
        // In draft 7 nothing counts beside a reference.
        if root.get("$ref").is_some() {
            root = json!({ "allOf": [root] });
        }
        let mut schema = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": self.title(),
        });
        for (key, value) in root.as_object().into_iter().flatten() {
            schema[key] = value.clone();
        }
        schema["definitions"] = Value::Object(definitions);
        schema
    }

    /// Its schema as a file.
    pub fn text(self) -> String {
        format!("{:#}\n", self.schema())
    }
}
