//! From a worker's answers to a task's result: what was changed, what failed, what is registered.

use std::collections::HashMap;

use provision_worker::plan::Failure;
use provision_worker::protocol::{Changed, Outcome};

use super::calls::{Item, ItemState, Prepared, first_false};
use super::host::Ended;
use super::settings::Settings;
use super::shared::Shared;
use super::view::View;
use crate::event::{ItemResult, Status, TaskResult, Timing};
use crate::playbook::Task;
use crate::source::Diagnostic;
use crate::value::{Map, Value, from_json};
use crate::vars::Values;

/// How many lines of a failed program's output are shown.
const OUTPUT_LINES: usize = 20;

/// Says of one item how it ended.
struct Verdict {
    status: Status,
    message: Option<String>,
    registered: Value,
    /// Whether what it has changed is told.
    tells: bool,
}

/// Judges the outcomes of a task's calls.
pub(super) fn conclude(
    shared: &Shared,
    view: View<'_>,
    task: &Task,
    prepared: &Prepared,
    outcomes: &[Outcome],
    exhausted: &HashMap<usize, String>,
) -> Ended {
    let verdicts: Vec<Verdict> = prepared
        .items
        .iter()
        .map(|item| match &item.state {
            ItemState::Skipped(condition) => skipped(item, condition),
            ItemState::Call(index) => match outcomes.get(*index) {
                Some(outcome) => {
                    let verdict = judge(shared, view, task, item, outcome);
                    let verdict = verdict.telling(outcome);
                    match exhausted.get(index) {
                        Some(why) => verdict.exhausted(why, outcome),
                        None => verdict,
                    }
                }
                None => Verdict::failed("the worker gave no answer".into(), Map::new()),
            },
        })
        .collect();
    let status = total(verdicts.iter().map(|verdict| verdict.status));
    let mut result = TaskResult {
        status,
        changes: changes(prepared, &verdicts, outcomes),
        message: verdicts
            .iter()
            .filter(|verdict| verdict.status.is_failure() == status.is_failure())
            .find_map(|verdict| verdict.message.clone()),
        output: outcomes
            .iter()
            .find_map(last_lines)
            .filter(|_| status.is_failure()),
        items: Vec::new(),
        registered: None,
        millis: outcomes.iter().map(|outcome| outcome.millis).sum(),
        timing: Timing {
            plan: outcomes.iter().map(|outcome| outcome.plan).sum(),
            apply: outcomes.iter().map(|outcome| outcome.apply).sum(),
            ..Timing::default()
        },
    };
    if prepared.is_loop {
        let items = prepared.items.iter().zip(&verdicts);
        result.items = items
            .map(|(item, verdict)| ItemResult {
                label: item.label.clone(),
                status: verdict.status,
                message: verdict.message.clone(),
            })
            .collect();
    }
    let ends = verdicts.iter().map(|verdict| verdict.status);
    let settings = Settings::of_all(prepared.items.iter().zip(ends));
    let registered = register(prepared.is_loop, verdicts);
    result.registered = Some(registered.clone());
    Ended {
        result,
        registered: Some(registered),
        facts: Values::new(),
        settings,
        skip: None,
    }
}

/// The changes of the items that count as changed; of one that failed, those that had been made.
fn changes(prepared: &Prepared, verdicts: &[Verdict], outcomes: &[Outcome]) -> Vec<Changed> {
    let items = prepared
        .items
        .iter()
        .zip(verdicts)
        .filter(|(_, verdict)| verdict.tells);
    items
        .filter_map(|(item, _)| match item.state {
            ItemState::Call(index) => outcomes.get(index),
            ItemState::Skipped(_) => None,
        })
        .flat_map(|outcome| outcome.changes.clone())
        .collect()
}

/// A change of which nothing may be shown: its name alone can hold a command line.
fn hidden_change() -> Changed {
    Changed {
        what: "hidden, because of `no_log`".into(),
        diff: None,
    }
}

/// Takes out of a result what `no_log` forbids to show.
pub(super) fn censor(ended: &mut Ended) {
    ended.skip = None;
    let result = &mut ended.result;
    result.registered = None;
    result
        .changes
        .iter_mut()
        .for_each(|change| *change = hidden_change());
    result.output = None;
    if result.message.is_some() {
        result.message = Some("hidden, because of `no_log`".into());
    }
    for (number, item) in result.items.iter_mut().enumerate() {
        item.label = format!("item {}", number + 1);
        item.message = None;
    }
}

impl Status {
    fn is_failure(self) -> bool {
        matches!(
            self,
            Self::Failed | Self::Ignored | Self::Rescued | Self::Unreachable
        )
    }
}

impl Verdict {
    fn failed(message: String, mut registered: Map) -> Self {
        set(&mut registered, "failed", true);
        set(&mut registered, "changed", false);
        set(&mut registered, "msg", message.as_str());
        Self {
            status: Status::Failed,
            message: Some(message),
            registered: registered.into(),
            tells: false,
        }
    }

    /// Decides whether what the module has changed is told: not of what counts as unchanged, and of a failure only what is
    /// known to have changed before it. Of a program nobody knows that.
    fn telling(mut self, outcome: &Outcome) -> Self {
        self.tells = match self.status {
            Status::Changed | Status::Unknown => true,
            Status::Failed => outcome.failure.is_some() || !outcome.output.contains_key("rc"),
            _ => false,
        };
        self
    }

    /// It has been tried as often as it may. What the last attempt has changed, it has changed.
    fn exhausted(self, why: &str, outcome: &Outcome) -> Self {
        let said = self.message.map(|said| format!(": {said}"));
        let message = format!("{why}{}", said.unwrap_or_default());
        let registered = self.registered.into_map().unwrap_or_default();
        Self {
            tells: self.tells && (outcome.failure.is_some() || !outcome.output.contains_key("rc")),
            ..Self::failed(message, registered)
        }
    }
}

/// The names that every result has are never copied.
fn set(map: &mut Map, name: &'static str, value: impl Into<Value>) {
    map.insert(name.into(), value.into());
}

fn skipped(item: &Item, condition: &str) -> Verdict {
    let mut registered = skipped_map(condition);
    set_item(&mut registered, item);
    Verdict {
        status: Status::Skipped,
        message: Some(skipped_message(condition)),
        registered: registered.into(),
        tells: false,
    }
}

fn skipped_message(condition: &str) -> String {
    format!("`{condition}` does not hold")
}

fn skipped_map(condition: &str) -> Map {
    let mut registered = Map::new();
    set(&mut registered, "skipped", true);
    set(&mut registered, "changed", false);
    set(&mut registered, "failed", false);
    set(&mut registered, "skip_reason", condition);
    registered
}

/// What is said and registered of a task without a loop of which this condition does not hold.
pub(super) fn skipped_result(condition: &str) -> (String, Value) {
    (skipped_message(condition), skipped_map(condition).into())
}

fn set_item(registered: &mut Map, item: &Item) {
    if let Some(value) = &item.value {
        set(registered, "item", value.clone());
    }
}

fn judge(shared: &Shared, view: View<'_>, task: &Task, item: &Item, outcome: &Outcome) -> Verdict {
    let mut registered = fields(outcome);
    set_item(&mut registered, item);
    if let Some(reason) = &outcome.unknown {
        let message = Some(reason.clone());
        return Verdict {
            status: Status::Unknown,
            message,
            registered: registered.into(),
            tells: false,
        };
    }
    let mut failed = outcome.failure.is_some();
    let mut changed = !outcome.changes.is_empty();
    if task.failed_when.is_some() && outcome.failure.as_ref().is_some_and(has_run) {
        // It counts as a failure no longer, so that what it has done counts.
        changed = true;
        set(&mut registered, "changed", true);
    }
    for (conditions, verdict) in [
        (&task.changed_when, &mut changed),
        (&task.failed_when, &mut failed),
    ] {
        let Some(conditions) = conditions else {
            continue;
        };
        match all_hold(shared, view, task, item, &registered, conditions) {
            Ok(holds) => *verdict = holds,
            Err(diagnostic) => return Verdict::failed(shared.explain(&diagnostic), registered),
        }
    }
    let failure = outcome
        .failure
        .as_ref()
        .map(|failure| failure.message.clone());
    if failed {
        // What nobody can know yet is no failure: the change that it builds on has not been made.
        if shared.options.check && view.run().would_change && outcome.failure.is_some() {
            let message = failure.map(|why| format!("{why}; this may be due to changes not made"));
            return Verdict {
                status: Status::Unknown,
                message,
                registered: registered.into(),
                tells: false,
            };
        }
        let because = || "`failed_when` holds".to_owned();
        return Verdict::failed(failure.unwrap_or_else(because), registered);
    }
    set(&mut registered, "failed", false);
    set(&mut registered, "changed", changed);
    let status = if changed { Status::Changed } else { Status::Ok };
    Verdict {
        status,
        message: None,
        registered: registered.into(),
        tells: false,
    }
}

/// Whether a failure is that of a program that has run to its end, whatever it has done.
fn has_run(failure: &Failure) -> bool {
    failure.output.contains_key("rc")
}

/// What the module registers, and what every task registers.
fn fields(outcome: &Outcome) -> Map {
    let mut map = Map::new();
    let failure = outcome.failure.iter().flat_map(|failure| &failure.output);
    for (name, value) in outcome.output.iter().chain(failure) {
        map.insert(name.clone().into(), from_json(value));
    }
    set(&mut map, "changed", !outcome.changes.is_empty());
    set(&mut map, "failed", outcome.failure.is_some());
    set(&mut map, "skipped", false);
    if let Some(failure) = &outcome.failure {
        set(&mut map, "msg", failure.message.as_str());
    }
    map
}

/// Whether all conditions hold, with the result under the name that the task registers it by.
pub(super) fn all_hold(
    shared: &Shared,
    view: View<'_>,
    task: &Task,
    item: &Item,
    registered: &Map,
    conditions: &[crate::playbook::When],
) -> Result<bool, Box<Diagnostic>> {
    let mut locals = match item.value {
        Some(_) => item.locals.clone(),
        None => view.locals(None),
    };
    if let Some(name) = &task.register {
        locals.insert(name.clone(), registered.clone().into());
    }
    let scope = view.scope(shared, &locals);
    Ok(first_false(conditions, &scope)?.is_none())
}

/// The status of a task whose items ended like this.
fn total(items: impl Iterator<Item = Status>) -> Status {
    let (mut count, mut skipped, mut worst) = (0, 0, Status::Ok);
    for status in items {
        count += 1;
        match status {
            Status::Skipped => skipped += 1,
            other => worst = worst.max(other),
        }
    }
    match worst {
        Status::Ok if count == skipped => Status::Skipped,
        other => other,
    }
}

fn register(is_loop: bool, mut verdicts: Vec<Verdict>) -> Value {
    if !is_loop {
        return verdicts
            .pop()
            .map_or_else(Value::none, |verdict| verdict.registered);
    }
    let any = |status| verdicts.iter().any(|verdict| verdict.status == status);
    let mut map = Map::new();
    set(&mut map, "changed", any(Status::Changed));
    set(&mut map, "failed", any(Status::Failed));
    let all_skipped = verdicts
        .iter()
        .all(|verdict| verdict.status == Status::Skipped);
    set(&mut map, "skipped", all_skipped);
    let results: Vec<Value> = verdicts
        .into_iter()
        .map(|verdict| verdict.registered)
        .collect();
    set(&mut map, "results", results);
    map.into()
}

/// The last lines of what a failed program printed and complained.
fn last_lines(outcome: &Outcome) -> Option<String> {
    let output = &outcome.failure.as_ref()?.output;
    let text = |name: &str| {
        output
            .get(name)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
    };
    let lines: Vec<&str> = text("stdout")
        .lines()
        .chain(text("stderr").lines())
        .collect();
    let last = lines.len().saturating_sub(OUTPUT_LINES);
    (!lines.is_empty()).then(|| lines[last..].join("\n"))
}

/// A result that was found on the controller.
pub(super) fn ended(status: Status, message: Option<String>) -> Ended {
    let mut registered = Map::new();
    set(&mut registered, "changed", false);
    set(&mut registered, "failed", status == Status::Failed);
    set(&mut registered, "skipped", status == Status::Skipped);
    if let Some(message) = &message {
        set(&mut registered, "msg", message.as_str());
    }
    Ended {
        result: TaskResult {
            status,
            changes: Vec::new(),
            message,
            output: None,
            items: Vec::new(),
            registered: None,
            millis: 0,
            timing: Timing::default(),
        },
        registered: Some(registered.into()),
        facts: Values::new(),
        settings: None,
        skip: None,
    }
}

/// The result of a control action after `changed_when` and `failed_when` have had their say.
pub(super) fn rejudged(
    shared: &Shared,
    view: View<'_>,
    task: &Task,
    item: &Item,
    mut ended: Ended,
) -> Result<Ended, Box<Diagnostic>> {
    let registered = ended.registered.take().and_then(Value::into_map);
    let mut registered = registered.unwrap_or_default();
    let status = &mut ended.result.status;
    if let Some(conditions) = &task.changed_when
        && *status == Status::Ok
        && all_hold(shared, view, task, item, &registered, conditions)?
    {
        *status = Status::Changed;
        set(&mut registered, "changed", true);
    }
    if let Some(conditions) = &task.failed_when {
        let failed = all_hold(shared, view, task, item, &registered, conditions)?;
        if failed && *status != Status::Failed {
            *status = Status::Failed;
            ended.result.message = Some("`failed_when` holds".to_owned());
        } else if !failed && *status == Status::Failed {
            *status = Status::Ok;
        }
        set(&mut registered, "failed", failed);
    }
    ended.registered = Some(registered.into());
    Ok(ended)
}

/// The result of a control action over all items of its loop.
pub(super) fn total_of(prepared: &Prepared, mut all: Vec<Ended>) -> Ended {
    let ends = all.iter().map(|ended| ended.result.status);
    let settings = Settings::of_all(prepared.items.iter().zip(ends));
    if !prepared.is_loop {
        let whole = all.pop().unwrap_or_else(|| ended(Status::Skipped, None));
        return Ended { settings, ..whole };
    }
    let status = total(all.iter().map(|ended| ended.result.status));
    let messages: Vec<&str> = all
        .iter()
        .filter_map(|ended| ended.result.message.as_deref())
        .collect();
    let mut whole = ended(status, (!messages.is_empty()).then(|| messages.join("\n")));
    let results: Vec<Value> = all
        .iter()
        .filter_map(|ended| ended.registered.clone())
        .collect();
    let mut map = whole
        .registered
        .take()
        .and_then(Value::into_map)
        .unwrap_or_default();
    set(&mut map, "results", results);
    whole.registered = Some(map.into());
    whole.settings = settings;
    whole.facts = all.into_iter().flat_map(|ended| ended.facts).collect();
    whole
}
