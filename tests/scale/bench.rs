//! What a run costs the controller, from 10 to 1,000 hosts: time, processor and memory, by host and by task.
//!
//!     cargo bench --bench scale [-- HOSTS ...]
//!     cargo bench --bench scale -- --write        puts the figures into docs/benchmarks.md
//!     cargo bench --bench scale -- serve HOSTS    starts a fleet and says how to run on it, for a profiler
//!
//! The hosts are simulated in this process: their SSH servers are real, and a scripted worker is behind them that
//! answers at once. They share the machine's processors with the program; only the program's own time is counted.

#![expect(clippy::print_stdout, reason = "the figures are its output")]

mod fleet;
#[path = "../bench/page.rs"]
mod page;
mod run;

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::block_in_place;

use self::fleet::{Fleet, Manner};
use self::run::{Ran, Site};

const COUNTS: [usize; 4] = [10, 100, 300, 1000];

/// Tasks of `node.yaml` that run, and those that are skipped, on a host that has everything.
const RUN: u32 = 30;
const SKIPPED: u32 = 16;

/// How many tasks are skipped where nothing else is done.
const ONLY_SKIPPED: u32 = 200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let most = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    setrlimit(Resource::Nofile, limit)?;
    // `cargo bench` adds a word of its own.
    let mut words: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let write = words.iter().position(|word| word == "--write");
    if let Some(place) = write {
        words.remove(place);
    }
    if let [first, count] = &words[..]
        && first == "serve"
    {
        return serve(count.parse()?).await;
    }
    let counts = words
        .iter()
        .map(|word| word.parse())
        .collect::<Result<Vec<usize>, _>>()?;
    let counts = if counts.is_empty() {
        COUNTS.to_vec()
    } else {
        counts
    };
    let mut text = format!(
        "{}.\n\n`login`: one task; `node`: 46 tasks, of which {RUN} run; `skip`: {ONLY_SKIPPED} tasks that are skipped.\n\n",
        page::machine()?
    );
    text += "| hosts | | wall | CPU | CPU by host | memory | a task that runs | a skipped one |\n";
    text += "|---|---|---|---|---|---|---|---|\n";
    for count in &counts {
        text += &measure(*count).await?;
    }
    let count = counts.iter().copied().max().unwrap_or(1000);
    text += &faults(count).await?;
    println!("{text}");
    if write.is_some() {
        page::write("scale", &text)?;
    }
    Ok(())
}

/// Runs the three playbooks on so many hosts; rows of a table.
async fn measure(count: usize) -> Result<String, Box<dyn Error>> {
    let mut rows = String::new();
    let fleet = Fleet::plain(count).await?;
    let site = Site::new(&fleet)?;
    site.write("skip.yaml", &skip())?;
    let hosts = u32::try_from(count)?;
    let mut spent = Vec::new();
    for name in ["login", "skip", "node"] {
        let ran = block_in_place(|| site.run(&[&format!("{name}.yaml")]))?;
        succeeded(&ran, Some(0))?;
        let by_task = |more: Duration, less: Duration, tasks: u32| {
            let seconds = more.as_secs_f64() - less.as_secs_f64();
            format!("{:.1} us", seconds * 1e6 / f64::from(hosts * tasks))
        };
        let (mut run, mut skipped) = (String::new(), String::new());
        match spent[..] {
            [login] => skipped = by_task(ran.cpu, login, ONLY_SKIPPED),
            [login, skip] => {
                let all_skipped = skip.saturating_sub(login) * SKIPPED / ONLY_SKIPPED;
                run = by_task(ran.cpu, login + all_skipped, RUN);
            }
            _ => {}
        }
        spent.push(ran.cpu);
        let (wall, cpu) = (ran.wall.as_secs_f64(), ran.cpu.as_secs_f64());
        let each = ran.cpu.as_secs_f64() * 1e3 / f64::from(hosts);
        let peak = ran.peak / 1024;
        writeln!(
            rows,
            "| {count} | `{name}` | {wall:.2} s | {cpu:.2} s | {each:.2} ms | {peak} MB | {run} | {skipped} |"
        )?;
    }
    Ok(rows)
}

/// Runs on a fleet with every fault and tells what became of it.
async fn faults(count: usize) -> Result<String, Box<dyn Error>> {
    let fleet = Fleet::faulty(count).await?;
    let site = Site::new(&fleet)?;
    let file = format!("node_changes={}x", fleet::CHANGES);
    let ran = block_in_place(|| site.run(&["-e", &file, "node.yaml"]))?;
    succeeded(&ran, Some(3))?;
    let out_of_reach = fleet
        .hosts()
        .filter(|(_, manner)| !manner.is_reachable())
        .count();
    let silent = fleet
        .hosts()
        .filter(|(_, manner)| *manner == Manner::Silent)
        .count();
    Ok(format!(
        "\nWith faults, and a change on every host that waits for all of them: {count} hosts, {out_of_reach} out of reach \
         ({silent} of them silent), {} connections dropped: {:.2} s, {:.2} s of CPU, {} MB of memory.\n",
        fleet.dropped(),
        ran.wall.as_secs_f64(),
        ran.cpu.as_secs_f64(),
        ran.peak / 1024
    ))
}

fn succeeded(ran: &Ran, code: Option<i32>) -> Result<(), Box<dyn Error>> {
    if ran.code == code {
        return Ok(());
    }
    Err(format!("exit {:?}:\n{}{}", ran.code, ran.stdout, ran.stderr).into())
}

/// A playbook of tasks that are skipped.
fn skip() -> String {
    let mut text = String::from(
        "- hosts: nodes\n  become: true\n  vars: {wanted: false}\n  tasks:\n    - stat: {path: /}\n",
    );
    for number in 0..ONLY_SKIPPED {
        let _ = writeln!(
            text,
            "    - {{name: skipped {number}, file: {{path: '/x{number}', state: absent}}, when: wanted and rack != ''}}"
        );
    }
    text
}

/// Starts a fleet and keeps it until its input ends.
async fn serve(count: usize) -> Result<(), Box<dyn Error>> {
    let fleet = Fleet::plain(count).await?;
    let site = Site::new(&fleet)?;
    site.write("skip.yaml", &skip())?;
    println!("{:?}", site.command(&["node.yaml"]));
    block_in_place(|| io::stdin().read_to_end(&mut Vec::new()))?;
    Ok(())
}
