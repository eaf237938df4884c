//! The arguments of a role, as its `meta/args.yaml` declares them.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::value::{Value, to_json, type_name};
use crate::vars::Definition;

/// The arguments of a role.
#[derive(Debug)]
pub struct RoleArguments {
    /// The role.
    pub role: Arc<str>,
    /// By name.
    pub arguments: IndexMap<Arc<str>, ArgumentSpec>,
}

/// What one argument must be.
#[derive(Debug, Default)]
pub struct ArgumentSpec {
    /// Its type.
    pub kind: ArgumentKind,
    /// What the items of a list, or the values of a mapping, must be.
    pub elements: Option<Box<ArgumentSpec>>,
    /// Whether it must be given.
    pub required: bool,
    /// Its value if it is not given.
    pub default: Option<Arc<Definition>>,
    /// The values that it may have; all if there are none.
    pub choices: Vec<Value>,
    /// What it is for.
    pub doc: String,
    /// The entries of a mapping; any if there are none.
    pub entries: IndexMap<Arc<str>, ArgumentSpec>,
}

/// The type of an argument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Anything.
    #[default]
    Any,
    /// A string.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Float,
    /// `true` or `false`.
    Boolean,
    /// A list.
    List,
    /// A mapping.
    Mapping,
    /// A path: a string that begins with `/` or `~`.
    Path,
}

impl ArgumentKind {
    /// All types by the names that `args.yaml` gives them; the first of each is the one to show.
    pub const NAMES: [(&'static str, Self); 12] = [
        ("any", Self::Any),
        ("string", Self::String),
        ("str", Self::String),
        ("integer", Self::Integer),
        ("int", Self::Integer),
        ("float", Self::Float),
        ("boolean", Self::Boolean),
        ("bool", Self::Boolean),
        ("list", Self::List),
        ("mapping", Self::Mapping),
        ("dict", Self::Mapping),
        ("path", Self::Path),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let known = Self::NAMES.iter().find(|(_, kind)| *kind == self);
        known.map_or("any", |(name, _)| name)
    }

    /// What it must be, in a message.
    fn described(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::String => "a string",
            Self::Integer => "a whole number",
            Self::Float => "a number",
            Self::Boolean => "`true` or `false`",
            Self::List => "a list",
            Self::Mapping => "a mapping",
            Self::Path => "an absolute path",
        }
    }

    fn admits(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::String => value.as_str().is_some(),
            Self::Integer => to_json(value).is_i64() || to_json(value).is_u64(),
            Self::Float => to_json(value).is_number(),
            Self::Boolean => value.as_bool().is_some(),
            Self::List => value.is_array(),
            Self::Mapping => value.is_map(),
            Self::Path => value
                .as_str()
                .is_some_and(|path| path.starts_with(['/', '~'])),
        }
    }
}

impl ArgumentSpec {
    /// What is wrong with `value`, which is at `place`: `containerd_config.mirrors[2]`.
    pub fn check(&self, place: &str, value: &Value) -> Result<(), String> {
        if !self.kind.admits(value) {
            let expected = self.kind.described();
            return Err(format!(
                "`{place}` must be {expected}, and is {}",
                type_name(value)
            ));
        }
        if !self.choices.is_empty() && !self.choices.contains(value) {
            let choices: Vec<String> = self
                .choices
                .iter()
                .map(|choice| to_json(choice).to_string())
                .collect();
            return Err(format!(
                "`{place}` must be one of {}, and is {}",
                choices.join(", "),
                to_json(value)
            ));
        }
        if let (Some(elements), Some(items)) = (&self.elements, value.as_array()) {
            for (number, item) in items.iter().enumerate() {
                elements.check(&format!("{place}[{number}]"), item)?;
            }
        }
        let Some(map) = value.as_map() else {
            return Ok(());
        };
        for (key, inner) in map {
            let name = key.as_str().unwrap_or_default();
            let place = format!("{place}.{name}");
            match (self.entries.get(name), &self.elements) {
                (Some(spec), _) => spec.check(&place, inner)?,
                (None, Some(elements)) => elements.check(&place, inner)?,
                (None, None) if self.entries.is_empty() => {}
                (None, None) => {
                    let known = self.entries.keys().map(AsRef::as_ref);
                    let near = crate::source::suggest(name, known);
                    let help = near.map(|near| format!("; did you mean `{near}`?"));
                    return Err(format!(
                        "`{place}` is not known{}",
                        help.unwrap_or_default()
                    ));
                }
            }
        }
        let missing = self.entries.iter().find(|(name, spec)| {
            spec.required && !map.keys().any(|key| key.as_str() == Some(name))
        });
        match missing {
            Some((name, _)) => Err(format!("`{place}` needs `{name}`")),
            None => Ok(()),
        }
    }
}
