//! Keywords that are a value or a template that yields one when the task runs.

use std::sync::Arc;

use super::keys::Keys;
use super::load::Loader;
use crate::source::{Diagnostics, Node, Span};
use crate::value::{Value, to_json};
use crate::vars::Definition;

/// What a keyword says.
#[derive(Clone, Debug)]
pub enum Setting<T> {
    /// It is written out.
    Value(T),
    /// It is rendered for each host.
    Template(Arc<Definition>),
}

impl<T> Setting<T> {
    /// The template, if it is one.
    pub fn template(&self) -> Option<&Definition> {
        match self {
            Self::Value(_) => None,
            Self::Template(definition) => Some(definition),
        }
    }
}

impl<T: Copy> Setting<T> {
    /// What is written out.
    pub fn value(&self) -> Option<T> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Template(_) => None,
        }
    }
}

impl<T: Default> Default for Setting<T> {
    fn default() -> Self {
        Self::Value(T::default())
    }
}

/// A handler to be notified, or several.
#[derive(Clone, Debug)]
pub struct Notify {
    /// As it is written.
    pub name: Arc<str>,
    /// What yields the name, or a list of names, if it is a template.
    pub template: Option<Arc<Definition>>,
    /// Where it is written.
    pub span: Span,
}

/// What a number of seconds must be, as messages say it.
pub(super) const SECONDS: &str = "a number of seconds";

/// A number of seconds, in milliseconds.
pub fn milliseconds(value: &Value) -> Option<u64> {
    let seconds = match value.as_str() {
        Some(text) => text.trim().parse().ok(),
        None => to_json(value).as_f64(),
    };
    let seconds = seconds.filter(|seconds| (0.0..1e9).contains(seconds))?;
    let duration = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    u64::try_from(duration.as_millis()).ok()
}

impl Loader<'_> {
    /// Takes a boolean, or a template for one.
    pub(super) fn boolean(
        &mut self,
        keys: &mut Keys<'_>,
        key: &'static str,
    ) -> Option<Setting<bool>> {
        self.setting(keys, key, Keys::boolean)
    }

    /// Takes a whole number that is not negative, or a template for one.
    pub(super) fn number(
        &mut self,
        keys: &mut Keys<'_>,
        key: &'static str,
    ) -> Option<Setting<u64>> {
        self.setting(keys, key, Keys::number)
    }

    /// Takes what `read` takes, or a template for it.
    fn setting<'n, T>(
        &mut self,
        keys: &mut Keys<'n>,
        key: &'static str,
        read: impl FnOnce(&mut Keys<'n>, &'static str, &mut Diagnostics) -> Option<T>,
    ) -> Option<Setting<T>> {
        match self.template(keys.take(key)?) {
            Some(template) => Some(Setting::Template(template)),
            None => read(keys, key, self.diagnostics).map(Setting::Value),
        }
    }

    /// Takes the handlers to be notified.
    pub(super) fn notify(&mut self, keys: &mut Keys<'_>) -> Vec<Notify> {
        let names = keys.strings("notify", self.diagnostics);
        let notify = |(node, name): (&Node, Arc<str>)| Notify {
            name,
            template: self.template(node),
            span: node.span,
        };
        names.into_iter().map(notify).collect()
    }

    /// The template that a node is, if it is one. One that is wrong is complained of.
    pub(super) fn template(&mut self, node: &Node) -> Option<Arc<Definition>> {
        let definition = node.as_str().map(|_| self.definition(node))?;
        // A template that is wrong leaves nothing behind.
        let is_template = definition.literal().is_none_or(Value::is_none);
        is_template.then(|| Arc::new(definition))
    }
}
