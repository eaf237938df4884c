//! The table of filters, tests and functions: what may be called, with which arguments, and what a manual says
//! of it. Every example is run by a test.

use super::filters;

/// A filter, test or function.
#[derive(Debug)]
pub struct Documented {
    /// What it is.
    pub kind: DocumentedKind,
    /// Its name.
    pub name: &'static str,
    /// Its arguments by name, in their order by place; one that may be left out ends in `?`, one that takes all
    /// that come by place in `...`.
    pub arguments: &'static [&'static str],
    /// What it does, in a sentence.
    pub doc: &'static str,
    /// An expression with it.
    pub example: &'static str,
    /// What the example gives, as JSON.
    pub gives: &'static str,
}

/// What can be called in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentedKind {
    /// `value | name(...)`
    Filter,
    /// `value is name(...)`
    Test,
    /// `name(...)`
    Function,
}

type Text = &'static str;

pub(super) const fn filter(
    name: Text,
    arguments: &'static [Text],
    doc: Text,
    example: Text,
    gives: Text,
) -> Documented {
    Documented {
        kind: DocumentedKind::Filter,
        name,
        arguments,
        doc,
        example,
        gives,
    }
}

pub(super) const fn test(
    name: Text,
    arguments: &'static [Text],
    doc: Text,
    example: Text,
    gives: Text,
) -> Documented {
    Documented {
        kind: DocumentedKind::Test,
        name,
        arguments,
        doc,
        example,
        gives,
    }
}

pub(super) const fn function(
    name: Text,
    arguments: &'static [Text],
    doc: Text,
    example: Text,
    gives: Text,
) -> Documented {
    Documented {
        kind: DocumentedKind::Function,
        name,
        arguments,
        doc,
        example,
        gives,
    }
}

impl Documented {
    /// Whether it has an argument of this name.
    pub fn takes(&self, argument: &str) -> bool {
        self.arguments.iter().any(|known| bare(known) == argument)
    }

    /// The arguments that must be given.
    pub fn required(&self) -> impl Iterator<Item = &'static str> {
        self.arguments
            .iter()
            .copied()
            .filter(|argument| !argument.ends_with('?') && !argument.ends_with("?..."))
            .map(bare)
    }
}

/// The name of an argument without the signs after it.
pub(super) fn bare(argument: &str) -> &str {
    argument.trim_end_matches("...").trim_end_matches('?')
}

/// All of them, by topic.
pub fn documented() -> impl Iterator<Item = &'static Documented> {
    filters::TOPICS.iter().flat_map(|topic| topic.iter())
}

pub(super) fn find(kind: DocumentedKind, name: &str) -> Option<&'static Documented> {
    documented().find(|documented| documented.kind == kind && documented.name == name)
}
