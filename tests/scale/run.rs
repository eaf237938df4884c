//! A run of the real program on a fleet, and what it took.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::fleet::Fleet;

/// How often the program's memory is looked at.
const SAMPLE: Duration = Duration::from_millis(5);

/// Playbooks and a fleet's inventory in a directory of their own.
pub(crate) struct Site {
    directory: tempfile::TempDir,
}

/// What a run said and took.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) wall: Duration,
    /// Of the program alone, in user and kernel mode.
    pub(crate) cpu: Duration,
    /// The most memory that it had, in KiB.
    pub(crate) peak: u64,
}

impl Site {
    pub(crate) fn new(fleet: &Fleet) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scale/site"),
            directory.path(),
        )?;
        fleet.write(directory.path())?;
        Ok(Self { directory })
    }

    /// Adds a file.
    pub(crate) fn write(&self, name: &str, text: &str) -> io::Result<()> {
        fs::write(self.directory.path().join(name), text)
    }

    /// The command line of a run; its user has a home of their own and no agent. `PROVISION` names another build, so that
    /// two can be compared in one sitting.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let directory = self.directory.path();
        let program = std::env::var_os("PROVISION");
        let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_provision").into());
        let mut command = Command::new(program);
        command
            .current_dir(directory)
            .args(["-i", "inventory.yaml"])
            .args(arguments)
            .env("HOME", directory)
            .env_remove("XDG_STATE_HOME")
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program and waits for its end. No other process may be started meanwhile: all that end count.
    pub(crate) fn run(&self, arguments: &[&str]) -> io::Result<Ran> {
        let path = |name: &str| self.directory.path().join(name);
        let mut command = self.command(arguments);
        command
            .stdout(File::create(path("stdout"))?)
            .stderr(File::create(path("stderr"))?);
        let before = spent()?;
        let begun = Instant::now();
        let mut child = command.spawn()?;
        let mut peak = 0;
        let status = loop {
            peak = high_water(child.id()).unwrap_or(peak);
            if let Some(status) = child.try_wait()? {
                break status;
            }
            thread::sleep(SAMPLE);
        };
        Ok(Ran {
            code: status.code(),
            wall: begun.elapsed(),
            cpu: spent()?.saturating_sub(before),
            peak,
            stdout: fs::read_to_string(path("stdout"))?,
            stderr: fs::read_to_string(path("stderr"))?,
        })
    }
}

/// What all children that have ended have spent.
fn spent() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = |value: TimeVal| {
        let micros = value.tv_sec() * 1_000_000 + value.tv_usec();
        Duration::from_micros(micros.unsigned_abs())
    };
    Ok(time(usage.user_time()) + time(usage.system_time()))
}

/// The most memory that a process has had so far, in KiB; `None` once it has ended.
fn high_water(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
