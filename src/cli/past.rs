//! What the user wants of earlier runs, and the record of this one.

use std::collections::BTreeSet;

use super::args::RunArgs;
use crate::engine::{Beginning, Run, TagFilter, listed};
use crate::record::{Header, Past, PastError, Recorded, Store};
use crate::report::Reporter;
use crate::source::{Diagnostic, Diagnostics};

/// What this run is in a record.
fn header(args: &RunArgs) -> Header {
    let text = |path: &std::path::PathBuf| path.display().to_string();
    Header {
        provision: env!("CARGO_PKG_VERSION").to_owned(),
        inventories: args.inventory.iter().map(text).collect(),
        playbooks: args.playbooks.iter().map(text).collect(),
        check: args.check,
    }
}

/// An earlier run of the same playbooks on the same inventories.
fn past(args: &RunArgs, name: &str) -> Result<Past, PastError> {
    let store = Store::of_user().ok_or(PastError::None)?;
    if name != "last" {
        return Past::named(&store, name);
    }
    let own = header(args);
    Past::last(&store, |header| {
        header.playbooks == own.playbooks
            && header.inventories == own.inventories
            && header.check == own.check
    })
}

/// The hosts that failed in the last run of the same playbooks, one a line.
pub(super) fn failed(args: &RunArgs) -> Result<Vec<String>, Diagnostic> {
    let past = past(args, "last").map_err(|error| told(&error))?;
    if past.failed.is_empty() {
        let wrong = Diagnostic::error("`@failed` picks no host: none has failed in the last run");
        return Err(wrong.note("only runs of the same playbooks and inventories count"));
    }
    Ok(past.failed)
}

fn told(error: &PastError) -> Diagnostic {
    let wrong = Diagnostic::error(error.to_string());
    match error {
        PastError::None => wrong.note("only runs of the same playbooks and inventories count"),
        PastError::Unreadable(..) | PastError::Damaged(_) => wrong,
    }
}

/// Where the run is to begin.
pub(super) fn beginning(args: &RunArgs, run: &Run, diagnostics: &mut Diagnostics) -> Beginning {
    if let Some(name) = &args.start_at_task {
        check_task(name, run, diagnostics);
        return Beginning::Task(name.clone());
    }
    let Some(name) = &args.resume else {
        return Beginning::First;
    };
    let past = match past(args, name) {
        Ok(past) => past,
        Err(error) => {
            diagnostics.push(told(&error));
            return Beginning::First;
        }
    };
    if past.stopped.is_empty() {
        let wrong = if past.is_whole {
            Diagnostic::error("there is nothing to go on with: every host came to the end")
        } else {
            Diagnostic::error("the record of that run has no end").help("run again from the start")
        };
        diagnostics.push(wrong);
    }
    Beginning::Stopped(past.stopped)
}

fn check_task(name: &str, run: &Run, diagnostics: &mut Diagnostics) {
    let tags = TagFilter::default();
    let mut names = BTreeSet::new();
    for task in run.loaded.plays().flat_map(|play| listed(play, &tags)) {
        if let Some(role) = &task.common.role {
            names.insert(format!("{} : {}", role.role.name, task.name));
        }
        names.insert(task.name.to_string());
    }
    if !names.contains(name) {
        let wrong = Diagnostic::error(format!("there is no task `{name}` to start at"));
        diagnostics.push(
            wrong
                .suggest(name, names.iter().map(String::as_str))
                .note("what is included while a play runs cannot be started at"),
        );
    }
}

/// The reporter, with a record of the run beside it. A run without a record is a run all the same.
#[expect(clippy::print_stderr, reason = "warnings are for the user")]
pub(super) fn recorded(args: &RunArgs, reporter: Box<dyn Reporter>) -> Box<dyn Reporter> {
    if args.no_record {
        return reporter;
    }
    let Some(store) = Store::of_user() else {
        return reporter;
    };
    match store.begin() {
        Ok((_, file)) => Box::new(Recorded::new(reporter, file, &header(args))),
        Err(error) => {
            eprintln!("warning: this run is not recorded: {error}");
            reporter
        }
    }
}
