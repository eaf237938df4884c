//! How long the same work takes with `provision`, with a shell script, with bare logins and with other tools, side by
//! side over the same hosts of the lab.
//!
//!     cargo bench --bench peers [-- --hosts 10,20 --runs 5 --write]
//!
//! The hosts share this machine with whoever provisions them, so that a run's time holds their own work as well; what
//! each side's processes burn is counted apart, by cgroup. It needs what the lab needs, runs as root, and installs the
//! other tools from `PyPI` below `BENCH_DIR` with the Python that `PYTHON` names.

#![expect(clippy::print_stdout, reason = "the figures are its output")]

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "tests ask it for more")]
mod common;
mod delay;
mod figures;
mod lab;
mod meter;
mod page;
mod site;
mod tables;
mod tool;

use std::error::Error;
use std::fmt::Write as _;

use clap::Parser;

use self::delay::Delay;
use self::figures::{Figures, Phase, Row, Setting};
use self::lab::Lab;
use self::meter::Meter;
use self::site::Site;
use self::tool::Tool;

/// The first of the lab hosts that are used, unless `LAB_FIRST` names another.
const FIRST: u8 = 31;

/// A tool that takes longer than this is not run as often as the others.
const LONG: f64 = 5.0;

/// Nor is it run again at all when it takes longer than this.
const VERY_LONG: f64 = 30.0;

#[derive(Parser)]
struct Options {
    /// Numbers of hosts
    #[arg(long, value_delimiter = ',', default_values_t = [10])]
    hosts: Vec<usize>,
    /// Runs of each tool that is quick
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// The tools; without it all, but those that take minutes only with few hosts
    #[arg(long, value_delimiter = ',')]
    tools: Vec<Tool>,
    /// Round trip in milliseconds for the runs with a delay; 0 leaves them out
    #[arg(long, default_value_t = 20)]
    delay: u64,
    /// Write the figures into docs/benchmarks.md
    #[arg(long)]
    write: bool,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let most = options.hosts.iter().copied().max().unwrap_or(1);
    tool::install()?;
    let mut rows = Vec::new();
    let lab = Lab::up(first()?, most);
    for count in &options.hosts {
        let site = Site::new(&lab, *count)?;
        let tools = chosen(&options, *count);
        rows.extend(measure(&options, &site, &tools)?);
    }
    if options.delay > 0 {
        let count = options.hosts.iter().copied().min().unwrap_or(1);
        let site = Site::new(&lab, count)?;
        let tools: Vec<_> = chosen(&options, count)
            .into_iter()
            .filter(|tool| tool.is_quick())
            .collect();
        rows.extend(delayed(&options, &site, &tools)?);
    }
    let text = tables::text(&rows, &tool::versions(&options.tools)?)?;
    println!("\n{text}");
    if options.write {
        page::write("peers", &text)?;
    }
    Ok(())
}

fn first() -> Result<u8, Box<dyn Error>> {
    Ok(match std::env::var("LAB_FIRST") {
        Ok(first) => first.parse()?,
        Err(_) => FIRST,
    })
}

fn chosen(options: &Options, count: usize) -> Vec<Tool> {
    if options.tools.is_empty() {
        Tool::ALL
            .into_iter()
            .filter(|tool| count <= tool.most_hosts())
            .collect()
    } else {
        options.tools.clone()
    }
}

/// Runs every tool on hosts as new, then all in turn on hosts that are as they should be.
fn measure(options: &Options, site: &Site, tools: &[Tool]) -> Result<Vec<Row>, Box<dyn Error>> {
    let hosts = site.hosts().len();
    let mut rows = Vec::new();
    let mut row = |tool, phase| {
        let setting = Setting {
            hosts,
            phase,
            delay: 0,
        };
        rows.push(Row::new(tool, setting));
        rows.len() - 1
    };
    let places: Vec<_> = tools
        .iter()
        .map(|tool| (row(*tool, Phase::First), row(*tool, Phase::Again)))
        .collect();
    let meter = Meter::new(None)?;
    let mut state = None;
    for run in 0..options.runs.div_ceil(2) {
        for (tool, (first, _)) in tools.iter().zip(&places) {
            if !tool.changes_hosts() || is_enough(&rows[*first], run) {
                continue;
            }
            lab::reset(site.hosts());
            let figures = once(&meter, site, *tool, Phase::First)?;
            rows[*first].add(figures);
            // All leave the same behind, or they have not done the same work.
            let left = lab::state(&site.hosts()[0]);
            match &state {
                None => state = Some(left),
                Some(state) if *state == left => {}
                Some(state) => return Err(differs(*tool, state, &left).into()),
            }
        }
    }
    // Each has left its own things on the hosts once, so that none pays for them now.
    for tool in tools {
        if tool.changes_hosts() && tool.is_quick() {
            once(&meter, site, *tool, Phase::Again)?;
        }
    }
    for run in 0..options.runs {
        for (tool, (_, again)) in tools.iter().zip(&places) {
            if !is_enough(&rows[*again], run) {
                let figures = once(&meter, site, *tool, Phase::Again)?;
                rows[*again].add(figures);
            }
        }
    }
    Ok(rows)
}

/// Runs the tools in turn with a delay between them and the hosts, which are as they should be.
fn delayed(options: &Options, site: &Site, tools: &[Tool]) -> Result<Vec<Row>, Box<dyn Error>> {
    let delay = Delay::new(options.delay)?;
    let meter = Meter::new(Some(&delay))?;
    let setting = Setting {
        hosts: site.hosts().len(),
        phase: Phase::Again,
        delay: options.delay,
    };
    let mut rows: Vec<_> = tools.iter().map(|tool| Row::new(*tool, setting)).collect();
    for tool in tools {
        once(&meter, site, *tool, Phase::Again)?;
    }
    for run in 0..options.runs {
        for (tool, row) in tools.iter().zip(&mut rows) {
            if !is_enough(row, run) {
                row.add(once(&meter, site, *tool, Phase::Again)?);
            }
        }
    }
    Ok(rows)
}

/// One run, which must end well, and change nothing unless it is the first.
fn once(
    meter: &Meter<'_>,
    site: &Site,
    tool: Tool,
    phase: Phase,
) -> Result<Figures, Box<dyn Error>> {
    let (figures, output) = meter.run(&tool.command(site, phase))?;
    println!(
        "{:>4} hosts  {:<10} {:<6} {:>8.3} s",
        site.hosts().len(),
        tool.name(),
        phase.name(),
        figures.wall
    );
    if phase == Phase::Again && !tool.changed_nothing(&output, site.hosts().len()) {
        return Err(format!("{} changed something:\n{output}", tool.name()).into());
    }
    Ok(figures)
}

/// Whether a tool that takes long has been run often enough after so many turns.
fn is_enough(row: &Row, turns: usize) -> bool {
    let wall = row.wall();
    (wall > VERY_LONG && turns >= 1) || (wall > LONG && turns >= 2)
}

fn differs(tool: Tool, expected: &str, found: &str) -> String {
    let mut text = format!("{} left other things behind:\n", tool.name());
    for line in expected.lines().filter(|line| !found.contains(*line)) {
        let _ = writeln!(text, "  missing: {line}");
    }
    for line in found.lines().filter(|line| !expected.contains(*line)) {
        let _ = writeln!(text, "  instead: {line}");
    }
    text
}
