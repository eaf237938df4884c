//! The filters, tests and functions of expressions, one file for each topic. Each file holds its table, which is
//! the manual, and registers what it implements. They see their input and arguments only: no files, no
//! environment, no clock, no network. What a template reads on the controller is in `lookups`.

#![expect(
    clippy::needless_pass_by_value,
    reason = "Tera hands the arguments over by value"
)]

mod addresses;
mod encoding;
mod engine;
mod formats;
mod kinds;
mod lists;
mod mappings;
mod network;
mod numbers;
mod passwords;
mod paths;
mod patterns;
mod results;
mod selections;
mod strings;
mod times;
mod urls;
mod versions;

use std::cmp::Ordering;

use tera::{Error, Kwargs, State, Tera, TeraResult};

use super::lookups;
use super::reference::Documented;
use crate::value::{Key, Map, Value, ValueKind};

pub(super) use patterns::glob as glob_pattern;

/// The tables of all topics, in the order of the manual.
pub(super) const TOPICS: [&[Documented]; 18] = [
    engine::TABLE,
    kinds::TABLE,
    strings::TABLE,
    formats::TABLE,
    patterns::TABLE,
    numbers::TABLE,
    lists::TABLE,
    selections::TABLE,
    mappings::TABLE,
    encoding::TABLE,
    passwords::TABLE,
    paths::TABLE,
    urls::TABLE,
    times::TABLE,
    network::TABLE,
    versions::TABLE,
    results::TABLE,
    lookups::TABLE,
];

/// A test.
type Test = fn(&Value, Kwargs, &State) -> TeraResult<bool>;

/// The tests of all topics.
const TESTS: [&[(&str, Test)]; 5] = [
    kinds::TESTS,
    patterns::TESTS,
    network::TESTS,
    versions::TESTS,
    results::TESTS,
];

/// Makes them known to the engine.
pub(super) fn register(tera: &mut Tera) {
    strings::register(tera);
    formats::register(tera);
    patterns::register(tera);
    numbers::register(tera);
    lists::register(tera);
    selections::register(tera);
    mappings::register(tera);
    encoding::register(tera);
    passwords::register(tera);
    paths::register(tera);
    urls::register(tera);
    times::register(tera);
    network::register(tera);
    versions::register(tera);
    lookups::register(tera);
    for (name, test) in TESTS.into_iter().flatten() {
        // What is not defined reaches only Tera's own.
        if !matches!(*name, "defined" | "undefined") {
            tera.register_test(*name, |value: &Value, arguments: Kwargs, state: &State| {
                test(value, arguments, state)
            });
        }
    }
}

/// The test of this name.
fn find_test(name: &str) -> Option<Test> {
    let mut tests = TESTS.into_iter().flatten();
    tests
        .find(|(known, _)| *known == name)
        .map(|(_, test)| *test)
}

/// An error of a filter.
fn fail<T>(message: impl ToString) -> TeraResult<T> {
    Err(Error::message(message))
}

/// The value of an argument that must be given.
fn argument<'k>(arguments: &'k Kwargs, name: &'k str) -> TeraResult<&'k Value> {
    arguments.must_get::<&Value>(name)
}

/// The values of an argument that takes all that come by place, in their order.
fn repeated<'k>(arguments: &'k Kwargs, name: &'k str) -> Vec<&'k Value> {
    let is_one = |key: &Key<'_>| {
        let rest = key.as_str().and_then(|key| key.strip_prefix(name));
        rest.is_some_and(|rest| {
            let number = rest.strip_prefix('_').unwrap_or(rest);
            number.chars().all(|c| c.is_ascii_digit())
        })
    };
    arguments
        .iter()
        .filter(|(key, _)| is_one(key))
        .map(|(_, value)| value)
        .collect()
}

/// The lists of such an argument.
fn repeated_lists<'k>(arguments: &'k Kwargs, name: &'k str) -> TeraResult<Vec<&'k [Value]>> {
    repeated(arguments, name)
        .into_iter()
        .map(kinds::list)
        .collect()
}

/// What stands at a dotted path in a value.
fn attribute<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.')
        .try_fold(value, |value, key| match value.as_array() {
            Some(items) => items.get(key.parse::<usize>().ok()?),
            None => field(value.as_map()?, key),
        })
}

/// What an item is compared by: itself, or what stands at a path in it.
fn measure<'v>(item: &'v Value, by: Option<&str>) -> TeraResult<&'v Value> {
    match by {
        None => Ok(item),
        Some(path) => {
            attribute(item, path).map_or_else(|| fail(format!("an item has no `{path}`")), Ok)
        }
    }
}

/// The order of two values of one kind.
fn compare(left: &Value, right: &Value) -> TeraResult<Ordering> {
    let same = left.is_number() && right.is_number()
        || left.kind() == right.kind() && !left.is_map() && !left.is_undefined();
    match left.partial_cmp(right).filter(|_| same) {
        Some(order) => Ok(order),
        None => fail(format!(
            "{} and {} cannot be compared",
            type_word(left),
            type_word(right)
        )),
    }
}

/// What a value is, without showing it.
pub(super) fn type_word(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "what is not defined",
        ValueKind::None => "null",
        ValueKind::Bool => "a boolean",
        ValueKind::String => "a string",
        ValueKind::Array => "a list",
        ValueKind::Map => "a mapping",
        ValueKind::Bytes => "bytes",
        _ => "a number",
    }
}

/// The value of a mapping's key.
pub(super) fn field<'v>(map: &'v Map, name: &str) -> Option<&'v Value> {
    // By way of the place, as `get` would tie the name's lifetime to that of the value.
    let place = map.get_index_of(&Key::Str(name))?;
    map.get_index(place).map(|(_, value)| value)
}
