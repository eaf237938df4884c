//! A small play and its hosts, as the generator makes them: enough for order and faults, nothing of the loader's. Knows
//! how to write itself down as YAML.

use std::fmt::Write as _;

/// What a task does on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    Nothing,
    Change,
    Fail,
}

impl Does {
    /// The word that tells the fake worker.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Nothing => "ok",
            Self::Change => "changed",
            Self::Fail => "failed",
        }
    }
}

/// What breaks on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Nothing,
    /// It cannot be reached at all.
    AtOnce,
    /// It is lost instead of carrying out its request of this number, counted from 1.
    AtRequest(usize),
    /// It is lost after this time, in milliseconds, whatever it does then.
    After(u64),
}

/// When a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// A variable of the host, by its number.
    Flag(usize),
    /// What the task of this number has registered says that it has changed something.
    Changed(usize),
}

/// A task or handler.
#[derive(Clone, Debug)]
pub(super) struct Task {
    /// Its place in the text of the play; handlers stand behind all tasks.
    pub(super) number: usize,
    pub(super) when: When,
    pub(super) ignore_errors: bool,
    pub(super) register: bool,
    /// One host at a time.
    pub(super) throttle: bool,
    /// The number of the handler that it notifies.
    pub(super) notify: Option<usize>,
}

impl Task {
    pub(super) fn name(&self) -> String {
        format!("t{}", self.number)
    }
}

/// A task, or a block of them.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Task(Task),
    Block {
        body: Vec<Entry>,
        rescue: Vec<Entry>,
        always: Vec<Entry>,
    },
}

/// A host.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) flags: Vec<bool>,
    /// By the number of the task.
    pub(super) does: Vec<Does>,
    pub(super) fault: Fault,
}

/// A play on its hosts.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) hosts: Vec<Host>,
    pub(super) serial: Option<usize>,
    pub(super) free: bool,
    pub(super) facts: bool,
    pub(super) forks: usize,
    /// `pre_tasks`, `tasks` and `post_tasks`.
    pub(super) sections: [Vec<Entry>; 3],
    pub(super) handlers: Vec<Task>,
}

impl Model {
    /// The hosts in their batches.
    pub(super) fn batches(&self) -> impl Iterator<Item = &[Host]> {
        self.hosts.chunks(self.serial.unwrap_or(self.hosts.len()))
    }

    pub(super) fn inventory(&self) -> String {
        let mut text = "all:\n  hosts:\n".to_owned();
        for host in &self.hosts {
            line(&mut text, 4, &format!("{}:", host.name));
            for (number, flag) in host.flags.iter().enumerate() {
                line(&mut text, 6, &format!("flag{number}: {flag}"));
            }
            line(&mut text, 6, "does:");
            for (number, does) in host.does.iter().enumerate() {
                line(&mut text, 8, &format!("t{number}: {}", does.word()));
            }
        }
        text
    }

    pub(super) fn playbook(&self) -> String {
        let mut text = "- hosts: all\n".to_owned();
        if let Some(serial) = self.serial {
            line(&mut text, 2, &format!("serial: {serial}"));
        }
        if self.free {
            line(&mut text, 2, "strategy: free");
        }
        if !self.facts {
            line(&mut text, 2, "gather_facts: false");
        }
        for (name, section) in ["pre_tasks", "tasks", "post_tasks"]
            .iter()
            .zip(&self.sections)
        {
            list(&mut text, 2, name, section);
        }
        if !self.handlers.is_empty() {
            line(&mut text, 2, "handlers:");
            for handler in &self.handlers {
                task(&mut text, 4, handler);
            }
        }
        text
    }
}

fn line(text: &mut String, indent: usize, line: &str) {
    writeln!(text, "{:indent$}{line}", "").expect("a string takes it");
}

fn list(text: &mut String, indent: usize, name: &str, entries: &[Entry]) {
    if entries.is_empty() {
        return;
    }
    line(text, indent, &format!("{name}:"));
    for entry in entries {
        match entry {
            Entry::Task(inner) => task(text, indent + 2, inner),
            Entry::Block {
                body,
                rescue,
                always,
            } => {
                line(text, indent + 2, "- name: a block");
                list(text, indent + 4, "block", body);
                list(text, indent + 4, "rescue", rescue);
                list(text, indent + 4, "always", always);
            }
        }
    }
}

fn task(text: &mut String, indent: usize, task: &Task) {
    let name = task.name();
    line(text, indent, &format!("- name: {name}"));
    let indent = indent + 2;
    line(
        text,
        indent,
        &format!("command: \"{name} {{{{ does.{name} }}}}\""),
    );
    match task.when {
        When::Always => {}
        When::Flag(number) => line(text, indent, &format!("when: flag{number}")),
        When::Changed(number) => line(text, indent, &format!("when: r{number} is changed")),
    }
    if task.ignore_errors {
        line(text, indent, "ignore_errors: true");
    }
    if task.register {
        line(text, indent, &format!("register: r{}", task.number));
    }
    if task.throttle {
        line(text, indent, "throttle: 1");
    }
    if let Some(handler) = task.notify {
        line(text, indent, &format!("notify: t{handler}"));
    }
}
