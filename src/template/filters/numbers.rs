//! Numbers and booleans from other values, and of lists of numbers. Errors do not show the value, unlike those
//! of Tera's own `int` and `float`.

use std::cmp::Ordering;

use tera::{Kwargs, Number, State, Tera, TeraResult};

use super::{fail, measure, repeated};
use crate::template::reference::{Documented, filter, function};
use crate::value::{Value, ValueKind};

pub(super) const TABLE: &[Documented] = &[
    filter(
        "bool",
        &[],
        "A boolean from `true`, `yes`, `on`, `1` and their opposites.",
        "'yes' | bool",
        "true",
    ),
    filter(
        "int",
        &["default?", "base?"],
        "A whole number from a text or number; without `default` anything else is an error.",
        "'8080' | int",
        "8080",
    ),
    filter(
        "float",
        &["default?"],
        "A number with a fraction from a text or number; without `default` anything else is an error.",
        "'1.5' | float",
        "1.5",
    ),
    function(
        "range",
        &["end...", "start?", "step_by?"],
        "The numbers from `start`, 0 if not given, up to `end`, without it. By place: the end alone, or start, end and step.",
        "range(1, 4)",
        "[1,2,3]",
    ),
    filter(
        "min",
        &["attribute?"],
        "The smallest item, or the item whose attribute is smallest.",
        "[2, 1, 3] | min",
        "1",
    ),
    filter(
        "max",
        &["attribute?"],
        "The greatest item, or the item whose attribute is greatest.",
        "[2, 1, 3] | max",
        "3",
    ),
    filter(
        "sum",
        &["attribute?"],
        "The sum of the items or of an attribute of theirs.",
        "[1, 2.5] | sum",
        "3.5",
    ),
    filter(
        "pow",
        &["exponent"],
        "To the power of a number, with a fraction.",
        "2 | pow(3)",
        "8.0",
    ),
    filter(
        "root",
        &["base?"],
        "The square root, or that of `base`.",
        "9 | root",
        "3.0",
    ),
    filter(
        "log",
        &["base?"],
        "The logarithm to a base, the natural one if it is not given.",
        "100 | log(10)",
        "2.0",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_function("range", range);
    tera.register_filter("pow", |base: f64, arguments: Kwargs, _: &State| {
        Ok(base.powf(arguments.must_get("exponent")?))
    });
    tera.register_filter("root", |number: f64, arguments: Kwargs, _: &State| {
        Ok(match arguments.get::<f64>("base")? {
            None => number.sqrt(),
            Some(base) => number.powf(1.0 / base),
        })
    });
    tera.register_filter("log", |number: f64, arguments: Kwargs, _: &State| {
        Ok(match arguments.get::<f64>("base")? {
            None => number.ln(),
            Some(10.0) => number.log10(),
            Some(base) => number.log(base),
        })
    });
    tera.register_filter("bool", to_bool);
    tera.register_filter("int", to_int);
    tera.register_filter("float", to_float);
    tera.register_filter("min", |items: &[Value], arguments: Kwargs, _: &State| {
        extreme(items, &arguments, Ordering::Less)
    });
    tera.register_filter("max", |items: &[Value], arguments: Kwargs, _: &State| {
        extreme(items, &arguments, Ordering::Greater)
    });
    tera.register_filter("sum", sum);
}

/// More numbers than this are a mistake, and would fill the memory.
const MAX_RANGE: usize = 1_000_000;

fn range(arguments: Kwargs, _: &State) -> TeraResult<Vec<i64>> {
    let mut by_place = Vec::new();
    for value in repeated(&arguments, "end") {
        match value.as_i64() {
            Some(number) => by_place.push(number),
            None => return fail("`range` takes whole numbers"),
        }
    }
    let named = (
        arguments.get::<i64>("start")?,
        arguments.get::<i64>("step_by")?,
    );
    let (start, end, step) = match (by_place.as_slice(), named) {
        ([end], (start, step)) => (start.unwrap_or(0), *end, step.unwrap_or(1)),
        ([start, end], (None, step)) => (*start, *end, step.unwrap_or(1)),
        ([start, end, step], (None, None)) => (*start, *end, *step),
        _ => return fail("`range` takes an end, or a start and an end, or those and a step"),
    };
    if step == 0 {
        return fail("the step of `range` must not be 0");
    }
    let numbers = std::iter::successors(Some(start), |number| number.checked_add(step));
    let inside = |number: &i64| {
        if step > 0 {
            *number < end
        } else {
            *number > end
        }
    };
    let numbers: Vec<i64> = numbers.take_while(inside).take(MAX_RANGE + 1).collect();
    if numbers.len() > MAX_RANGE {
        return fail(format!("`range` gives no more than {MAX_RANGE} numbers"));
    }
    Ok(numbers)
}

fn to_bool(value: &Value, _: Kwargs, _: &State) -> TeraResult<bool> {
    let text = match value.kind() {
        ValueKind::Bool => return Ok(value.as_bool() == Some(true)),
        ValueKind::String => value
            .as_str()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase(),
        _ => value
            .as_i64()
            .map(|number| number.to_string())
            .unwrap_or_default(),
    };
    match text.as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => fail("`bool` takes `true`, `yes`, `on`, `1`, `false`, `no`, `off` or `0`"),
    }
}

fn to_int(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let base = arguments.get::<u32>("base")?.unwrap_or(10);
    if !(2..=36).contains(&base) {
        return fail("the base of `int` is a number from 2 to 36");
    }
    let number = match value.as_str().map(str::trim) {
        Some(text) => {
            let digits = match base {
                2 => text.trim_start_matches("0b"),
                8 => text.trim_start_matches("0o"),
                16 => text.trim_start_matches("0x"),
                _ => text,
            };
            i128::from_str_radix(digits, base).ok()
        }
        None => value.as_number().and_then(|number| match number {
            Number::Float(fraction) => Number::Float(fraction.trunc()).as_integer(),
            whole => whole.as_integer(),
        }),
    };
    match number.map(|number| (i64::try_from(number), number)) {
        Some((Ok(small), _)) => Ok(small.into()),
        Some((Err(_), large)) => Ok(large.into()),
        None => match arguments.get::<&Value>("default")? {
            Some(default) => Ok(default.clone()),
            None => fail(format!("this is no whole number in base {base}")),
        },
    }
}

fn to_float(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let number = match value.as_str() {
        Some(text) => text.trim().parse::<f64>().ok(),
        None => value.as_number().map(|number| number.as_float()),
    };
    match (number, arguments.get::<&Value>("default")?) {
        (Some(number), _) => Ok(number.into()),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => fail("this is no number"),
    }
}

fn extreme(items: &[Value], arguments: &Kwargs, wanted: Ordering) -> TeraResult<Value> {
    let by = arguments.get::<&str>("attribute")?;
    let Some((mut best, rest)) = items.split_first() else {
        return fail("the list is empty");
    };
    for item in rest {
        if super::compare(measure(item, by)?, measure(best, by)?)? == wanted {
            best = item;
        }
    }
    Ok(best.clone())
}

fn sum(items: &[Value], arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let by = arguments.get::<&str>("attribute")?;
    let mut whole = 0_i64;
    let mut fraction = None::<f64>;
    for item in items {
        match measure(item, by)?.as_number() {
            Some(Number::Integer(number)) => {
                let added = i64::try_from(number)
                    .ok()
                    .and_then(|number| whole.checked_add(number));
                whole = added.map_or_else(|| fail("the sum is too large"), Ok)?;
            }
            Some(number) => *fraction.get_or_insert_default() += number.as_float(),
            None => return fail("an item is no number"),
        }
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a sum with fractions is a float"
    )]
    Ok(fraction.map_or_else(|| whole.into(), |fraction| (fraction + whole as f64).into()))
}
