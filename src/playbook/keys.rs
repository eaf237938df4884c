//! Reads a mapping key by key and complains of those that its place does not know.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::keywords::{HANDLER, Place, ROLE, places_of};
use crate::source::{Diagnostic, Diagnostics, Entry, Node};

/// How many keywords are listed where one of them was meant.
const FEW: usize = 16;

/// The keys of a mapping, as far as they have not been taken.
pub(super) struct Keys<'n> {
    place: &'static Place,
    entries: &'n [Entry],
    taken: Vec<bool>,
}

impl<'n> Keys<'n> {
    /// The keys of `node`, which stands at `place`. Complains if it is no mapping.
    pub(super) fn new(
        node: &'n Node,
        place: &'static Place,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            diagnostics.push(
                Diagnostic::error(format!("{} must be a mapping", place.what))
                    .at(node.span, format!("this is {}", node.type_name())),
            );
            return None;
        };
        Some(Self {
            place,
            entries,
            taken: vec![false; entries.len()],
        })
    }

    /// Takes the value of `key`, which may be written by another name of it. `null` counts as not given.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        let keyword = self.place.find(key);
        debug_assert!(
            keyword.is_some(),
            "the keywords of {} do not have `{key}`",
            self.place.what
        );
        let mut names = keyword?.names();
        let at = names.find_map(|name| self.entries.iter().position(|entry| entry.name() == name));
        let at = at?;
        self.taken[at] = true;
        Some(&self.entries[at].value).filter(|value| !value.is_null())
    }

    /// Takes a key that may not stand here, so that it is complained of in better words than `finish` has.
    pub(super) fn refuse(&mut self, key: &str) -> Option<&'n Entry> {
        let at = self.entries.iter().position(|entry| entry.name() == key)?;
        self.taken[at] = true;
        Some(&self.entries[at])
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

    /// The names of the keys that may stand here.
    pub(super) fn known(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.place.keywords().map(|keyword| keyword.name)
    }

    /// Complains of every key that has not been taken.
    pub(super) fn finish(self, diagnostics: &mut Diagnostics) {
        for entry in self.rest() {
            diagnostics.push(self.unknown(entry));
        }
    }

    fn unknown(&self, entry: &Entry) -> Diagnostic {
        let (key, what) = (entry.name(), self.place.what);
        if let Some(keyword) = self.place.find(key) {
            let given = keyword.name;
            return Diagnostic::error(format!("`{key}` is another name of `{given}`"))
                .at(entry.key.span, "given a second time here");
        }
        let wrong = Diagnostic::error(format!("unknown key `{key}` in {what}"))
            .at(entry.key.span, "not known here");
        if let Some(help) = super::action::ansible_word(key) {
            return wrong.help(help);
        }
        if self.place.what == ROLE.what {
            let wrong = wrong.suggest(key, self.known());
            return if wrong.help.is_empty() {
                wrong.help("parameters of the role stand below `vars`")
            } else {
                wrong
            };
        }
        if let Some(module) = self.place.module.filter(|_| HANDLER.find(key).is_some()) {
            return wrong.help(outside(module));
        }
        if let Some(help) = elsewhere(key) {
            return wrong.help(help);
        }
        let wrong = wrong.suggest(key, self.known());
        if !wrong.help.is_empty() {
            return wrong;
        }
        let known: Vec<&str> = self.known().collect();
        wrong.note(if known.len() > FEW {
            format!("`provision doc --keywords` lists the keywords of {what}")
        } else {
            format!("known here: {}", known.join(", "))
        })
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

/// What to say about a keyword of the task among the arguments of its module.
pub(super) fn outside(module: &str) -> String {
    format!("it is a keyword of the task: indent it as far as `{module}`")
}

/// What to say about a keyword that stands at the wrong place.
pub(super) fn elsewhere(key: &str) -> Option<String> {
    let place = places_of(key).next()?;
    Some(format!("it is a keyword of {}", place.what))
}

/// What to say when a key has a value of the wrong kind.
pub(super) fn expected(key: &str, expected: &str, node: &Node) -> Diagnostic {
    Diagnostic::error(format!("`{key}` must be {expected}"))
        .at(node.span, format!("this is {}", node.type_name()))
}
