//! The arguments of filters, tests and functions. Tera takes them by name only; here they may also be given by
//! place, and then get their names in the strict text. `map`, `select` and their kin take the name of another
//! filter or test with its arguments, which are told apart from their own by an underscore before their names.

use std::ops::Range;

use super::TemplateError;
use super::hints;
use super::parser::Parser;
use super::reference::{self, Documented, DocumentedKind};
use super::syntax::{Argument, Expr};

/// What stands before the names of the arguments of the filter or test that another filter applies.
pub(super) const INNER: &str = "_";

/// What is called, and which of its arguments are given so far.
struct Called {
    documented: &'static Documented,
    /// What stands before the names of its arguments.
    prefix: String,
    given: Vec<String>,
    by_place: usize,
    at: Range<usize>,
}

impl Called {
    /// The next argument by place.
    fn next_name(&mut self) -> Option<String> {
        let arguments = self.documented.arguments;
        let index = self.by_place.min(arguments.len().checked_sub(1)?);
        let repeated = arguments.iter().position(|name| name.ends_with("..."));
        let index = repeated.map_or(index, |repeated| index.min(repeated));
        if self.by_place > index && repeated != Some(index) {
            return None;
        }
        let nth = self.by_place - index;
        self.by_place += 1;
        let name = reference::bare(arguments[index]);
        Some(match nth {
            0 => name.to_owned(),
            nth => format!("{name}_{}", nth + 1),
        })
    }

    /// What the argument of this name is the name of.
    fn applies(&self, name: &str) -> Option<DocumentedKind> {
        match (self.documented.name, name) {
            ("map", "filter") => Some(DocumentedKind::Filter),
            ("select" | "reject" | "selectattr" | "rejectattr", "test") => {
                Some(DocumentedKind::Test)
            }
            _ => None,
        }
    }
}

impl Parser<'_> {
    /// Reads the arguments, if there are any, and checks their names.
    pub(super) fn arguments(
        &mut self,
        of: &'static Documented,
        name: &Range<usize>,
    ) -> Result<Vec<Argument>, TemplateError> {
        let mut called = vec![Called {
            documented: of,
            prefix: String::new(),
            given: Vec::new(),
            by_place: 0,
            at: name.clone(),
        }];
        let mut arguments = Vec::new();
        let mut by_name = false;
        if self.accept("(") {
            while !self.accept(")") {
                if !arguments.is_empty() {
                    self.expect(",", "between arguments")?;
                    if self.accept(")") {
                        break;
                    }
                }
                arguments.push(self.argument(&mut called, &mut by_name)?);
            }
        }
        for called in &called {
            let mut required = called.documented.required();
            let given = |argument: &&str| called.given.iter().any(|given| given == argument);
            if let Some(missing) = required.find(|argument| !given(argument)) {
                let at = called.at.clone();
                return Err(hints::missing_argument(called.documented, missing, at));
            }
        }
        Ok(arguments)
    }

    fn argument(
        &mut self,
        called: &mut Vec<Called>,
        by_name: &mut bool,
    ) -> Result<Argument, TemplateError> {
        let at = self.here();
        let (before, name) = if self.peek_second() == Some("=") {
            *by_name = true;
            let given = self.name("the name of an argument")?;
            let text = self.source[given.clone()].to_owned();
            self.expect("=", "after the name of an argument")?;
            // The innermost that has it: it is the one that was named last.
            let innermost = &called[called.len() - 1];
            if !innermost.documented.takes(&text) {
                return Err(hints::unknown_argument(innermost.documented, &text, given));
            }
            if innermost.given.contains(&text) {
                let message = format!("the argument `{text}` is given twice");
                return Err(TemplateError::new(message).at(given));
            }
            (innermost.prefix.clone(), text)
        } else {
            if *by_name {
                return Err(hints::place_after_name(at));
            }
            let innermost = called.len() - 1;
            let innermost = &mut called[innermost];
            let Some(name) = innermost.next_name() else {
                return Err(hints::too_many_arguments(innermost.documented, at));
            };
            (format!("{}{name}=", innermost.prefix), name)
        };
        let value = self.expression(0)?;
        let innermost = called.len() - 1;
        called[innermost].given.push(name.clone());
        let full_name = called[innermost].prefix.clone() + &name;
        if let Some(kind) = called[innermost].applies(&name) {
            let applied = self.applied(kind, &value)?;
            let prefix = called[innermost].prefix.clone() + INNER;
            called.push(Called {
                documented: applied,
                prefix,
                given: Vec::new(),
                by_place: 0,
                at: value.at.clone(),
            });
        }
        Ok(Argument {
            name: full_name,
            before,
            start: at.start,
            value,
        })
    }

    /// The filter or test that another one is to apply.
    fn applied(
        &self,
        kind: DocumentedKind,
        name: &Expr,
    ) -> Result<&'static Documented, TemplateError> {
        let at = name.at.clone();
        let text = &self.source[at.clone()];
        let is_text = text.len() > 2 && text.starts_with(['\'', '"', '`']);
        let inner = is_text.then(|| &text[1..text.len() - 1]);
        let Some(inner) = inner.filter(|inner| !inner.contains(['\'', '"', '`', '\\'])) else {
            return Err(hints::applied_by_name(kind, at));
        };
        let inside = at.start + 1..at.end - 1;
        reference::find(kind, inner).ok_or_else(|| match kind {
            DocumentedKind::Filter => hints::unknown_filter(inner, inside),
            _ => hints::unknown_test(inner, inside),
        })
    }
}
