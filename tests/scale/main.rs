//! A run on a small fleet with every kind of fault; `bench.rs` measures large ones. The hosts are simulated: their SSH
//! servers are real, and a scripted worker is behind them.

mod fleet;
mod run;

use std::collections::BTreeMap;

use serde_json::Value;

use self::fleet::{Fleet, Manner};
use self::run::{Ran, Site};

/// The events that a run told.
fn events(ran: &Ran) -> Vec<Value> {
    let lines = ran.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_with_every_fault_is_provisioned_as_far_as_it_can_be() {
    let fleet = Fleet::faulty(60).await.expect("a fleet");
    let site = Site::new(&fleet).expect("a site");
    let file = format!("node_changes={}x", fleet::CHANGES);
    let arguments = ["--output", "json", "-e", &file, "node.yaml"];
    let ran = tokio::task::block_in_place(|| site.run(&arguments)).expect("provision runs");
    assert_eq!(ran.code, Some(3), "{}{}", ran.stdout, ran.stderr);
    let events = events(&ran);

    // Whoever can be reached has done everything, whatever was in the way.
    let recap = events.iter().find(|event| event["event"] == "run_finished");
    let recap = recap.expect("an end")["recap"].as_array().expect("a list");
    assert_eq!(recap.len(), 60);
    let ends: BTreeMap<&str, &Value> = recap
        .iter()
        .map(|end| (end["host"].as_str().expect("a name"), end))
        .collect();
    for (host, manner) in fleet.hosts() {
        let end = ends[host];
        let told: Vec<_> = events
            .iter()
            .filter(|event| event["host"] == host && event["result"]["message"] != Value::Null)
            .map(|event| event["result"]["message"].to_string())
            .collect();
        let count = |name: &str| end[name].as_u64().expect("a number");
        assert_eq!(
            end["unreachable"],
            !manner.is_reachable(),
            "{host}: {manner:?} {told:?}"
        );
        if manner.is_reachable() {
            let counted = ["ok", "changed", "skipped", "failed"].map(count);
            assert_eq!(counted, [RUN, 1, SKIPPED, 0], "{host}: {manner:?} {told:?}");
        }
    }

    // A change waits for every host that can still come to the step before it, and those behind it for the change.
    let finished: Vec<&str> = events
        .iter()
        .filter(|event| event["event"] == "task_finished")
        .filter_map(|event| event["task"]["name"].as_str())
        .collect();
    let change = "what never is as it should be";
    let first = finished.iter().position(|name| *name == change);
    let last_before = finished.iter().rposition(|name| *name == "who may read it");
    assert!(last_before < first, "{last_before:?} {first:?}");

    // What the busy hosts drop is all: so many logins at once as `MaxStartups` refuses are never under way to one
    // address.
    let expected: usize = fleet
        .hosts()
        .enumerate()
        .filter(|(_, (_, manner))| *manner == Manner::Busy)
        .map(|(number, _)| 1 + number % 2)
        .sum();
    assert_eq!(fleet.dropped(), expected);
}

/// What is ok where one task changes something and notifies a handler, and what is skipped.
const RUN: u64 = 31;
const SKIPPED: u64 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_takes_is_measured() {
    let fleet = Fleet::plain(5).await.expect("a fleet");
    let site = Site::new(&fleet).expect("a site");
    let playbook = "- hosts: nodes\n  tasks: [{stat: {path: /}}]\n";
    site.write("small.yaml", playbook).expect("written");
    let ran = tokio::task::block_in_place(|| site.run(&["small.yaml"])).expect("provision runs");
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.cpu.is_zero() && !ran.wall.is_zero());
    // A program that connects by SSH has more than a mebibyte of it.
    assert!(ran.peak > 1024, "{} KiB", ran.peak);
}
