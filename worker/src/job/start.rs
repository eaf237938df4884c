//! The worker's side: starts a job and waits until it is on its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Map, Value};

use super::{ARGUMENT, Records, STARTED};
use crate::host::Host;
use crate::plan::{Failure, Output};
use crate::protocol::{Background, Request};

/// The worker's own program, even if its file has been replaced or removed.
const PROGRAM: &str = "/proc/self/exe";

/// The most that a job which does not start may say about it.
const MAX_COMPLAINT: u64 = 4 << 10;

/// Starts the call as `job` and returns what is registered about it.
pub(crate) fn start(
    host: &Host,
    request: &Request,
    arguments: &Map<String, Value>,
    job: String,
) -> Result<Output, Failure> {
    let limit = request.background.as_ref().map_or(0, |b| b.limit);
    let records = Records::new(host.cache());
    let call = Request {
        calls: vec![arguments.clone()],
        background: Some(Box::new(Background {
            limit,
            job: job.clone(),
        })),
        ..request.clone()
    };
    run(&call).map_err(|error| Failure::new(format!("the job `{job}` did not start: {error}")))?;
    let path = records.path(&job).to_string_lossy().into_owned();
    Ok(Output::from_iter([
        ("ansible_job_id".to_owned(), job.into()),
        ("started".to_owned(), 1.into()),
        ("finished".to_owned(), 0.into()),
        ("results_file".to_owned(), path.into()),
    ]))
}

fn run(call: &Request) -> io::Result<()> {
    let input = serde_json::to_vec(call)?;
    let mut child = Command::new(PROGRAM)
        .arg(ARGUMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    // Somebody has to take notice of its end for as long as the worker is there.
    thread::Builder::new().spawn(move || child.wait())?;
    if let Some(mut stdin) = stdin {
        // One that does not read has a reason, and says it.
        let _ = stdin.write_all(&input);
    }
    let mut line = String::new();
    if let Some(stdout) = stdout {
        BufReader::new(stdout)
            .take(MAX_COMPLAINT)
            .read_line(&mut line)?;
    }
    if line == STARTED {
        return Ok(());
    }
    let mut complaint = Vec::new();
    if let Some(stderr) = stderr {
        stderr.take(MAX_COMPLAINT).read_to_end(&mut complaint)?;
    }
    let complaint = String::from_utf8_lossy(&complaint);
    let complaint = complaint.trim().trim_start_matches("provision-worker: ");
    Err(io::Error::other(match complaint {
        "" => "it ended at once",
        complaint => complaint,
    }))
}
