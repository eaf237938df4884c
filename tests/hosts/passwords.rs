//! Hosts that ask for passwords, by real sudo and sshd.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::{NamedTempFile, TempDir};

use crate::common::command::output;
use crate::common::run::Run;
use crate::lab::{Lab, lab as command, on, yaml};

const PASSWORD: &str = "open 'sesame\"";
const WRONG: &str = "close sesame";

/// A user `asks` on each host, who must give a password to become root. They go when this is dropped.
struct Asking {
    lab: Lab,
    directory: TempDir,
}

impl Asking {
    fn take() -> Self {
        let lab = Lab::take();
        let directory = tempfile::tempdir().expect("a directory");
        for host in &lab.hosts {
            let script = "
                id asks >/dev/null 2>&1 || useradd --create-home --shell /bin/sh asks
                printf '%s\\n' \"asks:open 'sesame\\\"\" | chpasswd
                mkdir -p /home/asks/.ssh
                cp /home/ops/.ssh/authorized_keys /home/asks/.ssh/
                chown -R asks: /home/asks/.ssh
                echo 'asks ALL=(ALL:ALL) ALL' >/etc/sudoers.d/asks
                faillog -r 2>/dev/null || true
                journalctl --rotate --vacuum-time=1s >/dev/null 2>&1";
            on(host, script);
        }
        Self { lab, directory }
    }

    /// A file with a text that only its owner may read.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.directory.path().join(name);
        fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    }

    /// Runs `id -un` as `asks` who becomes root. Records go to a directory of the test's own.
    fn run(&self, more: &[&str]) -> Run {
        let book = yaml(
            "- hosts: all
  tasks:
    - {name: login, command: id -un, changed_when: false, become: false}
    - {name: root, command: id -un, register: who, changed_when: false}
",
        );
        let book = path(&book);
        let all = ["--extra-vars", "ansible_user=asks", &book];
        self.lab.provision(&[&all, more].concat())
    }

    /// How often a text occurs in the journals of each host.
    fn journals(&self, text: &str) -> BTreeMap<&str, usize> {
        let count = |host: &String| {
            let lines = on(host, "journalctl --quiet --no-pager --output=cat");
            lines.lines().filter(|line| line.contains(text)).count()
        };
        let hosts = self.lab.hosts.iter();
        hosts.map(|host| (host.as_str(), count(host))).collect()
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        for host in &self.lab.hosts {
            let script = "rm -f /etc/sudoers.d/asks /etc/ssh/sshd_config.d/asks.conf; systemctl reload ssh; pkill -u asks; sleep 0.2; userdel --remove asks 2>&1 || true";
            command(&["exec", host, "--", "sh", "-c", script]);
        }
    }
}

/// Where the user's programs keep what they know.
fn state() -> PathBuf {
    let home = || PathBuf::from(env::var_os("HOME").expect("a home")).join(".local/state");
    env::var_os("XDG_STATE_HOME").map_or_else(home, PathBuf::from)
}

fn path(file: &NamedTempFile) -> String {
    file.path().to_str().expect("UTF-8").to_owned()
}

fn assert_root(asking: &Asking, run: &Run) {
    run.assert_code(0);
    for host in &asking.lab.hosts {
        assert_eq!(run.results("root")[host]["registered"]["stdout"], "root");
    }
}

/// Neither what the run tells nor what it keeps shows the password, nor any of the host's logs.
fn assert_hidden(asking: &Asking, run: &Run) {
    for part in ["open 'sesame", "sesame"] {
        assert!(!run.stdout.contains(part), "{}", run.stdout);
        assert!(!run.stderr.contains(part), "{}", run.stderr);
    }
    let records = state().join("provision/runs");
    let mut newest: Vec<_> = fs::read_dir(&records)
        .expect("records")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    newest.sort();
    let newest = output(Command::new("cat").arg(newest.last().expect("a record")));
    assert!(newest.contains("run_finished") && !newest.contains("sesame"));
    assert!(asking.journals("sesame").values().all(|count| *count == 0));
}

#[test]
fn sudo_is_told_the_password_that_it_asks_for() {
    let asking = Asking::take();
    // By the inventory's variables, under the name that most inventories have.
    let vars = asking.file(
        "vars.yaml",
        &serde_json::json!({"ansible_become_pass": PASSWORD}).to_string(),
    );
    let run = asking.run(&["--extra-vars", &format!("@{vars}")]);
    assert_root(&asking, &run);
    assert_hidden(&asking, &run);
    // By a file, with a line's end.
    let file = asking.file("password", &format!("{PASSWORD}\n"));
    let run = asking.run(&["--become-password-file", &file]);
    assert_root(&asking, &run);
    // By a template, of which nothing is known before.
    let template = format!("ansible_become_password: \"{{{{ lookup('file', '{file}') }}}}\"\n");
    let vars = asking.file("template.yaml", &template);
    let run = asking.run(&["--extra-vars", &format!("@{vars}"), "-vv"]);
    assert_root(&asking, &run);
    assert_hidden(&asking, &run);
}

#[test]
fn a_wrong_password_is_tried_once_in_the_whole_run() {
    let asking = Asking::take();
    let file = asking.file("password", WRONG);
    let run = asking.run(&["--become-password-file", &file]);
    run.assert_code(2);
    let said = |text: &str| run.stdout.matches(text).count();
    assert!(
        said("refused the password of `asks`; it is not tried again") > 0,
        "{}",
        run.stdout
    );
    assert!(
        said("more wrong tries could lock the account") > 0,
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains(WRONG), "{}", run.stdout);
    let failures = asking.journals("pam_unix(sudo:auth): authentication failure");
    assert_eq!(failures.values().sum::<usize>(), 1, "{failures:?}");
}

#[test]
fn without_a_password_it_is_said_how_to_give_one() {
    let asking = Asking::take();
    let run = asking.run(&[]);
    run.assert_code(2);
    for part in [
        "asks for a password to become `root`",
        "`--ask-become-password`",
    ] {
        assert!(run.stdout.contains(part), "{}", run.stdout);
    }
    // Whom sudo lets nothing do is told so.
    on(
        &asking.lab.hosts[0],
        "echo 'asks ALL=(ALL:ALL) /bin/true' >/etc/sudoers.d/asks",
    );
    let file = asking.file("password", PASSWORD);
    let run = asking.run(&[
        "--become-password-file",
        &file,
        "--limit",
        &asking.lab.hosts[0],
    ]);
    run.assert_code(2);
    assert!(
        run.stdout.contains("is not allowed to execute"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("provision-asks"), "{}", run.stdout);
}

impl Asking {
    /// Sets how their SSH servers let somebody in, and forgets the key of `asks` unless it is wanted.
    fn servers(&self, settings: &str, key: bool) {
        for host in &self.lab.hosts {
            let forget = if key {
                ""
            } else {
                "rm -f /home/asks/.ssh/authorized_keys;"
            };
            let script = format!(
                "{forget} printf '{settings}' >/etc/ssh/sshd_config.d/asks.conf; systemctl reload ssh"
            );
            on(host, &script);
        }
    }

    /// A file of variables with this password for the login, and that of sudo.
    fn variables(&self, password: &str) -> String {
        let vars =
            serde_json::json!({"ansible_ssh_pass": password, "ansible_become_pass": PASSWORD});
        format!("@{}", self.file("vars.yaml", &vars.to_string()))
    }
}

#[test]
fn a_server_is_told_the_password_when_it_takes_no_key() {
    let asking = Asking::take();
    asking.servers("", false);
    let vars = asking.variables(PASSWORD);
    let run = asking.run(&["--extra-vars", &vars]);
    assert_root(&asking, &run);
    assert_hidden(&asking, &run);
    let accepted = asking.journals("Accepted password for asks");
    assert!(accepted.values().all(|count| *count == 1), "{accepted:?}");
    // Through a jump host that wants it as well, from files.
    let file = asking.file("password", PASSWORD);
    let first = asking.lab.hosts[0].as_str();
    let run = asking.run(&[
        "--connection-password-file",
        &file,
        "--become-password-file",
        &file,
        "--jump",
        first,
    ]);
    assert_root(&asking, &run);
    let accepted = asking.journals("Accepted password for asks");
    assert_eq!(accepted[first], 3, "{accepted:?}");
}

#[test]
fn a_server_that_asks_is_answered() {
    let asking = Asking::take();
    asking.servers(
        "PasswordAuthentication no\\nKbdInteractiveAuthentication yes\\n",
        false,
    );
    let vars = asking.variables(PASSWORD);
    let run = asking.run(&["--extra-vars", &vars]);
    assert_root(&asking, &run);
    let accepted = asking.journals("Accepted keyboard-interactive/pam for asks");
    assert!(accepted.values().all(|count| *count == 1), "{accepted:?}");
}

#[test]
fn a_server_that_wants_a_key_and_a_password_is_given_both() {
    let asking = Asking::take();
    asking.servers(
        "Match User asks\\nAuthenticationMethods publickey,password\\n",
        true,
    );
    let vars = asking.variables(PASSWORD);
    let run = asking.run(&["--extra-vars", &vars]);
    assert_root(&asking, &run);
}

#[test]
fn a_wrong_login_is_one_wrong_try_in_the_whole_run() {
    let asking = Asking::take();
    // Both ways are listed, and a refusal of one is not followed by the other.
    asking.servers(
        "PasswordAuthentication yes\\nKbdInteractiveAuthentication yes\\n",
        false,
    );
    let vars = asking.variables(WRONG);
    let run = asking.run(&["--extra-vars", &vars]);
    run.assert_code(3);
    assert!(!run.stdout.contains(WRONG), "{}", run.stdout);
    let said = |text: &str| run.stdout.matches(text).count();
    assert_eq!(
        said("refused it, and more wrong tries could lock the account"),
        2,
        "{}",
        run.stdout
    );
    let failures = asking.journals("pam_unix(sshd:auth): authentication failure");
    assert_eq!(failures.values().sum::<usize>(), 1, "{failures:?}");
}
