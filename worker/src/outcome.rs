//! From a plan to the outcome of a call: the only place that applies plans.

use std::collections::BTreeMap;

use crate::host::{Host, Writer};
use crate::module::Module;
use crate::plan::{Change, Failure, Plan};
use crate::protocol::{Changed, Outcome, Request};

/// The module of a request, on a host with the request's environment.
pub(crate) fn prepare(
    request: &Request,
    host: &Host,
    find: fn(&str) -> Option<&'static Module>,
) -> Result<&'static Module, Failure> {
    check_environment(&request.environment)?;
    host.set_environment(request.environment.clone());
    find(&request.module)
        .ok_or_else(|| Failure::new(format!("there is no module `{}`", request.module)))
}

/// Refuses what no program can be given.
fn check_environment(environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    for (name, value) in environment {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(Failure::new(format!(
                "environment: {name:?} is no name of a variable: it must not be empty, nor contain `=` or a zero byte"
            )));
        }
        if value.contains('\0') {
            // What else is in it may be secret.
            return Err(Failure::new(format!(
                "environment: the value of `{name}` contains a zero byte"
            )));
        }
    }
    Ok(())
}

/// The outcome of a plan that is carried out.
pub(crate) fn applied(plan: Plan, host: &Host, with_diff: bool) -> Outcome {
    let mut changes = changed(plan.changes(), with_diff);
    let mut applied = 0;
    let result = plan.apply_counting(&Writer::new(host), &mut applied);
    changes.truncate(applied);
    match result {
        Ok(output) => Outcome {
            changes,
            output,
            ..Outcome::default()
        },
        Err(failure) => Outcome {
            changes,
            ..failed(failure)
        },
    }
}

/// The outcome of a plan that is not applied, because it is empty or in check mode.
pub(crate) fn foreseen(plan: Plan, with_diff: bool) -> Outcome {
    Outcome {
        changes: changed(plan.changes(), with_diff),
        unknown: plan.unpredictable_reason().map(str::to_owned),
        output: plan.into_output(),
        ..Outcome::default()
    }
}

/// The outcome of a call that failed.
pub(crate) fn failed(failure: Failure) -> Outcome {
    Outcome {
        failure: Some(failure),
        ..Outcome::default()
    }
}

fn changed(changes: &[Change], with_diff: bool) -> Vec<Changed> {
    let has_text = |change: &Change| change.diff.before.is_some() || change.diff.after.is_some();
    changes
        .iter()
        .map(|change| Changed {
            what: change.what.clone(),
            diff: (with_diff && has_text(change)).then(|| change.diff.clone()),
        })
        .collect()
}
