//! The process that tries a target: the cases and the seeds as they are, then mutants of the seeds. A mutant that
//! makes a reader say something new is mutated further.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::cases::cases;
use super::corpus::seeds;
use super::mutate::mutant;
use super::targets::Target;

/// As much as the main thread of a program has, which is where the controller reads and renders.
const STACK: usize = 8 << 20;

/// How many inputs are mutated at most.
const POOL: usize = 3000;

#[test]
#[ignore = "the other tests run it, as a process with limits"]
fn child() {
    let run = || {
        let name =
            variable("ROBUSTNESS_TARGET").expect("the name of a target: run the other tests");
        let count = number("ROBUSTNESS_COUNT").unwrap_or_default();
        let seed = number("ROBUSTNESS_SEED").unwrap_or_default();
        let seconds = number("ROBUSTNESS_SECONDS").map(Duration::from_secs);
        let input = variable("ROBUSTNESS_INPUT").expect("where to keep the input");
        try_all(&name, count, seed, seconds, Path::new(&input));
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    thread.expect("a thread").join().expect("no panic");
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn number(name: &str) -> Option<u64> {
    Some(variable(name)?.parse().expect("a number"))
}

#[expect(
    clippy::print_stdout,
    reason = "whoever lets it run for long wants to know"
)]
fn try_all(name: &str, count: u64, seed: u64, seconds: Option<Duration>, input: &Path) {
    let target = Target::new(name);
    let mut said = HashSet::new();
    let mut pool = seeds(name);
    for bytes in pool.iter().cloned().chain(cases(name)) {
        fs::write(input, &bytes).expect("written");
        said.extend(target.read(&bytes));
    }
    let mut random = Rng::with_seed(seed);
    let begun = Instant::now();
    let mut tried = 0;
    let mut slowest = Duration::ZERO;
    while seconds.map_or(tried < count, |seconds| begun.elapsed() < seconds) {
        let bytes = mutant(&mut random, &pool);
        fs::write(input, &bytes).expect("written");
        let started = Instant::now();
        let news = target.read(&bytes);
        if seconds.is_some() && started.elapsed() > slowest {
            slowest = started.elapsed();
            let copy = input.with_extension("slowest");
            fs::write(copy, &bytes).expect("written");
        }
        let before = said.len();
        said.extend(news);
        if said.len() > before && pool.len() < POOL {
            pool.push(bytes);
        }
        tried += 1;
    }
    assert!(said.len() > 1, "the readers have nothing to say: {said:?}");
    println!(
        "{name}: {tried} mutants, {} things said, slowest {slowest:?}",
        said.len()
    );
}
