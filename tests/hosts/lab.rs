//! The lab's hosts, which all tests share: one test at a time has them. Must not know what is tested.

use std::collections::BTreeSet;
use std::env;
use std::fs::File;
use std::process::Command;

use crate::common::command::output;
use crate::common::lab::{all, first, turn, up};
pub(crate) use crate::common::lab::{known_hosts, lab, name, network, on, wait_until, yaml};
use crate::common::run::Run;

/// The three hosts, while a test has them to itself.
pub(crate) struct Lab {
    pub(crate) hosts: [String; 3],
    /// The number of the first.
    first: u8,
    _turn: File,
}

/// A host that is not as it should be. It is put right again when this is dropped.
pub(crate) struct Fault {
    undo: Vec<String>,
}

impl Lab {
    /// The hosts in whatever state they are, once no other test has them. Those that are off are brought up.
    pub(crate) fn take() -> Self {
        let turn = turn();
        let first = first();
        up(first, 3, &[]);
        Self {
            hosts: [first, first + 1, first + 2].map(name),
            first,
            _turn: turn,
        }
    }

    /// The hosts after a successful run of `playbooks/container_engine.yaml`.
    pub(crate) fn converged() -> Self {
        let lab = Self::take();
        lab.provision(&["playbooks/container_engine.yaml"])
            .assert_code(0);
        lab
    }

    /// The hosts as they were made.
    pub(crate) fn pristine() -> Self {
        let taken = Self::take();
        all("reset", &taken.hosts);
        taken
    }

    /// Runs `provision` on the three hosts, or on those that `--limit` names, and reads the events that it writes.
    pub(crate) fn provision(&self, arguments: &[&str]) -> Run {
        let mut all = vec!["--inventory", "inventory/lab.yaml"];
        let hosts = self.hosts.join(":");
        if !arguments.contains(&"--limit") {
            all.extend(["--limit", &hosts]);
        }
        if !arguments.contains(&"--output") {
            all.extend(["--output", "json"]);
        }
        all.extend(arguments);
        Run::start(&all)
    }

    /// Breaks a host, as `lab fault` does, until the result is dropped.
    pub(crate) fn fault(&self, host: &str, fault: &str, undo: &str) -> Fault {
        self.fault_of(host, &[fault], undo)
    }

    /// Breaks a host in a way that takes an argument.
    pub(crate) fn fault_of(&self, host: &str, fault: &[&str], undo: &str) -> Fault {
        assert!(
            self.hosts.iter().any(|taken| taken == host),
            "{host} is not this test's"
        );
        lab(&[&["fault", host], fault].concat());
        Fault {
            undo: vec!["fault".to_owned(), host.to_owned(), undo.to_owned()],
        }
    }

    /// A fourth and a fifth host. Who asks for them takes them down.
    pub(crate) fn workers(&self) -> [String; 2] {
        up(self.first + 3, 2, &[]);
        [self.first + 3, self.first + 4].map(name)
    }

    /// A fourth host, of another release of Debian, until the result is dropped.
    pub(crate) fn another(&self, suite: &str) -> (String, Fault) {
        up(self.first + 3, 1, &["--suite", suite]);
        let host = name(self.first + 3);
        (
            host.clone(),
            Fault {
                undo: vec!["down".to_owned(), host],
            },
        )
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        let undo: Vec<_> = self.undo.iter().map(String::as_str).collect();
        lab(&undo);
    }
}

/// How many connections the host's programs have accepted so far. It is read from outside.
pub(crate) fn accepted_connections(host: &str) -> u64 {
    let bridge = env::var("LAB_BRIDGE").unwrap_or_else(|_| "labbr0".to_owned());
    let counters = output(Command::new("ip").args([
        "netns",
        "exec",
        &format!("{bridge}-{host}"),
        "cat",
        "/proc/net/snmp",
    ]));
    let mut tcp = counters
        .lines()
        .filter_map(|line| line.strip_prefix("Tcp: "));
    let names = tcp.next().expect("the names of the counters");
    let values = tcp.next().expect("their values");
    let position = names
        .split(' ')
        .position(|name| name == "PassiveOpens")
        .expect("a counter");
    values
        .split(' ')
        .nth(position)
        .expect("its value")
        .parse()
        .expect("a number")
}

/// Every file of the host with what any change of it would change, except logs and what lives in memory. That is the
/// inode's time for files, which nobody can set, and the content's time for directories, whose permissions are
/// asserted by each start of a worker.
pub(crate) fn files(host: &str) -> BTreeSet<String> {
    let lines = on(
        host,
        r"find / -xdev \( -path /run -o -path /var/log -o -path /tmp -o -path /var/tmp -o -path /var/lib/systemd \) -prune \
            -o -printf '%p %y %m %U:%G %s %l ' \( -type d -printf '%T@\n' -o -printf '%C@\n' \)",
    );
    lines.lines().map(str::to_owned).collect()
}
