//! Tests on what a task registered.

use tera::{Kwargs, State, Tera, TeraResult};

use super::fail;
use crate::template::reference::{Documented, test};
use crate::value::Value;

pub(super) const TABLE: &[Documented] = &[
    test(
        "changed",
        &[],
        "Whether a registered task changed something.",
        "{'changed': true} is changed",
        "true",
    ),
    test(
        "failed",
        &[],
        "Whether a registered task failed.",
        "{'failed': true} is failed",
        "true",
    ),
    test(
        "skipped",
        &[],
        "Whether a registered task was skipped.",
        "{'skipped': true} is skipped",
        "true",
    ),
    test(
        "succeeded",
        &[],
        "Whether a registered task did not fail.",
        "{'changed': false} is succeeded",
        "true",
    ),
    test(
        "unknown",
        &[],
        "Whether check mode could not say what a registered task would do.",
        "{'unknown': true} is unknown",
        "true",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_test("changed", |value: &Value, _: Kwargs, _: &State| {
        says(value, "changed")
    });
    tera.register_test("failed", |value: &Value, _: Kwargs, _: &State| {
        says(value, "failed")
    });
    tera.register_test("skipped", |value: &Value, _: Kwargs, _: &State| {
        says(value, "skipped")
    });
    tera.register_test("succeeded", |value: &Value, _: Kwargs, _: &State| {
        Ok(!says(value, "failed")?)
    });
    tera.register_test("unknown", |value: &Value, _: Kwargs, _: &State| {
        says(value, "unknown")
    });
}

fn says(value: &Value, field: &'static str) -> TeraResult<bool> {
    let Some(result) = value.as_map() else {
        return fail(format!(
            "`{field}` asks the result of a task, which this is not"
        ));
    };
    Ok(super::field(result, field).and_then(Value::as_bool) == Some(true))
}
