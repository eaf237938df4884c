//! What a run takes: its own time, its processes' and the hosts' processor time, and bytes on the wire.
//!
//! Processor time is what the kernel counts for a cgroup (v2, `cpu.stat`): one of its own for each run, where all stays that
//! the tool starts, and that of the lab for the hosts.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::delay::{Delay, FAR, NAMESPACE};
use crate::figures::Figures;
use crate::lab::bridge;

/// Between runs, so that what one has left to do does not count for the next.
const PAUSE: Duration = Duration::from_millis(300);

pub(crate) struct Meter<'d> {
    /// The root of cgroup v2.
    cgroups: PathBuf,
    /// Between the tools and the hosts.
    delay: Option<&'d Delay>,
    runs: AtomicU32,
}

/// A shell moves itself into the cgroup and becomes the tool, so that nothing of it is missed.
const ENTER: &str = r#"echo $$ >"$0/cgroup.procs" && exec "$@""#;

impl<'d> Meter<'d> {
    pub(crate) fn new(delay: Option<&'d Delay>) -> Result<Self, Box<dyn Error>> {
        let mounts = fs::read_to_string("/proc/self/mounts")?;
        let cgroups = mounts
            .lines()
            .map(|line| line.split(' ').collect::<Vec<_>>())
            .find(|words| words.get(2) == Some(&"cgroup2"))
            .ok_or("no cgroup v2 is mounted")?[1]
            .into();
        Ok(Self {
            cgroups,
            delay,
            runs: AtomicU32::new(0),
        })
    }

    /// Runs a command to its end, which must be a good one; all that it leaves running is ended.
    pub(crate) fn run(&self, command: &Command) -> Result<(Figures, String), Box<dyn Error>> {
        thread::sleep(PAUSE);
        // A cgroup that has been killed must not be used again on some kernels.
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let name = format!("provision-bench-{}-{number}", std::process::id());
        let cgroup = Cgroup::new(self.cgroups.join(name))?;
        let mut program = Command::new("sh");
        program.arg("-c").arg(ENTER).arg(&cgroup.path);
        if self.delay.is_some() {
            program.args(["ip", "netns", "exec", NAMESPACE]);
        }
        program.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => program.env(name, value),
                None => program.env_remove(name),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            program.current_dir(directory);
        }
        let log = tempfile::NamedTempFile::new()?;
        let output = File::options().append(true).open(log.path())?;
        program
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let hosts = self.cgroups.join(bridge());
        let before = (usage(&hosts)?, self.traffic()?);
        let begun = Instant::now();
        let status = program.status()?;
        let wall = begun.elapsed().as_secs_f64();
        let figures = Figures {
            wall,
            controller: usage(&cgroup.path)?,
            hosts: usage(&hosts)? - before.0,
            bytes: self.traffic()? - before.1,
        };
        let output = fs::read_to_string(log.path())?;
        if status.success() {
            return Ok((figures, output));
        }
        Err(format!("{command:?}: {status}\n{output}").into())
    }

    /// Bytes that went between this machine and the hosts, in both directions.
    fn traffic(&self) -> Result<f64, Box<dyn Error>> {
        let device = match self.delay {
            Some(_) => FAR.to_owned(),
            None => bridge(),
        };
        let counters = Path::new("/sys/class/net").join(device);
        let mut bytes = 0.0;
        for name in ["rx_bytes", "tx_bytes"] {
            let path = counters.join("statistics").join(name);
            bytes += fs::read_to_string(path)?.trim().parse::<f64>()?;
        }
        Ok(bytes)
    }
}

/// A cgroup that ends all that is in it with itself.
struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    fn new(path: PathBuf) -> io::Result<Self> {
        fs::create_dir(&path)?;
        Ok(Self { path })
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // What fails here leaves an empty directory behind.
        let _ = fs::write(self.path.join("cgroup.kill"), "1");
        for _ in 0..100 {
            if fs::remove_dir(&self.path).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Seconds of processor time that a cgroup and those below it have used.
fn usage(cgroup: &Path) -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string(cgroup.join("cpu.stat"))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("usage_usec "))
        .ok_or("cpu.stat without usage_usec")?;
    Ok(line.parse::<f64>()? / 1e6)
}
