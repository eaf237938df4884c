//! Random plays on made-up hosts with random delays, failures and disconnects: whatever the order in which hosts answer,
//! each ends as if it had carried out one task after the other, and nobody changes anything too early.

mod connections;
mod fake;
mod generate;
mod model;
mod reference;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use fastrand::Rng;

use self::fake::{Log, Script};
use self::model::{Entry, Fault, Model};
use self::reference::Results;
use super::connect::Connections;
use super::run::run_over;
use super::{Run, RunOptions};
use crate::event::{Event, Events, Recap, Status};
use crate::inventory::Inventory;
use crate::playbook::{self, LoadOptions};
use crate::source::{Diagnostics, SourceMap, render};
use crate::template::Templates;
use crate::transport::{Connector, NoPrompt};
use crate::vars::{Definitions, Values};

/// How many seeds are tried unless `ENGINE_SEEDS` says otherwise.
const SEEDS: u64 = 100;

/// A run that takes longer, on a clock that jumps from event to event, hangs.
const LIMIT: Duration = Duration::from_secs(600);

/// What has been told of each host.
#[derive(Default)]
struct Told(BTreeMap<String, Results>);

impl Events for Told {
    fn event(&mut self, event: &Event) {
        if let Event::TaskFinished { task, host, result } = event {
            let results = self.0.entry(host.to_string()).or_default();
            results.push((task.name.to_string(), result.status));
        }
    }
}

/// How the engine carried out a model.
struct Carried {
    told: Told,
    recap: Vec<Recap>,
    log: Vec<(String, String)>,
}

/// The seeds to try: `ENGINE_SEEDS=COUNT` or `ENGINE_SEEDS=FROM..TO`, so that one that failed can be tried alone.
fn seeds() -> std::ops::Range<u64> {
    let Ok(given) = std::env::var("ENGINE_SEEDS") else {
        return 0..SEEDS;
    };
    let number = |text: &str| {
        text.parse::<u64>()
            .expect("ENGINE_SEEDS: COUNT or FROM..TO")
    };
    match given.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(&given),
    }
}

#[tokio::test(start_paused = true)]
async fn every_host_ends_as_if_it_had_been_alone_and_nobody_changes_anything_too_early() {
    let mut seen = BTreeSet::new();
    for seed in seeds() {
        let model = generate::model(seed);
        let carried = carry_out(&model, seed).await;
        let wrong = match &carried {
            None => vec!["it hangs".to_owned()],
            Some(carried) => wrong(&model, carried),
        };
        let faults: Vec<_> = model.hosts.iter().map(|host| host.fault).collect();
        assert!(
            wrong.is_empty(),
            "seed {seed}:\n{}\n\n{}\n{}\nfaults: {faults:?}, forks: {}",
            wrong.join("\n"),
            model.playbook(),
            model.inventory(),
            model.forks
        );
        let told = carried.iter().flat_map(|carried| carried.told.0.values());
        seen.extend(told.flatten().map(|(_, status)| *status));
    }
    let all = [
        Status::Ok,
        Status::Changed,
        Status::Skipped,
        Status::Ignored,
        Status::Rescued,
        Status::Failed,
        Status::Unreachable,
    ];
    if std::env::var_os("ENGINE_SEEDS").is_none() {
        assert_eq!(seen, BTreeSet::from(all), "the plays are too much alike");
    }
}

/// Carries out a model with the engine; `None` if it does not end.
async fn carry_out(model: &Model, seed: u64) -> Option<Carried> {
    let (_directory, run) = run_of(&model.inventory(), &model.playbook());
    let options = RunOptions {
        forks: model.forks,
        ..RunOptions::default()
    };
    let log = Log::default();
    let connections = connections(model, seed, &log);
    let mut told = Told::default();
    let outcome = run_over(run, options, connections, &mut told);
    let outcome = tokio::time::timeout(LIMIT, outcome).await.ok()?;
    let Ok(outcome) = outcome else {
        panic!("seed {seed}: the run is refused");
    };
    let log = log.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Some(Carried {
        told,
        recap: outcome.recap,
        log,
    })
}

/// A run of this playbook on this inventory, and the directory of both.
fn run_of(inventory: &str, text: &str) -> (tempfile::TempDir, Run) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("inventory.yaml");
    let playbook = directory.path().join("playbook.yaml");
    fs::write(&path, inventory).expect("written");
    fs::write(&playbook, text).expect("written");
    let (mut sources, mut templates) = (SourceMap::new(), Templates::new());
    let mut diagnostics = Diagnostics::new();
    let inventory = Inventory::load(&path, &mut sources, &mut diagnostics);
    let vars = Run::host_vars(&inventory, &mut templates, &mut diagnostics);
    let loaded = playbook::load(
        &[playbook],
        &LoadOptions::default(),
        &mut sources,
        &mut templates,
        &mut diagnostics,
    );
    let wrong: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| render(diagnostic, &sources, false))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let run = Run {
        inventory,
        inventory_dir: directory.path().to_owned(),
        loaded,
        sources,
        templates,
        extra: Definitions::new(),
        vars,
        limit: None,
        answers: Values::new(),
        reload: None,
        ask: None,
    };
    (directory, run)
}

fn connections(model: &Model, seed: u64, log: &Log) -> Connections {
    let hosts: BTreeMap<String, Fault> = model
        .hosts
        .iter()
        .map(|host| (host.name.clone(), host.fault))
        .collect();
    let log = log.clone();
    let start = move |start: super::link::LinkStart, events| {
        let script = Script {
            fault: hosts[&*start.name],
            rng: Rng::with_seed(seed << 8 | start.host as u64),
            log: log.clone(),
        };
        fake::start(start, events, script)
    };
    let connector = Arc::new(Connector::new(Arc::new(NoPrompt)));
    Connections::new(connector, Box::new(start), model.forks)
}

/// What is not as it should be.
fn wrong(model: &Model, carried: &Carried) -> Vec<String> {
    let mut wrong = Vec::new();
    let expected = reference::results(model);
    for (host, expected) in model.hosts.iter().zip(expected) {
        let told = carried.told.0.get(&host.name).cloned().unwrap_or_default();
        let fits = match host.fault {
            Fault::After(_) => told == expected || is_cut_short(&told, &expected),
            _ => told == expected,
        };
        if !fits {
            wrong.push(format!("{}: {told:?}\n  not {expected:?}", host.name));
        }
        let mut recap = Recap {
            host: host.name.as_str().into(),
            ..Recap::default()
        };
        told.iter().for_each(|(_, status)| recap.count(*status));
        if !carried.recap.contains(&recap) {
            wrong.push(format!(
                "{}: {:?}\n  lacks {recap:?}",
                host.name, carried.recap
            ));
        }
    }
    if !model.free {
        wrong.extend(out_of_order(model, &carried.log));
    }
    wrong
}

/// Whether a host that was lost at any time has done nothing else before.
fn is_cut_short(told: &Results, expected: &Results) -> bool {
    let Some(((_, Status::Unreachable), before)) = told.split_last() else {
        return false;
    };
    expected.starts_with(before)
}

/// Changes that were made before everything was done that comes before them.
fn out_of_order(model: &Model, log: &[(String, String)]) -> Vec<String> {
    let mut sections = BTreeMap::new();
    for (section, entries) in model.sections.iter().enumerate() {
        each_task(entries, &mut |number| {
            sections.insert(number, section);
        });
    }
    let mut wrong = Vec::new();
    for batch in model.batches() {
        let mut section_of: BTreeMap<&str, usize> = BTreeMap::new();
        let mut last = None;
        for (host, task) in log {
            if !batch.iter().any(|member| member.name == *host) {
                continue;
            }
            let number: usize = task[1..].parse().expect("a number");
            // A handler runs at the end of the section of the task that has notified it.
            let current = section_of.entry(host).or_default();
            let is_handler = !sections.contains_key(&number);
            *current = sections.get(&number).copied().unwrap_or(*current);
            let place = (*current, is_handler, number);
            if last.is_some_and(|last| last > place) {
                wrong.push(format!("`{task}` on {host} comes too late in {log:?}"));
            }
            last = Some(place);
        }
    }
    wrong
}

fn each_task(entries: &[Entry], visit: &mut impl FnMut(usize)) {
    for entry in entries {
        match entry {
            Entry::Task(task) => visit(task.number),
            Entry::Block {
                body,
                rescue,
                always,
            } => {
                for part in [body, rescue, always] {
                    each_task(part, visit);
                }
            }
        }
    }
}
