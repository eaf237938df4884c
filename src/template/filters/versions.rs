//! Versions of software, compared as people number them: `1.10` is after `1.9`, `2.0-rc1` before `2.0`, and a
//! leading `v` means nothing.

use std::cmp::Ordering;

use tera::{Kwargs, State, Tera, TeraResult};

use super::kinds::text;
use super::{Test, fail};
use crate::template::reference::{Documented, filter, test};
use crate::value::Value;

pub(super) const TABLE: &[Documented] = &[
    test(
        "version",
        &["version", "operator?"],
        "Whether a version is `>=` (or `operator`) another.",
        "'v1.10.0' is version('1.9', '>=')",
        "true",
    ),
    filter(
        "version",
        &["version", "operator?"],
        "The same as the test `version`, as a boolean.",
        "'1.2' | version('1.2.0', '==')",
        "true",
    ),
    test(
        "version_compare",
        &["version", "operator?"],
        "The same as `version`.",
        "'1.2' is version_compare('1.10', '<')",
        "true",
    ),
    filter(
        "version_sort",
        &[],
        "Versions in their order.",
        "['1.10', '1.9'] | version_sort",
        "[\"1.9\",\"1.10\"]",
    ),
];

pub(super) const TESTS: &[(&str, Test)] = &[("version", holds), ("version_compare", holds)];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("version", holds);
    tera.register_filter("version_sort", |items: &[Value], _: Kwargs, _: &State| {
        let texts: TeraResult<Vec<&str>> = items.iter().map(text).collect();
        let mut texts = texts?;
        texts.sort_by(|left, right| compare(left, right));
        Ok(texts.into_iter().map(Value::from).collect::<Vec<_>>())
    });
}

fn holds(version: &Value, arguments: Kwargs, _: &State) -> TeraResult<bool> {
    let order = compare(text(version)?, arguments.must_get::<&str>("version")?);
    Ok(match arguments.get::<&str>("operator")?.unwrap_or(">=") {
        "==" | "=" | "eq" => order.is_eq(),
        "!=" | "ne" => order.is_ne(),
        "<" | "lt" => order.is_lt(),
        "<=" | "le" => order.is_le(),
        ">" | "gt" => order.is_gt(),
        ">=" | "ge" => order.is_ge(),
        other => {
            return fail(format!(
                "unknown operator `{other}`: known are `==`, `!=`, `<`, `<=`, `>`, `>=`"
            ));
        }
    })
}

/// A part of a version. What is before the release sorts before its end, so that `2.0-rc1 < 2.0 < 2.0.1`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'v> {
    Word(&'v str),
    Number(u64),
}

fn compare(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (parts(left).into_iter(), parts(right).into_iter());
    loop {
        let pair = (left.next(), right.next());
        if pair == (None, None) {
            return Ordering::Equal;
        }
        let order = pair
            .0
            .unwrap_or(Part::Number(0))
            .cmp(&pair.1.unwrap_or(Part::Number(0)));
        if order.is_ne() {
            return order;
        }
    }
}

fn parts(version: &str) -> Vec<Part<'_>> {
    let version = version.trim().trim_start_matches(['v', 'V']);
    // What follows a `+` says how it was built, not which version it is.
    let mut rest = version.split('+').next().unwrap_or_default();
    let mut parts = Vec::new();
    while let Some(first) = rest.chars().next() {
        let same = |c: char| c.is_ascii_digit() == first.is_ascii_digit() && c.is_alphanumeric();
        let length = rest
            .find(|c| !same(c))
            .unwrap_or(rest.len())
            .max(first.len_utf8());
        let (part, after) = rest.split_at(length);
        if first.is_ascii_digit() {
            parts.push(Part::Number(part.parse().unwrap_or(u64::MAX)));
        } else if first.is_alphanumeric() {
            parts.push(Part::Word(part));
        }
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering::{Equal, Greater, Less};

    use super::compare;

    #[test]
    fn versions_are_compared_as_people_number_them() {
        for (left, right, order) in [
            ("1.10", "1.9", Greater),
            ("v1.2.0", "1.2", Equal),
            ("2.0-rc1", "2.0", Less),
            ("2.0-rc1", "2.0-rc2", Less),
            ("2.0rc10", "2.0rc9", Greater),
            ("2.0.1", "2.0", Greater),
            ("1.31.0+k3s1", "1.31.0", Equal),
            ("1.0-alpha", "1.0-beta", Less),
            ("99999999999999999999", "1", Greater),
            ("", "0", Equal),
        ] {
            assert_eq!(compare(left, right), order, "{left} and {right}");
            assert_eq!(compare(right, left), order.reverse(), "{right} and {left}");
        }
    }
}
