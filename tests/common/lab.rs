//! The lab (`tests/lab`), asked by its command. Must not know what is tested.

use std::env;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::command::output;

/// The turn of one test: others, be they threads or processes, wait until it is dropped.
pub(crate) fn turn() -> File {
    let turn =
        File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("lab.lock")).expect("a lock");
    turn.lock().expect("the turn");
    turn
}

/// The number of the first host that tests may use.
pub(crate) fn first() -> u8 {
    env::var("LAB_FIRST").map_or(1, |first| {
        first.parse().expect("LAB_FIRST is the number of a host")
    })
}

/// The name of the host with this number.
pub(crate) fn name(number: u8) -> String {
    format!("h{number}")
}

/// The beginning of all addresses: `10.199.0`.
pub(crate) fn network() -> String {
    env::var("LAB_NET").unwrap_or_else(|_| "10.199.0".to_owned())
}

/// The address of a host.
pub(crate) fn address(number: u8) -> String {
    format!("{}.{}", network(), 10 + number)
}

/// The key of the login user.
pub(crate) fn key() -> PathBuf {
    directory().join("key")
}

/// The file with the keys of the hosts.
pub(crate) fn known_hosts() -> PathBuf {
    directory().join("known_hosts")
}

fn directory() -> PathBuf {
    env::var("LAB_DIR")
        .unwrap_or_else(|_| "/var/tmp/provision-lab".to_owned())
        .into()
}

/// Brings up so many hosts, from the one with this number on, with more options of `lab up`. Those that are up stay as
/// they are. Whoever runs the tests takes down what they leave.
pub(crate) fn up(first: u8, count: u8, options: &[&str]) {
    let [first, count] = [first, count].map(|number| number.to_string());
    lab(&[&["up", &count, "--first", &first], options].concat());
}

/// Removes hosts, or puts them back to how they were made: `command` is `down` or `reset`.
pub(crate) fn all(command: &str, hosts: &[String]) {
    let mut arguments = vec![command];
    arguments.extend(hosts.iter().map(String::as_str));
    lab(&arguments);
}

/// What a shell script that root runs on a host prints. The script must succeed.
pub(crate) fn on(host: &str, script: &str) -> String {
    lab(&["exec", host, "--", "sh", "-euc", script])
}

/// Runs a script on a host, which must succeed, with a file as its standard input.
pub(crate) fn on_with(host: &str, script: &str, input: File) {
    output(command(&["exec", host, "--", "sh", "-euc", script]).stdin(input));
}

/// Waits until a script on the host succeeds, whose last command decides. What it printed last is shown if it never does.
pub(crate) fn wait_until(host: &str, script: &str) {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        let tried = on(
            host,
            &format!("if ( {script} ) 2>&1; then echo; echo succeeded; fi"),
        );
        if tried.ends_with("\nsucceeded\n") {
            return;
        }
        assert!(
            Instant::now() < end,
            "`{script}` does not come true on {host}:\n{tried}"
        );
        thread::sleep(Duration::from_millis(200));
    }
}

/// Runs a command of the lab, which must succeed.
pub(crate) fn lab(arguments: &[&str]) -> String {
    output(&mut command(arguments))
}

/// A command of the lab, which reads nothing.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("tests/lab/lab");
    command.args(arguments).stdin(Stdio::null());
    command
}

/// A file with YAML: a playbook or an inventory.
pub(crate) fn yaml(text: &str) -> NamedTempFile {
    let mut file = tempfile::Builder::new()
        .suffix(".yaml")
        .tempfile()
        .expect("a temporary file");
    file.write_all(text.as_bytes()).expect("the text");
    file
}
