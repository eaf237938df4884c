//! Patterns: texts searched, replaced and taken apart with regular expressions. The syntax is that of Rust's
//! `regex`, which is Python's without look-around and references back.

use std::cell::RefCell;
use std::collections::HashMap;

use regex_lite::{Captures, Regex, RegexBuilder};
use tera::{Kwargs, State, Tera, TeraResult};

use super::kinds::text;
use super::{Test, fail, repeated};
use crate::template::reference::{Documented, filter, test};
use crate::value::Value;

const OPTIONS: &[&str] = &["pattern", "ignorecase?", "multiline?"];

pub(super) const TABLE: &[Documented] = &[
    filter(
        "regex_replace",
        &[
            "pattern",
            "replacement?",
            "ignorecase?",
            "multiline?",
            "count?",
        ],
        "With each match replaced, or the first `count` of them; `$1` or `\\1` is the first group.",
        "'v1.2' | regex_replace('^v([0-9]+)', '$1')",
        "\"1.2\"",
    ),
    filter(
        "regex_search",
        &["pattern", "group?...", "ignorecase?", "multiline?"],
        "The first match, or null. With the number of a group that group; with groups as texts (`'\\\\1'`, `'\\\\g<name>'`) a list of them.",
        "'kernel 6.1' | regex_search('([0-9]+)\\\\.', '\\\\1')",
        "[\"6\"]",
    ),
    filter(
        "regex_findall",
        OPTIONS,
        "All matches; of the first group if there is one, as lists if there are several.",
        "'a1 b2' | regex_findall('[0-9]')",
        "[\"1\",\"2\"]",
    ),
    filter(
        "regex_escape",
        &[],
        "A pattern that matches this text only.",
        "'a.b' | regex_escape",
        "\"a\\\\.b\"",
    ),
    test(
        "match",
        OPTIONS,
        "Whether a text begins with a match.",
        "'node1' is match('node[0-9]')",
        "true",
    ),
    test(
        "search",
        OPTIONS,
        "Whether a text holds a match.",
        "'my node1' is search('node[0-9]$')",
        "true",
    ),
    test(
        "regex",
        OPTIONS,
        "The same as `search`.",
        "'my node1' is regex('^node')",
        "false",
    ),
];

pub(super) const TESTS: &[(&str, Test)] = &[
    ("match", |value, arguments, _| {
        let text = text(value)?;
        with_pattern(&arguments, |regex| {
            regex.find(text).is_some_and(|found| found.start() == 0)
        })
    }),
    ("search", found),
    ("regex", found),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("regex_replace", regex_replace);
    tera.register_filter("regex_search", regex_search);
    tera.register_filter("regex_findall", regex_findall);
    tera.register_filter("regex_escape", |text: &str, _: Kwargs, _: &State| {
        regex_lite::escape(text)
    });
}

fn found(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<bool> {
    let text = text(value)?;
    with_pattern(&arguments, |regex| regex.is_match(text))
}

/// The pattern that a pattern of file names stands for, without a slash: `*`, `?` and `[...]`.
pub(in crate::template) fn glob(names: &str) -> Result<Regex, String> {
    let mut pattern = String::from("^");
    // A hidden file must be asked for.
    if names.starts_with(['*', '?']) {
        pattern.push_str("[^.]");
        pattern.push_str(if names.starts_with('?') { "" } else { ".*" });
    }
    let rest = names.strip_prefix(['*', '?']).unwrap_or(names);
    let mut in_class = false;
    for c in rest.chars() {
        match c {
            ']' if in_class => {
                in_class = false;
                pattern.push(']');
            }
            '!' if pattern.ends_with('[') && in_class => pattern.push('^'),
            '\\' | '[' | '&' | '~' if in_class => {
                pattern.push('\\');
                pattern.push(c);
            }
            c if in_class => pattern.push(c),
            '[' => {
                in_class = true;
                pattern.push('[');
            }
            '*' => pattern.push_str(".*"),
            '?' => pattern.push('.'),
            c => pattern.push_str(&regex_lite::escape(&c.to_string())),
        }
    }
    pattern.push('$');
    Regex::new(&pattern).map_err(|_| "this is no pattern of names".to_owned())
}

thread_local! {
    /// Compiling costs far more than matching, and the same few patterns come again for every host.
    static PATTERNS: RefCell<HashMap<(String, bool, bool), Regex>> = RefCell::default();
}

/// More patterns than this are made by templates: start over rather than grow.
const MAX_PATTERNS: usize = 256;

fn with_pattern<T>(arguments: &Kwargs, work: impl FnOnce(&Regex) -> T) -> TeraResult<T> {
    let pattern = arguments.must_get::<&str>("pattern")?;
    let fold = arguments.get::<bool>("ignorecase")?.unwrap_or(false);
    let lines = arguments.get::<bool>("multiline")?.unwrap_or(false);
    PATTERNS.with_borrow_mut(|known| {
        let key = (pattern.to_owned(), fold, lines);
        if !known.contains_key(&key) {
            if known.len() == MAX_PATTERNS {
                known.clear();
            }
            let mut builder = RegexBuilder::new(pattern);
            match builder.case_insensitive(fold).multi_line(lines).build() {
                Ok(regex) => known.insert(key.clone(), regex),
                Err(error) => return fail(format!("`{pattern}` is not a pattern: {error}")),
            };
        }
        Ok(work(&known[&key]))
    })
}

fn regex_replace(text: &str, arguments: Kwargs, _: &State) -> TeraResult<String> {
    let replacement = arguments.get::<&str>("replacement")?.unwrap_or("");
    // As in Python, none is no limit.
    let count = arguments.get::<usize>("count")?.unwrap_or(0);
    with_pattern(&arguments, |regex| {
        regex
            .replacen(text, count, |captures: &Captures<'_>| {
                expand(replacement, captures)
            })
            .into_owned()
    })
}

/// The replacement with its groups: `$1`, `${1}`, `\1`, names in braces. `$1st` is the first group and `st`.
fn expand(replacement: &str, captures: &Captures<'_>) -> String {
    let mut expanded = String::new();
    let mut rest = replacement;
    while let Some(sign) = rest.find(['$', '\\']) {
        let (before, after) = rest.split_at(sign);
        expanded.push_str(before);
        let after_sign = &after[1..];
        let digits = after_sign
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(after_sign.len());
        let braced = after_sign
            .strip_prefix('{')
            .filter(|_| after.starts_with('$'))
            .and_then(|inner| inner.split_once('}'));
        let group = |name: &str| match name.parse() {
            Ok(number) => captures.get(number),
            Err(_) => captures.name(name),
        };
        if let Some((name, behind)) = braced {
            expanded.push_str(group(name).map_or("", |found| found.as_str()));
            rest = behind;
        } else if digits > 0 {
            expanded.push_str(group(&after_sign[..digits]).map_or("", |found| found.as_str()));
            rest = &after_sign[digits..];
        } else {
            expanded.push_str(&after[..1]);
            // A doubled sign stands for itself.
            rest = after_sign.strip_prefix(&after[..1]).unwrap_or(after_sign);
        }
    }
    expanded + rest
}

fn regex_search(text: &str, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let groups = repeated(&arguments, "group");
    let part = |captures: &Captures<'_>, group: &Value| -> TeraResult<Value> {
        let found = match (group.as_str(), group.as_u64()) {
            (Some(name), _) => {
                let bare = name.strip_prefix('\\').unwrap_or(name);
                let bare = bare
                    .strip_prefix("g<")
                    .and_then(|name| name.strip_suffix('>'))
                    .unwrap_or(bare);
                match bare.parse() {
                    Ok(number) => captures.get(number),
                    Err(_) => captures.name(bare),
                }
            }
            (None, Some(number)) => captures.get(usize::try_from(number).unwrap_or(usize::MAX)),
            _ => return fail("a group is a number or a text such as `\\1`"),
        };
        Ok(found.map_or_else(Value::none, |found| Value::from(found.as_str())))
    };
    with_pattern(&arguments, |regex| {
        let Some(captures) = regex.captures(text) else {
            return Ok(Value::none());
        };
        match groups.as_slice() {
            [] => Ok(Value::from(&captures[0])),
            [only] if only.is_number() => part(&captures, only),
            groups => groups
                .iter()
                .map(|group| part(&captures, group))
                .collect::<TeraResult<Vec<_>>>()
                .map(Value::from),
        }
    })?
}

fn regex_findall(text: &str, arguments: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let shown = |found: Option<regex_lite::Match<'_>>| {
        Value::from(found.map_or("", |found| found.as_str()))
    };
    with_pattern(&arguments, |regex| {
        regex
            .captures_iter(text)
            .map(|captures| match captures.len() {
                1 => shown(captures.get(0)),
                2 => shown(captures.get(1)),
                many => Value::from(
                    (1..many)
                        .map(|group| shown(captures.get(group)))
                        .collect::<Vec<_>>(),
                ),
            })
            .collect()
    })
}
