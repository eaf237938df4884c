//! Templates: expressions, texts with expressions in them, conditions and template files.
//!
//! This folder and `value` are the only places that name the engine, Tera. Two things are added to it: every
//! name must be defined when it is used, and conditions are booleans. It knows no hosts or playbooks;
//! variables, and which files are meant, come through [`Lookup`], and places are bytes of the text that was given.

mod arguments;
mod bounds;
mod derived;
mod document;
mod error;
mod failure;
mod filters;
mod hints;
mod lexer;
mod lookup;
mod lookups;
mod parser;
mod reference;
mod strict;
mod syntax;
mod templates;
mod trimming;
mod yaml;

#[cfg(test)]
mod tests;

pub use error::{TemplateError, VariableError};
pub use hints::undefined as habit;
pub use lookup::{Lookup, NameUse};
pub use reference::{Documented, DocumentedKind, documented};
pub use templates::{Compiled, Condition, FileTemplate, Templates, Text};
pub use trimming::Trimming;
pub use yaml::to_yaml;
