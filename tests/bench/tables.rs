//! What is told of the figures.

use std::error::Error;
use std::fmt::Write as _;

use crate::figures::{Phase, Row, Setting};
use crate::page;
use crate::tool::Tool;

/// An aim: what it is called, what is wanted and what was reached, as text, and whether that is enough.
struct Aim {
    title: String,
    wanted: String,
    reached: String,
    is_reached: bool,
}

impl Aim {
    fn at_most(title: String, most: f64, reached: f64, unit: &str) -> Self {
        Self {
            title,
            wanted: format!("at most {most}{unit}"),
            reached: format!("{reached:.2}{unit}"),
            is_reached: reached <= most,
        }
    }

    fn at_least(title: String, least: f64, reached: f64) -> Self {
        Self {
            title,
            wanted: format!("at least {least} times less"),
            reached: format!("{reached:.0} times less"),
            is_reached: reached >= least,
        }
    }
}

/// Tables of all figures, and what they say of the aims.
pub(crate) fn text(rows: &[Row], versions: &[String]) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    writeln!(text, "{}.\n", page::machine()?)?;
    writeln!(text, "{}.", versions.join("; "))?;
    let mut settings: Vec<_> = rows.iter().map(|row| row.setting).collect();
    settings.dedup();
    settings.sort_by_key(|setting| (setting.delay, setting.hosts, setting.phase == Phase::Again));
    settings.dedup();
    for setting in settings {
        let rows: Vec<_> = rows
            .iter()
            .filter(|row| row.setting == setting && row.runs() > 0)
            .collect();
        let ours = rows.iter().find(|row| row.tool == Tool::Provision);
        let what = match setting.phase {
            Phase::First => "hosts as new",
            Phase::Again => "hosts that are as they should be",
        };
        write!(text, "\n**{} {what}**", setting.hosts)?;
        if setting.delay > 0 {
            write!(text, ", a round trip takes {} ms longer", setting.delay)?;
        }
        text += "\n\n| | wall | of `provision` | CPU here, by host | CPU of a host | on the wire, by host | runs |\n";
        text += "|---|---|---|---|---|---|---|\n";
        for row in &rows {
            let ratio = ours.map_or(0.0, |ours| row.wall() / ours.wall());
            writeln!(
                text,
                "| {} | {:.2} s | {ratio:.2} | {:.1} ms | {:.0} ms | {:.0} kB | {} |",
                row.tool.title(),
                row.wall(),
                row.controller(),
                row.host(),
                row.kilobytes(),
                row.runs()
            )?;
        }
    }
    text += "\n| aim | wanted | reached | |\n|---|---|---|---|\n";
    for aim in aims(rows) {
        let verdict = if aim.is_reached { "yes" } else { "**no**" };
        let Aim {
            title,
            wanted,
            reached,
            ..
        } = aim;
        writeln!(text, "| {title} | {wanted} | {reached} | {verdict} |")?;
    }
    Ok(text)
}

/// The aims that there are figures for.
fn aims(rows: &[Row]) -> Vec<Aim> {
    let find = |tool, setting| {
        rows.iter()
            .find(|row| row.tool == tool && row.setting == setting && row.runs() > 0)
    };
    let mut aims = Vec::new();
    for ours in rows {
        if ours.tool != Tool::Provision || ours.runs() == 0 {
            continue;
        }
        let Setting {
            hosts,
            phase,
            delay,
        } = ours.setting;
        let beside = |tool| find(tool, ours.setting);
        let again = Setting {
            phase: Phase::Again,
            ..ours.setting
        };
        match (phase, delay) {
            (Phase::First, _) => {
                let Some(shell) = beside(Tool::Shell) else {
                    continue;
                };
                let title = format!("{hosts} hosts, first run: wall beside the shell script");
                aims.push(Aim::at_most(title, 0.5, ours.wall() / shell.wall(), ""));
                // What the first run sends more than a later one is the worker, and files that the script sends too.
                if let (Some(later), Some(shell_later)) =
                    (find(Tool::Provision, again), find(Tool::Shell, again))
                {
                    let files = shell.kilobytes() - shell_later.kilobytes();
                    let worker = (ours.kilobytes() - later.kilobytes() - files) / 1e3;
                    let title = format!("{hosts} hosts, first run: the worker, on the wire");
                    aims.push(Aim::at_most(title, 1.0, worker, " MB"));
                }
            }
            (Phase::Again, 0) => {
                if let Some(login) = beside(Tool::SshTrue) {
                    let title = format!("{hosts} hosts, again: wall beside `ssh HOST true`");
                    aims.push(Aim::at_most(title, 0.7, ours.wall() / login.wall(), ""));
                }
                for (tool, least) in [
                    (Tool::Ansible, 200.0),
                    (Tool::Mitogen, 60.0),
                    (Tool::Pyinfra, 20.0),
                ] {
                    if let Some(other) = beside(tool) {
                        let title = format!("{hosts} hosts, again: wall beside {}", tool.title());
                        aims.push(Aim::at_least(title, least, other.wall() / ours.wall()));
                    }
                }
                let title = format!("{hosts} hosts, again: CPU here, by host");
                aims.push(Aim::at_most(title, 5.0, ours.controller(), " ms"));
                let title = format!("{hosts} hosts, again: CPU of a host");
                aims.push(Aim::at_most(title, 45.0, ours.host(), " ms"));
            }
            (Phase::Again, delay) => {
                if let Some(login) = beside(Tool::SshTrue) {
                    let title =
                        format!("{hosts} hosts, again, {delay} ms: wall beside `ssh HOST true`");
                    aims.push(Aim::at_most(title, 1.0, ours.wall() / login.wall(), ""));
                }
            }
        }
    }
    aims
}
