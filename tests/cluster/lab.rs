//! The lab, asked by its command. Must not know what is tested.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::command::{lab_command, output};

/// The turn of one test: others, be they threads or processes, wait until it is dropped.
pub(crate) fn turn() -> File {
    let turn =
        File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("cluster.lock")).expect("a lock");
    turn.lock().expect("the turn");
    turn
}

/// Brings up hosts with cgroup v1, from the host with this number on. Those that are up stay as they are.
pub(crate) fn up(first: u8, count: u8) {
    lab(&[
        "up",
        &count.to_string(),
        "--cgroup",
        "v1",
        "--first",
        &first.to_string(),
    ]);
}

/// The number of the first host that tests may use.
pub(crate) fn first() -> u8 {
    env::var("LAB_FIRST").map_or(1, |first| {
        first.parse().expect("LAB_FIRST is the number of a host")
    })
}

/// The address of a host.
pub(crate) fn address(number: u8) -> String {
    let network = env::var("LAB_NET").unwrap_or_else(|_| "10.199.0".to_owned());
    format!("{network}.{}", 10 + number)
}

/// The directory with the lab's keys.
pub(crate) fn directory() -> PathBuf {
    env::var("LAB_DIR")
        .unwrap_or_else(|_| "/var/tmp/provision-lab".to_owned())
        .into()
}

/// What a shell script that root runs on a host prints. The script must succeed.
pub(crate) fn on(host: &str, script: &str) -> String {
    lab(&["exec", host, "--", "sh", "-euc", script])
}

/// Runs a script on a host, which must succeed, with a file as its standard input.
pub(crate) fn on_with(host: &str, script: &str, input: File) {
    output(ours(&["exec", host, "--", "sh", "-euc", script]).stdin(input));
}

/// Waits until a script on the host succeeds. What it printed last is shown if it never does.
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
        thread::sleep(Duration::from_millis(500));
    }
}

/// Runs a command of the lab, which must succeed.
pub(crate) fn lab(arguments: &[&str]) -> String {
    output(&mut ours(arguments))
}

/// A command of the lab that leaves its own inventory alone: it is of no use here.
fn ours(arguments: &[&str]) -> Command {
    let mut command = lab_command(arguments);
    let inventory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lab.yaml");
    command.env("LAB_INVENTORY", inventory);
    command
}
