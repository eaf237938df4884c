//! Lists: sets, selections, shapes.

use tera::{Kwargs, State, Tera, TeraResult};

use super::{argument, attribute, fail};
use crate::template::reference::{Documented, filter};
use crate::value::Value;

pub(super) const TABLE: &[Documented] = &[
    filter(
        "union",
        &["with"],
        "The items of both lists, each once.",
        "[1, 2] | union(with=[2, 3])",
        "[1,2,3]",
    ),
    filter(
        "intersect",
        &["with"],
        "The items that are in both lists, each once.",
        "[1, 2] | intersect(with=[2, 3])",
        "[2]",
    ),
    filter(
        "difference",
        &["with"],
        "The items that are not in the other list, each once.",
        "[1, 2] | difference(with=[2, 3])",
        "[1]",
    ),
    filter(
        "flatten",
        &[],
        "The items of the lists in a list, at any depth.",
        "[[1], 2] | flatten",
        "[1,2]",
    ),
    filter(
        "zip",
        &["with"],
        "The items of two lists in pairs, as far as the shorter goes.",
        "['a', 'b'] | zip(with=[1, 2])",
        "[[\"a\",1],[\"b\",2]]",
    ),
    filter(
        "map",
        &["attribute", "default?"],
        "An attribute of each item; the path may have dots.",
        "[{'a': 1}, {'a': 2}] | map(attribute='a')",
        "[1,2]",
    ),
    filter(
        "selectattr",
        &["attribute", "equals?", "one_of?"],
        "The items whose attribute equals a value, is one of several, or is true.",
        "[{'a': 1}, {'a': 2}] | selectattr(attribute='a', equals=2)",
        "[{\"a\":2}]",
    ),
    filter(
        "rejectattr",
        &["attribute", "equals?", "one_of?"],
        "The items that `selectattr` leaves out.",
        "[{'a': 1}, {'a': 2}] | rejectattr(attribute='a', one_of=[2, 3])",
        "[{\"a\":1}]",
    ),
];

pub(super) fn register(tera: &mut Tera) {
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
    tera.register_filter("flatten", |items: &[Value], _: Kwargs, _: &State| {
        let mut flat = Vec::new();
        flatten(items, &mut flat);
        flat
    });
    tera.register_filter("zip", |items: &[Value], arguments: Kwargs, _: &State| {
        let with = arguments.must_get::<&[Value]>("with")?;
        let pairs = items.iter().zip(with);
        Ok(pairs
            .map(|(left, right)| Value::from(vec![left.clone(), right.clone()]))
            .collect::<Vec<_>>())
    });
    tera.register_filter("map", map);
    tera.register_filter(
        "selectattr",
        |items: &[Value], arguments: Kwargs, _: &State| select(items, &arguments, true),
    );
    tera.register_filter(
        "rejectattr",
        |items: &[Value], arguments: Kwargs, _: &State| select(items, &arguments, false),
    );
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

fn flatten(items: &[Value], flat: &mut Vec<Value>) {
    for item in items {
        match item.as_array() {
            Some(inner) => flatten(inner, flat),
            None => flat.push(item.clone()),
        }
    }
}

fn map(items: &[Value], arguments: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let path = arguments.must_get::<&str>("attribute")?;
    let default = arguments.get::<&Value>("default")?;
    items
        .iter()
        .map(|item| match attribute(item, path).or(default) {
            Some(value) => Ok(value.clone()),
            None => fail(format!("an item has no `{path}`")),
        })
        .collect()
}

/// An item without the attribute is not selected.
fn select(items: &[Value], arguments: &Kwargs, selected: bool) -> TeraResult<Vec<Value>> {
    let path = arguments.must_get::<&str>("attribute")?;
    let one_of = arguments.get::<&[Value]>("one_of")?;
    let equals = argument(arguments, "equals").ok();
    let fits = |item: &Value| {
        attribute(item, path).is_some_and(|found| match (equals, one_of) {
            (None, None) => found.is_truthy(),
            (equals, one_of) => {
                equals.is_none_or(|wanted| found == wanted)
                    && one_of.is_none_or(|wanted| wanted.contains(found))
            }
        })
    };
    Ok(items
        .iter()
        .filter(|item| fits(item) == selected)
        .cloned()
        .collect())
}
