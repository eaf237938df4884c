//! A worker that does nothing: it speaks the protocol in the order in which the real one does, and makes up what it
//! finds. A task is in its desired state, unless one of its arguments is a path below [`CHANGES`].

use std::collections::{HashSet, VecDeque};
use std::sync::OnceLock;
use std::time::Duration;

use provision_worker::facts;
use provision_worker::protocol::{
    Changed, Frame, FromWorker, Hello, MAGIC, Outcome, Request, Response, ToWorker,
};
use russh::ChannelId;
use russh::server::Handle;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

/// What is below it is never as it should be.
pub(crate) const CHANGES: &str = "/srv/changes/";

const HEADER: usize = 5;

/// The end of the script: it becomes the worker.
const SCRIPT_END: &[u8] = b"exec \"$file\"\n}\n";

/// The channel between the controller and a worker.
pub(super) struct Line {
    pub(super) input: mpsc::UnboundedReceiver<Vec<u8>>,
    pub(super) handle: Handle,
    pub(super) channel: ChannelId,
}

/// The worker, while it runs.
pub(super) struct Worker {
    line: Line,
    /// How long a task takes.
    pause: Duration,
    /// What has arrived and is no whole frame yet.
    arrived: Vec<u8>,
    /// What is to be done, in order.
    waiting: VecDeque<ToWorker>,
    granted: HashSet<u64>,
    /// What is to be sent.
    answers: Vec<u8>,
}

impl Worker {
    pub(super) fn new(line: Line, pause: Duration) -> Self {
        Self {
            line,
            pause,
            arrived: Vec::new(),
            waiting: VecDeque::new(),
            granted: HashSet::new(),
            answers: Vec::new(),
        }
    }

    /// Reads the script that starts a worker, and becomes the one that it is for.
    pub(super) async fn run(mut self) {
        // It ends with its channel, whatever it was at.
        let _ = self.work().await;
        let (handle, channel) = (&self.line.handle, self.line.channel);
        let _ = handle.exit_status_request(channel, 0).await;
        let _ = handle.close(channel).await;
    }

    async fn work(&mut self) -> Option<()> {
        let script = loop {
            let more = self.line.input.recv().await?;
            self.arrived.extend(more);
            let mut parts = self.arrived.windows(SCRIPT_END.len());
            if let Some(at) = parts.position(|part| part == SCRIPT_END) {
                break self
                    .arrived
                    .drain(..at + SCRIPT_END.len())
                    .collect::<Vec<_>>();
            }
        };
        let build = build(&String::from_utf8_lossy(&script))?;
        self.answers.extend(b"\nprovision-bootstrap run\n");
        self.answers.extend(MAGIC);
        self.say(&FromWorker::Hello(Hello {
            build,
            user: "root".into(),
            facts: found().clone(),
        }))?;
        let mut has_failed = false;
        loop {
            match self.next().await? {
                ToWorker::Resume => has_failed = false,
                ToWorker::Run(request) if has_failed => {
                    self.say(&FromWorker::NotRun(request.id))?;
                }
                ToWorker::Run(request) => has_failed = self.carry_out(&request).await?,
                ToWorker::Go(_) => {}
            }
        }
    }

    /// Returns whether it has failed.
    async fn carry_out(&mut self, request: &Request) -> Option<bool> {
        if !self.pause.is_zero() {
            self.flush().await?;
            tokio::time::sleep(self.pause).await;
        }
        let changes = request.calls.iter().any(|call| changed(call).is_some());
        if changes && request.hold && !request.check && !self.granted.contains(&request.id) {
            self.say(&FromWorker::Held(request.id))?;
            self.flush().await?;
            while !self.granted.contains(&request.id) {
                self.take().await?;
            }
        }
        let call = |arguments| outcome(&request.module, arguments);
        let outcomes: Vec<_> = request.calls.iter().map(call).collect();
        let failed = outcomes.iter().any(|outcome| outcome.failure.is_some());
        let id = request.id;
        self.say(&FromWorker::Done(Response { id, outcomes }))?;
        Some(failed && !request.keep_going)
    }

    /// The next thing to do; `None` when the controller has gone.
    async fn next(&mut self) -> Option<ToWorker> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Some(message);
            }
            self.flush().await?;
            self.take().await?;
        }
    }

    /// Takes what arrives.
    async fn take(&mut self) -> Option<()> {
        let more = self.line.input.recv().await?;
        self.arrived.extend(more);
        while let Some(header) = self.arrived.first_chunk::<HEADER>() {
            let (frame, length) = Frame::parse_header(*header).ok()?;
            if self.arrived.len() < HEADER + length {
                break;
            }
            let payload = self.arrived.drain(..HEADER + length).skip(HEADER).collect();
            match frame(payload).parse().ok()? {
                ToWorker::Go(id) => {
                    self.granted.insert(id);
                }
                message => self.waiting.push_back(message),
            }
        }
        Some(())
    }

    fn say(&mut self, message: &FromWorker) -> Option<()> {
        Frame::message(message).ok()?.write(&mut self.answers).ok()
    }

    /// Sends all answers at once, as the real one does.
    async fn flush(&mut self) -> Option<()> {
        if self.answers.is_empty() {
            return Some(());
        }
        let answers = std::mem::take(&mut self.answers);
        self.line.handle.data(self.line.channel, answers).await.ok()
    }
}

/// The build that the script is for.
fn build(script: &str) -> Option<String> {
    let (_, rest) = script.split_once("sha256=")?;
    rest.split_whitespace().next().map(str::to_owned)
}

/// The facts of every host: those of this machine.
fn found() -> &'static Value {
    static FACTS: OnceLock<Value> = OnceLock::new();
    FACTS.get_or_init(|| facts::gather(std::path::Path::new("/")))
}

/// The path that is never as it should be, if that is what the arguments name.
fn changed(arguments: &Map<String, Value>) -> Option<&str> {
    let paths = ["dest", "path"]
        .iter()
        .filter_map(|name| arguments.get(*name)?.as_str());
    paths.into_iter().find(|path| path.starts_with(CHANGES))
}

fn outcome(module: &str, arguments: &Map<String, Value>) -> Outcome {
    let output = match module {
        "command" | "shell" => {
            let stdout = "containerd github.com/containerd/containerd 1.7.24 88bf19b2105c8b17560993bee28a01ddc2f97182";
            json!({
                "cmd": arguments.get("argv").or(arguments.get("cmd")), "rc": 0,
                "stdout": stdout, "stdout_lines": [stdout], "stderr": "", "stderr_lines": [],
            })
        }
        "stat" => json!({ "stat": {
            "exists": true, "path": arguments.get("path"), "isreg": true, "isdir": false, "islnk": false,
            "mode": "0644", "uid": 0, "gid": 0, "size": 1234, "mtime": 1_700_000_000.5, "inode": 4711, "nlink": 1,
        } }),
        _ => {
            let named = ["path", "dest", "name"]
                .iter()
                .filter_map(|name| Some((*name, arguments.get(*name)?)));
            named
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .collect::<Map<_, _>>()
                .into()
        }
    };
    let changes = changed(arguments).map(|path| Changed {
        what: format!("content of {path}"),
        diff: None,
    });
    Outcome {
        changes: changes.into_iter().collect(),
        output: output.as_object().cloned().unwrap_or_default(),
        ..Outcome::default()
    }
}
