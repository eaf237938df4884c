//! A run of `provision` that has ended, and what it told. Must not know which hosts there are.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run told.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Runs the program that this test was built with, to its end.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let output = Command::new(env!("CARGO_BIN_EXE_provision"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .output()
            .expect("the program");
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
    }

    fn events(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect()
    }

    /// A field of a host's recap.
    #[track_caller]
    pub(crate) fn recap(&self, host: &str, field: &str) -> Value {
        let events = self.events();
        let last = events.last().expect("an event");
        let recap = last["recap"].as_array().expect("a recap");
        let found = recap.iter().find(|recap| recap["host"] == host);
        found.unwrap_or_else(|| panic!("no recap of {host}: {last}"))[field].clone()
    }

    /// The hosts that the run was for.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let hosts = self.events()[0]["hosts"].as_array().expect("hosts").clone();
        hosts
            .iter()
            .map(|host| host.as_str().expect("a name").to_owned())
            .collect()
    }

    /// The results of the tasks with this name, by host.
    pub(crate) fn results(&self, task: &str) -> BTreeMap<String, Value> {
        self.finished()
            .into_iter()
            .filter(|event| event["task"]["name"] == task)
            .map(|event| (text(&event["host"]), event["result"].clone()))
            .collect()
    }

    /// The names of the tasks that ended on a host and were not skipped, in this order.
    pub(crate) fn tasks(&self, host: &str) -> Vec<String> {
        self.finished()
            .into_iter()
            .filter(|event| event["host"] == host && event["result"]["status"] != "skipped")
            .map(|event| text(&event["task"]["name"]))
            .collect()
    }

    /// What was changed on which host, or would be.
    pub(crate) fn changes(&self) -> BTreeMap<String, Vec<String>> {
        let mut changes: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for event in self.finished() {
            for change in event["result"]["changes"].as_array().expect("changes") {
                changes
                    .entry(text(&event["host"]))
                    .or_default()
                    .push(text(&change["what"]));
            }
        }
        changes
    }

    /// The names of the tasks that changed something on a host, or would.
    pub(crate) fn changing(&self) -> BTreeMap<String, Vec<String>> {
        let mut tasks: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for event in self.finished() {
            if event["result"]["status"] == "changed" {
                let name = text(&event["task"]["name"]);
                tasks.entry(text(&event["host"])).or_default().push(name);
            }
        }
        tasks
    }

    fn finished(&self) -> Vec<Value> {
        self.events()
            .into_iter()
            .filter(|event| event["event"] == "task_finished")
            .collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
