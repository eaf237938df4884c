//! Other notations of a value: JSON, YAML, base64, digests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha512};
use tera::{Kwargs, State, Tera, TeraResult};

use super::fail;
use crate::template::reference::{Documented, filter};
use crate::template::yaml;
use crate::value::{Value, from_json, to_json};

pub(super) const TABLE: &[Documented] = &[
    filter(
        "to_json",
        &[],
        "JSON on one line.",
        "{'a': [1, null]} | to_json",
        "\"{\\\"a\\\":[1,null]}\"",
    ),
    filter(
        "to_nice_json",
        &["indent?"],
        "JSON on many lines.",
        "{'a': 1} | to_nice_json(indent=2)",
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
        &["indent?"],
        "YAML in blocks, with a line feed at the end.",
        "{'a': [1, 'yes']} | to_yaml",
        "\"a:\\n- 1\\n- \\\"yes\\\"\\n\"",
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
        "A digest in hexadecimal: `sha256` or `sha512`.",
        "'' | hash(algorithm='sha256')",
        "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("to_json", |value: &Value, _: Kwargs, _: &State| {
        to_json(value).to_string()
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
    tera.register_filter("to_yaml", |value: &Value, arguments: Kwargs, _: &State| {
        let indent = arguments.get::<usize>("indent")?.unwrap_or(2).clamp(1, 16);
        Ok(yaml::block(value, indent))
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
}

fn to_nice_json(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<String> {
    let indent = " ".repeat(arguments.get::<usize>("indent")?.unwrap_or(4).min(16));
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut json = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut json, formatter);
    let written = serde::Serialize::serialize(&to_json(value), &mut writer);
    match (written, String::from_utf8(json)) {
        (Ok(()), Ok(json)) => Ok(json),
        _ => fail("this cannot be written as JSON"),
    }
}

fn hash(text: &str, arguments: Kwargs, _: &State) -> TeraResult<String> {
    let digest = match arguments.get::<&str>("algorithm")?.unwrap_or("sha256") {
        "sha256" => Sha256::digest(text).to_vec(),
        "sha512" => Sha512::digest(text).to_vec(),
        other => {
            return fail(format!(
                "unknown algorithm `{other}`: known are `sha256` and `sha512`"
            ));
        }
    };
    let mut text = String::with_capacity(2 * digest.len());
    for byte in digest {
        let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
        text.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    Ok(text)
}
