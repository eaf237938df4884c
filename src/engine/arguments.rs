//! Checks the arguments of roles with each host's actual values before anything is connected to, as far as these do not
//! depend on what only a run brings.

use std::sync::Arc;

use indexmap::IndexMap;

use super::calls::first_false;
use super::control::problems;
use super::needs::PlayNeeds;
use super::roster::Roster;
use super::shared::Shared;
use super::view::{NOTHING, View};
use crate::inventory::HostName;
use crate::playbook::{Action, Control, Play, RoleArguments, Task, each_task};
use crate::source::{Diagnostic, Diagnostics, Span};

/// What is wrong: the message, where the value was written, and where the role is used.
type Problem = (String, Option<Span>, Span);

/// Checks the arguments of all roles that plays name in `roles` or import. Those of roles that are included while a play
/// runs are checked then.
pub(super) fn check(shared: &Shared, plays: &[(&Play, Vec<HostName>)]) -> Diagnostics {
    let mut found: IndexMap<Problem, Vec<String>> = IndexMap::new();
    for (play, names) in plays {
        let checks = checks(play);
        if checks.is_empty() {
            continue;
        }
        let needs = PlayNeeds::new(play, &shared.definitions());
        let mut hosts = Roster::default();
        for name in names {
            if let Some(host) = shared.new_host(name.as_str()) {
                hosts.add(host);
            }
        }
        for (task, arguments) in checks {
            let needs = needs.of(task, &shared.files);
            if needs.others || !needs.learned.is_empty() {
                continue;
            }
            for host in 0..names.len() {
                let view = View {
                    play,
                    hosts: &hosts,
                    host,
                    task: Some(task),
                    base: &NOTHING,
                };
                for problem in problems_of(shared, view, task, arguments) {
                    let name = hosts[host].name.to_string();
                    found.entry(problem).or_default().push(name);
                }
            }
        }
    }
    let mut diagnostics = Diagnostics::new();
    for ((message, place, role), hosts) in found {
        diagnostics.push(told(message, place, role, &hosts));
    }
    diagnostics
}

fn checks(play: &Play) -> Vec<(&Task, &Arc<RoleArguments>)> {
    let mut checks = Vec::new();
    for section in &play.sections {
        each_task(section, &mut |task| {
            if let Action::Control(Control::CheckArguments(arguments)) = &task.action {
                checks.push((&**task, arguments));
            }
        });
    }
    checks
}

fn problems_of(
    shared: &Shared,
    view: View<'_>,
    task: &Task,
    arguments: &RoleArguments,
) -> Vec<Problem> {
    let locals = view.locals(None);
    let scope = view.scope(shared, &locals);
    let conditions = task.common.when.iter().map(AsRef::as_ref);
    if !matches!(first_false(conditions, &scope), Ok(None)) {
        // The role is not for this host, or the run will say what is wrong with the condition.
        return Vec::new();
    }
    let problems = problems(arguments, &scope).into_iter();
    let problem = |(name, message): (Arc<str>, String)| (message, scope.place(&name), task.span);
    problems.map(problem).collect()
}

fn told(message: String, place: Option<Span>, role: Span, hosts: &[String]) -> Diagnostic {
    const SHOWN: usize = 5;
    let wrong = Diagnostic::error(message);
    let wrong = match place {
        Some(place) => wrong.at(place, "").also(role, "the role is used here"),
        None => wrong.at(role, "the role is used here"),
    };
    let shown = hosts[..hosts.len().min(SHOWN)].join(", ");
    let more = match hosts.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    wrong.note(format!("on {shown}{more}"))
}
