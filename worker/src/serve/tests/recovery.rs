//! What the worker does between a failure and `Resume`, which is how the controller gets to a `rescue`.

use super::controller::Controller;
use super::{failing, message, note};
use crate::protocol::{FromWorker, Request, ToWorker};

fn held(request: Request) -> Request {
    Request {
        hold: true,
        ..request
    }
}

#[test]
fn what_is_in_flight_at_a_failure_is_not_run_and_what_follows_resume_is() {
    let mut controller = Controller::start();
    let file = |name: &str| controller.path(name);
    let (first, second, third) = (file("first"), file("second"), file("third"));
    let (rescue, held_rescue) = (file("rescue"), file("held rescue"));
    controller.send_many(
        [
            ToWorker::Run(failing(1, &first)),
            ToWorker::Run(note(2, &first)),
            ToWorker::Run(held(note(3, &second))),
            ToWorker::Run(note(4, &third)),
            ToWorker::Resume,
            ToWorker::Run(note(5, &rescue)),
            ToWorker::Run(held(note(6, &held_rescue))),
        ]
        .iter(),
    );
    assert!(message(&controller.done(1)[0]).is_some());
    // The one with `hold` is not held: nobody would ever let it go.
    for id in 2..=4 {
        assert_eq!(controller.receive(), FromWorker::NotRun(id));
    }
    assert_eq!(message(&controller.done(5)[0]), None);
    assert_eq!(controller.receive(), FromWorker::Held(6));
    assert!(rescue.exists() && !held_rescue.exists());
    controller.send(&ToWorker::Go(6));
    assert_eq!(message(&controller.done(6)[0]), None);
    assert!(held_rescue.exists());
    assert!(!first.exists() && !second.exists() && !third.exists());
    controller.end();
}

#[test]
fn go_for_a_request_that_was_not_run_lets_no_other_go() {
    let mut controller = Controller::start();
    let (file, other) = (controller.path("file"), controller.path("other"));
    controller.send(&ToWorker::Run(failing(1, &file)));
    controller.send(&ToWorker::Run(held(note(2, &file))));
    assert!(message(&controller.done(1)[0]).is_some());
    assert_eq!(controller.receive(), FromWorker::NotRun(2));
    controller.send_many(
        [
            ToWorker::Go(2),
            ToWorker::Resume,
            ToWorker::Run(held(note(3, &other))),
        ]
        .iter(),
    );
    assert_eq!(controller.receive(), FromWorker::Held(3));
    assert!(!file.exists() && !other.exists());
    controller.send(&ToWorker::Go(3));
    assert_eq!(message(&controller.done(3)[0]), None);
    controller.end();
}

#[test]
fn go_that_comes_with_its_request_behind_a_failure_runs_nothing() {
    let mut controller = Controller::start();
    let file = controller.path("file");
    controller.send_many(
        [
            ToWorker::Run(failing(1, &file)),
            ToWorker::Run(held(note(2, &file))),
            ToWorker::Go(2),
        ]
        .iter(),
    );
    assert!(message(&controller.done(1)[0]).is_some());
    assert_eq!(controller.receive(), FromWorker::NotRun(2));
    assert!(!file.exists());
    controller.end();
}

#[test]
fn resume_without_a_failure_changes_nothing() {
    let mut controller = Controller::start();
    let (file, other) = (controller.path("file"), controller.path("other"));
    controller.send(&ToWorker::Resume);
    controller.send(&ToWorker::Run(held(note(1, &file))));
    assert_eq!(controller.receive(), FromWorker::Held(1));
    // It takes its turn behind what is held, and lets nothing go.
    controller.send(&ToWorker::Resume);
    controller.send(&ToWorker::Run(failing(2, &other)));
    controller.send(&ToWorker::Run(note(3, &other)));
    assert!(!file.exists());
    controller.send(&ToWorker::Go(1));
    assert_eq!(message(&controller.done(1)[0]), None);
    assert!(message(&controller.done(2)[0]).is_some());
    assert_eq!(controller.receive(), FromWorker::NotRun(3));
    controller.end();
}

#[test]
fn a_second_failure_after_resume_stops_again() {
    let mut controller = Controller::start();
    let file = controller.path("file");
    for id in [1, 3] {
        controller.send(&ToWorker::Run(failing(id, &file)));
        controller.send(&ToWorker::Run(note(id + 1, &file)));
        assert!(message(&controller.done(id)[0]).is_some());
        assert_eq!(controller.receive(), FromWorker::NotRun(id + 1));
        controller.send(&ToWorker::Resume);
    }
    assert_eq!(controller.outcome(note(5, &file)).changes.len(), 1);
    controller.end();
}
