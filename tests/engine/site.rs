//! A playbook with local hosts `h1`, `h2`, ... in a temporary directory, and what runs of it tell.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A playbook, its inventory and its files. The variable `dir` is a directory to write to, `n` a host's number.
pub(crate) struct Site {
    directory: TempDir,
}

/// What a run told.
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) events: Vec<Value>,
}

impl Site {
    pub(crate) fn new(hosts: usize, playbook: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let site = Self { directory };
        let mut inventory = format!(
            "all:\n  vars: {{ansible_connection: local, dir: '{}'}}\n  hosts:\n",
            site.path("out").display()
        );
        for number in 1..=hosts {
            writeln!(inventory, "    h{number}: {{n: {number}}}").expect("a string takes all");
        }
        fs::create_dir(site.path("out")).expect("a directory");
        site.with("inventory.yaml", &inventory)
            .with("site.yaml", playbook)
    }

    /// The site with one more file.
    pub(crate) fn with(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, text).expect("written");
        self
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// What stands in a file of the hosts' directory; nothing if there is no such file.
    pub(crate) fn written(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path("out").join(name)).ok()
    }

    /// A command line for the site.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program();
        command
            .args(["-i", "inventory.yaml", "--output", "json", "site.yaml"])
            .args(arguments);
        command
    }

    /// The program in the site's directory.
    pub(crate) fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
        command
            .current_dir(self.directory.path())
            .env("HOME", self.directory.path())
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env_remove("XDG_STATE_HOME")
            .env_remove("XDG_DATA_HOME")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Told {
        let output = self.command(arguments).output().expect("provision runs");
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        Told {
            code: output.status.code(),
            events: stdout
                .lines()
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect(),
            stdout,
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        Path::exists(&self.path("out").join(name))
    }
}

impl Told {
    /// Each task that ended on a host and how, in the order in which it was told: `install: changed`.
    pub(crate) fn tasks(&self, host: &str) -> Vec<String> {
        let ended = self.finished(host);
        ended
            .map(|event| {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                format!(
                    "{}: {}",
                    text(&event["task"]["name"]),
                    text(&event["result"]["status"])
                )
            })
            .collect()
    }

    /// The result of a task on a host.
    #[track_caller]
    pub(crate) fn result<'a>(&'a self, host: &'a str, task: &str) -> &'a Value {
        let found = self
            .finished(host)
            .find(|event| event["task"]["name"] == task);
        &found.unwrap_or_else(|| panic!("no `{task}` on {host}: {}{}", self.stdout, self.stderr))["result"]
    }

    /// What a task had to say.
    #[track_caller]
    pub(crate) fn message<'a>(&'a self, host: &'a str, task: &str) -> &'a str {
        self.result(host, task)["message"]
            .as_str()
            .unwrap_or_default()
    }

    fn finished<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a Value> {
        let of = move |event: &&Value| event["event"] == "task_finished" && event["host"] == host;
        self.events.iter().filter(of)
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
}
