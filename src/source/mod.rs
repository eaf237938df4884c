//! Text with positions: files, YAML trees whose every node knows where it was written, and diagnostics
//! that point there.
//!
//! It knows nothing of inventories, playbooks or templates, and it never prints.

mod diagnostic;
#[cfg(test)]
mod encrypted_tests;
mod file;
mod mistake;
mod node;
mod passwords;
mod render;
mod scalar;
mod suggest;
mod yaml;

pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use file::{FileId, SourceMap, Span};
pub use node::{Entry, Node, NodeKind, ScalarStyle, StringNode};
pub use passwords::is_password;
pub use render::render;
pub use suggest::suggest;
pub use yaml::parse_yaml;
