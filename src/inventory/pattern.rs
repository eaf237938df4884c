//! Host patterns: `all`, `web:db`, `web:&eu`, `web:!web3`, `web*`, `~web\d+`, `web[0]`, `web[1:3]`.
//!
//! As in Ansible, all that is added comes first, then what is intersected, then what is taken away, in
//! whatever order it is written. Hosts keep the order of the inventory within each part.

use std::ops::Range;

use indexmap::IndexSet;
use regex_lite::Regex;

use super::load::renamed_group;
use super::{GroupName, HostName, Inventory};
use crate::source::{Diagnostic, Span};

/// Picks hosts from an inventory.
#[derive(Clone, Debug)]
pub struct HostPattern {
    terms: Vec<Term>,
}

/// One part of a pattern.
#[derive(Clone, Debug)]
struct Term {
    operator: Operator,
    selector: Selector,
    subscript: Option<Subscript>,
    text: String,
    span: Option<Span>,
}

/// In the order in which they are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operator {
    Add,
    Intersect,
    Remove,
}

#[derive(Clone, Debug)]
enum Selector {
    Name(String),
    Matching(Regex),
}

/// Which of the hosts; negative positions count from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subscript {
    One(i64),
    /// From the first to the last one, which is included.
    Slice(usize, Option<usize>),
}

impl HostPattern {
    /// Reads a pattern. `span` is where it was written, if in a file.
    pub fn parse(text: &str, span: impl Into<Option<Span>>) -> Result<Self, Diagnostic> {
        let span = span.into();
        let place = |range: &Range<usize>| {
            // The parts of a text can only be pointed at if it was written without quotes.
            span.map(|span: Span| {
                if span.end - span.start == text.len() {
                    Span::new(span.file, span.start + range.start..span.start + range.end)
                } else {
                    span
                }
            })
        };
        let parts = split(text);
        let terms = parts
            .iter()
            .map(|range| term(&text[range.clone()], place(range)));
        let terms: Vec<Term> = terms.collect::<Result<_, _>>()?;
        if terms.is_empty() {
            return Err(
                located(Diagnostic::error("the host pattern is empty"), span, "")
                    .help("write `all` for every host"),
            );
        }
        Ok(Self { terms })
    }

    /// The pattern that several patterns, such as a list of them, are together.
    #[must_use]
    pub fn join(patterns: impl IntoIterator<Item = Self>) -> Self {
        let terms = patterns
            .into_iter()
            .flat_map(|pattern| pattern.terms)
            .collect();
        Self { terms }
    }

    /// The hosts that it picks. A group or a host that does not exist is an error, one that is empty is not.
    pub fn resolve(&self, inventory: &Inventory) -> Result<Vec<HostName>, Diagnostic> {
        let (hosts, missing) = self.pick(inventory)?;
        match missing.into_iter().next() {
            Some(missing) => Err(missing),
            None => Ok(hosts),
        }
    }

    /// The hosts that it picks, and what is to be said of each name that does not exist and picks none.
    pub fn pick(
        &self,
        inventory: &Inventory,
    ) -> Result<(Vec<HostName>, Vec<Diagnostic>), Diagnostic> {
        let mut terms: Vec<&Term> = self.terms.iter().collect();
        terms.sort_by_key(|term| term.operator);
        let mut hosts: IndexSet<&HostName> = IndexSet::new();
        let mut missing = Vec::new();
        if terms
            .first()
            .is_some_and(|term| term.operator != Operator::Add)
        {
            hosts = inventory.hosts.keys().collect();
        }
        for term in terms {
            missing.extend(term.missing(inventory));
            let picked = term.hosts(inventory)?;
            match term.operator {
                Operator::Add => hosts.extend(picked),
                Operator::Intersect => hosts.retain(|host| picked.contains(host)),
                Operator::Remove => hosts.retain(|host| !picked.contains(host)),
            }
        }
        Ok((hosts.into_iter().cloned().collect(), missing))
    }

    /// The names in it that the inventory does not have.
    pub fn unknown<'a>(&'a self, inventory: &'a Inventory) -> impl Iterator<Item = &'a str> {
        let names = self.terms.iter().filter_map(|term| match &term.selector {
            Selector::Name(name) => Some(name.as_str()),
            Selector::Matching(_) => None,
        });
        names.filter(|name| !exists(name, inventory))
    }
}

fn exists(name: &str, inventory: &Inventory) -> bool {
    inventory.groups.contains_key(name) || inventory.hosts.contains_key(name)
}

impl Term {
    fn hosts<'a>(&self, inventory: &'a Inventory) -> Result<IndexSet<&'a HostName>, Diagnostic> {
        let hosts: IndexSet<&HostName> = match &self.selector {
            Selector::Name(name) => named(name, inventory),
            Selector::Matching(regex) => {
                let groups = inventory
                    .groups
                    .keys()
                    .filter(|group| regex.is_match(group.as_str()));
                let hosts = inventory
                    .hosts
                    .keys()
                    .filter(|host| regex.is_match(host.as_str()));
                groups
                    .flat_map(|group| inventory.hosts_in(group.as_str()))
                    .chain(hosts)
                    .collect()
            }
        };
        match self.subscript {
            None => Ok(hosts),
            Some(Subscript::Slice(first, last)) => {
                let count = last.map_or(usize::MAX, |last| {
                    last.saturating_add(1).saturating_sub(first)
                });
                Ok(hosts.into_iter().skip(first).take(count).collect())
            }
            Some(Subscript::One(_)) if hosts.is_empty() => Ok(hosts),
            Some(Subscript::One(index)) => {
                let from_end = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
                let index = if index < 0 {
                    hosts.len().checked_sub(from_end)
                } else {
                    Some(from_end)
                };
                let one = index.and_then(|index| hosts.get_index(index).copied());
                one.map(|host| IndexSet::from([host]))
                    .ok_or_else(|| self.out_of_range(hosts.len()))
            }
        }
    }

    /// What is to be said if it is a name that does not exist.
    fn missing(&self, inventory: &Inventory) -> Option<Diagnostic> {
        let Selector::Name(name) = &self.selector else {
            return None;
        };
        if exists(name, inventory) {
            return None;
        }
        let known = inventory.groups.keys().map(GroupName::as_str);
        let known = known.chain(inventory.hosts.keys().map(HostName::as_str));
        let error = Diagnostic::error(format!("the inventory has no group and no host `{name}`"));
        let error = located(error, self.span, "unknown");
        Some(match renamed_group(name) {
            Some(new) => error.help(format!("Kubespray calls this group `{new}` now")),
            None if name == "localhost" => {
                error.help("add it to the inventory: `localhost: {ansible_connection: local}`")
            }
            None => error.suggest(name, known),
        })
    }

    fn out_of_range(&self, len: usize) -> Diagnostic {
        let hosts = if len == 1 {
            "is one host"
        } else {
            "are fewer hosts"
        };
        let error = Diagnostic::error(format!("`{}` picks a host that is not there", self.text));
        located(error, self.span, format!("there {hosts} to pick from")).note(format!(
            "positions are 0 to {}, or -1 to -{len} from the end",
            len - 1
        ))
    }
}

/// The hosts of a group, or the host of this name.
fn named<'a>(name: &str, inventory: &'a Inventory) -> IndexSet<&'a HostName> {
    if inventory.groups.contains_key(name) {
        return inventory.hosts_in(name);
    }
    let host = inventory.hosts.get_key_value(name);
    host.into_iter().map(|(host, _)| host).collect()
}

fn located(diagnostic: Diagnostic, span: Option<Span>, label: impl Into<String>) -> Diagnostic {
    match span {
        Some(span) => diagnostic.at(span, label),
        None => diagnostic,
    }
}

/// The parts of a pattern, which `,` or `:` separate outside of brackets.
fn split(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (at, character) in text.char_indices() {
        match character {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth = depth.saturating_sub(1),
            ',' | ':' if depth == 0 => {
                parts.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(start..text.len());
    parts
        .into_iter()
        .map(|part| {
            let written = &text[part.clone()];
            let start = part.end - written.trim_start().len();
            start..start + written.trim().len()
        })
        .filter(|part| !part.is_empty())
        .collect()
}

fn term(text: &str, span: Option<Span>) -> Result<Term, Diagnostic> {
    let (operator, rest) = match text.as_bytes() {
        [b'&', ..] => (Operator::Intersect, &text[1..]),
        [b'!', ..] => (Operator::Remove, &text[1..]),
        _ => (Operator::Add, text),
    };
    let invalid = |reason: String| {
        located(
            Diagnostic::error(format!("`{text}` is no host pattern")),
            span,
            reason,
        )
    };
    if let Some(expression) = rest.strip_prefix('~') {
        let regex = Regex::new(&format!("^(?:{expression})"))
            .map_err(|error| invalid(error.to_string()))?;
        let (selector, subscript, text) = (Selector::Matching(regex), None, text.to_owned());
        return Ok(Term {
            operator,
            selector,
            subscript,
            text,
            span,
        });
    }
    let (name, subscript) = match rest.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        Some((name, written)) => {
            let subscript = subscript(written).ok_or_else(|| {
                invalid("expected a position such as `[0]`, `[-1]` or `[1:3]`".into())
            })?;
            (name, Some(subscript))
        }
        None => (rest, None),
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '*' | '?');
    if name.is_empty() {
        return Err(invalid("expected the name of a group or a host".into()));
    }
    if let Some(other) = name.chars().find(|c| !allowed(*c)) {
        return Err(invalid(format!("`{other}` has no meaning here")));
    }
    let selector = if name.contains(['*', '?']) {
        let expression = name
            .replace('.', "\\.")
            .replace('*', ".*")
            .replace('?', ".");
        let regex = Regex::new(&format!("^(?:{expression})$"))
            .map_err(|error| invalid(error.to_string()))?;
        Selector::Matching(regex)
    } else {
        Selector::Name(name.to_owned())
    };
    let text = text.to_owned();
    Ok(Term {
        operator,
        selector,
        subscript,
        text,
        span,
    })
}

fn subscript(text: &str) -> Option<Subscript> {
    match text.split_once(':') {
        None => text.parse().ok().map(Subscript::One),
        Some((first, "")) => Some(Subscript::Slice(first.parse().ok()?, None)),
        Some((first, last)) => {
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then_some(Subscript::Slice(first, Some(last)))
        }
    }
}

#[cfg(test)]
mod tests;
