//! What is wrong with a template, and where in its text. No error shows a variable's value: it may be a
//! secret.

use std::ops::Range;
use std::sync::Arc;

use thiserror::Error;

/// A template that cannot be compiled or rendered.
#[derive(Clone, Debug, Default, Error, PartialEq)]
#[error("{message}")]
pub struct TemplateError {
    /// What is wrong, without the place.
    pub message: String,
    /// The bytes of the text or file that it is about.
    pub at: Option<Range<usize>>,
    /// What to do about it.
    pub help: Option<String>,
    /// The name or path that is not defined, if that is what is wrong.
    pub undefined: Option<String>,
    /// The error in a variable's own text that made this one; its place is in that text.
    #[source]
    pub cause: Option<Box<VariableError>>,
}

/// An error in the text of a variable that a template mentions.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("variable `{variable}`: {error}")]
pub struct VariableError {
    /// The variable.
    pub variable: Arc<str>,
    /// What is wrong with its text.
    pub error: TemplateError,
}

impl TemplateError {
    /// An error that says `message` and knows no place.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// The same error, about these bytes of the text.
    #[must_use]
    pub fn at(mut self, at: Range<usize>) -> Self {
        self.at = Some(at);
        self
    }

    /// The same error with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same error with advice, if there is any.
    #[must_use]
    pub fn with_help_if_any(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// The error of a text at `at` that mentions `variable`, whose own text has this error.
    #[must_use]
    pub fn of_variable(self, variable: Arc<str>, at: Option<Range<usize>>) -> Self {
        Self {
            message: format!("variable `{variable}`: {}", self.message),
            at,
            help: self.help.clone(),
            undefined: self.undefined.clone(),
            cause: Some(Box::new(VariableError {
                variable,
                error: self,
            })),
        }
    }
}
