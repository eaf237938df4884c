//! `provision report`: an earlier run once more, from its record.

use super::args::ReportArgs;
use super::exit_code;
use super::print::print;
use crate::record::{Past, PastError, Store, replay};
use crate::report::{PastRun, sanitize};

/// Shows what was asked for and returns the exit code.
#[expect(clippy::print_stderr, reason = "errors are for the user")]
pub(super) fn run(args: &ReportArgs) -> u8 {
    match show(args) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("error: {}", sanitize(&why));
            exit_code::BAD_INPUT
        }
    }
}

#[expect(clippy::print_stderr, reason = "warnings are for the user")]
fn show(args: &ReportArgs) -> Result<u8, String> {
    let store = Store::of_user()
        .ok_or("there are no records: neither `HOME` nor `XDG_STATE_HOME` is set")?;
    if args.list {
        return Ok(print(&list(&store)));
    }
    let name = match &args.run {
        Some(name) => name.clone(),
        None => store
            .names()
            .pop()
            .ok_or("no run is recorded; `--no-record` runs are not")?,
    };
    let mut run = PastRun::default();
    let replayed =
        replay(&store, &name, |event| run.event(event)).map_err(|error| match error {
            PastError::None => {
                format!(
                    "there is no record `{name}`; `provision report --list` names those there are"
                )
            }
            error => error.to_string(),
        })?;
    if replayed.unread > 0 {
        eprintln!(
            "warning: {} lines of the record are cut off or of another version, and left out",
            replayed.unread
        );
    }
    match &args.html {
        Some(path) => std::fs::write(path, run.html(&name))
            .map(|()| exit_code::SUCCESS)
            .map_err(|error| format!("cannot write `{}`: {error}", path.display())),
        None => Ok(print(&run.text(console::colors_enabled(), args.profile))),
    }
}

/// One line for each record, the last run last.
fn list(store: &Store) -> String {
    let names = store.names();
    let width = names.iter().map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for name in names {
        let told = match Past::named(store, &name) {
            Ok(past) => {
                let check = if past.header.check { " (check)" } else { "" };
                format!(
                    "{}{check}: {}",
                    past.header.playbooks.join(" "),
                    result(&past)
                )
            }
            Err(error) => error.to_string(),
        };
        let line = format!("{name:width$}  {}  {told}", time(&name));
        text.push_str(&sanitize(&line));
        text.push('\n');
    }
    text
}

fn result(past: &Past) -> String {
    let hosts = match past.hosts {
        1 => "1 host".to_owned(),
        hosts => format!("{hosts} hosts"),
    };
    match past.failed.len() {
        _ if !past.is_whole => "broken off".to_owned(),
        _ if past.interrupted => format!("{hosts}, interrupted"),
        0 => format!("{hosts}, all well"),
        failed => format!("{hosts}, failed on {failed}"),
    }
}

/// The time at which a record begins, which its name says: `20260102T030405006Z-1`.
fn time(name: &str) -> String {
    let part = |from: usize, to: usize| name.get(from..to).unwrap_or("?");
    format!(
        "{}-{}-{} {}:{}:{} UTC",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(9, 11),
        part(11, 13),
        part(13, 15)
    )
}
