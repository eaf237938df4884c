//! Variables as the inventory writes them: names, values, places. Nothing is evaluated.

use indexmap::IndexMap;
use indexmap::map::Entry;

use super::connection;
use crate::source::{Diagnostic, Diagnostics, Node, Span};

/// Variables by name, in the order of the file.
pub type Vars = IndexMap<String, Node>;

/// Reads a mapping of variables; `whose` is for messages. Names that are none are left out.
pub(super) fn read(node: &Node, whose: &str, diagnostics: &mut Diagnostics) -> Vars {
    let mut vars = Vars::new();
    if node.is_null() {
        return vars;
    }
    let Some(entries) = node.as_map() else {
        let message = format!(
            "the variables of {whose} must be a mapping, found {}",
            node.type_name()
        );
        diagnostics.push(Diagnostic::error(message).at(node.span, "expected `name: value` lines"));
        return vars;
    };
    for entry in entries {
        if let Some(name) = name(entry.name(), entry.key.span, diagnostics) {
            vars.insert(name, entry.value.clone());
        }
    }
    vars
}

/// A text as the name of a variable; one that is none is an error at `span`.
pub(super) fn name(name: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<String> {
    if is_name(name) {
        diagnostics.extend(connection::check_name(name, span));
        return Some(name.to_owned());
    }
    let error = Diagnostic::error(format!("`{name}` is no name for a variable"));
    diagnostics.push(error.at(span, "only letters, digits and `_`, and no digit first"));
    None
}

/// Adds what another place says. One of the same file may repeat but not contradict; another file wins.
pub(super) fn unite(vars: &mut Vars, more: Vars, whose: &str, diagnostics: &mut Diagnostics) {
    for (name, value) in more {
        match vars.entry(name) {
            Entry::Vacant(place) => {
                place.insert(value);
            }
            Entry::Occupied(mut first) if first.get().span.file != value.span.file => {
                first.insert(value);
            }
            Entry::Occupied(first) if first.get().to_value() != value.to_value() => diagnostics
                .push(
                    Diagnostic::error(format!(
                        "the variable `{}` of {whose} has two values",
                        first.key()
                    ))
                    .at(value.span, "this value")
                    .also(first.get().span, "and this one"),
                ),
            Entry::Occupied(_) => {}
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
