//! Mappings: merged, and as lists.

use tera::{Kwargs, State, Tera, TeraResult};

use super::{fail, field, repeated, type_word};
use crate::template::reference::{Documented, filter};
use crate::value::{Key, Map, Value};

pub(super) const TABLE: &[Documented] = &[
    filter(
        "combine",
        &["with...", "recursive?", "list_merge?"],
        "All mappings in one; where two have a key, the later counts. With `recursive=true` mappings in them are merged, and lists as `list_merge` says: `replace`, `keep`, `append`, `prepend`, `append_rp`, `prepend_rp`.",
        "{'a': 1} | combine({'b': 2})",
        "{\"a\":1,\"b\":2}",
    ),
    filter(
        "dict2items",
        &["key_name?", "value_name?"],
        "The entries as a list of mappings with `key` and `value`, or under other names.",
        "{'a': 1} | dict2items",
        "[{\"key\":\"a\",\"value\":1}]",
    ),
    filter(
        "items2dict",
        &["key_name?", "value_name?"],
        "The opposite of `dict2items`; the names of the two fields may differ.",
        "[{'key': 'a', 'value': 1}] | items2dict",
        "{\"a\":1}",
    ),
    filter(
        "items",
        &[],
        "The same as `pairs`.",
        "{'a': 1} | items",
        "[[\"a\",1]]",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("combine", |first: &Map, arguments: Kwargs, _: &State| {
        let recursive = arguments.get::<bool>("recursive")?.unwrap_or_default();
        let lists = arguments.get::<&str>("list_merge")?.unwrap_or("replace");
        if !LIST_MERGES.contains(&lists) {
            return fail(format!(
                "unknown `list_merge` `{lists}`: known are `{}`",
                LIST_MERGES.join("`, `")
            ));
        }
        let mut combined = first.clone();
        for with in repeated(&arguments, "with") {
            // As in Ansible, several may come in a list.
            for second in with.as_array().unwrap_or(std::slice::from_ref(with)) {
                let Some(second) = second.as_map() else {
                    let found = type_word(second);
                    return fail(format!("`combine` takes mappings, not {found}"));
                };
                combined = combine(&combined, second, recursive, lists);
            }
        }
        Ok(Value::from(combined))
    });
    tera.register_filter("dict2items", |map: &Map, arguments: Kwargs, _: &State| {
        let key_name = arguments.get::<&str>("key_name")?.unwrap_or("key");
        let value_name = arguments.get::<&str>("value_name")?.unwrap_or("value");
        Ok(map
            .iter()
            .map(|(key, value)| entry(key_name, key, value_name, value))
            .collect::<Vec<_>>())
    });
    tera.register_filter("items", |map: &Map, _: Kwargs, _: &State| {
        map.iter()
            .map(|(key, value)| Value::from(vec![key.as_value(), value.clone()]))
            .collect::<Vec<_>>()
    });
    tera.register_filter("items2dict", items2dict);
}

/// What becomes of two lists at one key.
const LIST_MERGES: [&str; 6] = [
    "replace",
    "keep",
    "append",
    "prepend",
    "append_rp",
    "prepend_rp",
];

fn combine(first: &Map, second: &Map, recursive: bool, lists: &str) -> Map {
    let mut combined = first.clone();
    for (key, value) in second {
        let old = combined.get(key);
        let maps = old.and_then(Value::as_map).zip(value.as_map());
        let arrays = old.and_then(Value::as_array).zip(value.as_array());
        let merged = match (maps, arrays) {
            (Some((old, new)), _) if recursive => Value::from(combine(old, new, true, lists)),
            (_, Some((old, new))) => Value::from(merged(old, new, lists)),
            _ => value.clone(),
        };
        combined.insert(key.clone(), merged);
    }
    combined
}

fn merged(old: &[Value], new: &[Value], how: &str) -> Vec<Value> {
    let without = |items: &[Value], others: &[Value]| -> Vec<Value> {
        let kept = items.iter().filter(|item| !others.contains(item));
        kept.cloned().collect()
    };
    match how {
        "keep" => old.to_vec(),
        "append" => [old, new].concat(),
        "prepend" => [new, old].concat(),
        "append_rp" => [&without(old, new), new].concat(),
        "prepend_rp" => [new, &without(old, new)].concat(),
        _ => new.to_vec(),
    }
}

fn entry(key_name: &str, key: &Key<'static>, value_name: &str, value: &Value) -> Value {
    let mut entry = Map::new();
    entry.insert(key_name.to_owned().into(), key.as_value());
    entry.insert(value_name.to_owned().into(), value.clone());
    entry.into()
}

fn items2dict(items: &[Value], arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let key_field = arguments.get::<&str>("key_name")?.unwrap_or("key");
    let value_field = arguments.get::<&str>("value_name")?.unwrap_or("value");
    let mut map = Map::new();
    for item in items {
        let get = |name| item.as_map().and_then(|item| field(item, name));
        let (Some(key), Some(value)) = (get(key_field), get(value_field)) else {
            return fail(format!("an item lacks `{key_field}` or `{value_field}`"));
        };
        let key: Key<'static> = match key.as_str() {
            Some(text) => text.to_owned().into(),
            None => key.to_string().into(),
        };
        map.insert(key, value.clone());
    }
    Ok(map.into())
}
