//! The value of a variable, an argument or a result, as the controller knows it.
//!
//! Only this file and the template folder name the template engine; everybody else says
//! `crate::value::Value`.

pub use tera::value::{Key, ValueKind};
pub use tera::{Map, Value};

/// The value that JSON stands for.
pub fn from_json(json: &serde_json::Value) -> Value {
    Value::from_serializable(json)
}

/// The JSON that stands for a value. What JSON lacks becomes the nearest thing that it has: undefined and
/// numbers that are not finite become `null`, bytes and integers beyond 64 bits become text.
pub fn to_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value.kind() {
        ValueKind::Bool => Json::Bool(value.as_bool() == Some(true)),
        ValueKind::U64 | ValueKind::I64 | ValueKind::U128 | ValueKind::I128 => {
            integer_to_json(value)
        }
        ValueKind::F64 => value.as_f64().map_or(Json::Null, Json::from),
        ValueKind::Array => value
            .as_array()
            .unwrap_or_default()
            .iter()
            .map(to_json)
            .collect(),
        ValueKind::Map => Json::Object(
            value
                .as_map()
                .into_iter()
                .flatten()
                .map(|(key, value)| (key_text(key), to_json(value)))
                .collect(),
        ),
        ValueKind::String | ValueKind::Bytes => Json::String(value.to_string()),
        _ => Json::Null,
    }
}

/// The text of a mapping's key.
pub fn key_text(key: &Key<'_>) -> String {
    key.as_str()
        .map_or_else(|| key.as_value().to_string(), ToOwned::to_owned)
}

/// What a value is, with its article, for messages: "a mapping", "the string `x`".
pub fn type_name(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined => "an undefined value".into(),
        ValueKind::None => "null".into(),
        ValueKind::Bool => format!("the boolean `{value}`"),
        ValueKind::String => format!(
            "the string `{}`",
            excerpt(value.as_str().unwrap_or_default())
        ),
        ValueKind::Array => "a list".into(),
        ValueKind::Map => "a mapping".into(),
        ValueKind::Bytes => "bytes".into(),
        _ => format!("the number `{value}`"),
    }
}

/// The beginning of a text, short enough to stand in a message.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(LONGEST).collect();
    if short.len() < text.trim_end_matches('\n').len() {
        short + "…"
    } else {
        short
    }
}

fn integer_to_json(value: &Value) -> serde_json::Value {
    if let Some(number) = value.as_i64() {
        number.into()
    } else if let Some(number) = value.as_u64() {
        number.into()
    } else {
        value.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Value, from_json, to_json, type_name};

    #[test]
    fn json_survives_the_way_there_and_back_in_order() {
        let json = json!({"z": [1, -2, 1.5, null, true], "a": {"text": "é"}, "big": u64::MAX});
        assert_eq!(to_json(&from_json(&json)).to_string(), json.to_string());
    }

    #[test]
    fn what_json_lacks_becomes_the_nearest_thing() {
        assert_eq!(to_json(&Value::from(f64::NAN)), json!(null));
        assert_eq!(to_json(&Value::undefined()), json!(null));
        assert_eq!(
            to_json(&Value::from(u128::MAX)),
            json!(u128::MAX.to_string())
        );
        assert_eq!(to_json(&Value::bytes(*b"x")), json!("x"));
    }

    #[test]
    fn a_long_string_is_shortened_in_its_name() {
        assert_eq!(type_name(&Value::from("x\n")), "the string `x`");
        assert_eq!(type_name(&Value::from("x\ny")), "the string `x…`");
        assert_eq!(
            type_name(&Value::from("a".repeat(50))),
            format!("the string `{}…`", "a".repeat(40))
        );
    }
}
