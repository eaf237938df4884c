//! Turns what Tera says of a strict text into an error about the author's text. Tera's messages list every
//! variable and may quote values; these do not.

use std::ops::Range;
use std::sync::Arc;

use tera::{Context, Error, ErrorKind, ReportError};

use super::filters::field;
use super::lookup::{HOSTVARS, Lookup};
use super::strict::{BOOLEAN, Check, CheckedPath, DEFINED, Key};
use super::templates::Unit;
use super::{TemplateError, hints};
use crate::source::suggest;
use crate::value::Value;

/// More fields than this are not listed.
const MAX_FIELDS: usize = 10;

/// What is known when a template fails.
pub(super) struct Failure<'a> {
    unit: &'a Unit,
    rendering: Option<(&'a Context, &'a dyn Lookup)>,
    /// The variables whose own text failed.
    failed: Vec<(Arc<str>, TemplateError)>,
}

impl<'a> Failure<'a> {
    pub(super) fn of_compiling(unit: &'a Unit) -> Self {
        Self {
            unit,
            rendering: None,
            failed: Vec::new(),
        }
    }

    pub(super) fn of_rendering(
        unit: &'a Unit,
        context: &'a Context,
        failed: Vec<(Arc<str>, TemplateError)>,
        lookup: &'a dyn Lookup,
    ) -> Self {
        Self {
            unit,
            rendering: Some((context, lookup)),
            failed,
        }
    }

    /// The error about the author's text.
    pub(super) fn explain(self, error: &Error) -> TemplateError {
        match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
                self.explain_report(report)
            }
            ErrorKind::Io(std::io::ErrorKind::FileTooLarge) => {
                TemplateError::new("the rendered text is too large")
                    .with_help("no rendering may give more than 16 MiB: look for a loop in a loop")
            }
            _ => translate(&error.to_string()),
        }
    }

    fn explain_report(self, report: &ReportError) -> TemplateError {
        let strict = &self.unit.strict;
        let span = &report.span().range;
        let (mut start, insertion) = strict.author_place(span.start.min(strict.text.len()));
        let message = report.message();
        match insertion.and_then(|insertion| insertion.checks.as_ref()) {
            Some(Check::Defined(number)) if message == DEFINED => {
                return self.undefined(&strict.paths[*number]);
            }
            Some(Check::Boolean(at)) if message.starts_with(BOOLEAN) => {
                let is = message.trim_start_matches(BOOLEAN);
                return boolean_failure(&self.unit.source, at.clone(), is);
            }
            // A value that came through a check is placed at the check.
            Some(Check::Defined(number)) => start = strict.paths[*number].at.start,
            Some(Check::Boolean(at) | Check::Value(at)) => start = at.start,
            None => {}
        }
        let (end, _) = strict.author_place(span.end.min(strict.text.len()));
        let at = start..end.max(start).min(self.unit.source.len());
        if message.contains("undefined") || message.contains("is not defined") {
            let around = strict
                .paths
                .iter()
                .rev()
                .find(|path| path.at.contains(&at.start));
            if let Some(path) = around {
                return self.undefined(path);
            }
        }
        translate(report.message()).at(at)
    }

    /// Which part of a path is not defined.
    fn undefined(mut self, path: &CheckedPath) -> TemplateError {
        let source = &self.unit.source;
        let root = &source[path.root.clone()];
        if let Some(found) = self.failed.iter().position(|(name, _)| **name == *root) {
            let (_, error) = self.failed.swap_remove(found);
            return TemplateError {
                at: Some(path.root.clone()),
                ..error
            };
        }
        let Some((context, lookup)) = self.rendering.filter(|_| !path.local) else {
            return not_defined(source, path.at.clone());
        };
        let Some(mut value) = context.get(root) else {
            let names = lookup.names();
            let near = || {
                suggest(root, names.iter().map(String::as_str))
                    .map(|near| format!("did you mean `{near}`?"))
            };
            return not_defined(source, path.root.clone())
                .with_help_if_any(hints::undefined(root).or_else(near));
        };
        let mut parent = path.root.clone();
        for (key, end) in &path.keys {
            match key.take(value) {
                Some(next) => value = next,
                None => {
                    // Only what is used of the other hosts is there, which would be a poor list.
                    let help = match key {
                        Key::Field(name) if root == HOSTVARS && parent != path.root => {
                            let host = &source[parent];
                            format!("`{host}` is a host for which nothing defines `{name}`")
                        }
                        _ => what_there_is(&source[parent], value, key),
                    };
                    return not_defined(source, path.root.start..*end).with_help(help);
                }
            }
            parent.end = *end;
        }
        let unknown_host = (root == HOSTVARS && path.keys.is_empty())
            .then(|| "either there is no such host, or nothing defines this for it".to_owned());
        not_defined(source, path.at.clone()).with_help_if_any(unknown_host)
    }
}

fn not_defined(source: &str, at: Range<usize>) -> TemplateError {
    let path = &source[at.clone()];
    TemplateError {
        undefined: Some(path.to_owned()),
        ..TemplateError::new(format!("`{path}` is not defined")).at(at)
    }
}

/// What stands where a key was not found.
fn what_there_is(parent: &str, value: &Value, key: &Key) -> String {
    if let Some(items) = value.as_array() {
        return format!("`{parent}` is a list of {}", items.len());
    }
    let Some(map) = value.as_map() else {
        return format!("`{parent}` is {}", type_word(value.name()));
    };
    if field(map, "skipped").and_then(Value::as_bool) == Some(true) {
        return format!("the task that registered `{parent}` was skipped");
    }
    let fields: Vec<&str> = map.keys().filter_map(crate::value::Key::as_str).collect();
    if let Key::Field(name) = key
        && let Some(near) = suggest(name, fields.iter().copied())
    {
        return format!("did you mean `{near}`?");
    }
    let listed: Vec<String> = fields
        .iter()
        .take(MAX_FIELDS)
        .map(|field| format!("`{field}`"))
        .collect();
    let more = if fields.len() > MAX_FIELDS {
        ", ..."
    } else {
        ""
    };
    match listed.as_slice() {
        [] => format!("`{parent}` is empty"),
        listed => format!("`{parent}` has {}{more}", listed.join(", ")),
    }
}

/// The error of an operand that should have been a boolean and `is` something else.
pub(super) fn boolean_failure(source: &str, at: Range<usize>, is: &str) -> TemplateError {
    let operand = &source[at.clone()];
    if is == "not defined" {
        return not_defined(source, at);
    }
    let help = match is {
        "a list" | "a mapping" => format!("compare it, as in `{operand} | length > 0`"),
        "a number" => format!("compare it, as in `{operand} != 0`"),
        "null" => format!("ask `{operand} is none`"),
        "the string ``" => format!("compare it, as in `{operand} != ''`"),
        is if is.starts_with("the string") => {
            format!("write the value without quotes, or `{operand} | bool`")
        }
        _ => format!("compare it, as in `{operand} == '...'`"),
    };
    TemplateError::new(format!("condition `{operand}` is {is}, not a boolean"))
        .at(at)
        .with_help(help)
}

/// Tera's message in this project's words.
fn translate(message: &str) -> TemplateError {
    let mut text = message.trim_end_matches('.').to_owned();
    for (theirs, ours) in TYPES {
        text = text.replace(&format!("`{theirs}`"), ours);
    }
    if text == "unexpected end of input" {
        return TemplateError::new("the text ends inside a tag that is never closed").with_help(
            "each `if`, `for`, `set` and `filter` needs its `end...`, as in `{% endif %}`",
        );
    }
    if text == "unknown tag" {
        return TemplateError::new("this tag closes nothing that is open")
            .with_help("`endif` closes `if`, `endfor` closes `for`");
    }
    let help = if text.starts_with("`+` requires") {
        Some("join texts as `a ~ b`, lists as `[...a, ...b]`, mappings as `{...a, ...b}`")
    } else if text.contains("cannot be consecutive") || text.contains("used consecutively") {
        Some("use parentheses")
    } else if text.starts_with("Math operations") {
        Some("join texts as `a ~ b`, format them as `'%s' | format(x)`, convert them as `x | int`")
    } else if text.contains("nesting is too deep") {
        Some(
            "put the inner part into a template of its own, and write `{{ lookup('template', 'part.tera') }}`",
        )
    } else if text.contains("maximum of 2 dimensions") {
        Some("put the inner list into a variable")
    } else if text.starts_with("Cannot compare") {
        Some("convert one of them, as in `x | int`")
    } else {
        None
    };
    let mut letters = text.chars();
    if let Some(first) = letters.next() {
        text = first.to_lowercase().chain(letters).collect();
    }
    TemplateError::new(text).with_help_if_any(help.map(Into::into))
}

/// Tera's and Rust's names of types.
const TYPES: [(&str, &str); 20] = [
    ("map/struct", "a mapping"),
    ("Map", "a mapping"),
    ("array", "a list"),
    ("Vec<Value>", "a list"),
    ("&[Value]", "a list"),
    ("string", "a string"),
    ("&str", "a string"),
    ("String", "a string"),
    ("bool", "a boolean"),
    ("none", "null"),
    ("undefined", "undefined"),
    ("Number", "a number"),
    ("u64", "a number"),
    ("i64", "a number"),
    ("u128", "a number"),
    ("i128", "a number"),
    ("f64", "a number"),
    ("usize", "a number"),
    ("u32", "a number"),
    ("i32", "a number"),
];

fn type_word(name: &str) -> &str {
    TYPES
        .iter()
        .find(|(theirs, _)| *theirs == name)
        .map_or(name, |(_, ours)| ours)
}
