//! Something wrong that a person can put right, with the places to look at. How it looks on a screen is
//! decided in [`render`](super::render()).

use std::collections::HashMap;
use std::fmt;

use super::{Span, suggest};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The run does not start.
    Error,
    /// The run starts; somebody should look all the same.
    Warning,
}

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place. Only its first line is marked.
    pub span: Span,
    /// A few words beside the caret; may be empty.
    pub text: String,
}

/// One message to the person who wrote the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, names in backticks.
    pub message: String,
    /// Where it is wrong. Nothing if no file is at fault.
    pub primary: Option<Box<Label>>,
    /// Other places that explain it.
    pub secondary: Vec<Label>,
    /// What to do about it.
    pub help: Vec<String>,
    /// What else is worth knowing.
    pub note: Option<String>,
}

impl Diagnostic {
    /// An error that says `message`.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message.into())
    }

    /// A warning that says `message`.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into())
    }

    /// Puts the caret at `span`, with a few words beside it.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        let text = text.into();
        self.primary = Some(Box::new(Label { span, text }));
        self
    }

    /// Shows another place as well.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        let text = text.into();
        self.secondary.push(Label { span, text });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Says what else is worth knowing.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Adds "did you mean" if one of the `known` names is near to the `wrong` one.
    #[must_use]
    pub fn suggest<'a>(self, wrong: &str, known: impl Iterator<Item = &'a str>) -> Self {
        match suggest(wrong, known) {
            Some(name) => self.help(format!("did you mean `{name}`?")),
            None => self,
        }
    }

    fn new(severity: Severity, message: String) -> Self {
        Self {
            severity,
            message,
            primary: None,
            secondary: Vec::new(),
            help: Vec::new(),
            note: None,
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

/// All that is wrong, in the order in which it was found. Loading goes on after a mistake so that one run
/// shows them all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
    /// Which of them are about a place: there may be very many, in a file that is not meant well.
    about: HashMap<Span, Vec<usize>>,
}

impl Diagnostics {
    /// Nothing wrong yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, unless the same is said of the same place already: a file is read as often as it is used.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if let Some(primary) = &diagnostic.primary {
            let about = self.about.entry(primary.span).or_default();
            let is_same = |other: &Diagnostic| {
                other.primary == diagnostic.primary && other.message == diagnostic.message
            };
            if about.iter().any(|other| is_same(&self.all[*other])) {
                return;
            }
            about.push(self.all.len());
        }
        self.all.push(diagnostic);
    }

    /// Keeps the error of a result and gives its value, if there is one.
    pub fn check<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.push(diagnostic)).ok()
    }

    /// Whether one of them is an error and not a warning.
    pub fn has_errors(&self) -> bool {
        self.iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// They, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.all.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        let mut one = Self::new();
        one.push(diagnostic);
        one
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        diagnostics.into_iter().for_each(|one| self.push(one));
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
