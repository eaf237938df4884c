//! Playbooks whose tasks leave marks in one log, and what is expected of them.
//!
//! The orders, ends and messages that tests built on this expect are those of ansible-core 2.19.14, which was run on
//! the same playbooks; where we differ on purpose, the test says so, and `docs/coming-from-ansible.md` why.

use regex_lite::Regex;

use super::site::{Site, Told};

/// A playbook that has been run.
pub(crate) struct Marks {
    pub(crate) told: Told,
    log: Vec<String>,
}

/// Runs a playbook on hosts `h1`, `h2`, ... In it and in the files,
///
/// - `mark: a` is a task `a` that writes `HOST a` into the log,
/// - `bad: a` the same, but it fails after that,
/// - `bad2: a` the same, but it fails on `h2` only,
/// - `log: 'text'` writes `HOST text`.
pub(crate) fn play(hosts: usize, playbook: &str, files: &[(&str, &str)]) -> Marks {
    play_with(hosts, playbook, files, &[])
}

/// The same with arguments on the command line.
pub(crate) fn play_with(
    hosts: usize,
    playbook: &str,
    files: &[(&str, &str)],
    arguments: &[&str],
) -> Marks {
    let mut site = Site::new(hosts, &expand(playbook));
    for (name, text) in files {
        let text = text.replace("DIR", &site.path("out").display().to_string());
        site = site.with(name, &expand(&text));
    }
    let told = site.run(arguments);
    let log = site.written("log").unwrap_or_default();
    Marks {
        told,
        log: in_order(&log),
    }
}

fn expand(text: &str) -> String {
    let echo = |text: &str, then: &str| {
        format!("shell: 'echo \"{{{{ inventory_hostname }}}} {text}\" >> {{{{ dir }}}}/log{then}'")
    };
    let replace =
        |text: &str, pattern: &str, with: &dyn Fn(&regex_lite::Captures<'_>) -> String| {
            let pattern = Regex::new(pattern).expect("a pattern");
            pattern.replace_all(text, with).into_owned()
        };
    let named = |name: &str, then: &str| format!("name: {name}, {}", echo(name, then));
    let text = replace(text, r"\bmark: (\w+)", &|found| named(&found[1], ""));
    let text = replace(&text, r"\bbad: (\w+)", &|found| {
        named(&found[1], "; exit 1")
    });
    let text = replace(&text, r"\bbad(\d): (\w+)", &|found| {
        named(&found[2], &format!("; test {{{{ n }}}} != {}", &found[1]))
    });
    replace(&text, r"\blog: '([^']*)'", &|found| echo(&found[1], ""))
}

/// The marks; those that hosts have left by the same task are sorted, because they come in any order. What stands behind
/// `#` in a mark is the item of a loop, and so of the same task.
fn in_order(log: &str) -> Vec<String> {
    let task = |line: &str| {
        let task = line.split_once(' ').map_or(line, |(_, task)| task);
        task.split('#').next().unwrap_or_default().to_owned()
    };
    let mut lines: Vec<String> = log.lines().map(str::to_owned).collect();
    for marks in lines.chunk_by_mut(|one, next| task(one) == task(next)) {
        marks.sort_unstable();
    }
    lines
}

impl Marks {
    /// The marks in the log.
    #[track_caller]
    pub(crate) fn log(&self, expected: &str) -> &Self {
        assert_eq!(self.log.join(" | "), expected, "{}", self.told.stderr);
        self
    }

    /// The exit code.
    #[track_caller]
    pub(crate) fn code(&self, code: i32) -> &Self {
        self.told.assert_code(code);
        self
    }

    /// How each task ended on a host.
    #[track_caller]
    pub(crate) fn tasks(&self, host: &str, expected: &str) -> &Self {
        let tasks = self.told.tasks(host);
        let tasks: Vec<String> = tasks.iter().map(|task| task.replace(": ", ":")).collect();
        assert_eq!(tasks.join(" "), expected, "on {host}: {}", self.told.stderr);
        self
    }

    /// What the tasks called `say`, `say2`, ... said on a host.
    #[track_caller]
    pub(crate) fn said(&self, host: &str, expected: &[&str]) -> &Self {
        let events = self.told.events.iter();
        let ended = events.filter(|event| event["event"] == "task_finished");
        let of_host = ended.filter(|event| event["host"] == host);
        let said = of_host.filter(|event| {
            let name = event["task"]["name"].as_str().unwrap_or_default();
            name.starts_with("say")
        });
        let said: Vec<&str> = said
            .map(|event| event["result"]["message"].as_str().unwrap_or_default())
            .collect();
        assert_eq!(said, expected, "on {host}");
        self
    }
}
