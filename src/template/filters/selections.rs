//! Lists made from lists by what their items are or hold. `map`, `select` and their kin apply another filter or
//! test to each item; the parser has given its arguments an underscore, so that they differ from their own.

use std::cmp::Ordering;
use std::sync::Arc;

use tera::{Kwargs, State, Tera, TeraResult};

use super::kinds::list;
use super::{argument, attribute, compare, fail, find_test, type_word};
use crate::template::arguments::INNER;
use crate::template::reference::{Documented, filter};
use crate::value::{Map, Value};

pub(super) const TABLE: &[Documented] = &[
    filter(
        "map",
        &["filter?", "attribute?", "default?"],
        "What another filter makes of each item, with the arguments that follow its name; or an attribute of each item, whose path may have dots.",
        "['a', 'b'] | map('upper')",
        "[\"A\",\"B\"]",
    ),
    filter(
        "select",
        &["test?"],
        "The items for which a test holds, with the arguments that follow its name; or those that are not empty, zero, false or null.",
        "['web1', 'db1'] | select('match', 'web')",
        "[\"web1\"]",
    ),
    filter(
        "reject",
        &["test?"],
        "The items that `select` leaves out.",
        "['web1', 'db1'] | reject('match', 'web')",
        "[\"db1\"]",
    ),
    filter(
        "selectattr",
        &["attribute", "test?", "equals?", "one_of?"],
        "The items for whose attribute a test holds, with the arguments that follow its name; or which equals a value, is one of several, or is true.",
        "[{'a': 1}, {'a': 2}] | selectattr('a', 'equalto', 2)",
        "[{\"a\":2}]",
    ),
    filter(
        "rejectattr",
        &["attribute", "test?", "equals?", "one_of?"],
        "The items that `selectattr` leaves out.",
        "[{'a': 1}, {'a': 2}] | rejectattr('a', one_of=[2, 3])",
        "[{\"a\":1}]",
    ),
    filter(
        "extract",
        &["container", "morekeys?"],
        "What stands in a mapping or list for this key, and for further keys in that.",
        "['a'] | map('extract', {'a': {'ip': 1}}, 'ip')",
        "[1]",
    ),
    filter(
        "sort",
        &["attribute?", "reverse?", "case_sensitive?"],
        "In order, of the items or of an attribute of theirs; `reverse=true` from the end.",
        "[{'a': 2}, {'a': 1}] | sort(attribute='a')",
        "[{\"a\":1},{\"a\":2}]",
    ),
    filter(
        "dictsort",
        &["case_sensitive?", "by?", "reverse?"],
        "The entries of a mapping as lists of key and value, in the order of the keys, or with `by='value'` of the values.",
        "{'b': 1, 'a': 2} | dictsort",
        "[[\"a\",2],[\"b\",1]]",
    ),
    filter(
        "groupby",
        &["attribute", "default?"],
        "Lists of a value and the items that have it as their attribute, in the order of the values.",
        "[{'a': 'y'}, {'a': 'x'}] | groupby('a')",
        "[[\"x\",[{\"a\":\"x\"}]],[\"y\",[{\"a\":\"y\"}]]]",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("map", map);
    for (name, selected) in [("select", true), ("reject", false)] {
        tera.register_filter(
            name,
            move |items: &[Value], arguments: Kwargs, state: &State| {
                kept(items, selected, |item| {
                    let Some(test) = arguments.get::<&str>("test")? else {
                        return Ok(item.is_truthy());
                    };
                    apply_test(test, item, inner(&arguments), state)
                })
            },
        );
    }
    for (name, selected) in [("selectattr", true), ("rejectattr", false)] {
        tera.register_filter(
            name,
            move |items: &[Value], arguments: Kwargs, state: &State| {
                let path = arguments.must_get::<&str>("attribute")?;
                kept(items, selected, |item| fits(item, path, &arguments, state))
            },
        );
    }
    tera.register_filter("extract", extract);
    tera.register_filter("sort", sort);
    tera.register_filter("dictsort", dictsort);
    tera.register_filter("groupby", groupby);
}

/// The arguments of what is applied.
fn inner(arguments: &Kwargs) -> Kwargs {
    let inner: Map = arguments
        .iter()
        .filter_map(|(key, value)| {
            let name = key.as_str()?.strip_prefix(INNER)?;
            Some((name.to_owned().into(), value.clone()))
        })
        .collect();
    Kwargs::new(Arc::new(inner))
}

fn apply_test(name: &str, value: &Value, arguments: Kwargs, state: &State) -> TeraResult<bool> {
    match find_test(name) {
        Some(test) => test(value, arguments, state),
        None => fail(format!("there is no test `{name}`")),
    }
}

fn map(items: &Value, arguments: Kwargs, state: &State) -> TeraResult<Vec<Value>> {
    let keys: Vec<Value>;
    let items = match items.as_map() {
        // As in a loop over a mapping with one name, and as in Jinja.
        Some(map) => {
            keys = map.keys().map(crate::value::Key::as_value).collect();
            &keys
        }
        None => list(items)?,
    };
    if let Some(filter) = arguments.get::<&str>("filter")? {
        let applied = |item| state.call_filter(filter, item, inner(&arguments));
        return items.iter().map(applied).collect();
    }
    let Some(path) = arguments.get::<&str>("attribute")? else {
        return fail("`map` needs the name of a filter or an attribute");
    };
    let default = arguments.get::<&Value>("default")?;
    items
        .iter()
        .map(|item| match attribute(item, path).or(default) {
            Some(value) => Ok(value.clone()),
            None => fail(format!("an item has no `{path}`")),
        })
        .collect()
}

fn kept(
    items: &[Value],
    selected: bool,
    fits: impl Fn(&Value) -> TeraResult<bool>,
) -> TeraResult<Vec<Value>> {
    let mut kept = Vec::new();
    for item in items {
        if fits(item)? == selected {
            kept.push(item.clone());
        }
    }
    Ok(kept)
}

/// An item without the attribute fits the test `undefined` only.
fn fits(item: &Value, path: &str, arguments: &Kwargs, state: &State) -> TeraResult<bool> {
    let found = attribute(item, path);
    if let Some(test) = arguments.get::<&str>("test")? {
        return match (found, test) {
            (None, test) => Ok(test == "undefined"),
            (Some(found), test) => apply_test(test, found, inner(arguments), state),
        };
    }
    let Some(found) = found else {
        return Ok(false);
    };
    let one_of = arguments.get::<&[Value]>("one_of")?;
    let equals = argument(arguments, "equals").ok();
    Ok(match (equals, one_of) {
        (None, None) => found.is_truthy(),
        (equals, one_of) => {
            equals.is_none_or(|wanted| found == wanted)
                && one_of.is_none_or(|wanted| wanted.contains(found))
        }
    })
}

fn extract(key: &Value, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let mut value = argument(&arguments, "container")?;
    let mut keys = vec![key.clone()];
    if let Some(more) = arguments.get::<&Value>("morekeys")? {
        match more.as_array() {
            Some(more) => keys.extend_from_slice(more),
            None => keys.push(more.clone()),
        }
    }
    for key in &keys {
        let found = match (value.as_array(), value.as_map()) {
            (Some(items), _) => key
                .as_u64()
                .and_then(|index| items.get(usize::try_from(index).ok()?)),
            (None, Some(map)) => map
                .iter()
                .find(|(known, _)| known.as_value() == *key)
                .map(|(_, value)| value),
            (None, None) => {
                return fail(format!("`extract` cannot look into {}", type_word(value)));
            }
        };
        match found {
            Some(found) => value = found,
            // A key is a name that the author knows, such as that of a host.
            None => return fail(format!("there is nothing for the key `{key}`")),
        }
    }
    Ok(value.clone())
}

/// In order by what `by` gives; what cannot be compared is an error.
fn ordered<'v, T>(
    items: &'v [T],
    arguments: &Kwargs,
    by: impl Fn(&'v T) -> TeraResult<&'v Value>,
) -> TeraResult<Vec<&'v T>> {
    let fold = !arguments.get::<bool>("case_sensitive")?.unwrap_or(false);
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        let key = by(item)?;
        let folded = key.as_str().filter(|_| fold);
        let key = folded.map_or_else(|| key.clone(), |text| Value::from(text.to_lowercase()));
        keyed.push((key, item));
    }
    let mut failure = None;
    keyed.sort_by(|(left, _), (right, _)| {
        compare(left, right).unwrap_or_else(|error| {
            failure.get_or_insert(error);
            Ordering::Equal
        })
    });
    if let Some(error) = failure {
        return Err(error);
    }
    let mut items: Vec<&T> = keyed.into_iter().map(|(_, item)| item).collect();
    if arguments.get::<bool>("reverse")?.unwrap_or(false) {
        items.reverse();
    }
    Ok(items)
}

fn sort(items: &[Value], arguments: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let path = arguments.get::<&str>("attribute")?;
    let ordered = ordered(items, &arguments, |item| super::measure(item, path))?;
    Ok(ordered.into_iter().cloned().collect())
}

fn dictsort(map: &Map, arguments: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let place = match arguments.get::<&str>("by")?.unwrap_or("key") {
        "key" => 0,
        "value" => 1,
        other => return fail(format!("`by` is `key` or `value`, not `{other}`")),
    };
    let entries: Vec<[Value; 2]> = map
        .iter()
        .map(|(key, value)| [key.as_value(), value.clone()])
        .collect();
    let ordered = ordered(&entries, &arguments, |entry| Ok(&entry[place]))?;
    Ok(ordered
        .into_iter()
        .map(|entry| Value::from(entry.to_vec()))
        .collect())
}

fn groupby(items: &[Value], arguments: Kwargs, state: &State) -> TeraResult<Vec<Value>> {
    let path = arguments.must_get::<&str>("attribute")?;
    let default = arguments.get::<&Value>("default")?;
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for item in items {
        let Some(value) = attribute(item, path).or(default) else {
            return fail(format!("an item has no `{path}`"));
        };
        match groups.iter_mut().find(|(known, _)| known == value) {
            Some((_, members)) => members.push(item.clone()),
            None => groups.push((value.clone(), vec![item.clone()])),
        }
    }
    let values: Vec<Value> = groups.iter().map(|(value, _)| value.clone()).collect();
    let values = sort(&values, Kwargs::default(), state)?;
    Ok(values
        .into_iter()
        .map(|value| {
            let members = groups.iter().find(|(known, _)| *known == value);
            let members = members.map(|(_, members)| members.clone());
            Value::from(vec![value, Value::from(members.unwrap_or_default())])
        })
        .collect())
}
