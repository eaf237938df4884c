//! Mappings: merged, and as lists.

use tera::{Kwargs, State, Tera, TeraResult};

use super::{fail, field};
use crate::template::reference::{Documented, filter};
use crate::value::{Key, Map, Value};

pub(super) const TABLE: &[Documented] = &[
    filter(
        "combine",
        &["with", "recursive?"],
        "Both mappings in one; where both have a key, the second counts, or with `recursive=true` mappings are merged.",
        "{'a': 1} | combine(with={'b': 2})",
        "{\"a\":1,\"b\":2}",
    ),
    filter(
        "dict2items",
        &[],
        "The entries as a list of mappings with `key` and `value`.",
        "{'a': 1} | dict2items",
        "[{\"key\":\"a\",\"value\":1}]",
    ),
    filter(
        "items2dict",
        &["key?", "value?"],
        "The opposite of `dict2items`; the names of the two fields may differ.",
        "[{'key': 'a', 'value': 1}] | items2dict",
        "{\"a\":1}",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("combine", |first: &Map, arguments: Kwargs, _: &State| {
        let second = arguments.must_get::<&Map>("with")?;
        let recursive = arguments.get::<bool>("recursive")?.unwrap_or_default();
        Ok(Value::from(combine(first, second, recursive)))
    });
    tera.register_filter("dict2items", |map: &Map, _: Kwargs, _: &State| {
        map.iter()
            .map(|(key, value)| entry(key, value))
            .collect::<Vec<_>>()
    });
    tera.register_filter("items2dict", items2dict);
}

fn combine(first: &Map, second: &Map, recursive: bool) -> Map {
    let mut combined = first.clone();
    for (key, value) in second {
        let merged = match (combined.get(key).and_then(Value::as_map), value.as_map()) {
            (Some(old), Some(new)) if recursive => Value::from(combine(old, new, true)),
            _ => value.clone(),
        };
        combined.insert(key.clone(), merged);
    }
    combined
}

fn entry(key: &Key<'static>, value: &Value) -> Value {
    let mut entry = Map::new();
    entry.insert("key".into(), key.as_value());
    entry.insert("value".into(), value.clone());
    entry.into()
}

fn items2dict(items: &[Value], arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let key_field = arguments.get::<&str>("key")?.unwrap_or("key");
    let value_field = arguments.get::<&str>("value")?.unwrap_or("value");
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
