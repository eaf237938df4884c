//! Writes a value as YAML in blocks: what `to_yaml` gives. A text is quoted wherever any reader, of YAML 1.1 or
//! 1.2, could take it for something else.

use crate::value::{Value, ValueKind, key_text};

/// The value in blocks, as `to_yaml` gives it.
pub fn to_yaml(value: &Value) -> String {
    block(value, 2)
}

/// The value, with a line feed at the end.
pub(super) fn block(value: &Value, indent: usize) -> String {
    let mut yaml = String::new();
    write(value, indent, 0, &mut yaml);
    if !yaml.ends_with('\n') {
        yaml.push('\n');
    }
    yaml.trim_start_matches('\n').to_owned()
}

/// Writes the value after its key or dash; the lines of a collection begin on the next line.
fn write(value: &Value, indent: usize, level: usize, yaml: &mut String) {
    let margin = " ".repeat(level);
    if let Some(map) = value.as_map().filter(|map| !map.is_empty()) {
        for (key, value) in map {
            begin_line(yaml, &margin);
            yaml.push_str(&text(&key_text(key)));
            yaml.push(':');
            // The dashes of a list in a mapping stand under its key.
            let deeper = if value.is_array() {
                level
            } else {
                level + indent
            };
            write(value, indent, deeper, yaml);
        }
    } else if let Some(items) = value.as_array().filter(|items| !items.is_empty()) {
        for item in items {
            begin_line(yaml, &margin);
            yaml.push('-');
            let start = yaml.len();
            write(item, indent, level + 2, yaml);
            // The first line of a collection in a list stands beside the dash.
            let inner = format!("\n{margin}  ");
            if yaml[start..].starts_with(&inner) {
                yaml.replace_range(start..start + inner.len(), " ");
            }
        }
    } else {
        if !yaml.is_empty() {
            yaml.push(' ');
        }
        yaml.push_str(&scalar(value));
    }
}

fn begin_line(yaml: &mut String, margin: &str) {
    yaml.push('\n');
    yaml.push_str(margin);
}

fn scalar(value: &Value) -> String {
    match value.kind() {
        ValueKind::String | ValueKind::Bytes => text(&value.to_string()),
        ValueKind::Map => "{}".into(),
        ValueKind::Array => "[]".into(),
        ValueKind::None | ValueKind::Undefined => "null".into(),
        _ => value.to_string(),
    }
}

/// The text as it is if it cannot be mistaken, else in double quotes, whose escapes are those of JSON.
fn text(text: &str) -> String {
    let first = text.chars().next().unwrap_or(' ');
    let plain = (first.is_ascii_alphabetic() || first == '/' || first == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " _-./:@+=%".contains(c))
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// What YAML 1.1 or 1.2 takes for a boolean, null or number.
const WORDS: [&str; 12] = [
    "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf", "none",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::block;
    use crate::value::from_json;

    #[test]
    fn collections_are_written_in_blocks() {
        let value = json!({
            "kind": "Config",
            "clusters": [{"name": "a", "ports": [1, 2], "tls": {"ca": null}}, [true, []]],
            "empty": {},
            "text": "two\nlines",
        });
        let expected = "kind: Config\nclusters:\n- name: a\n  ports:\n  - 1\n  - 2\n  tls:\n    ca: null\n- - true\n  - []\nempty: {}\ntext: \"two\\nlines\"\n";
        assert_eq!(block(&from_json(&value), 2), expected);
    }

    #[test]
    fn what_could_be_mistaken_is_quoted() {
        for text in [
            "yes", "No", "1.5", "0644", "", " a", "a: b", "a #b", "- a", "~", "1e3", "{a}", "on",
            "é",
        ] {
            assert_eq!(
                block(&text.into(), 2),
                format!("{}\n", json!(text)),
                "{text}"
            );
        }
        for text in [
            "abc",
            "/etc/hosts",
            "10-20x",
            "a:b",
            "registry.k8s.io/pause:3.9",
        ] {
            let quoted = text.starts_with(|c: char| c.is_ascii_digit());
            assert_eq!(block(&text.into(), 2).starts_with('"'), quoted, "{text}");
        }
    }
}
