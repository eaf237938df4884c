//! Addresses of the web as texts.

use tera::{Kwargs, State, Tera, TeraResult};

use super::{fail, field, kinds::text};
use crate::template::reference::{Documented, filter};
use crate::value::{Map, Value};

pub(super) const TABLE: &[Documented] = &[
    filter(
        "urlencode",
        &[],
        "Fit to stand in a URL: a text, or the entries of a mapping as its query.",
        "'a b/c' | urlencode",
        "\"a%20b/c\"",
    ),
    filter(
        "urldecode",
        &[],
        "The text that `urlencode` was given.",
        "'a%20b' | urldecode",
        "\"a b\"",
    ),
    filter(
        "urlsplit",
        &["component?"],
        "The parts of a URL, or one of them: `scheme`, `netloc`, `hostname`, `port`, `username`, `password`, `path`, `query`, `fragment`.",
        "'https://example.org:8443/a?b=c' | urlsplit('hostname')",
        "\"example.org\"",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("urlencode", |value: &Value, _: Kwargs, _: &State| {
        let Some(map) = value.as_map() else {
            return Ok(encode(text(value)?, true));
        };
        let entries: Vec<String> = map
            .iter()
            .map(|(key, value)| {
                let key = encode(&crate::value::key_text(key), false);
                format!("{key}={}", encode(&value.to_string(), false))
            })
            .collect();
        Ok(entries.join("&"))
    });
    tera.register_filter("urldecode", |text: &str, _: Kwargs, _: &State| decode(text));
    tera.register_filter("urlsplit", urlsplit);
}

fn encode(text: &str, slashes: bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || slashes && byte == b'/' {
            encoded.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
            encoded.push('%');
            encoded.extend([digit(byte >> 4), digit(byte & 15)].map(|c| c.to_ascii_uppercase()));
        }
    }
    encoded
}

fn decode(text: &str) -> TeraResult<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *first == b'%');
        let escaped = escaped
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = if escaped.is_some() {
            &after[2..]
        } else {
            after
        };
        bytes.push(match (escaped, first) {
            (Some(byte), _) => byte,
            (None, b'+') => b' ',
            (None, byte) => *byte,
        });
    }
    String::from_utf8(bytes).map_or_else(|_| fail("what is encoded here is not text"), Ok)
}

fn urlsplit(url: &str, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = rest.split_once(':').unwrap_or(("", rest));
    let (netloc, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let (user, place) = match netloc.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, netloc),
    };
    let (username, password) = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
        Some((name, "")) => (Some(name), None),
        Some((name, password)) => (Some(name), Some(password)),
        None => (None, None),
    };
    let (hostname, port) = match place
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((hostname, after)) => (hostname, after.strip_prefix(':')),
        None => match place.rsplit_once(':') {
            Some((hostname, port)) => (hostname, Some(port)),
            None => (place, None),
        },
    };
    let optional = |text: Option<&str>| text.map_or_else(Value::none, Value::from);
    let port = match port.filter(|port| !port.is_empty()) {
        Some(port) => match port.parse::<u16>() {
            Ok(port) => Value::from(u64::from(port)),
            Err(_) => return fail("the port of this URL is no number up to 65535"),
        },
        None => Value::none(),
    };
    let mut parts = Map::new();
    for (name, value) in [
        ("scheme", Value::from(scheme.to_ascii_lowercase())),
        ("netloc", Value::from(netloc)),
        ("hostname", Value::from(hostname.to_ascii_lowercase())),
        ("port", port),
        ("username", optional(username)),
        ("password", optional(password)),
        ("path", Value::from(path)),
        ("query", Value::from(query)),
        ("fragment", Value::from(fragment)),
    ] {
        parts.insert(name.into(), value);
    }
    match arguments.get::<&str>("component")? {
        None => Ok(parts.into()),
        Some(name) => match field(&parts, name) {
            Some(found) => Ok(found.clone()),
            None => fail(format!("a URL has no component `{name}`")),
        },
    }
}
