//! Reads a mapping key by key and complains of those that nobody asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::source::{Diagnostic, Diagnostics, Entry, Node};

/// The keys of a mapping, as far as they have not been taken.
pub(super) struct Keys<'n> {
    what: &'static str,
    entries: &'n [Entry],
    taken: Vec<bool>,
    known: Vec<&'static str>,
}

impl<'n> Keys<'n> {
    /// The keys of `node`, which is to be `what`: `a play`. Complains if it is no mapping.
    pub(super) fn new(
        node: &'n Node,
        what: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            diagnostics.push(
                Diagnostic::error(format!("{what} must be a mapping"))
                    .at(node.span, format!("this is {}", node.type_name())),
            );
            return None;
        };
        Some(Self {
            what,
            entries,
            taken: vec![false; entries.len()],
            known: Vec::new(),
        })
    }

    /// Takes the value of `key`. `null` counts as not given.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        let at = self
            .entries
            .iter()
            .position(|entry| entry.key.as_str() == Some(key))?;
        self.taken[at] = true;
        Some(&self.entries[at].value).filter(|value| !value.is_null())
    }

    /// The entry of `key`, taken or not, unless its value is `null`.
    pub(super) fn given(&self, key: &str) -> Option<&'n Entry> {
        let entry = self.entries.iter().find(|entry| entry.name() == key);
        entry.filter(|entry| !entry.value.is_null())
    }

    /// The entries that nobody has taken.
    pub(super) fn rest(&self) -> impl Iterator<Item = &'n Entry> + '_ {
        self.entries
            .iter()
            .zip(&self.taken)
            .filter(|(_, taken)| !**taken)
            .map(|(entry, _)| entry)
    }

    /// The keys that were asked for.
    pub(super) fn known(&self) -> &[&'static str] {
        &self.known
    }

    /// Complains of every key that nobody has asked for.
    pub(super) fn finish(self, diagnostics: &mut Diagnostics) {
        for entry in self.rest() {
            let key = entry.key.as_str().unwrap_or_default();
            diagnostics.push(
                Diagnostic::error(format!("unknown key `{key}` in {}", self.what))
                    .at(entry.key.span, "not known here")
                    .suggest(key, self.known.iter().copied())
                    .note_known(&self.known),
            );
        }
    }

    /// Takes a boolean.
    pub(super) fn boolean(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<bool> {
        let node = self.take(key)?;
        let value = node.as_bool();
        if value.is_none() {
            let mut wrong = expected(key, "`true` or `false`", node);
            if let Some(word @ ("yes" | "on" | "no" | "off")) = node.as_str() {
                let meant = matches!(word, "yes" | "on");
                wrong = wrong.help(format!("write `{key}: {meant}`"));
            }
            diagnostics.push(wrong);
        }
        value
    }

    /// Takes a whole number that is not negative.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<u64> {
        let node = self.take(key)?;
        let value = node.as_i64().and_then(|number| u64::try_from(number).ok());
        if value.is_none() {
            diagnostics.push(expected(key, "a whole number that is not negative", node));
        }
        value
    }

    /// Takes a string.
    pub(super) fn string(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Option<&'n str> {
        let node = self.take(key)?;
        let value = node.as_str();
        if value.is_none() {
            diagnostics.push(expected(key, "a string", node));
        }
        value
    }

    /// Takes a string or a list of strings.
    pub(super) fn strings(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> Vec<(&'n Node, Arc<str>)> {
        let Some(node) = self.take(key) else {
            return Vec::new();
        };
        let mut strings = Vec::new();
        for item in node.as_list().unwrap_or(std::slice::from_ref(node)) {
            match item.as_str() {
                Some(text) => strings.push((item, Arc::from(text))),
                None => diagnostics.push(expected(key, "a string or a list of strings", item)),
            }
        }
        strings
    }

    /// Takes tags: a string, which may have commas, or a list of them.
    pub(super) fn tags(&mut self, diagnostics: &mut Diagnostics) -> BTreeSet<Arc<str>> {
        let words = self.strings("tags", diagnostics);
        words
            .iter()
            .flat_map(|(_, text)| text.split(','))
            .map(|tag| Arc::from(tag.trim()))
            .collect()
    }
}

/// What to say when a key has a value of the wrong kind.
pub(super) fn expected(key: &str, expected: &str, node: &Node) -> Diagnostic {
    Diagnostic::error(format!("`{key}` must be {expected}"))
        .at(node.span, format!("this is {}", node.type_name()))
}

trait NoteKnown {
    fn note_known(self, known: &[&str]) -> Self;
}

impl NoteKnown for Diagnostic {
    /// Names the known keys where no near one could be suggested.
    fn note_known(self, known: &[&str]) -> Self {
        if self.help.is_empty() {
            self.note(format!("known here: {}", known.join(", ")))
        } else {
            self
        }
    }
}
