//! Finds many texts at once, of which more become known while it is used.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use super::MASK;

/// How many texts are looked for by a machine of their own before all go into a new one.
const RECENT: usize = 32;

/// Texts that are to be found wherever they occur.
#[derive(Default)]
pub(super) struct Matcher {
    texts: HashSet<String>,
    settled: Machine,
    /// What came later. To build a machine for all of them whenever one comes would take too long.
    recent: Machine,
}

#[derive(Default)]
struct Machine {
    texts: Vec<String>,
    /// Built when it is first used.
    built: OnceLock<Option<AhoCorasick>>,
}

impl Matcher {
    pub(super) fn add(&mut self, text: String) {
        if text.is_empty() || !self.texts.insert(text.clone()) {
            return;
        }
        self.recent.add(text);
        let recent = self.recent.texts.len();
        if recent > RECENT && recent > self.settled.texts.len() / 4 {
            let texts = std::mem::take(&mut self.recent.texts);
            self.recent.built = OnceLock::new();
            self.settled.texts.extend(texts);
            self.settled.built = OnceLock::new();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.texts.contains(text)
    }

    pub(super) fn occurs(&self, text: &str) -> bool {
        self.machines().any(|machine| machine.is_match(text))
    }

    /// The text with a mask in place of what was found. What overlaps becomes one mask.
    pub(super) fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for machine in self.machines() {
            found.extend(machine.find_overlapping_iter(text).map(|hit| hit.range()));
        }
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        found.sort_by_key(|range| range.start);
        let mut redacted = String::with_capacity(text.len());
        let mut copied = 0;
        for range in found {
            if range.start >= copied {
                redacted.push_str(&text[copied..range.start]);
                redacted.push_str(MASK);
            }
            copied = copied.max(range.end);
        }
        redacted.push_str(&text[copied..]);
        Cow::Owned(redacted)
    }

    fn machines(&self) -> impl Iterator<Item = &AhoCorasick> {
        [&self.settled, &self.recent]
            .into_iter()
            .filter_map(Machine::get)
    }
}

impl Machine {
    fn add(&mut self, text: String) {
        self.texts.push(text);
        self.built = OnceLock::new();
    }

    fn get(&self) -> Option<&AhoCorasick> {
        let build = || {
            if self.texts.is_empty() {
                return None;
            }
            // It fails beyond two thousand million states, which no memory holds.
            AhoCorasick::new(&self.texts).ok()
        };
        self.built.get_or_init(build).as_ref()
    }
}
