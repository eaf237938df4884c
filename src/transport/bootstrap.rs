//! From a shell on a host to a running worker, in one program run.
//!
//! `bootstrap.sh` finds the worker in the user's cache directory and becomes it. If it is missing or altered, the
//! script says so and waits for the file on the same channel: a host that has it costs no extra round trip.
//!
//! Whether the file is unaltered is not asked by the script, which would cost the host more than all the rest: the
//! worker tells the hash of its own file, and where that is not a known one, or nothing that runs, the script is run
//! once more and told to verify. A file that has just been sent is no exception.
//! Every user has a copy of their own, because nobody should run a file that somebody else may write.

use std::time::{Duration, Instant};

use provision_worker::module::Flavour;
use provision_worker::protocol::{FromWorker, MAGIC};
use tokio::time::timeout;

use super::embedded::EmbeddedWorker;
use super::error::{ExecError, Exit, WorkerError};
use super::program::{Asking, Input, Invocation, Output};
use super::settings::{Become, BecomeMethod};
use super::worker::{Worker, WorkerReceiver, WorkerSender};

/// The script, with `@WORKERS@` where the known architectures go, and `@VERIFY@` for whether to trust no file.
const SCRIPT: &str = include_str!("bootstrap.sh");

/// What the script's lines begin with, once more on a line of its own.
const LINE: &[u8] = b"\nprovision-bootstrap ";

/// The longest wait for a sign of the host while its worker is being started.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most that login scripts may print before it.
const NOISE_LIMIT: usize = 64 << 10;

/// The most of stderr that is kept for a message.
pub(super) const STDERR_LIMIT: usize = 4 << 10;

/// The bytes that are sent at once; the patience is for each of them.
const PIECE: usize = 256 << 10;

/// What is to be started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// All workers there are.
    pub(super) workers: &'a [EmbeddedWorker],
    /// Which of each architecture.
    pub(super) flavour: Flavour,
    /// Who it is to be; without it, the login user.
    pub(super) become_: Option<&'a Become>,
    /// Whether the file's content is verified before it is run.
    pub(super) verify: bool,
}

impl<'a> Wanted<'a> {
    /// One for each architecture. Where there is no lean worker the full one does as well.
    fn workers(self) -> impl Iterator<Item = &'a EmbeddedWorker> {
        let fits = move |worker: &&EmbeddedWorker| {
            worker.flavour == self.flavour
                || (worker.flavour == Flavour::Full && self.other(worker).is_none())
        };
        self.workers.iter().filter(fits)
    }

    /// The worker of the other flavour.
    fn other(self, worker: &EmbeddedWorker) -> Option<&'a EmbeddedWorker> {
        let is_other =
            |other: &&EmbeddedWorker| other.arch == worker.arch && other.flavour != worker.flavour;
        self.workers.iter().find(is_other)
    }

    /// The invocation that turns into it.
    pub(super) fn invocation(self, asking: Option<Asking>) -> Invocation {
        let case = |worker: &EmbeddedWorker| {
            let EmbeddedWorker {
                arch,
                sha256,
                cksum,
                size,
                gzip,
                ..
            } = worker;
            let compressed = gzip.len();
            let other = self.other(worker).map_or(*sha256, |other| other.sha256);
            format!(
                "{arch}) sha256={sha256} other={other} cksum='{cksum}' size={size} compressed={compressed} ;;"
            )
        };
        let cases: Vec<_> = self.workers().map(case).collect();
        let lines = SCRIPT.lines().map(str::trim);
        let code: Vec<_> = lines.filter(|line| !line.starts_with('#')).collect();
        let text = code.join("\n") + "\n";
        Invocation {
            text: text
                .replace("@WORKERS@", &cases.join("\n"))
                .replace("@VERIFY@", if self.verify { "1" } else { "" }),
            become_: self.become_.cloned(),
            asking,
        }
    }
}

/// Why there is no worker.
#[derive(Debug)]
pub(super) struct Failed {
    /// What went wrong.
    pub(super) error: WorkerError,
    /// Whether it may be that the file on the host is not what it must be.
    pub(super) is_doubtful: bool,
}

/// The two ways to a shell that runs the script, and what is to become of it.
#[derive(Debug)]
pub(super) struct Bootstrap<'a> {
    pub(super) input: Input,
    pub(super) output: Output,
    pub(super) wanted: Wanted<'a>,
}

/// What the script says.
#[derive(Debug, Eq, PartialEq)]
enum Said {
    /// The worker runs; what follows are its frames.
    Started,
    /// A line, without its beginning.
    Line(String),
}

impl Bootstrap<'_> {
    /// Sends the script, and the worker if it is asked for, and waits for the worker's hello.
    pub(super) async fn start(self, invocation: &Invocation) -> Result<Worker, Failed> {
        let mut ran = false;
        let started = self.talk(invocation, &mut ran).await;
        started.map_err(|error| Failed {
            is_doubtful: ran && !matches!(error, WorkerError::Exec(_)),
            error,
        })
    }

    /// Does so, and tells whether a file was found or sent that the script `ran`.
    async fn talk(
        mut self,
        invocation: &Invocation,
        ran: &mut bool,
    ) -> Result<Worker, WorkerError> {
        self.send(invocation.input().to_vec()).await?;
        let mut buffer = Vec::new();
        let mut sent = None;
        loop {
            match self.hear(&mut buffer).await? {
                Said::Started => break,
                Said::Line(line) => {
                    let words: Vec<_> = line.split(' ').collect();
                    match words[..] {
                        ["need", arch, form] if sent.is_none() => {
                            sent = Some(Instant::now());
                            self.upload(arch, form).await?;
                        }
                        ["run"] if !*ran => *ran = true,
                        _ => return Err(self.failed(&words)),
                    }
                }
            }
        }
        let uploaded = sent.map(|sent| sent.elapsed());
        let outgoing = WorkerSender::new(self.input);
        let host = self.output.host().to_owned();
        let mut incoming = WorkerReceiver::new(self.output, buffer);
        let Ok(first) = timeout(PATIENCE, incoming.recv()).await else {
            let (limit, stderr) = (PATIENCE, String::new());
            return Err(WorkerError::Timeout {
                host,
                limit,
                stderr,
            });
        };
        let Some(FromWorker::Hello(hello)) = first? else {
            let source = std::io::Error::other("a hello was expected");
            return Err(WorkerError::Protocol { host, source });
        };
        let mut known = self.wanted.workers();
        if !known.any(|worker| worker.sha256 == hello.build) {
            let known = self.wanted.workers();
            let expected: Vec<_> = known.map(|worker| worker.sha256).collect();
            return Err(WorkerError::Build {
                host,
                found: hello.build,
                expected: expected.join(" or "),
            });
        }
        Ok(Worker {
            hello,
            outgoing,
            incoming,
            uploaded,
        })
    }

    async fn upload(&mut self, arch: &str, form: &str) -> Result<(), WorkerError> {
        let worker = self.wanted.workers().find(|worker| worker.arch == arch);
        let unpacked = worker.map(|worker| match form {
            "gzip" => Ok(worker.gzip.to_vec()),
            _ => worker.file(),
        });
        let Some(Ok(file)) = unpacked else {
            return Err(self.no_worker_for(arch));
        };
        for piece in file.chunks(PIECE) {
            self.send(piece.to_vec()).await?;
        }
        Ok(())
    }

    /// Sends bytes. A shell that does not read them any more has said why, or will have in a moment.
    async fn send(&mut self, bytes: Vec<u8>) -> Result<(), WorkerError> {
        let sent = timeout(PATIENCE, self.input.write(bytes)).await;
        match sent {
            Ok(Ok(()) | Err(ExecError::Lost { .. })) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(self.timeout()),
        }
    }

    /// What the script says next, taken off `buffer` with all that came before it.
    async fn hear(&mut self, buffer: &mut Vec<u8>) -> Result<Said, WorkerError> {
        loop {
            if let Some(said) = next_said(buffer) {
                return Ok(said);
            }
            if buffer.len() > NOISE_LIMIT {
                let sample = String::from_utf8_lossy(&buffer[..80]).into_owned();
                return Err(WorkerError::Noise {
                    host: self.output.host().to_owned(),
                    limit: NOISE_LIMIT,
                    sample,
                });
            }
            match timeout(PATIENCE, self.output.next()).await {
                Ok(Ok(Some(bytes))) => buffer.extend(bytes),
                Ok(Ok(None)) => return Err(self.not_started()),
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => return Err(self.timeout()),
            }
        }
    }

    fn failed(&self, words: &[&str]) -> WorkerError {
        let reason = match words {
            ["architecture", arch] => return self.no_worker_for(arch),
            ["directory", path @ ..] => format!(
                "neither the cache directory in the user's home nor `{}` can be made, or they do not \
                 belong to the user alone",
                path.join(" ")
            ),
            ["damaged", path @ ..] => format!("`{}` was not written as sent", path.join(" ")),
            ["noexec", path @ ..] => format!(
                "`{}` may not be executed; is its file system mounted with `noexec`?",
                path.join(" ")
            ),
            _ => format!("the host says {:?}", words.join(" ")),
        };
        WorkerError::Install {
            host: self.output.host().to_owned(),
            reason,
            stderr: self.output.complaint(),
        }
    }

    fn no_worker_for(&self, arch: &str) -> WorkerError {
        let carried: Vec<_> = self.wanted.workers().map(|worker| worker.arch).collect();
        WorkerError::Architecture {
            host: self.output.host().to_owned(),
            arch: arch.to_owned(),
            carried: carried.join(", "),
        }
    }

    fn not_started(&self) -> WorkerError {
        let host = self.output.host().to_owned();
        let stderr = self.output.complaint();
        match (self.output.exit(), self.wanted.become_) {
            (Some(Exit::Lost(reason)), _) => ExecError::Lost {
                host,
                reason: reason.clone(),
            }
            .into(),
            (_, Some(become_)) if wants_password(become_.method, &stderr) => {
                WorkerError::BecomePassword {
                    host,
                    user: become_.user.clone(),
                    method: become_.method,
                }
            }
            (exit, become_) => WorkerError::NotStarted {
                host,
                user: become_.map(|become_| become_.user.clone()),
                exit: exit.cloned().unwrap_or(Exit::Status(0)),
                stderr,
            },
        }
    }

    fn timeout(&self) -> WorkerError {
        WorkerError::Timeout {
            host: self.output.host().to_owned(),
            limit: PATIENCE,
            stderr: self.output.complaint(),
        }
    }
}

/// Whether that is how the method's program complains that nobody gives it a password.
fn wants_password(method: BecomeMethod, stderr: &str) -> bool {
    let complaints: &[&str] = match method {
        BecomeMethod::Sudo => &["a password is required", "a terminal is required"],
        BecomeMethod::Doas => &[
            "Authentication required",
            "Authorization required",
            "a tty is required",
        ],
        // It takes the script's first line for the password.
        BecomeMethod::Su => &[
            "Authentication failure",
            "Authentication token manipulation error",
            "incorrect password",
            "must be run from a terminal",
        ],
    };
    complaints
        .iter()
        .any(|complaint| stderr.contains(complaint))
}

/// Takes the first thing that the script says off `buffer`, with the noise before it.
fn next_said(buffer: &mut Vec<u8>) -> Option<Said> {
    let find =
        |text: &[u8], wanted: &[u8]| text.windows(wanted.len()).position(|part| part == wanted);
    let started = find(buffer, MAGIC);
    if let Some(line) = find(buffer, LINE)
        && started.is_none_or(|started| line < started)
    {
        let start = line + LINE.len();
        let length = find(&buffer[start..], b"\n")?;
        let text = String::from_utf8_lossy(&buffer[start..start + length]).into_owned();
        // The line's end stays: it may be the beginning of the next.
        buffer.drain(..start + length);
        return Some(Said::Line(text));
    }
    buffer.drain(..started? + MAGIC.len());
    Some(Said::Started)
}

#[cfg(test)]
mod tests;
