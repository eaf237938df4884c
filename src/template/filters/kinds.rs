//! Tests on what a value is, and comparisons of it with others. Most have an operator too; as tests they stand in
//! `select` and `selectattr`.

use std::cmp::Ordering;

use tera::{Kwargs, Number, State, TeraResult};

use super::{Test, argument, fail};
use crate::template::reference::{Documented, test};
use crate::value::{Value, ValueKind};

pub(super) const TABLE: &[Documented] = &[
    test(
        "mapping",
        &[],
        "The same as `map`.",
        "{'a': 1} is mapping",
        "true",
    ),
    test(
        "sequence",
        &[],
        "Whether it is a list or a text.",
        "[1] is sequence",
        "true",
    ),
    test("list", &[], "The same as `array`.", "[1] is list", "true"),
    test(
        "boolean",
        &[],
        "The same as `bool`.",
        "true is boolean",
        "true",
    ),
    test(
        "truthy",
        &[],
        "Whether it is neither empty, zero, false nor null.",
        "'' is truthy",
        "false",
    ),
    test(
        "falsy",
        &[],
        "Whether it is empty, zero, false or null.",
        "[] is falsy",
        "true",
    ),
    test(
        "lower",
        &[],
        "Whether a text has no letter in upper case.",
        "'abc' is lower",
        "true",
    ),
    test(
        "upper",
        &[],
        "Whether a text has no letter in lower case.",
        "'abc' is upper",
        "false",
    ),
    test(
        "divisibleby",
        &["divisor"],
        "The same as `divisible_by`.",
        "6 is divisibleby(3)",
        "true",
    ),
    test("eq", &["other"], "`==`.", "1 is eq(1)", "true"),
    test("equalto", &["other"], "`==`.", "1 is equalto(2)", "false"),
    test(
        "sameas",
        &["other"],
        "Whether both have the same type and value.",
        "true is sameas(true)",
        "true",
    ),
    test("ne", &["other"], "`!=`.", "1 is ne(2)", "true"),
    test("lt", &["other"], "`<`.", "1 is lt(2)", "true"),
    test("le", &["other"], "`<=`.", "1 is le(1)", "true"),
    test("gt", &["other"], "`>`.", "1 is gt(2)", "false"),
    test("ge", &["other"], "`>=`.", "1 is ge(1)", "true"),
    test(
        "in",
        &["seq"],
        "The operator `in`, for `select` and `selectattr`.",
        "[1, 2, 3] | select('in', [2, 3])",
        "[2,3]",
    ),
    test(
        "containing",
        &["pat"],
        "Whether a text, list or mapping holds it.",
        "'abc' is containing('b')",
        "true",
    ),
    test(
        "contains",
        &["value"],
        "The same as `containing`.",
        "[1, 2] is contains(2)",
        "true",
    ),
    test(
        "subset",
        &["superset"],
        "Whether all items are in another list.",
        "[1] is subset([1, 2])",
        "true",
    ),
    test(
        "superset",
        &["subset"],
        "Whether all items of another list are in it.",
        "[1, 2] is superset([1])",
        "true",
    ),
    test(
        "any",
        &[],
        "Whether an item of a list is true.",
        "[false, true] is any",
        "true",
    ),
    test(
        "all",
        &[],
        "Whether all items of a list are true.",
        "[false, true] is all",
        "false",
    ),
];

pub(super) const TESTS: &[(&str, Test)] = &[
    ("defined", |value, _, _| Ok(!value.is_undefined())),
    ("undefined", |value, _, _| Ok(value.is_undefined())),
    ("none", |value, _, _| Ok(value.is_none())),
    ("string", |value, _, _| Ok(value.is_string())),
    ("number", |value, _, _| Ok(value.is_number())),
    ("integer", |value, _, _| {
        Ok(value.is_number() && value.kind() != ValueKind::F64)
    }),
    ("float", |value, _, _| Ok(value.kind() == ValueKind::F64)),
    ("bool", |value, _, _| Ok(value.is_bool())),
    ("boolean", |value, _, _| Ok(value.is_bool())),
    ("map", |value, _, _| Ok(value.is_map())),
    ("mapping", |value, _, _| Ok(value.is_map())),
    ("array", |value, _, _| Ok(value.is_array())),
    ("list", |value, _, _| Ok(value.is_array())),
    ("sequence", |value, _, _| {
        Ok(value.is_array() || value.is_string())
    }),
    ("iterable", |value, _, _| {
        Ok(value.is_array() || value.is_map() || value.is_string())
    }),
    ("truthy", |value, _, _| Ok(value.is_truthy())),
    ("falsy", |value, _, _| Ok(!value.is_truthy())),
    ("lower", |value, _, _| {
        Ok(!text(value)?.chars().any(char::is_uppercase))
    }),
    ("upper", |value, _, _| {
        Ok(!text(value)?.chars().any(char::is_lowercase))
    }),
    ("odd", |value, _, _| Ok(whole(value)? % 2 != 0)),
    ("even", |value, _, _| Ok(whole(value)? % 2 == 0)),
    ("divisible_by", divisible),
    ("divisibleby", divisible),
    ("starting_with", |value, arguments, _| {
        Ok(text(value)?.starts_with(arguments.must_get::<&str>("pat")?))
    }),
    ("ending_with", |value, arguments, _| {
        Ok(text(value)?.ends_with(arguments.must_get::<&str>("pat")?))
    }),
    ("eq", equal),
    ("equalto", equal),
    ("sameas", |value, arguments, _| {
        let other = argument(&arguments, "other")?;
        Ok(value.kind() == other.kind() && value == other)
    }),
    ("ne", |value, arguments, state| {
        Ok(!equal(value, arguments, state)?)
    }),
    ("lt", |value, arguments, _| {
        Ok(order(value, &arguments)?.is_lt())
    }),
    ("le", |value, arguments, _| {
        Ok(order(value, &arguments)?.is_le())
    }),
    ("gt", |value, arguments, _| {
        Ok(order(value, &arguments)?.is_gt())
    }),
    ("ge", |value, arguments, _| {
        Ok(order(value, &arguments)?.is_ge())
    }),
    ("in", |value, arguments, _| {
        holds(argument(&arguments, "seq")?, value)
    }),
    ("containing", |value, arguments, _| {
        holds(value, argument(&arguments, "pat")?)
    }),
    ("contains", |value, arguments, _| {
        holds(value, argument(&arguments, "value")?)
    }),
    ("subset", |value, arguments, _| {
        let all = arguments.must_get::<&[Value]>("superset")?;
        Ok(list(value)?.iter().all(|item| all.contains(item)))
    }),
    ("superset", |value, arguments, _| {
        let all = list(value)?;
        let part = arguments.must_get::<&[Value]>("subset")?;
        Ok(part.iter().all(|item| all.contains(item)))
    }),
    ("any", |value, _, _| {
        Ok(list(value)?.iter().any(Value::is_truthy))
    }),
    ("all", |value, _, _| {
        Ok(list(value)?.iter().all(Value::is_truthy))
    }),
];

pub(super) fn text(value: &Value) -> TeraResult<&str> {
    match value.as_str() {
        Some(text) => Ok(text),
        None => fail(format!(
            "expected a string, found {}",
            super::type_word(value)
        )),
    }
}

pub(super) fn list(value: &Value) -> TeraResult<&[Value]> {
    match value.as_array() {
        Some(items) => Ok(items),
        None => fail(format!(
            "expected a list, found {}",
            super::type_word(value)
        )),
    }
}

fn whole(value: &Value) -> TeraResult<i128> {
    let number = value.as_number().and_then(|number| match number {
        Number::Integer(number) => Some(number),
        _ => None,
    });
    number.map_or_else(|| fail("this is no whole number"), Ok)
}

fn divisible(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<bool> {
    let divisor = whole(argument(&arguments, "divisor")?)?;
    // Nothing can be divided by zero.
    Ok(whole(value)?.checked_rem(divisor) == Some(0))
}

fn equal(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<bool> {
    Ok(value == argument(&arguments, "other")?)
}

fn order(value: &Value, arguments: &Kwargs) -> TeraResult<Ordering> {
    let other = argument(arguments, "other")?;
    super::compare(value, other)
}

/// Tera's own shows the value when it fails.
fn holds(value: &Value, wanted: &Value) -> TeraResult<bool> {
    if let Some(text) = value.as_str() {
        return Ok(wanted.as_str().is_some_and(|wanted| text.contains(wanted)));
    }
    if let Some(map) = value.as_map() {
        return Ok(map.keys().any(|key| key.as_value() == *wanted));
    }
    match value.as_array() {
        Some(items) => Ok(items.contains(wanted)),
        None => fail(format!("{} holds nothing", super::type_word(value))),
    }
}
