//! Tests on what a task registered.

use tera::TeraResult;

use super::{Test, fail, field};
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
    test(
        "change",
        &[],
        "The same as `changed`.",
        "{'changed': true} is change",
        "true",
    ),
    test(
        "failure",
        &[],
        "The same as `failed`.",
        "{'failed': true} is failure",
        "true",
    ),
    test(
        "skip",
        &[],
        "The same as `skipped`.",
        "{'skipped': true} is skip",
        "true",
    ),
    test(
        "success",
        &[],
        "The same as `succeeded`.",
        "{'changed': false} is success",
        "true",
    ),
    test(
        "successful",
        &[],
        "The same as `succeeded`.",
        "{'changed': false} is successful",
        "true",
    ),
    test(
        "unreachable",
        &[],
        "Whether the host of a registered task could not be reached.",
        "{'unreachable': true} is unreachable",
        "true",
    ),
    test(
        "reachable",
        &[],
        "Whether the host of a registered task could be reached.",
        "{'changed': false} is reachable",
        "true",
    ),
    test(
        "finished",
        &[],
        "Whether a task in the background has ended.",
        "{'finished': 1} is finished",
        "true",
    ),
    test(
        "started",
        &[],
        "Whether a task in the background has begun.",
        "{'started': 1} is started",
        "true",
    ),
];

pub(super) const TESTS: &[(&str, Test)] = &[
    ("changed", |value, _, _| says(value, "changed")),
    ("change", |value, _, _| says(value, "changed")),
    ("failed", |value, _, _| says(value, "failed")),
    ("failure", |value, _, _| says(value, "failed")),
    ("skipped", |value, _, _| says(value, "skipped")),
    ("skip", |value, _, _| says(value, "skipped")),
    ("succeeded", |value, _, _| Ok(!says(value, "failed")?)),
    ("success", |value, _, _| Ok(!says(value, "failed")?)),
    ("successful", |value, _, _| Ok(!says(value, "failed")?)),
    ("unreachable", |value, _, _| says(value, "unreachable")),
    ("reachable", |value, _, _| Ok(!says(value, "unreachable")?)),
    ("unknown", |value, _, _| says(value, "unknown")),
    ("finished", |value, _, _| is_one(value, "finished")),
    ("started", |value, _, _| is_one(value, "started")),
];

fn says(value: &Value, field: &'static str) -> TeraResult<bool> {
    let Some(result) = value.as_map() else {
        return fail(format!(
            "`{field}` asks the result of a task, which this is not"
        ));
    };
    Ok(super::field(result, field).and_then(Value::as_bool) == Some(true))
}

/// What `async` says of its task: Ansible writes numbers.
fn is_one(value: &Value, name: &'static str) -> TeraResult<bool> {
    if says(value, name)? {
        return Ok(true);
    }
    let found = value.as_map().and_then(|map| field(map, name));
    Ok(found.and_then(Value::as_i64) == Some(1))
}
