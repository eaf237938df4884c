//! How large values may become while a template is rendered: one that is made of itself doubles with each turn of a
//! loop, and a filter can make ten characters of one.

use tera::{Kwargs, State, TeraResult};

use super::templates::MAX_OUTPUT;
use crate::value::Value;

/// How deep lists and mappings may be in each other that a template makes.
const MAX_LEVELS: usize = 64;

/// Lets pass a value that is not too large.
pub(super) fn bounded(value: &Value, _: Kwargs, _: &State) -> TeraResult<Value> {
    check(value)?;
    Ok(value.clone())
}

/// Complains of a value that is too large.
pub(super) fn check(value: &Value) -> TeraResult<()> {
    let mut left = MAX_OUTPUT;
    if fits(value, MAX_LEVELS, &mut left) {
        return Ok(());
    }
    let wrong = "the value is too large: it may have 16 MiB, and lists and mappings 64 levels deep";
    Err(tera::Error::message(wrong))
}

/// Whether a value has not more levels and bytes than these.
fn fits(value: &Value, levels: usize, left: &mut usize) -> bool {
    let own = std::mem::size_of::<Value>() + value.as_str().map_or(0, str::len);
    let Some(rest) = left.checked_sub(own) else {
        return false;
    };
    *left = rest;
    if let Some(items) = value.as_array() {
        return levels > 0 && items.iter().all(|item| fits(item, levels - 1, left));
    }
    match value.as_map() {
        Some(map) => levels > 0 && map.values().all(|inner| fits(inner, levels - 1, left)),
        None => true,
    }
}
