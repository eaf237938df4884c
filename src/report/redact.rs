//! Takes the secrets out of everything that is told, before anybody else sees it.

use std::io;
use std::sync::Arc;

use provision_worker::plan::Diff;
use provision_worker::protocol::Changed;
use similar::{DiffTag, TextDiff};

use super::Reporter;
use crate::event::{Event, Events, ItemResult, StepName, Stopped, TaskName, TaskResult};
use crate::secret::{MASK, Secrets};
use crate::value::{from_json, to_json};

/// A reporter that sees no secrets. Only what identifies a host, and the place of a task, goes through as it is.
pub struct Redacted {
    inner: Box<dyn Reporter>,
    secrets: Secrets,
}

impl Redacted {
    /// Shows by `inner` what is left without `secrets`.
    pub fn new(inner: Box<dyn Reporter>, secrets: Secrets) -> Self {
        Self { inner, secrets }
    }
}

impl Events for Redacted {
    fn event(&mut self, event: &Event) {
        if self.secrets.is_empty() {
            self.inner.event(event);
        } else {
            self.inner.event(&redact(event, &self.secrets));
        }
    }

    fn tick(&mut self) {
        self.inner.tick();
    }
}

impl Reporter for Redacted {
    fn take_error(&mut self) -> Option<io::Error> {
        self.inner.take_error()
    }
}

/// The event without secrets.
pub fn redact(event: &Event, secrets: &Secrets) -> Event {
    let mut event = event.clone();
    match &mut event {
        Event::RunStarted {
            playbooks,
            hosts: _,
            check: _,
        } => playbooks.iter_mut().for_each(|name| text(name, secrets)),
        Event::PlayStarted { play, hosts: _ } | Event::PlayFinished { play } => {
            shared(play, secrets);
        }
        Event::TaskStarted { task, host: _ } => name(task, secrets),
        Event::TaskFinished {
            task,
            result,
            host: _,
        } => {
            name(task, secrets);
            self::result(result, secrets);
        }
        Event::Warning { message, host: _ } => text(message, secrets),
        Event::HostStopped(stopped) => self::stopped(stopped, secrets),
        Event::HostConnecting { .. } | Event::HostConnected { .. } | Event::RunFinished { .. } => {}
    }
    event
}

// Every field is named, so that none that comes later is forgotten.

fn name(task: &mut TaskName, secrets: &Secrets) {
    let TaskName {
        name,
        role,
        position: _,
        handler: _,
        at: _,
    } = task;
    shared(name, secrets);
    if let Some(role) = role {
        shared(role, secrets);
    }
}

fn stopped(stopped: &mut Stopped, secrets: &Secrets) {
    let Stopped {
        step,
        learned,
        notified,
        host: _,
        play: _,
    } = stopped;
    if let Some(StepName {
        task,
        role,
        number: _,
    }) = step
    {
        task.iter_mut()
            .chain(role)
            .for_each(|name| shared(name, secrets));
    }
    notified.iter_mut().for_each(|name| shared(name, secrets));
    learned.values_mut().for_each(|value| {
        *value = to_json(&secrets.redact_value(&from_json(value)));
    });
}

fn result(result: &mut TaskResult, secrets: &Secrets) {
    let TaskResult {
        changes,
        message,
        output,
        items,
        registered,
        status: _,
        millis: _,
        // Times, and the name of a host.
        timing: _,
    } = result;
    for Changed { what, diff } in changes {
        text(what, secrets);
        if let Some(diff) = diff {
            *diff = self::diff(diff, secrets);
        }
    }
    optional(message, secrets);
    optional(output, secrets);
    for item in items {
        let ItemResult {
            label,
            message,
            status: _,
        } = item;
        text(label, secrets);
        optional(message, secrets);
    }
    if let Some(value) = registered {
        *value = secrets.redact_value(value);
    }
}

/// The two texts without secrets. Where a line with a secret takes the place of others, these may hold the secret that
/// was valid before, which nobody here knows: they are hidden as a whole.
fn diff(diff: &Diff, secrets: &Secrets) -> Diff {
    let after = diff.after.as_deref().unwrap_or_default();
    let mut before = diff.before.clone();
    if let Some(text) = &diff.before
        && secrets.occurs(after)
    {
        before = Some(without_replaced(text, after, secrets));
    }
    optional(&mut before, secrets);
    let mut after = diff.after.clone();
    optional(&mut after, secrets);
    Diff { before, after }
}

fn without_replaced(before: &str, after: &str, secrets: &Secrets) -> String {
    let lines = TextDiff::from_lines(before, after);
    let mut kept = String::with_capacity(before.len());
    for op in lines.ops() {
        let replaced = op.tag() == DiffTag::Replace
            && (op.new_range().filter_map(|at| lines.new_slice(at)))
                .any(|line| secrets.occurs(line));
        for line in op.old_range().filter_map(|at| lines.old_slice(at)) {
            if replaced {
                let end = if line.ends_with('\n') { "\n" } else { "" };
                kept.push_str(MASK);
                // Were the two sides the same, the change would not be seen.
                kept.push_str(" (before)");
                kept.push_str(end);
            } else {
                kept.push_str(line);
            }
        }
    }
    kept
}

fn optional(text: &mut Option<String>, secrets: &Secrets) {
    if let Some(text) = text {
        self::text(text, secrets);
    }
}

fn shared(text: &mut Arc<str>, secrets: &Secrets) {
    let redacted = secrets.redact(text);
    if *redacted != **text {
        *text = Arc::from(redacted);
    }
}

fn text(text: &mut String, secrets: &Secrets) {
    let redacted = secrets.redact(text);
    if redacted != text.as_str() {
        *text = redacted.into_owned();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use provision_worker::plan::Diff;
    use provision_worker::protocol::Changed;
    use serde_json::json;

    use super::{diff, redact};
    use crate::event::{Event, ItemResult, Status, TaskName, TaskResult, Timing};
    use crate::secret::Secrets;
    use crate::value::from_json;

    fn secrets() -> Secrets {
        let secrets = Secrets::default();
        secrets.add("hunter2");
        secrets.add("abc");
        secrets
    }

    fn finished(text: &str) -> Event {
        let own = || text.to_owned();
        Event::TaskFinished {
            task: TaskName {
                position: 1.into(),
                role: Some(Arc::from(text)),
                name: Arc::from(text),
                handler: false,
                at: Arc::from("site.yaml:1"),
            },
            host: Arc::from("web1"),
            result: TaskResult {
                status: Status::Changed,
                changes: vec![Changed {
                    what: own(),
                    diff: Some(Diff::new(Some(text), Some(text))),
                }],
                message: Some(own()),
                output: Some(own()),
                items: vec![ItemResult {
                    label: own(),
                    status: Status::Ok,
                    message: Some(own()),
                }],
                registered: Some(from_json(&json!({ text: [text], "rc": 0 }))),
                millis: 1,
                timing: Timing::default(),
            },
        }
    }

    #[test]
    fn no_string_of_any_event_holds_a_secret() {
        let shared: Arc<str> = Arc::from("hunter2");
        for event in [
            finished("hunter2"),
            finished("abc"),
            Event::RunStarted {
                playbooks: vec!["hunter2".to_owned()],
                hosts: Vec::new(),
                check: false,
            },
            Event::PlayStarted {
                play: Arc::clone(&shared),
                hosts: Vec::new(),
            },
            Event::PlayFinished { play: shared },
            Event::Warning {
                host: None,
                message: "hunter2".to_owned(),
            },
        ] {
            let text = serde_json::to_string(&redact(&event, &secrets())).expect("JSON");
            assert!(!text.contains("hunter2") && !text.contains("abc"), "{text}");
        }
    }

    #[test]
    fn the_secret_of_before_is_hidden_with_that_of_now() {
        let shown = diff(
            &Diff::new(Some("a\npw=old\nz\n"), Some("b\npw=hunter2\nz\n")),
            &secrets(),
        );
        assert_eq!(
            shown.before.as_deref(),
            Some("******** (before)\n******** (before)\nz\n")
        );
        assert_eq!(shown.after.as_deref(), Some("b\npw=********\nz\n"));
        let same = Diff::new(Some("a\nhunter2\n"), Some("b\nhunter2\n"));
        let shown = diff(&same, &secrets());
        assert_eq!(shown.before.as_deref(), Some("a\n********\n"));
    }
}
