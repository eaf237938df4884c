//! Finds many texts at once, of which more become known while it is used.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use super::MASK;

/// How many texts the smallest machine looks for.
const SMALLEST: usize = 16;

/// What stands at the end of a text that was shortened.
const CUT: char = '…';

/// How many of these are looked at: a message has one or two of them, what a program prints may have any number.
const MOST_CUTS: usize = 16;

/// The fewest characters of the beginning of a text that are looked for where it may have been cut off.
const SHORTEST_PIECE: usize = 3;

/// Whether a line says that the worker left out a part of a program's output.
pub(super) fn is_gap(line: &str) -> bool {
    line.starts_with("[... ") && line.ends_with(" bytes left out ...]")
}

/// The lines before and after each gap, which end or begin anywhere, perhaps in the middle of a secret.
fn beside_gaps(text: &str) -> Vec<Range<usize>> {
    if !text.contains(" bytes left out ...]") {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        lines.push(start..start + line.trim_end().len());
        start += line.len();
    }
    let is_gap_at = |at: usize| {
        lines
            .get(at)
            .is_some_and(|line| is_gap(&text[line.clone()]))
    };
    let beside = |at: &usize| is_gap_at(at + 1) || at.checked_sub(1).is_some_and(is_gap_at);
    let places = (0..lines.len()).filter(beside);
    let places = places.map(|at| lines[at].clone());
    places.filter(|line| !line.is_empty()).collect()
}

/// Texts that are to be found wherever they occur.
#[derive(Default)]
pub(super) struct Matcher {
    texts: HashSet<String>,
    /// The largest first, each larger than the next: to build one for all texts whenever one comes would take too
    /// long, and so each text is built into as many as there are machines.
    machines: Vec<Machine>,
}

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
        match self.machines.last_mut() {
            Some(last) if last.texts.len() < SMALLEST => last.add(text),
            _ => self.machines.push(Machine::new(vec![text])),
        }
        while let [.., larger, last] = &mut self.machines[..]
            && last.texts.len() >= SMALLEST
            && larger.texts.len() <= last.texts.len()
        {
            let mut texts = std::mem::take(&mut larger.texts);
            texts.append(&mut last.texts);
            *larger = Machine::new(texts);
            self.machines.pop();
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
        if !self.is_empty() {
            let cuts = text.match_indices(CUT).filter(|(at, cut)| {
                let next = text[at + cut.len()..].chars().next();
                next.is_none_or(|next| !next.is_alphanumeric() && next != CUT)
            });
            found.extend(cuts.take(MOST_CUTS).filter_map(|(at, _)| {
                let start = at - self.begun(&text[..at])?;
                Some(start..at)
            }));
            found.extend(beside_gaps(text));
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

    /// How many bytes at the end of a text that was cut off are the beginning of something that is looked for.
    fn begun(&self, text: &str) -> Option<usize> {
        let longest = |known: &String| {
            let ends = known.char_indices().map(|(at, _)| at).skip(SHORTEST_PIECE);
            ends.filter(|end| text.ends_with(&known[..*end])).max()
        };
        self.texts.iter().filter_map(longest).max()
    }

    fn machines(&self) -> impl Iterator<Item = &AhoCorasick> {
        self.machines.iter().filter_map(Machine::get)
    }
}

impl Machine {
    fn new(texts: Vec<String>) -> Self {
        Self {
            texts,
            built: OnceLock::new(),
        }
    }

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
