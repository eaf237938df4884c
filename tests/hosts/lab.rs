//! The lab's hosts, which all tests share: one test at a time has them. Must not know what is tested.

use std::collections::BTreeSet;
use std::env;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use crate::command::{lab_command, output};
use crate::run::Run;

/// The three hosts, while a test has them to itself.
pub(crate) struct Lab {
    pub(crate) hosts: [String; 3],
    /// The number of the first.
    first: u8,
    /// A lock on this file keeps other tests waiting, be they threads or processes.
    _turn: File,
}

/// A host that is not as it should be. It is put right again when this is dropped.
pub(crate) struct Fault {
    undo: Vec<String>,
}

impl Lab {
    /// The hosts in whatever state they are, once no other test has them.
    pub(crate) fn take() -> Self {
        let turn = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("hosts.lock"))
            .expect("a lock");
        turn.lock().expect("the turn");
        let first = env::var("LAB_FIRST").map_or(1, |first| {
            first.parse().expect("LAB_FIRST is the number of a host")
        });
        let hosts = [first, first + 1, first + 2].map(|number| format!("h{number}"));
        let status = lab(&["status"]);
        for host in &hosts {
            let running = status.lines().any(|line| {
                let words: Vec<_> = line.split_whitespace().collect();
                words.first() == Some(&host.as_str()) && words.get(3) == Some(&"running")
            });
            assert!(
                running,
                "{host} is not up: `tests/lab/lab up 3 --first {first}` brings it up\n{status}"
            );
        }
        Self {
            hosts,
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
        let mut arguments = vec!["reset"];
        arguments.extend(taken.hosts.iter().map(String::as_str));
        lab(&arguments);
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
        assert!(
            self.hosts.iter().any(|taken| taken == host),
            "{host} is not this test's"
        );
        lab(&["fault", host, fault]);
        Fault {
            undo: vec!["fault".to_owned(), host.to_owned(), undo.to_owned()],
        }
    }

    /// A fourth and a fifth host. Who asks for them takes them down.
    pub(crate) fn workers(&self) -> [String; 2] {
        lab(&["up", "2", "--first", &(self.first + 3).to_string()]);
        [self.first + 3, self.first + 4].map(|number| format!("h{number}"))
    }

    /// A fourth host, of another release of Debian, until the result is dropped.
    pub(crate) fn another(&self, suite: &str) -> (String, Fault) {
        let number = (self.first + 3).to_string();
        lab(&["up", "1", "--suite", suite, "--first", &number]);
        let host = format!("h{number}");
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

/// What a shell script that root runs on a host prints. The script must succeed.
pub(crate) fn on(host: &str, script: &str) -> String {
    lab(&["exec", host, "--", "sh", "-euc", script])
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

/// Waits until a script on the host succeeds.
pub(crate) fn wait_until(host: &str, script: &str) {
    let end = Instant::now() + Duration::from_secs(30);
    while on(host, &format!("if {script}; then echo yes; fi")) != "yes\n" {
        assert!(
            Instant::now() < end,
            "`{script}` does not come true on {host}"
        );
        thread::sleep(Duration::from_millis(200));
    }
}

/// A playbook.
pub(crate) fn playbook(text: &str) -> NamedTempFile {
    let mut file = tempfile::Builder::new()
        .suffix(".yaml")
        .tempfile()
        .expect("a temporary file");
    file.write_all(text.as_bytes())
        .expect("the playbook's text");
    file
}

/// Runs a command of the lab, which must succeed.
pub(crate) fn lab(arguments: &[&str]) -> String {
    output(&mut lab_command(arguments))
}

/// The file with the keys of the hosts.
pub(crate) fn known_hosts() -> PathBuf {
    PathBuf::from(env::var("LAB_DIR").unwrap_or_else(|_| "/var/tmp/provision-lab".to_owned()))
        .join("known_hosts")
}
