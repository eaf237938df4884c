//! Texts: taken apart, quoted, and what to do when one is missing.

use tera::{Kwargs, State, Tera, TeraResult};

use super::{argument, fail, type_word};
use crate::template::reference::{Documented, filter};
use crate::value::{Value, ValueKind};

pub(super) const TABLE: &[Documented] = &[
    filter(
        "d",
        &["value", "boolean?"],
        "The same as `default`.",
        "missing.field | d(8080)",
        "8080",
    ),
    filter(
        "mandatory",
        &["message?"],
        "The value; fails with the message if it is not defined.",
        "'a' | mandatory('set `a`')",
        "\"a\"",
    ),
    filter(
        "ternary",
        &["true_val", "false_val", "none_val?"],
        "One of two values, after a boolean; a third for null.",
        "true | ternary('on', 'off')",
        "\"on\"",
    ),
    filter(
        "string",
        &[],
        "The same as `str`.",
        "8080 | string",
        "\"8080\"",
    ),
    filter(
        "quote",
        &[],
        "Quoted for a shell where it must be.",
        "\"it's\" | quote",
        "\"'it'\\\\''s'\"",
    ),
    filter(
        "split",
        &["pat?", "maxsplit?"],
        "The parts between each `pat`, as a list; without it, the words. With `maxsplit`, not more cuts than that.",
        "'a,b,c' | split(',', 1)",
        "[\"a\",\"b,c\"]",
    ),
    filter(
        "splitlines",
        &[],
        "The lines, as a list.",
        "'a\\nb\\n' | splitlines",
        "[\"a\",\"b\"]",
    ),
    filter(
        "center",
        &["width?"],
        "With spaces at both ends to this width, 80 if not given.",
        "'a' | center(3)",
        "\" a \"",
    ),
    filter(
        "type_debug",
        &[],
        "What kind of value it is.",
        "[1] | type_debug",
        "\"list\"",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("d", |value: &Value, arguments: Kwargs, _: &State| {
        let otherwise = argument(&arguments, "value")?;
        let boolean = arguments.get::<bool>("boolean")?.unwrap_or(false);
        let missing = value.is_undefined() || boolean && !value.is_truthy();
        Ok(if missing { otherwise } else { value }.clone())
    });
    tera.register_filter("mandatory", mandatory);
    tera.register_filter("ternary", ternary);
    tera.register_filter("string", |value: &Value, _: Kwargs, _: &State| {
        value.to_string()
    });
    tera.register_filter("quote", |text: &str, _: Kwargs, _: &State| quote(text));
    tera.register_filter("split", split);
    tera.register_filter("splitlines", |text: &str, _: Kwargs, _: &State| {
        text.lines().map(Value::from).collect::<Vec<_>>()
    });
    tera.register_filter("center", |text: &str, arguments: Kwargs, _: &State| {
        let width = arguments.get::<usize>("width")?.unwrap_or(80).min(1000);
        Ok(format!("{text:^width$}"))
    });
    tera.register_filter(
        "type_debug",
        |value: &Value, _: Kwargs, _: &State| match value.kind() {
            ValueKind::String => "str",
            ValueKind::Bool => "bool",
            ValueKind::Map => "dict",
            ValueKind::Array => "list",
            ValueKind::F64 => "float",
            ValueKind::None => "none",
            ValueKind::Bytes => "bytes",
            ValueKind::Undefined => "undefined",
            _ => "int",
        },
    );
}

fn split(text: &str, arguments: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let most = arguments.get::<usize>("maxsplit")?;
    let most = most.map_or(usize::MAX, |most| most.saturating_add(1));
    Ok(match arguments.get::<&str>("pat")? {
        Some("") => return fail("`split` needs a text to split at"),
        Some(pat) => text.splitn(most, pat).map(Value::from).collect(),
        None if most == usize::MAX => text.split_whitespace().map(Value::from).collect(),
        None => return fail("`maxsplit` needs a text to split at"),
    })
}

fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn mandatory(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    if value.is_undefined() {
        return fail(
            arguments
                .get::<&str>("message")?
                .unwrap_or("this value must be defined"),
        );
    }
    Ok(value.clone())
}

fn ternary(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let name = match value.as_bool() {
        Some(true) => "true_val",
        Some(false) => "false_val",
        None if value.is_none() && arguments.get::<&Value>("none_val")?.is_some() => "none_val",
        None => {
            let found = type_word(value);
            return fail(format!("`ternary` needs a boolean, not {found}"));
        }
    };
    argument(&arguments, name).cloned()
}
