//! The filters, tests and functions of expressions, one file for each topic. Each file holds its table, which is
//! the manual, and registers what it implements. They see their input and arguments only: no files, no
//! environment, no clock, no network.

#![expect(
    clippy::needless_pass_by_value,
    reason = "Tera hands the arguments over by value"
)]

mod encoding;
mod engine;
mod lists;
mod mappings;
mod numbers;
mod paths;
mod results;
mod strings;
mod versions;

use tera::{Error, Kwargs, Tera, TeraResult};

use super::reference::Documented;
use crate::value::{Key, Map, Value};

/// The tables of all topics, in the order of the manual.
pub(super) const TOPICS: [&[Documented]; 9] = [
    engine::TABLE,
    strings::TABLE,
    numbers::TABLE,
    lists::TABLE,
    mappings::TABLE,
    encoding::TABLE,
    paths::TABLE,
    versions::TABLE,
    results::TABLE,
];

/// Makes them known to the engine.
pub(super) fn register(tera: &mut Tera) {
    strings::register(tera);
    numbers::register(tera);
    lists::register(tera);
    mappings::register(tera);
    encoding::register(tera);
    paths::register(tera);
    versions::register(tera);
    results::register(tera);
}

/// An error of a filter.
fn fail<T>(message: impl ToString) -> TeraResult<T> {
    Err(Error::message(message))
}

/// The value of an argument that must be given.
fn argument<'k>(arguments: &'k Kwargs, name: &'k str) -> TeraResult<&'k Value> {
    arguments.must_get::<&Value>(name)
}

/// What stands at a dotted path in a value.
fn attribute<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.')
        .try_fold(value, |value, key| match value.as_array() {
            Some(items) => items.get(key.parse::<usize>().ok()?),
            None => field(value.as_map()?, key),
        })
}

/// The value of a mapping's key.
pub(super) fn field<'v>(map: &'v Map, name: &str) -> Option<&'v Value> {
    // By way of the place, as `get` would tie the name's lifetime to that of the value.
    let place = map.get_index_of(&Key::Str(name))?;
    map.get_index(place).map(|(_, value)| value)
}
