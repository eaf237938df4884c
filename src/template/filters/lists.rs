//! Lists: sets, combinations, shapes.

use tera::{Kwargs, State, Tera, TeraResult};

use super::kinds::list;
use super::{attribute, fail, measure, repeated_lists, type_word};
use crate::template::reference::{Documented, filter};
use crate::value::{Map, Value, ValueKind};

pub(super) const TABLE: &[Documented] = &[
    filter(
        "list",
        &[],
        "As a list: the keys of a mapping, the characters of a text, a list itself.",
        "{'a': 1} | list",
        "[\"a\"]",
    ),
    filter("count", &[], "The same as `length`.", "[1, 2] | count", "2"),
    filter(
        "union",
        &["with"],
        "The items of both lists, each once.",
        "[1, 2] | union([2, 3])",
        "[1,2,3]",
    ),
    filter(
        "intersect",
        &["with"],
        "The items that are in both lists, each once.",
        "[1, 2] | intersect([2, 3])",
        "[2]",
    ),
    filter(
        "difference",
        &["with"],
        "The items that are not in the other list, each once.",
        "[1, 2] | difference([2, 3])",
        "[1]",
    ),
    filter(
        "symmetric_difference",
        &["with"],
        "The items that are in one of the lists only, each once.",
        "[1, 2] | symmetric_difference([2, 3])",
        "[1,3]",
    ),
    filter(
        "unique",
        &["attribute?"],
        "Each item once, or the first with each value of an attribute.",
        "[1, 2, 1] | unique",
        "[1,2]",
    ),
    filter(
        "flatten",
        &["levels?", "skip_nulls?"],
        "The items of the lists in a list, at any depth or down to `levels`; without nulls unless `skip_nulls=false`.",
        "[[1], 2] | flatten",
        "[1,2]",
    ),
    filter(
        "zip",
        &["with..."],
        "The items of lists side by side, as far as the shortest goes.",
        "['a', 'b'] | zip([1, 2])",
        "[[\"a\",1],[\"b\",2]]",
    ),
    filter(
        "zip_longest",
        &["with...", "fillvalue?"],
        "The items of lists side by side, as far as the longest goes, with null or `fillvalue` for what is missing.",
        "['a', 'b'] | zip_longest([1], fillvalue=0)",
        "[[\"a\",1],[\"b\",0]]",
    ),
    filter(
        "product",
        &["with..."],
        "All combinations of an item of each list.",
        "['a', 'b'] | product([1, 2])",
        "[[\"a\",1],[\"a\",2],[\"b\",1],[\"b\",2]]",
    ),
    filter(
        "batch",
        &["linecount", "fill_with?"],
        "In lists of so many items; the last is filled up if there is something to fill with.",
        "[1, 2, 3] | batch(2, 0)",
        "[[1,2],[3,0]]",
    ),
    filter(
        "slice",
        &["slices", "fill_with?"],
        "In so many lists, as equal as can be.",
        "[1, 2, 3] | slice(2)",
        "[[1,2],[3]]",
    ),
    filter(
        "subelements",
        &["subelements", "skip_missing?"],
        "Each item with each item of a list in it, in pairs; the path to the list may have dots.",
        "[{'a': [1, 2]}] | subelements('a') | map(attribute='1')",
        "[1,2]",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("list", |value: &Value, _: Kwargs, _: &State| {
        Ok(match value.kind() {
            ValueKind::Array => value.clone(),
            ValueKind::Map => {
                let keys = value.as_map().into_iter().flatten();
                Value::from(keys.map(|(key, _)| key.as_value()).collect::<Vec<_>>())
            }
            ValueKind::String => {
                let letters = value.as_str().unwrap_or_default().chars();
                Value::from(
                    letters
                        .map(|c| Value::from(c.to_string()))
                        .collect::<Vec<_>>(),
                )
            }
            _ => return fail(format!("{} cannot become a list", type_word(value))),
        })
    });
    tera.register_filter("count", |value: &Value, _: Kwargs, _: &State| {
        match value.len() {
            Some(length) => Ok(length),
            None => fail(format!("{} has no length", type_word(value))),
        }
    });
    tera.register_filter("union", |items: &[Value], arguments: Kwargs, _: &State| {
        let with = arguments.must_get::<&[Value]>("with")?;
        Ok(once(items.iter().chain(with), |_| true))
    });
    tera.register_filter(
        "intersect",
        |items: &[Value], arguments: Kwargs, _: &State| {
            let with = arguments.must_get::<&[Value]>("with")?;
            Ok(once(items.iter(), |item| with.contains(item)))
        },
    );
    tera.register_filter(
        "difference",
        |items: &[Value], arguments: Kwargs, _: &State| {
            let with = arguments.must_get::<&[Value]>("with")?;
            Ok(once(items.iter(), |item| !with.contains(item)))
        },
    );
    tera.register_filter(
        "symmetric_difference",
        |items: &[Value], arguments: Kwargs, _: &State| {
            let with = arguments.must_get::<&[Value]>("with")?;
            let one = |item: &Value| items.contains(item) != with.contains(item);
            Ok(once(items.iter().chain(with), one))
        },
    );
    tera.register_filter("unique", unique);
    tera.register_filter(
        "flatten",
        |items: &[Value], arguments: Kwargs, _: &State| {
            let levels = arguments.get::<usize>("levels")?.unwrap_or(usize::MAX);
            let nulls = arguments.get::<bool>("skip_nulls")? == Some(false);
            let mut flat = Vec::new();
            flatten(items, levels, nulls, &mut flat);
            Ok(flat)
        },
    );
    tera.register_filter("zip", |items: &[Value], arguments: Kwargs, _: &State| {
        let with = repeated_lists(&arguments, "with")?;
        let others = with.iter().map(|list| list.len());
        let length = others.min().unwrap_or(usize::MAX).min(items.len());
        Ok(beside(items, &with, length, &Value::none()))
    });
    tera.register_filter(
        "zip_longest",
        |items: &[Value], arguments: Kwargs, _: &State| {
            let with = repeated_lists(&arguments, "with")?;
            let others = with.iter().map(|list| list.len());
            let length = others.max().unwrap_or(0).max(items.len());
            let fill = arguments.get::<&Value>("fillvalue")?;
            let fill = fill.cloned().unwrap_or_else(Value::none);
            Ok(beside(items, &with, length, &fill))
        },
    );
    tera.register_filter("product", product);
    tera.register_filter("batch", |items: &[Value], arguments: Kwargs, _: &State| {
        let size = arguments.must_get::<usize>("linecount")?;
        if size == 0 {
            return fail("`linecount` is a number from 1");
        }
        let fill = arguments.get::<&Value>("fill_with")?;
        let parts = items.chunks(size).map(|part| filled(part, size, fill));
        Ok(parts.collect::<Vec<_>>())
    });
    tera.register_filter("slice", slice);
    tera.register_filter("subelements", subelements);
}

fn once<'v>(items: impl Iterator<Item = &'v Value>, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut kept = Vec::new();
    for item in items {
        if wanted(item) && !kept.contains(item) {
            kept.push(item.clone());
        }
    }
    kept
}

fn unique(items: &[Value], arguments: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let path = arguments.get::<&str>("attribute")?;
    let mut known: Vec<&Value> = Vec::new();
    let mut kept = Vec::new();
    for item in items {
        let key = measure(item, path)?;
        if !known.contains(&key) {
            known.push(key);
            kept.push(item.clone());
        }
    }
    Ok(kept)
}

fn flatten(items: &[Value], levels: usize, nulls: bool, flat: &mut Vec<Value>) {
    for item in items {
        match item.as_array() {
            Some(inner) if levels > 0 => flatten(inner, levels - 1, nulls, flat),
            _ if item.is_none() && !nulls => {}
            _ => flat.push(item.clone()),
        }
    }
}

fn beside(items: &[Value], with: &[&[Value]], length: usize, fill: &Value) -> Vec<Value> {
    let row = |place: usize| {
        let lists = std::iter::once(&items).chain(with);
        let row = lists.map(|list| list.get(place).unwrap_or(fill).clone());
        Value::from(row.collect::<Vec<_>>())
    };
    (0..length).map(row).collect()
}

/// More combinations than this are a mistake, and would fill the memory.
const MAX_PRODUCT: usize = 1_000_000;

fn product(items: &[Value], arguments: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let mut rows: Vec<Vec<Value>> = items.iter().map(|item| vec![item.clone()]).collect();
    for with in repeated_lists(&arguments, "with")? {
        if rows.len().saturating_mul(with.len()) > MAX_PRODUCT {
            return fail(format!("there are more than {MAX_PRODUCT} combinations"));
        }
        let longer = |row: &Vec<Value>| {
            let row = row.clone();
            let longer = with
                .iter()
                .map(move |item| [&row[..], std::slice::from_ref(item)].concat());
            longer.collect::<Vec<_>>()
        };
        rows = rows.iter().flat_map(longer).collect();
    }
    Ok(rows.into_iter().map(Value::from).collect())
}

/// More than this cannot be meant.
const MAX_FILLED: usize = 100_000;

fn filled(part: &[Value], size: usize, fill: Option<&Value>) -> Value {
    let mut part = part.to_vec();
    if let Some(fill) = fill
        && part.len() < size
    {
        part.resize(size.min(MAX_FILLED), fill.clone());
    }
    Value::from(part)
}

fn slice(items: &[Value], arguments: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let count = arguments.must_get::<usize>("slices")?;
    if !(1..=MAX_FILLED).contains(&count) {
        return fail(format!("`slices` is a number from 1 to {MAX_FILLED}"));
    }
    let fill = arguments.get::<&Value>("fill_with")?;
    let (size, longer) = (items.len() / count, items.len() % count);
    let mut rest = items;
    Ok((0..count)
        .map(|number| {
            let (part, after) = rest.split_at(size + usize::from(number < longer));
            rest = after;
            filled(part, size + usize::from(longer > 0), fill)
        })
        .collect())
}

fn subelements(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let path = arguments.must_get::<&str>("subelements")?;
    let skip = arguments.get::<bool>("skip_missing")?.unwrap_or(false);
    let values: Vec<Value>;
    let items = match value.as_map() {
        Some(map) => {
            values = Map::values(map).cloned().collect();
            &values
        }
        None => list(value)?,
    };
    let mut pairs = Vec::new();
    for item in items {
        match attribute(item, path) {
            Some(found) => {
                let inner = list(found)?.iter();
                pairs.extend(inner.map(|inner| Value::from(vec![item.clone(), inner.clone()])));
            }
            None if skip => {}
            None => {
                return fail(format!(
                    "an item has no `{path}`, and `skip_missing` is not set"
                ));
            }
        }
    }
    Ok(pairs)
}
