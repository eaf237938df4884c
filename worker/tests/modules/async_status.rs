//! `async_status` tells what the record of a job says. How jobs come to be is in `tests/process`.

use serde_json::json;

use crate::support::{Case, Entry, file};

const RESULT: &str = "/var/tmp/provision/async/j1.json";

fn ended(outcome: &serde_json::Value) -> Entry {
    let record = json!({"ansible_job_id": "j1", "started": 1, "finished": 1, "outcome": outcome});
    file(RESULT, record.to_string())
}

#[test]
fn an_ended_job_counts_as_what_it_was() {
    let ran = Case::new("async_status", json!({"jid": "j1"}))
        .before([ended(&json!({"output": {"rc": 0, "stdout": "hello"}}))])
        .run();
    let expected = json!({
        "rc": 0, "stdout": "hello", "ansible_job_id": "j1", "started": 1, "finished": 1,
        "results_file": RESULT,
    });
    assert_eq!(json!(ran.applied), expected);
    Case::new("async_status", json!({"jid": "j1"}))
        .before([ended(&json!({"changes": [{"what": "package curl"}]}))])
        .changes(["package curl"])
        .every_time()
        .run();
    let failure = Case::new("async_status", json!({"jid": "j1"}))
        .before([ended(
            &json!({"failure": {"message": "no", "output": {"rc": 4}}}),
        )])
        .plan_fails();
    assert_eq!(failure.message, "no");
    assert_eq!(
        (&failure.output["rc"], &failure.output["finished"]),
        (&json!(4), &json!(1))
    );
}

#[test]
fn the_result_of_an_ended_job_is_removed_on_request() {
    let cleanup = || Case::new("async_status", json!({"jid": "j1", "mode": "cleanup"}));
    let ran = cleanup()
        .before([ended(&json!({}))])
        .changes(["result of the job `j1`"])
        .gone([RESULT])
        .run();
    assert_eq!(ran.applied["erased"], RESULT);
    cleanup().run();
}

#[test]
fn a_job_that_is_not_there_or_cannot_be_read_is_a_failure() {
    let status = |jid: &str| Case::new("async_status", json!({ "jid": jid }));
    let failure = status("j1").plan_fails();
    assert_eq!(
        failure.message,
        "there is no job `j1` of this user on the host"
    );
    assert_eq!(failure.output["finished"], 1);
    let failure = status("j1").before([file(RESULT, "{}")]).plan_fails();
    assert!(
        failure
            .message
            .starts_with("the result of the job `j1` cannot be read: "),
        "{failure:?}"
    );
    let failure = status("../../etc/passwd").plan_fails();
    assert!(
        failure
            .message
            .starts_with("argument `jid`: \"../../etc/passwd\" is no job"),
        "{failure:?}"
    );
}
