//! The worker with a controller of the test's own at the other end of a pair of sockets.

mod content;
mod controller;
mod note;
mod recovery;
mod settings;

use std::path::Path;

use serde_json::json;

use self::controller::{Controller, request};
use crate::host::wait_for_end;
use crate::protocol::{FromWorker, Outcome, Request, ToWorker};

/// A request to write a note into the file.
fn note(id: u64, file: &Path) -> Request {
    request(id, "note", &[json!({ "path": file, "text": "hello" })])
}

/// A request that fails.
fn failing(id: u64, file: &Path) -> Request {
    request(
        id,
        "note",
        &[json!({ "path": file, "text": "hello", "fail": true })],
    )
}

fn whats(outcome: &Outcome) -> Vec<&str> {
    let changes = outcome.changes.iter();
    changes.map(|change| change.what.as_str()).collect()
}

fn message(outcome: &Outcome) -> Option<&str> {
    let failure = outcome.failure.as_ref();
    failure.map(|failure| failure.message.as_str())
}

#[test]
fn a_change_is_made_once() {
    let mut controller = Controller::start();
    let file = controller.path("note");
    let first = controller.outcome(note(1, &file));
    assert_eq!(whats(&first), [format!("note in {}", file.display())]);
    assert_eq!(first.changes[0].diff, None);
    assert_eq!(first.output["written"], true);
    assert_eq!(
        std::fs::read_to_string(&file).expect("it is there"),
        "hello"
    );
    let second = controller.outcome(note(2, &file));
    assert_eq!(whats(&second), [""; 0]);
    assert_eq!(second.output["length"], 5);
    controller.end();
}

#[test]
fn a_diff_is_sent_if_asked_for() {
    let mut controller = Controller::start();
    let file = controller.path("note");
    let outcome = controller.outcome(Request {
        diff: true,
        ..note(1, &file)
    });
    let diff = outcome.changes[0].diff.as_ref().expect("it was asked for");
    assert_eq!(
        (diff.before.as_deref(), diff.after.as_deref()),
        (None, Some("hello"))
    );
    controller.end();
}

#[test]
fn check_mode_foresees_and_changes_nothing() {
    let mut controller = Controller::start();
    let file = controller.path("note");
    let check = |request| Request {
        check: true,
        hold: true,
        ..request
    };
    let outcome = controller.outcome(check(note(1, &file)));
    assert_eq!(whats(&outcome), [format!("note in {}", file.display())]);
    assert_eq!((outcome.unknown, outcome.failure), (None, None));
    let blind = json!({ "path": file, "text": "hello", "blind": true });
    let outcome = controller.outcome(check(request(2, "note", &[blind])));
    assert_eq!(
        outcome.unknown.as_deref(),
        Some("nobody knows what it writes")
    );
    assert!(!file.exists());
    controller.end();
}

#[test]
fn unknown_modules_and_bad_arguments_are_failures() {
    let mut controller = Controller::start();
    let outcome = controller.outcome(request(1, "no_such", &[json!({})]));
    assert_eq!(message(&outcome), Some("there is no module `no_such`"));
    controller.send(&ToWorker::Resume);
    let outcome = controller.outcome(request(2, "note", &[json!({ "text": "hello" })]));
    assert_eq!(
        message(&outcome),
        Some("argument `path`: required, but not given")
    );
    controller.end();
}

#[test]
fn all_calls_of_a_request_run_even_if_one_fails() {
    let mut controller = Controller::start();
    let (first, third) = (controller.path("first"), controller.path("third"));
    let outcomes = controller.outcomes(request(
        1,
        "note",
        &[
            json!({ "path": first, "text": "hello" }),
            json!({ "path": first, "text": "hello", "fail": true }),
            json!({ "path": third, "text": "hello" }),
        ],
    ));
    let messages: Vec<_> = outcomes.iter().map(message).collect();
    assert_eq!(messages, [None, Some("asked to fail"), None]);
    assert!(third.exists());
    controller.end();
}

#[test]
fn a_failure_half_way_tells_what_was_applied() {
    let mut controller = Controller::start();
    let file = controller.path("note");
    let arguments = json!({ "path": file, "text": "hello", "fail_late": true });
    let outcome = controller.outcome(request(1, "note", &[arguments]));
    assert_eq!(whats(&outcome), [format!("note in {}", file.display())]);
    let failure = outcome.failure.expect("the second change fails");
    assert_eq!(failure.message, "asked to fail late");
    assert_eq!(failure.output["written"], true);
    controller.end();
}

#[test]
fn after_a_failure_nothing_runs_until_resume() {
    let mut controller = Controller::start();
    let file = controller.path("note");
    controller.send(&ToWorker::Run(failing(1, &file)));
    controller.send(&ToWorker::Run(note(2, &file)));
    controller.send(&ToWorker::Run(note(3, &file)));
    assert!(matches!(controller.receive(), FromWorker::Done(response) if response.id == 1));
    assert_eq!(controller.receive(), FromWorker::NotRun(2));
    assert_eq!(controller.receive(), FromWorker::NotRun(3));
    assert!(!file.exists());
    controller.send(&ToWorker::Resume);
    assert_eq!(controller.outcome(note(4, &file)).changes.len(), 1);
    controller.end();
}

#[test]
fn a_failure_that_keeps_going_stops_nothing() {
    let mut controller = Controller::start();
    let file = controller.path("note");
    let outcome = controller.outcome(Request {
        keep_going: true,
        ..failing(1, &file)
    });
    assert!(outcome.failure.is_some());
    assert_eq!(controller.outcome(note(2, &file)).changes.len(), 1);
    controller.end();
}

#[test]
fn a_held_request_waits_for_go_and_plans_again() {
    let mut controller = Controller::start();
    let (file, other) = (controller.path("note"), controller.path("other"));
    let held = Request {
        hold: true,
        ..note(1, &file)
    };
    controller.send(&ToWorker::Run(held));
    controller.send(&ToWorker::Run(note(2, &other)));
    assert_eq!(controller.receive(), FromWorker::Held(1));
    assert!(!file.exists());
    // Somebody else is faster: by now there is nothing to do.
    std::fs::write(&file, "hello").expect("it can be written");
    controller.send(&ToWorker::Go(1));
    assert_eq!(controller.done(1)[0].changes, []);
    assert_eq!(controller.done(2)[0].changes.len(), 1);
    controller.end();
}

#[test]
fn a_request_is_held_once_and_not_at_all_if_go_came_first() {
    let mut controller = Controller::start();
    let calls = |names: [&str; 2]| {
        names.map(|name| json!({ "path": controller.path(name), "text": "hello" }))
    };
    let first = Request {
        hold: true,
        ..request(1, "note", &calls(["a", "b"]))
    };
    let second = Request {
        hold: true,
        ..request(2, "note", &calls(["c", "d"]))
    };
    controller.send(&ToWorker::Run(first));
    assert_eq!(controller.receive(), FromWorker::Held(1));
    controller.send(&ToWorker::Go(1));
    assert_eq!(controller.done(1).len(), 2);
    controller.send(&ToWorker::Go(2));
    assert_eq!(controller.outcomes(second).len(), 2);
    controller.end();
}

#[test]
fn a_request_without_changes_is_not_held() {
    let mut controller = Controller::start();
    let file = controller.path("note");
    std::fs::write(&file, "hello").expect("it can be written");
    let held = Request {
        hold: true,
        ..note(1, &file)
    };
    assert_eq!(controller.outcome(held).changes, []);
    controller.end();
}

#[test]
fn the_requests_limit_is_that_of_its_programs() {
    let mut controller = Controller::start();
    let sleeping = request(1, "command", &[json!({ "argv": ["sleep", "300"] })]);
    let outcome = controller.outcome(Request {
        timeout: Some(1),
        ..sleeping
    });
    assert_eq!(message(&outcome), Some("`sleep` was ended after 1 s"));
    controller.end();
}

#[test]
fn the_controllers_going_ends_the_program_that_is_running() {
    let mut controller = Controller::start();
    let mark = controller.path("mark");
    let script = format!(
        "sleep 300 & echo $! >{0}.new; mv {0}.new {0}; wait",
        mark.display()
    );
    let arguments = json!({ "argv": ["sh", "-c", script] });
    controller.send(&ToWorker::Run(request(1, "command", &[arguments])));
    while !mark.exists() {
        std::thread::yield_now();
    }
    let _scratch = controller.end();
    wait_for_end(&mark);
}

#[test]
fn the_controllers_going_drops_what_is_queued() {
    let mut controller = Controller::start();
    let file = controller.path("note");
    let held = Request {
        hold: true,
        ..note(1, &file)
    };
    controller.send(&ToWorker::Run(held));
    controller.send(&ToWorker::Run(note(2, &controller.path("other"))));
    assert_eq!(controller.receive(), FromWorker::Held(1));
    let other = controller.path("other");
    let scratch = controller.end();
    assert!(!file.exists() && !other.exists());
    drop(scratch);
}

#[test]
fn nonsense_ends_the_worker_with_an_error() {
    let mut controller = Controller::start();
    controller.send_raw(b"X\0\0\0\0");
    let error = controller.error();
    assert_eq!(error.to_string(), "unknown frame kind 0x58");
}

#[test]
fn waiting_behind_a_full_queue_is_an_error() {
    let mut controller = Controller::start();
    let file = controller.path("note");
    controller.send(&ToWorker::Run(Request {
        hold: true,
        ..note(1, &file)
    }));
    assert_eq!(controller.receive(), FromWorker::Held(1));
    let many = super::MAX_QUEUED_REQUESTS + 1;
    controller.send_many(std::iter::repeat_n(&ToWorker::Resume, many));
    let error = controller.error();
    assert_eq!(
        error.to_string(),
        "the controller has sent more requests ahead than the queue takes"
    );
}
