//! Other notations of a value: JSON, YAML, base64, digests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use tera::{Kwargs, State, Tera, TeraResult};

use super::fail;
use crate::source::{Node, SourceMap, parse_yaml};
use crate::template::reference::{Documented, filter};
use crate::template::yaml;
use crate::value::{Map, Value, from_json, key_text, to_json};

pub(super) const TABLE: &[Documented] = &[
    filter(
        "to_json",
        &["sort_keys?"],
        "JSON on one line; with `sort_keys=true` mappings in the order of their keys.",
        "{'a': [1, null]} | to_json",
        "\"{\\\"a\\\":[1,null]}\"",
    ),
    filter(
        "to_nice_json",
        &["indent?", "sort_keys?"],
        "JSON on many lines.",
        "{'a': 1} | to_nice_json(2)",
        "\"{\\n  \\\"a\\\": 1\\n}\"",
    ),
    filter(
        "from_json",
        &[],
        "The value that JSON stands for.",
        "'[1]' | from_json",
        "[1]",
    ),
    filter(
        "to_yaml",
        &["indent?", "width?", "sort_keys?"],
        "YAML in blocks, with a line feed at the end. Lines are never broken, whatever the `width`. Mappings keep their order, unless `sort_keys=true`.",
        "{'a': [1, 'yes']} | to_yaml",
        "\"a:\\n- 1\\n- \\\"yes\\\"\\n\"",
    ),
    filter(
        "to_nice_yaml",
        &["indent?", "width?", "sort_keys?"],
        "The same as `to_yaml`, with an indent of 4 if none is given.",
        "{'a': {'b': 1}} | to_nice_yaml(indent=2)",
        "\"a:\\n  b: 1\\n\"",
    ),
    filter(
        "from_yaml",
        &[],
        "The value that YAML stands for.",
        "'{a: [1, yes]}' | from_yaml",
        "{\"a\":[1,\"yes\"]}",
    ),
    filter(
        "from_yaml_all",
        &[],
        "The values of all documents of a YAML text, as a list.",
        "'a: 1\\n---\\nb: 2' | from_yaml_all",
        "[{\"a\":1},{\"b\":2}]",
    ),
    filter(
        "b64encode",
        &[],
        "In base64.",
        "'hello' | b64encode",
        "\"aGVsbG8=\"",
    ),
    filter(
        "b64decode",
        &[],
        "The text that base64 stands for.",
        "'aGVsbG8=' | b64decode",
        "\"hello\"",
    ),
    filter(
        "hash",
        &["algorithm?"],
        "A digest in hexadecimal: `sha1` (as in Ansible, if none is given), `md5`, `sha224`, `sha256`, `sha384` or `sha512`.",
        "'' | hash('sha256')",
        "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
    ),
    filter(
        "checksum",
        &[],
        "The same as `hash('sha1')`.",
        "'' | checksum",
        "\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"",
    ),
    filter(
        "sha1",
        &[],
        "The same as `hash('sha1')`.",
        "'' | sha1",
        "\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"",
    ),
    filter(
        "md5",
        &[],
        "The same as `hash('md5')`.",
        "'' | md5",
        "\"d41d8cd98f00b204e9800998ecf8427e\"",
    ),
    filter(
        "to_uuid",
        &[],
        "A UUID that stands for this text, the same as Ansible's.",
        "'web1' | to_uuid | length",
        "36",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("to_json", |value: &Value, arguments: Kwargs, _: &State| {
        Ok(to_json(&in_order(value, &arguments)?).to_string())
    });
    tera.register_filter("to_nice_json", to_nice_json);
    tera.register_filter("from_json", |text: &str, _: Kwargs, _: &State| {
        match serde_json::from_str(text) {
            Ok(json) => Ok(from_json(&json)),
            // The parser's own message may quote the text.
            Err(error) => fail(format!(
                "this is not JSON, see its line {} column {}",
                error.line(),
                error.column()
            )),
        }
    });
    for (name, indent) in [("to_yaml", 2), ("to_nice_yaml", 4)] {
        tera.register_filter(name, move |value: &Value, arguments: Kwargs, _: &State| {
            let indent = arguments.get::<usize>("indent")?.unwrap_or(indent);
            Ok(yaml::block(
                &in_order(value, &arguments)?,
                indent.clamp(1, 16),
            ))
        });
    }
    tera.register_filter(
        "from_yaml",
        |text: &str, _: Kwargs, _: &State| match documents(text)?.as_slice() {
            [] => Ok(Value::none()),
            [only] => Ok(only.clone()),
            _ => fail("this is more than one YAML document: write `from_yaml_all`"),
        },
    );
    tera.register_filter("from_yaml_all", |text: &str, _: Kwargs, _: &State| {
        documents(text)
    });
    tera.register_filter("b64encode", |text: &str, _: Kwargs, _: &State| {
        STANDARD.encode(text)
    });
    tera.register_filter("b64decode", |text: &str, _: Kwargs, _: &State| {
        let folded: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        match STANDARD.decode(folded).map(String::from_utf8) {
            Ok(Ok(decoded)) => Ok(decoded),
            Ok(Err(_)) => fail("what base64 stands for here is not text"),
            Err(_) => fail("this is not base64"),
        }
    });
    tera.register_filter("hash", hash);
    for (name, algorithm) in [("checksum", "sha1"), ("sha1", "sha1"), ("md5", "md5")] {
        tera.register_filter(name, move |text: &str, _: Kwargs, _: &State| {
            digest(text, algorithm)
        });
    }
    tera.register_filter("to_uuid", to_uuid);
}

/// The value, with its mappings in the order of their keys if `sort_keys` asks for it.
fn in_order(value: &Value, arguments: &Kwargs) -> TeraResult<Value> {
    Ok(match arguments.get::<bool>("sort_keys")? {
        Some(true) => sorted(value),
        _ => value.clone(),
    })
}

fn sorted(value: &Value) -> Value {
    if let Some(map) = value.as_map() {
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_by_key(|(key, _)| key_text(key));
        let entries = entries.into_iter();
        return Value::from(
            entries
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect::<Map>(),
        );
    }
    match value.as_array() {
        Some(items) => Value::from(items.iter().map(sorted).collect::<Vec<_>>()),
        None => value.clone(),
    }
}

fn to_nice_json(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<String> {
    let indent = " ".repeat(arguments.get::<usize>("indent")?.unwrap_or(4).min(16));
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut json = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut json, formatter);
    let written = serde::Serialize::serialize(&to_json(&in_order(value, &arguments)?), &mut writer);
    match (written, String::from_utf8(json)) {
        (Ok(()), Ok(json)) => Ok(json),
        _ => fail("this cannot be written as JSON"),
    }
}

/// The values of YAML documents. The parser's own message may quote the text.
fn documents(text: &str) -> TeraResult<Vec<Value>> {
    let mut sources = SourceMap::new();
    let id = sources.add("text", text);
    match parse_yaml(&sources, id) {
        Ok(documents) => Ok(documents.iter().map(Node::to_value).collect()),
        Err(diagnostic) => match diagnostic.primary {
            Some(label) => {
                let (line, column) = sources.line_column(label.span);
                fail(format!(
                    "this is not YAML, see its line {line} column {column}"
                ))
            }
            None => fail("this is not YAML"),
        },
    }
}

fn hash(text: &str, arguments: Kwargs, _: &State) -> TeraResult<String> {
    digest(text, arguments.get::<&str>("algorithm")?.unwrap_or("sha1"))
}

fn digest(text: &str, algorithm: &str) -> TeraResult<String> {
    Ok(hexadecimal(&match algorithm {
        "md5" => Md5::digest(text).to_vec(),
        "sha1" => Sha1::digest(text).to_vec(),
        "sha224" => Sha224::digest(text).to_vec(),
        "sha256" => Sha256::digest(text).to_vec(),
        "sha384" => Sha384::digest(text).to_vec(),
        "sha512" => Sha512::digest(text).to_vec(),
        other => {
            return fail(format!(
                "unknown algorithm `{other}`: known are `md5`, `sha1`, `sha224`, `sha256`, `sha384` and `sha512`"
            ));
        }
    }))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
        text.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    text
}

/// The namespace of Ansible's UUIDs, `361E6D51-FAEC-444A-9079-341386DA8E2E`.
const NAMESPACE: [u8; 16] = [
    0x36, 0x1e, 0x6d, 0x51, 0xfa, 0xec, 0x44, 0x4a, 0x90, 0x79, 0x34, 0x13, 0x86, 0xda, 0x8e, 0x2e,
];

/// A UUID of version 5.
fn to_uuid(text: &str, _: Kwargs, _: &State) -> String {
    let mut bytes = Sha1::new()
        .chain_update(NAMESPACE)
        .chain_update(text)
        .finalize();
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hexadecimal(&bytes[..16]);
    let part = |from: usize, to: usize| &digits[from..to];
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}
