//! What a request sets for all its calls: environment and pause.

use std::time::{Duration, Instant};

use serde_json::json;

use super::controller::{Controller, request};
use super::message;
use crate::protocol::{Outcome, Request, ToWorker};

fn shell(id: u64, environment: &[(&str, &str)]) -> Request {
    let script = "printf '%s,%s' \"$WHAT\" \"$HOME\"";
    let pairs = environment.iter();
    Request {
        environment: pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..request(id, "shell", &[json!({ "cmd": script })])
    }
}

fn stdout(outcome: &Outcome) -> &str {
    outcome.output["stdout"].as_str().expect("a text")
}

#[test]
fn programs_see_the_environment_of_their_own_request_only() {
    let mut controller = Controller::start();
    let set = controller.outcome(shell(1, &[("WHAT", "a b"), ("HOME", "/nowhere")]));
    assert_eq!(stdout(&set), "a b,/nowhere");
    let unset = controller.outcome(shell(2, &[]));
    assert!(stdout(&unset).starts_with(','));
    assert!(!stdout(&unset).ends_with("/nowhere"));
    controller.end();
}

#[test]
fn a_program_is_looked_for_in_the_path_of_the_environment() {
    let mut controller = Controller::start();
    let program = controller.path("greet");
    let make = format!(
        "printf '#!/bin/sh\\necho hello' >{0}; chmod 755 {0}",
        program.display()
    );
    controller.outcome(request(1, "shell", &[json!({ "cmd": make })]));
    let directory = program.parent().expect("it has one").display();
    let path = format!("{directory}:/usr/sbin:/usr/bin:/bin");
    let outcome = controller.outcome(Request {
        environment: [("PATH".to_owned(), path)].into(),
        ..request(2, "command", &[json!({ "cmd": "greet" })])
    });
    assert_eq!(message(&outcome), None);
    assert_eq!(stdout(&outcome), "hello");
    controller.end();
}

#[test]
fn what_no_program_can_be_given_is_a_failure_without_its_value() {
    let mut controller = Controller::start();
    for (name, value, expected) in [
        (
            "A=B",
            "secret",
            "environment: \"A=B\" is no name of a variable",
        ),
        ("", "secret", "environment: \"\" is no name of a variable"),
        (
            "A",
            "secret\0",
            "environment: the value of `A` contains a zero byte",
        ),
    ] {
        let outcome = controller.outcome(Request {
            keep_going: true,
            ..shell(1, &[(name, value)])
        });
        let said = message(&outcome).expect("it fails");
        assert!(
            said.starts_with(expected) && !said.contains("secret"),
            "{said}"
        );
    }
    controller.end();
}

#[test]
fn a_download_goes_through_the_proxy_of_the_request() {
    let mut controller = Controller::start();
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.local_addr().expect("it is bound").port()
    };
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = proxy.local_addr().expect("it is bound");
    let (asked, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = proxy.accept() {
            let _ = asked.send(());
            // That somebody came is enough; it gets no answer.
            drop(stream);
        }
    });
    let mut get = |id, no_proxy: &str| {
        let file = controller.path("file");
        let url = format!("http://127.0.0.1:{closed}/file");
        let environment = [
            (
                "http_proxy".to_owned(),
                format!("http://me:secret@{address}"),
            ),
            ("no_proxy".to_owned(), no_proxy.to_owned()),
        ];
        let outcome = controller.outcome(Request {
            environment: environment.into(),
            keep_going: true,
            ..request(id, "get_url", &[json!({ "url": url, "dest": file })])
        });
        let said = message(&outcome).expect("it fails").to_owned();
        assert!(!said.contains("secret"), "{said}");
        heard.try_iter().count()
    };
    assert_eq!(get(1, "10.0.0.1, .example.org"), 1);
    assert_eq!(get(2, "10.0.0.1, 127.0.0.1"), 0);
    controller.end();
}

#[test]
fn there_is_a_pause_between_calls_and_no_call_takes_longer_for_it() {
    let mut controller = Controller::start();
    let calls = ["a", "b", "c"].map(|name| json!({ "path": controller.path(name), "text": "" }));
    let begun = Instant::now();
    let outcomes = controller.outcomes(Request {
        pause: Some(200),
        ..request(1, "note", &calls)
    });
    assert!(begun.elapsed() >= Duration::from_millis(400));
    let spent: u64 = outcomes.iter().map(|outcome| outcome.millis).sum();
    assert!(spent < 400, "{spent}");
    controller.end();
}

#[test]
fn the_controllers_going_ends_a_pause() {
    let mut controller = Controller::start();
    let first = controller.path("first");
    let calls =
        ["first", "second"].map(|name| json!({ "path": controller.path(name), "text": "" }));
    controller.send(&ToWorker::Run(Request {
        pause: Some(3_600_000),
        ..request(1, "note", &calls)
    }));
    while !first.exists() {
        std::thread::yield_now();
    }
    let second = controller.path("second");
    let scratch = controller.end();
    assert!(!second.exists());
    drop(scratch);
}
