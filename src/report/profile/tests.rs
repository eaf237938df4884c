//! Made-up events, and what is made of them.

use std::sync::Arc;

use super::Adding;
use crate::event::{Event, Phases, Status, TaskName, TaskResult, Timing};
use crate::report::page::Page;

fn task(position: u32) -> TaskName {
    TaskName {
        position: position.into(),
        role: None,
        name: format!("task {position}").into(),
        handler: false,
        at: format!("site.yaml:{position}").into(),
    }
}

fn connected(host: &str, upload: Option<u64>) -> Event {
    Event::HostConnected {
        host: host.into(),
        millis: 45,
        phases: Phases {
            begun: 1000,
            turn: 4000,
            connect: 10_000,
            auth: 20_000,
            start: 15_000,
            upload,
        },
    }
}

fn finished(position: u32, host: &str, status: Status, timing: Timing) -> Event {
    Event::TaskFinished {
        task: task(position),
        host: host.into(),
        result: TaskResult {
            status,
            changes: Vec::new(),
            message: None,
            output: None,
            items: Vec::new(),
            registered: None,
            millis: 0,
            timing,
        },
    }
}

/// `h1` is slow with task 1, so that `h2` has to wait before task 2.
fn run() -> Vec<Event> {
    let timing = |begun, ended, plan, apply| Timing {
        begun,
        ended,
        plan,
        apply,
        prepare: 100,
        ..Timing::default()
    };
    let h1: Arc<str> = "h1".into();
    vec![
        Event::PlayStarted {
            play: "all".into(),
            hosts: vec![h1.clone(), "h2".into()],
        },
        connected("h1", None),
        connected("h2", Some(100_000)),
        finished(
            1,
            "h1",
            Status::Changed,
            timing(50_000, 1_050_000, 1000, 900_000),
        ),
        finished(1, "h2", Status::Ok, timing(150_000, 160_000, 2000, 0)),
        finished(
            2,
            "h2",
            Status::Changed,
            Timing {
                held: 850_000,
                waited_for: Some(h1),
                ..timing(150_000, 1_100_000, 3000, 40_000)
            },
        ),
        finished(3, "h2", Status::Skipped, timing(1_100_000, 1_100_100, 0, 0)),
    ]
}

fn written(events: &[Event], top: usize) -> String {
    let mut adding = Adding::default();
    events.iter().for_each(|event| adding.event(event));
    let mut page = Page::new(false);
    adding.profile.write(&mut page, top);
    page.take()
}

#[test]
fn the_time_of_a_run_is_divided_among_phases_tasks_hosts_and_those_waited_for() {
    let expected = "
     profile where the time of 2 hosts went   sums over all hosts; tasks are sent ahead, so they may overlap

      phases time, share, mean
             0.0080s   0.3%  0.0040s  waiting for its turn
             0.0200s   0.9%  0.0100s  connect
             0.0400s   1.8%  0.0200s  auth
             0.0300s   1.3%  0.0150s  worker start
             0.1000s   4.6%  0.0500s  upload (to 1 host)
             0.0060s   0.2%  0.0030s  plan
             0.9400s  43.7%  0.4700s  apply
             0.8500s  39.5%  0.4250s  waiting for others
             0.1541s   7.1%  0.0771s  underway, or nothing to do
             0.0004s of rendering on the controller; the last task ended after 1.1001s

       tasks sum, max, render, slowest
             0.9030s  0.9010s  0.0002s  h1 of 2  task 1  site.yaml:1
             0.0430s  0.0430s  0.0001s  h2 of 1  task 2  site.yaml:2

       hosts own time, phases
             1.0490s  h1  waiting for its turn 0.0040s, connect 0.0100s, auth 0.0200s, worker start 0.0150s, plan 0.0010s, apply 0.9000s
             0.2491s  h2  waiting for its turn 0.0040s, connect 0.0100s, auth 0.0200s, worker start 0.0150s, upload 0.1000s, plan 0.0050s, apply 0.0400s, waiting for others 0.8500s

  waited for time, times, host, before
             0.8500s  1  h1  task 2
";
    assert_eq!(written(&run(), 10), expected);
}

#[test]
fn only_the_most_expensive_are_named() {
    let text = written(&run(), 1);
    assert!(text.contains("and 1 more tasks") && text.contains("and 1 more hosts"));
    assert!(!text.contains("  task 2  site.yaml:2"), "{text}");
}

#[test]
fn tasks_of_different_plays_are_different_tasks() {
    let mut events = run();
    events.extend(run().into_iter().filter(|event| {
        matches!(
            event,
            Event::PlayStarted { .. } | Event::TaskFinished { .. }
        )
    }));
    assert_eq!(
        written(&events, 10)
            .matches("  task 1  site.yaml:1")
            .count(),
        2
    );
}

#[test]
fn a_run_that_reached_nobody_has_no_profile() {
    assert_eq!(written(&[], 10), "");
}
