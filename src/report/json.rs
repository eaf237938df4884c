//! One event a line, as JSON, for programs. `docs/events.md` describes every line, and a test here keeps it
//! complete. Must not leave out or fold anything.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::SystemTime;

use serde::Serialize;

use super::Reporter;
use crate::event::{Event, Events};

/// A line. It is written as it is gone through: a tree of it first would cost more than all the rest.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(flatten)]
    event: &'a Event,
}

/// Writes each event as a line of JSON.
pub struct Json<W> {
    writer: W,
    clock: fn() -> SystemTime,
    error: Option<io::Error>,
}

impl<W: Write> Json<W> {
    /// Writes to `writer`.
    pub fn new(writer: W) -> Self {
        Self {
            writer,
            clock: SystemTime::now,
            error: None,
        }
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        let line = Line {
            time: humantime::format_rfc3339_millis((self.clock)()).to_string(),
            event,
        };
        let mut text = escape_controls(serde_json::to_string(&line)?);
        text.push('\n');
        self.writer.write_all(text.as_bytes())?;
        self.writer.flush()
    }
}

impl<W: Write> Events for Json<W> {
    fn event(&mut self, event: &Event) {
        if self.error.is_none() {
            self.error = self.write(event).err();
        }
    }
}

impl<W: Write> Reporter for Json<W> {
    fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }
}

/// JSON allows DEL and the C1 control characters in strings, but a terminal may obey them.
fn escape_controls(json: String) -> String {
    // Nearly every line has none of them: a look at its bytes is enough. The C1 characters begin with `C2`.
    if !json.bytes().any(|byte| matches!(byte, 0x7f | 0xc2)) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        if character.is_control() {
            // Writing to a string does not fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::{Duration, SystemTime};

    use provision_worker::plan::Diff;
    use provision_worker::protocol::Changed;
    use serde_json::Value as Data;

    use super::Json;
    use crate::event::{
        Event, Events, ItemResult, Phases, Recap, Status, StepName, Stopped, TaskName, TaskResult,
        Timing,
    };
    use crate::report::Reporter;
    use crate::value::Value;

    type Fields = BTreeMap<String, BTreeSet<String>>;

    fn lines(events: &[Event]) -> String {
        let mut text = Vec::new();
        let clock = || SystemTime::UNIX_EPOCH + Duration::from_millis(1_766_568_645_007);
        let mut reporter = Json {
            writer: &mut text,
            clock,
            error: None,
        };
        events.iter().for_each(|event| reporter.event(event));
        assert!(reporter.take_error().is_none());
        String::from_utf8(text).unwrap()
    }

    /// Every event, with every field that can be there.
    fn every_event() -> Vec<Event> {
        let host = || "h1".into();
        let task = || TaskName {
            position: 1.into(),
            role: Some("containerd".into()),
            name: "write".into(),
            handler: false,
            at: "main.yaml:1".into(),
        };
        let diff = Diff {
            before: None,
            after: Some(String::new()),
        };
        let result = TaskResult {
            status: Status::Changed,
            changes: vec![Changed {
                what: "mode".into(),
                diff: Some(diff),
            }],
            message: None,
            output: None,
            items: vec![ItemResult {
                label: "curl".into(),
                status: Status::Ok,
                message: None,
            }],
            registered: Some(Value::from("any")),
            millis: 1,
            timing: Timing {
                waited_for: Some(host()),
                ..Timing::default()
            },
        };
        vec![
            Event::RunStarted {
                playbooks: vec![],
                hosts: vec![host()],
                check: false,
            },
            Event::PlayStarted {
                play: "all".into(),
                hosts: vec![],
            },
            Event::HostConnecting { host: host() },
            Event::HostConnected {
                host: host(),
                millis: 38,
                phases: Phases::default(),
            },
            Event::TaskStarted {
                task: task(),
                host: host(),
            },
            Event::TaskFinished {
                task: task(),
                host: host(),
                result,
            },
            Event::PlayFinished { play: "all".into() },
            Event::Warning {
                host: None,
                message: String::new(),
            },
            Event::HostStopped(Stopped {
                host: host(),
                play: 0,
                step: Some(StepName {
                    role: None,
                    task: Some("write".into()),
                    number: 0,
                }),
                learned: serde_json::Map::new(),
                notified: vec!["restart".into()],
            }),
            Event::RunFinished {
                recap: vec![Recap::default()],
                interrupted: false,
            },
        ]
    }

    /// A new event needs a place in [`every_event`]; this does not compile without it.
    fn name(event: &Event) -> &'static str {
        match event {
            Event::RunStarted { .. } => "run_started",
            Event::PlayStarted { .. } => "play_started",
            Event::HostConnecting { .. } => "host_connecting",
            Event::HostConnected { .. } => "host_connected",
            Event::TaskStarted { .. } => "task_started",
            Event::TaskFinished { .. } => "task_finished",
            Event::PlayFinished { .. } => "play_finished",
            Event::Warning { .. } => "warning",
            Event::HostStopped(_) => "host_stopped",
            Event::RunFinished { .. } => "run_finished",
        }
    }

    /// The fields of each kind of object, named by the field that holds it.
    fn collect(kind: &str, object: &serde_json::Map<String, Data>, fields: &mut Fields) {
        for (name, value) in object {
            fields
                .entry(kind.to_owned())
                .or_default()
                .insert(name.clone());
            let value = value.get(0).unwrap_or(value);
            if let Data::Object(inner) = value {
                collect(name, inner, fields);
            }
        }
    }

    /// The sections of the document and the first column of the table in each.
    fn documented() -> Fields {
        let mut fields = Fields::new();
        let mut section = String::new();
        for line in include_str!("../../docs/events.md").lines() {
            if let Some(heading) = line.strip_prefix("### `") {
                section = heading.trim_end_matches('`').to_owned();
                fields.entry(section.clone()).or_default();
            } else if let Some(row) = line.strip_prefix("| `") {
                let field = row.split('`').next().unwrap().to_owned();
                fields.entry(section.clone()).or_default().insert(field);
            }
        }
        fields
    }

    #[test]
    fn every_event_and_field_is_documented_and_nothing_else() {
        let events = every_event();
        let text = lines(&events);
        let mut fields = Fields::new();
        for (event, line) in events.iter().zip(text.lines()) {
            let Data::Object(mut line) = serde_json::from_str(line).unwrap() else {
                panic!("an object")
            };
            assert_eq!(line.remove("event").unwrap(), name(event));
            assert!(line.remove("time").is_some());
            fields.entry(name(event).to_owned()).or_default();
            collect(name(event), &line, &mut fields);
        }
        let mut documented = documented();
        let every_line = documented.remove("").unwrap_or_default();
        assert_eq!(
            every_line,
            BTreeSet::from(["event".to_owned(), "time".to_owned()])
        );
        assert_eq!(documented, fields);
    }

    #[test]
    fn every_status_is_documented() {
        let document = include_str!("../../docs/events.md");
        for status in [
            Status::Ok,
            Status::Changed,
            Status::Skipped,
            Status::Unknown,
            Status::Ignored,
            Status::Rescued,
            Status::Failed,
            Status::Unreachable,
        ] {
            let name = serde_json::to_string(&status).unwrap().replace('"', "`");
            assert!(document.contains(&format!("- {name}: ")), "{name}");
        }
    }

    #[test]
    fn a_line_begins_with_the_time_and_the_event() {
        assert_eq!(
            lines(&[Event::Warning {
                host: Some("h1".into()),
                message: "a\n\u{9b}".into()
            }]),
            "{\"time\":\"2025-12-24T09:30:45.007Z\",\"event\":\"warning\",\"host\":\"h1\",\
             \"message\":\"a\\n\\u009b\"}\n"
        );
    }
}
