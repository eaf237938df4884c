//! The secrets of a run, and texts without them.
//!
//! A secret is known by its value: whatever shows texts passes them through [`Secrets`] first, so that it does not
//! matter which way a secret has taken. docs/decisions/009-secrets.md says what this covers and what it does not.

mod forms;
mod matcher;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use matcher::Matcher;

use crate::value::{Key, Map, Value, ValueKind, key_text};

/// What stands in the place of a secret.
pub const MASK: &str = "********";

/// All secrets that have become known. Clones share them; they are only ever added to.
#[derive(Clone, Default)]
pub struct Secrets(Arc<RwLock<Known>>);

#[derive(Default)]
struct Known {
    /// What is hidden wherever it occurs.
    everywhere: Matcher,
    /// What is too short for that, and hidden where a text is nothing else.
    alone: HashSet<String>,
}

impl Secrets {
    /// Makes a text known as a secret, with the forms in which it may be shown.
    pub fn add(&self, text: &str) {
        let text = text.trim();
        if forms::is_common(text) || self.read().has(text) {
            return;
        }
        let mut known = self.write();
        if forms::is_short(text) {
            known.alone.insert(text.to_owned());
        } else {
            for form in forms::of(text) {
                known.everywhere.add(form);
            }
        }
    }

    /// Makes every text and every long number in a value known, but not the keys of mappings.
    pub fn add_value(&self, value: &Value) {
        each_leaf(value, &mut |leaf| match leaf {
            Leaf::Text(text) => self.add(text),
            Leaf::Number(number) if number.len() >= forms::SHORTEST_NUMBER => self.add(&number),
            Leaf::Number(_) | Leaf::Key(_) => {}
        });
    }

    /// Makes every line of a text known that is long enough to be told from others: the content of a file.
    pub fn add_lines(&self, text: &str) {
        let mut known = self.write();
        for form in forms::of_lines(text) {
            known.everywhere.add(form);
        }
    }

    /// Makes the texts in `made` known that are new: neither part of what they were made from, nor texts in which
    /// a secret can be seen anyway. Nothing happens if `from` holds no secret.
    pub fn add_derived(&self, from: &[Value], made: &Value) {
        if !from.iter().any(|value| self.occurs_in(value)) {
            return;
        }
        let mut old = HashSet::new();
        for value in from {
            each_leaf(value, &mut |leaf| {
                old.insert(leaf.into_text().into_owned());
            });
        }
        each_leaf(made, &mut |leaf| match leaf {
            Leaf::Text(text) if !old.contains(text) && !self.occurs(text) => self.add(text),
            Leaf::Number(number)
                if number.len() >= forms::SHORTEST_NUMBER && !old.contains(&number) =>
            {
                self.add(&number);
            }
            _ => {}
        });
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        let known = self.read();
        known.everywhere.is_empty() && known.alone.is_empty()
    }

    /// Whether a secret occurs in a text.
    pub fn occurs(&self, text: &str) -> bool {
        let known = self.read();
        known.alone.contains(text.trim()) || known.everywhere.occurs(text)
    }

    /// Whether a secret occurs anywhere in a value.
    pub fn occurs_in(&self, value: &Value) -> bool {
        if self.is_empty() {
            return false;
        }
        let mut found = false;
        each_leaf(value, &mut |leaf| {
            found = found || self.occurs(&leaf.into_text());
        });
        found
    }

    /// The text with a mask in place of each secret.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let known = self.read();
        if known.alone.contains(text.trim()) {
            return Cow::Borrowed(MASK);
        }
        known.everywhere.redact(text)
    }

    /// The value with a mask in place of each secret, in keys too. A number that is a secret becomes a mask.
    pub fn redact_value(&self, value: &Value) -> Value {
        match value.kind() {
            ValueKind::Map => value.as_map().map_or_else(Value::none, |map| {
                let entries = map.iter().map(|(key, value)| {
                    let text = key_text(key);
                    let key: Key<'static> = match self.redact(&text) {
                        Cow::Borrowed(same) if same == text => key.clone(),
                        other => Key::from(other.into_owned()),
                    };
                    (key, self.redact_value(value))
                });
                Value::from(entries.collect::<Map>())
            }),
            ValueKind::Array => {
                let items = value.as_array().unwrap_or_default();
                let is_gap = |item: &Value| item.as_str().is_some_and(matcher::is_gap);
                let mut redacted: Vec<Value> =
                    items.iter().map(|item| self.redact_value(item)).collect();
                // The lines of an output, of which those beside a gap are incomplete.
                for gap in (0..items.len()).filter(|at| is_gap(&items[*at])) {
                    for beside in [gap.wrapping_sub(1), gap + 1] {
                        if let Some(line) = redacted.get_mut(beside) {
                            *line = Value::from(MASK);
                        }
                    }
                }
                Value::from(redacted)
            }
            ValueKind::None | ValueKind::Undefined | ValueKind::Bool => value.clone(),
            ValueKind::String => match self.redact(value.as_str().unwrap_or_default()) {
                Cow::Borrowed(same) if Some(same) == value.as_str() => value.clone(),
                other => Value::from(other.into_owned()),
            },
            _ => {
                let text = value.to_string();
                if self.read().everywhere.has(&text) {
                    Value::from(MASK)
                } else {
                    value.clone()
                }
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn has(&self, text: &str) -> bool {
        self.everywhere.has(text) || self.alone.contains(text)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

enum Leaf<'v> {
    Text(&'v str),
    Number(String),
    Key(Cow<'v, str>),
}

impl<'v> Leaf<'v> {
    fn into_text(self) -> Cow<'v, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number),
            Self::Key(key) => key,
        }
    }
}

fn each_leaf(value: &Value, visit: &mut dyn FnMut(Leaf<'_>)) {
    match value.kind() {
        ValueKind::None | ValueKind::Undefined | ValueKind::Bool => {}
        ValueKind::String => visit(Leaf::Text(value.as_str().unwrap_or_default())),
        ValueKind::Array => {
            let items = value.as_array().unwrap_or_default().iter();
            items.for_each(|item| each_leaf(item, visit));
        }
        ValueKind::Map => {
            for (key, value) in value.as_map().into_iter().flatten() {
                visit(Leaf::Key(Cow::Owned(key_text(key))));
                each_leaf(value, visit);
            }
        }
        _ => visit(Leaf::Number(value.to_string())),
    }
}

#[cfg(test)]
mod tests;
