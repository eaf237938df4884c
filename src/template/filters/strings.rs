//! Texts: patterns, quoting, and what to do when one is missing.

use std::cell::RefCell;
use std::collections::HashMap;

use regex_lite::{Captures, Regex};
use tera::{Kwargs, State, Tera, TeraResult};

use super::{argument, fail};
use crate::template::reference::{Documented, filter, test};
use crate::value::Value;

pub(super) const TABLE: &[Documented] = &[
    filter(
        "regex_replace",
        &["pattern", "replacement"],
        "With each match replaced; `$1` or `\\1` is the first group.",
        "'v1.2' | regex_replace(pattern='^v([0-9]+)', replacement='$1')",
        "\"1.2\"",
    ),
    filter(
        "regex_search",
        &["pattern", "group?"],
        "The first match, or one of its groups; null if there is none.",
        "'kernel 6.1' | regex_search(pattern='([0-9]+)\\\\.', group=1)",
        "\"6\"",
    ),
    filter(
        "regex_findall",
        &["pattern"],
        "All matches, of the first group if there is one.",
        "'a1 b2' | regex_findall(pattern='[0-9]')",
        "[\"1\",\"2\"]",
    ),
    filter(
        "quote",
        &[],
        "Quoted for a shell where it must be.",
        "\"it's\" | quote",
        "\"'it'\\\\''s'\"",
    ),
    filter(
        "mandatory",
        &["message?"],
        "The value; fails with the message if it is not defined.",
        "'a' | mandatory(message='set `a`')",
        "\"a\"",
    ),
    filter(
        "ternary",
        &["true_val", "false_val"],
        "One of two values, after a boolean.",
        "true | ternary(true_val='on', false_val='off')",
        "\"on\"",
    ),
    test(
        "match",
        &["pattern"],
        "Whether a text begins with a match.",
        "'node1' is match(pattern='node[0-9]')",
        "true",
    ),
    test(
        "search",
        &["pattern"],
        "Whether a text holds a match.",
        "'my node1' is search(pattern='node[0-9]$')",
        "true",
    ),
    test(
        "containing",
        &["pat"],
        "Whether a text, list or mapping holds it.",
        "'abc' is containing(pat='b')",
        "true",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("regex_replace", regex_replace);
    tera.register_filter("regex_search", regex_search);
    tera.register_filter("regex_findall", regex_findall);
    tera.register_filter("quote", |text: &str, _: Kwargs, _: &State| quote(text));
    tera.register_filter("mandatory", mandatory);
    tera.register_filter("ternary", ternary);
    tera.register_test("match", |text: &str, arguments: Kwargs, _: &State| {
        with_pattern(arguments.must_get("pattern")?, |regex| {
            regex.find(text).is_some_and(|found| found.start() == 0)
        })
    });
    tera.register_test("search", |text: &str, arguments: Kwargs, _: &State| {
        with_pattern(arguments.must_get("pattern")?, |regex| regex.is_match(text))
    });
    tera.register_test("containing", containing);
}

thread_local! {
    /// Compiling costs far more than matching, and the same few patterns come again for every host.
    static PATTERNS: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// More patterns than this are made by templates: start over rather than grow.
const MAX_PATTERNS: usize = 256;

fn with_pattern<T>(pattern: &str, work: impl FnOnce(&Regex) -> T) -> TeraResult<T> {
    PATTERNS.with_borrow_mut(|known| {
        if !known.contains_key(pattern) {
            if known.len() == MAX_PATTERNS {
                known.clear();
            }
            match Regex::new(pattern) {
                Ok(regex) => known.insert(pattern.to_owned(), regex),
                Err(error) => return fail(format!("`{pattern}` is not a pattern: {error}")),
            };
        }
        Ok(work(&known[pattern]))
    })
}

fn regex_replace(text: &str, arguments: Kwargs, _: &State) -> TeraResult<String> {
    let replacement = arguments.must_get::<&str>("replacement")?;
    with_pattern(arguments.must_get("pattern")?, |regex| {
        regex
            .replace_all(text, |captures: &Captures<'_>| {
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
    let group = arguments.get::<usize>("group")?.unwrap_or_default();
    with_pattern(arguments.must_get("pattern")?, |regex| {
        let found = regex
            .captures(text)
            .and_then(|captures| captures.get(group));
        found.map_or_else(Value::none, |found| Value::from(found.as_str()))
    })
}

fn regex_findall(text: &str, arguments: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    with_pattern(arguments.must_get("pattern")?, |regex| {
        regex
            .captures_iter(text)
            .filter_map(|captures| captures.get(1).or_else(|| captures.get(0)))
            .map(|found| Value::from(found.as_str()))
            .collect()
    })
}

fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn mandatory(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    if value.is_undefined() {
        return fail(
            arguments
                .get::<&str>("message")?
                .unwrap_or("this value must be defined"),
        );
    }
    Ok(value.clone())
}

fn ternary(value: bool, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    argument(&arguments, if value { "true_val" } else { "false_val" }).cloned()
}

/// Tera's own shows the value when it fails.
fn containing(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<bool> {
    let wanted = argument(&arguments, "pat")?;
    if let Some(text) = value.as_str() {
        return Ok(wanted.as_str().is_some_and(|wanted| text.contains(wanted)));
    }
    if let Some(map) = value.as_map() {
        return Ok(map.keys().any(|key| key.as_value() == *wanted));
    }
    match value.as_array() {
        Some(items) => Ok(items.contains(wanted)),
        None => fail(format!("`{}` holds nothing", value.name())),
    }
}
