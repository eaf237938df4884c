//! Runs a target as a process whose memory is limited, sees to it that no input takes for ever, and keeps the input
//! that ended it.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How much memory a target may have, in KiB, the program itself and its stack included. The largest input has 16 MiB,
/// and its tree some thirty times as much.
const MEMORY: u32 = 1 << 20;

/// How long one input may take on a busy machine, in a debug build. This is no measurement: it tells a hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often the input is looked at.
const PERIOD: Duration = Duration::from_millis(20);

/// Tries a target with the cases, the seeds, and `count` mutants.
pub(crate) fn check(target: &str, count: usize) {
    let directory = tempfile::tempdir().expect("a directory");
    let input = directory.path().join("input");
    let said = directory.path().join("said");
    let output = File::create(&said).expect("a file");
    let program = std::env::current_exe().expect("the path of this program");
    let mut child = Command::new("sh")
        .args(["-c", &format!("ulimit -v {MEMORY} && exec \"$0\" \"$@\"")])
        .arg(program)
        .args(["child::child", "--exact", "--ignored", "--nocapture"])
        .env("ROBUSTNESS_TARGET", target)
        .env("ROBUSTNESS_COUNT", count.to_string())
        .env("ROBUSTNESS_INPUT", &input)
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("a second handle"))
        .stderr(output)
        .spawn()
        .expect("started");
    let ended = wait(&mut child, &input);
    if ended.is_some_and(|status| status.success()) {
        return;
    }
    let what = match ended {
        Some(status) => format!("it ended with {status}"),
        None => format!("an input took longer than {PATIENCE:?}"),
    };
    let said = fs::read(&said).unwrap_or_default();
    let said = String::from_utf8_lossy(&said[said.len().saturating_sub(4000)..]).into_owned();
    panic!(
        "`{target}`: {what}\n{said}\nthe input is {}: mend what is wrong, and move it to tests/corpus/{target}",
        keep(target, &input)
    );
}

/// Waits for the end; nothing if an input took too long.
fn wait(child: &mut Child, input: &Path) -> Option<ExitStatus> {
    let mut last = None;
    let mut since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return Some(status);
        }
        let now = fs::metadata(input).and_then(|data| data.modified()).ok();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            child.kill().expect("it is ours");
            child.wait().expect("a child");
            return None;
        }
        sleep(PERIOD);
    }
}

/// Where the last input of a target is from now on.
fn keep(target: &str, input: &Path) -> String {
    let Ok(bytes) = fs::read(input) else {
        return "not there".to_owned();
    };
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let name = format!("{}-{:016x}", target.replace(':', "-"), hasher.finish());
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&kept, bytes).expect("written");
    kept.display().to_string()
}
