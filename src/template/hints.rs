//! Errors of the syntax, with what Jinja's or Ansible's habits are called here.

use std::ops::Range;

use super::TemplateError;
use super::lexer::Kind;
use super::reference::{self, Documented, DocumentedKind};
use super::syntax::{Step, StepKey};
use crate::source::suggest;

/// What other engines call a filter, and what to write instead.
const FILTERS: &[(&str, &str)] = &[
    ("d", "write `default(value=...)`"),
    ("count", "write `length`"),
    ("tojson", "write `to_json`"),
    ("to_nice_yaml", "write `to_yaml`"),
    ("from_yaml", "load YAML files as variables"),
    ("list", "lists need no conversion: leave it out"),
    (
        "items",
        "write `dict2items`, or `for key, value in x` in a template",
    ),
    ("string", "write `str`"),
    ("format", "join texts with `~`, as in `'port ' ~ port`"),
    ("map_attribute", "write `map(attribute='name')`"),
    ("select", "write `[x for x in list if ...]`"),
    ("reject", "write `[x for x in list if not ...]`"),
    (
        "symmetric_difference",
        "join two `difference` lists as `[...a, ...b]`",
    ),
    ("batch", "write slices, as in `list[0:3]`"),
    ("subelements", "write two loops"),
    (
        "random",
        "results must not differ between runs: use a variable",
    ),
    ("e", "nothing is escaped here: leave it out"),
    ("escape", "nothing is escaped here: leave it out"),
    ("safe", "nothing is escaped here: leave it out"),
];

/// What other engines call a test.
const TESTS: &[(&str, &str)] = &[
    ("true", "write the value itself"),
    ("false", "write `not` before the value"),
    ("True", "write the value itself"),
    ("False", "write `not` before the value"),
    ("null", "write `is none`"),
    ("None", "write `is none`"),
    ("mapping", "write `is map`"),
    ("sequence", "write `is array`"),
    ("list", "write `is array`"),
    ("boolean", "write `is bool`"),
    ("success", "write `is succeeded`"),
    ("successful", "write `is succeeded`"),
    ("skip", "write `is skipped`"),
    ("change", "write `is changed`"),
    ("failure", "write `is failed`"),
    ("in", "write `x in list`"),
    ("contains", "write `y in x`"),
    ("eq", "write `==`"),
    ("equalto", "write `==`"),
    ("regex", "write `is search(pattern=...)`"),
    ("truthy", "compare it, as in `x != ''` or `x | length > 0`"),
    ("falsy", "compare it, as in `x == ''` or `x | length == 0`"),
    ("subset", "write `a | difference(with=b) == []`"),
    ("superset", "write `b | difference(with=a) == []`"),
];

/// What other engines call a function.
const FUNCTIONS: &[(&str, &str)] = &[
    (
        "lookup",
        "there are no lookups: put the value into a variable, or copy the file with a module",
    ),
    (
        "query",
        "there are no lookups: put the value into a variable",
    ),
    ("q", "there are no lookups: put the value into a variable"),
    ("omit", "give the value to use instead"),
    ("dict", "write `{'key': value}`"),
    ("namespace", "write `set_global`"),
    ("now", "results must not differ between runs: use a fact"),
];

/// Methods of other engines.
const METHODS: &[(&str, &str)] = &[
    (
        "items",
        "write `for key, value in x` in a template, or `x | dict2items`",
    ),
    ("keys", "write `x | keys`"),
    ("values", "write `x | values`"),
    (
        "get",
        "write `x | get(key='name', default='')`, or `x?.name | default(value='')`",
    ),
    ("split", "write `x | split(pat=',')`"),
    ("join", "write `list | join(sep=',')`"),
    ("replace", "write `x | replace(from='a', to='b')`"),
    ("startswith", "write `x is starting_with(pat='a')`"),
    ("endswith", "write `x is ending_with(pat='a')`"),
    ("strip", "write `x | trim`"),
    ("upper", "write `x | upper`"),
    ("lower", "write `x | lower`"),
    ("append", "write `[...list, item]`"),
    ("update", "write `{...a, ...b}`, or `a | combine(with=b)`"),
    ("format", "join texts with `~`, as in `'port ' ~ port`"),
];

pub(super) fn unexpected(source: &str, kind: Kind, at: &Range<usize>) -> TemplateError {
    let text = &source[at.clone()];
    let help = match text {
        "=" => Some("compare with `==`"),
        "<" => Some("`<` stands between two values"),
        "elif" | "then" | "else" => Some("a choice is written `a if condition else b`"),
        "." => Some("a field is taken from a variable only: set one first"),
        _ if kind == Kind::Text || kind == Kind::Number || kind == Kind::Name => {
            Some("an operator is missing before it, or quotes around a text")
        }
        _ => None,
    };
    TemplateError::new(format!("`{text}` cannot stand here"))
        .at(at.clone())
        .with_help_if_any(help.map(Into::into))
}

pub(super) fn choice_without_else(at: Range<usize>) -> TemplateError {
    TemplateError::new("a choice needs an `else`, as in `a if condition else b`")
        .at(at)
        .with_help("to filter a loop, write `for x in [y for y in list if condition]`")
}

pub(super) fn chained_comparison(at: Range<usize>) -> TemplateError {
    TemplateError::new("comparisons cannot be chained")
        .at(at)
        .with_help("write `1 < a and a < 3`")
}

pub(super) fn numbered_field(source: &str, at: Range<usize>) -> TemplateError {
    let number = &source[at.clone()];
    TemplateError::new("a field's name cannot begin with a digit")
        .at(at)
        .with_help(format!("write `[{number}]`"))
}

pub(super) fn mapping_key(found: Option<&str>, at: Range<usize>) -> TemplateError {
    let found = found.unwrap_or("the end");
    TemplateError::new(format!("expected a quoted key, found `{found}`"))
        .at(at)
        .with_help(format!("write `'{found}': ...`"))
}

pub(super) fn method(
    source: &str,
    root: &Range<usize>,
    last: Option<&Step>,
    at: Range<usize>,
) -> TemplateError {
    let name = match last.map(|step| &step.key) {
        Some(StepKey::Field(name)) => name.as_str(),
        _ => &source[root.clone()],
    };
    let at = last.map_or(root.start, |step| step.at.start)..at.start;
    TemplateError::new(format!("`{name}` cannot be called: values have no methods"))
        .at(at)
        .with_help(
            advice(METHODS, name).unwrap_or_else(|| "use a filter, as in `x | upper`".into()),
        )
}

pub(super) fn unknown_filter(name: &str, at: Range<usize>) -> TemplateError {
    unknown(DocumentedKind::Filter, "filter", FILTERS, name, at)
}

pub(super) fn unknown_test(name: &str, at: Range<usize>) -> TemplateError {
    unknown(DocumentedKind::Test, "test", TESTS, name, at)
}

pub(super) fn unknown_function(name: &str, at: Range<usize>) -> TemplateError {
    unknown(DocumentedKind::Function, "function", FUNCTIONS, name, at)
}

fn unknown(
    kind: DocumentedKind,
    what: &str,
    advices: &[(&str, &str)],
    name: &str,
    at: Range<usize>,
) -> TemplateError {
    let same_kind = reference::documented().filter(|documented| documented.kind == kind);
    let help = advice(advices, name)
        .or_else(|| {
            let near = suggest(name, same_kind.map(|documented| documented.name))?;
            Some(format!("did you mean `{near}`?"))
        })
        .or_else(|| {
            let other = reference::documented().find(|documented| documented.name == name)?;
            Some(match other.kind {
                DocumentedKind::Filter => format!("`{name}` is a filter: write `x | {name}`"),
                DocumentedKind::Test => format!("`{name}` is a test: write `x is {name}`"),
                DocumentedKind::Function => format!("`{name}` is a function: write `{name}(...)`"),
            })
        });
    TemplateError::new(format!("unknown {what} `{name}`"))
        .at(at)
        .with_help_if_any(help)
}

pub(super) fn unnamed_argument(
    of: &Documented,
    value: Option<&str>,
    at: Range<usize>,
) -> TemplateError {
    let name = of.name;
    let Some(argument) = of
        .arguments
        .first()
        .map(|argument| argument.trim_end_matches('?'))
    else {
        return TemplateError::new(format!("`{name}` takes no arguments")).at(at);
    };
    let value = value.unwrap_or("...");
    TemplateError::new(format!("the arguments of `{name}` are given by name"))
        .at(at)
        .with_help(format!("write `{name}({argument}={value})`"))
}

pub(super) fn unknown_argument(of: &Documented, argument: &str, at: Range<usize>) -> TemplateError {
    let known: Vec<String> = of
        .arguments
        .iter()
        .map(|known| format!("`{}`", known.trim_end_matches('?')))
        .collect();
    let message = format!("`{}` has no argument `{argument}`", of.name);
    TemplateError::new(message)
        .at(at)
        .with_help(if known.is_empty() {
            "it has none".into()
        } else {
            format!("it has {}", known.join(", "))
        })
}

pub(super) fn missing_argument(of: &Documented, argument: &str, at: Range<usize>) -> TemplateError {
    TemplateError::new(format!("`{}` needs the argument `{argument}`", of.name))
        .at(at)
        .with_help(format!("for example `{}`", of.example))
}

/// What to say of an undefined variable that other engines or Ansible define.
pub fn undefined(name: &str) -> Option<String> {
    Some(match name {
        "omit" => "there is no `omit`: give the value to use instead".into(),
        "yes" | "on" | "Yes" | "TRUE" => "write `true`".into(),
        "no" | "off" | "No" | "FALSE" => "write `false`".into(),
        "hostvars" => "a task sees the variables of its own host only".into(),
        "ansible_facts" => "facts are fields of `facts`, as in `facts.os.id`".into(),
        _ if name.starts_with("ansible_") => {
            format!(
                "a fact is a field of `facts`: write `facts.{}` if there is one",
                &name["ansible_".len()..]
            )
        }
        _ => return None,
    })
}

fn advice(table: &[(&str, &str)], name: &str) -> Option<String> {
    let (_, advice) = table.iter().find(|(known, _)| *known == name)?;
    Some((*advice).to_owned())
}
