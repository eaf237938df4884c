//! Errors of the syntax, with what Jinja's or Ansible's habits are called here.

use std::ops::Range;

use super::TemplateError;
use super::lexer::Kind;
use super::reference::{self, Documented, DocumentedKind};
use super::syntax::{Step, StepKey};
use crate::source::suggest;

/// What other engines call a filter, and what to write instead.
const FILTERS: &[(&str, &str)] = &[
    ("tojson", "write `to_json`"),
    ("filesizeformat", "write `human_readable`"),
    ("map_attribute", "write `map(attribute='name')`"),
    (
        "attr",
        "write `x.name`, or `x[name]` if the name is in a variable",
    ),
    (
        "json_query",
        "write a path as `x.a.b`, a filter as `x | selectattr('a', 'equalto', 1) | map(attribute='b')`, or a list as `[y.b for y in x if y.a == 1]`",
    ),
    ("xmlattr", "write the attributes out"),
    ("pprint", "write `to_nice_json`"),
    ("tuple", "write `list`"),
    ("ansible", COLLECTION),
    ("community", COLLECTION),
    ("kubernetes", COLLECTION),
    (
        "vault",
        "encrypt the text with `provision vault encrypt-string` and keep it in a variable",
    ),
    ("unvault", "encrypted variables are read without a filter"),
    (
        "expanduser",
        "the controller's home says nothing of a host: write the path out",
    ),
    (
        "realpath",
        "links are known on the host only: write `normpath`, or register what `stat` finds",
    ),
    ("fileglob", "write `query('fileglob', pattern)`"),
    ("win_basename", "write `x | split('\\\\') | last`"),
    (
        "lists_mergeby",
        "write `[...a, ...b] | groupby('key')` and `combine`",
    ),
    ("intersection", "write `intersect`"),
    (
        "permutations",
        "write `product` and leave out what is twice",
    ),
    ("to_list", "write `list`"),
    ("strip", "write `trim`"),
    ("e", "nothing is escaped here: leave it out"),
    ("escape", "nothing is escaped here: leave it out"),
    ("forceescape", "nothing is escaped here: leave it out"),
    ("safe", "nothing is escaped here: leave it out"),
    ("urlize", "nothing is made into a link here: leave it out"),
    ("striptags", "write `regex_replace('<[^>]*>', '')`"),
];

const COLLECTION: &str =
    "leave the collection out: write the last part alone, as in `x | ipaddr('network')`";

/// What other engines call a test.
const TESTS: &[(&str, &str)] = &[
    ("true", "write the value itself"),
    ("false", "write `not` before the value"),
    ("True", "write the value itself"),
    ("False", "write `not` before the value"),
    ("null", "write `is none`"),
    ("None", "write `is none`"),
    ("dict", "write `is mapping`"),
    ("int", "write `is integer`"),
    ("str", "write `is string`"),
    ("empty", "write `x | length == 0`"),
    ("greaterthan", "write `>`"),
    ("lessthan", "write `<`"),
    ("startswith", "write `is starting_with('a')`"),
    ("endswith", "write `is ending_with('a')`"),
    (
        "ansible",
        "leave the collection out: write the last part alone",
    ),
    (
        "community",
        "leave the collection out: write the last part alone",
    ),
    (
        "filter",
        "filters are known before anything runs: leave it out",
    ),
    ("exists", ON_HOST),
    ("file", ON_HOST),
    ("directory", ON_HOST),
    ("link", ON_HOST),
    ("abs", "write `x is starting_with('/')`"),
    ("callable", "nothing can be called: leave it out"),
    (
        "vault_encrypted",
        "encrypted variables are read without asking",
    ),
    ("nan", "write `x != x`"),
];

const ON_HOST: &str =
    "register what the module `stat` finds on the host, and ask `result.stat.exists`";

/// What other engines call a function.
const FUNCTIONS: &[(&str, &str)] = &[
    ("omit", "it is a variable: write `omit` alone"),
    (
        "dict",
        "write `{'key': value}`, or `pairs | items2dict` for a list of mappings with `key` and `value`",
    ),
    ("list", "write `x | list`"),
    ("str", "write `x | string`"),
    ("int", "write `x | int`"),
    ("bool", "write `x | bool`"),
    ("len", "write `x | length`"),
    ("zip", "write `a | zip(b)`"),
    ("sorted", "write `x | sort`"),
    ("joiner", "write `{% if not loop.last %}`"),
    ("cycler", "write `list[loop.index0 % (list | length)]`"),
    (
        "namespace",
        "write `{% set_global x = ... %}` in the loop, and `x` after it",
    ),
    ("now", "results must not differ between runs: use a fact"),
    (
        "undef",
        "leave the variable undefined: its use is an error anyway",
    ),
    ("lipsum", "write the text out"),
];

/// Methods of other engines.
const METHODS: &[(&str, &str)] = &[
    (
        "items",
        "write `for key, value in x` in a template, or `x | dict2items`",
    ),
    ("iteritems", "write `for key, value in x`"),
    ("keys", "write `x | keys`"),
    ("values", "write `x | values`"),
    (
        "get",
        "write `x | get('name', 'default')`, or `x.name | default('')`",
    ),
    ("split", "write `x | split(',')`"),
    ("splitlines", "write `x | splitlines`"),
    (
        "rsplit",
        "write `x | split(',')`, and take the parts from its end",
    ),
    ("join", "write `list | join(',')`"),
    ("replace", "write `x | replace('a', 'b')`"),
    ("startswith", "write `x is starting_with('a')`"),
    ("endswith", "write `x is ending_with('a')`"),
    ("strip", "write `x | trim`"),
    ("lstrip", "write `x | trim_start`"),
    ("rstrip", "write `x | trim_end`"),
    ("upper", "write `x | upper`"),
    ("lower", "write `x | lower`"),
    ("title", "write `x | title`"),
    ("capitalize", "write `x | capitalize`"),
    ("find", "write `'a' in x`"),
    ("count", "write `x | select('equalto', a) | length`"),
    ("index", "write `'a' in x`"),
    ("isdigit", "write `x is match('^[0-9]+$')`"),
    ("append", "write `[...list, item]`"),
    ("extend", "write `[...list, ...more]`"),
    ("pop", "write `list[1:]`"),
    ("update", "write `{...a, ...b}`, or `a | combine(b)`"),
    ("union", "write `a | union(b)`"),
    ("difference", "write `a | difference(b)`"),
    ("intersection", "write `a | intersect(b)`"),
    ("format", "write `'%s' | format(x)`, or join texts with `~`"),
    ("encode", "texts are texts: leave it out"),
    ("decode", "texts are texts: leave it out"),
    (
        "total_seconds",
        "`to_datetime` gives seconds already: leave it out",
    ),
    ("strftime", "write `'%Y-%m-%d' | strftime(seconds)`"),
];

pub(super) fn unexpected(source: &str, kind: Kind, at: &Range<usize>) -> TemplateError {
    let text = &source[at.clone()];
    let help = match text {
        "=" => Some("compare with `==`"),
        "<" => Some("`<` stands between two values"),
        "elif" | "then" | "else" => Some("a choice is written `a if condition else b`"),
        "." => Some("a field is taken from a variable only: set one first"),
        "%" => Some("texts are formatted as `'%s' | format(x)`"),
        "!" => Some("write `not`"),
        "lambda" => Some("write a list made with `for`, as in `[f for x in list]`"),
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

pub(super) fn too_many_arguments(of: &Documented, at: Range<usize>) -> TemplateError {
    let name = of.name;
    TemplateError::new(match of.arguments {
        [] => format!("`{name}` takes no arguments"),
        [_] => format!("`{name}` takes one argument only"),
        all => format!("`{name}` takes {} arguments only", all.len()),
    })
    .at(at)
    .with_help(format!("for example `{}`", of.example))
}

pub(super) fn place_after_name(at: Range<usize>) -> TemplateError {
    TemplateError::new("an argument without a name cannot come after one with a name")
        .at(at)
        .with_help("give it a name too, as in `f(x, second=y)`")
}

/// `map` and its kin need to know what they apply before the template is rendered.
pub(super) fn applied_by_name(kind: DocumentedKind, at: Range<usize>) -> TemplateError {
    let (what, example) = match kind {
        DocumentedKind::Filter => ("filter", "list | map('upper')"),
        _ => ("test", "list | select('defined')"),
    };
    TemplateError::new(format!(
        "the {what} to apply must be written as its name in quotes"
    ))
    .at(at)
    .with_help(format!("for example `{example}`"))
}

pub(super) fn bare_argument(source: &str, test: &str, at: Range<usize>) -> TemplateError {
    let value = &source[at.clone()];
    TemplateError::new(format!(
        "the argument of the test `{test}` needs parentheses"
    ))
    .at(at)
    .with_help(format!("write `is {test}({value})`"))
}

/// Tera has no test with the name of an operator; in quotes, `select` and `selectattr` know it.
pub(super) fn test_in(at: Range<usize>) -> TemplateError {
    TemplateError::new("`in` is an operator")
        .at(at)
        .with_help("write `x in list` or `x not in list`")
}

pub(super) fn long_chain(at: Range<usize>) -> TemplateError {
    TemplateError::new("the expression is too long: too many operators in one chain")
        .at(at)
        .with_help("make a list of the parts, as in `[a, b, c] | join('')`")
}

pub(super) fn unknown_argument(of: &Documented, argument: &str, at: Range<usize>) -> TemplateError {
    let known: Vec<String> = of
        .arguments
        .iter()
        .map(|known| format!("`{}`", reference::bare(known)))
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
        "omit" => "only the argument of a module can be omitted".into(),
        "yes" | "on" | "Yes" | "TRUE" => "write `true`".into(),
        "no" | "off" | "No" | "FALSE" => "write `false`".into(),
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
