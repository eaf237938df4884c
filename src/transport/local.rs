//! Programs of this machine as child processes: the host of a local connection.
//!
//! The worker gets there as it gets everywhere: the script of `bootstrap` installs and starts it.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::error::{ExecError, Exit};
use super::program::{Heard, Input, Invocation, Output, Source};

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// Starts a program on this machine.
pub(super) fn start(
    host: &Arc<str>,
    invocation: &Invocation,
    stderr_limit: usize,
) -> Result<(Input, Output), ExecError> {
    let argv = invocation.argv()?;
    let (program, arguments) = argv.split_first().expect("an argv has a program");
    let mut command = Command::new(program);
    command.args(arguments);
    spawn(host, command, stderr_limit)
}

/// Starts `command`.
pub(super) fn spawn(
    host: &Arc<str>,
    mut command: Command,
    stderr_limit: usize,
) -> Result<(Input, Output), ExecError> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // An interrupt at the terminal is for the controller, which ends its workers in order.
        .process_group(0)
        .spawn()
        .map_err(|source| ExecError::Local {
            program: command.as_std().get_program().to_string_lossy().into(),
            source,
        })?;
    let input = ChildInput {
        host: Arc::clone(host),
        stdin: child.stdin.take().expect("stdin is piped"),
    };
    let output = ChildOutput {
        stdout: child.stdout.take(),
        stderr: child.stderr.take(),
        child,
    };
    let output = Output::new(
        Arc::clone(host),
        Source::Local(Box::new(output)),
        stderr_limit,
    );
    Ok((Input::Local(input), output))
}

/// The stdin of a child.
#[derive(Debug)]
pub(crate) struct ChildInput {
    host: Arc<str>,
    stdin: ChildStdin,
}

impl ChildInput {
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), ExecError> {
        let written = self.stdin.write_all(bytes).await;
        written.map_err(|error| ExecError::Lost {
            host: self.host.to_string(),
            reason: error.to_string(),
        })
    }
}

/// What a child says.
#[derive(Debug)]
pub(crate) struct ChildOutput {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    child: Child,
}

impl ChildOutput {
    pub(super) async fn next(&mut self) -> Heard {
        let (mut stdout, mut stderr) = (Vec::with_capacity(PIECE), Vec::new());
        loop {
            tokio::select! {
                read = read(&mut self.stdout, &mut stdout), if self.stdout.is_some() => match read {
                    0 => self.stdout = None,
                    _ => return Heard::Stdout(stdout),
                },
                read = read(&mut self.stderr, &mut stderr), if self.stderr.is_some() => match read {
                    0 => self.stderr = None,
                    _ => return Heard::Stderr(stderr),
                },
                else => return Heard::Exit(match self.child.wait().await {
                    Ok(status) => exit(status),
                    Err(error) => Exit::Lost(error.to_string()),
                }),
            }
        }
    }
}

/// Appends what there is; zero when the pipe is at its end, or as good as that.
async fn read<R: AsyncRead + Unpin>(pipe: &mut Option<R>, buffer: &mut Vec<u8>) -> usize {
    match pipe {
        Some(pipe) => pipe.read_buf(buffer).await.unwrap_or(0),
        None => 0,
    }
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Status(code.unsigned_abs()),
        (None, signal) => Exit::Signal(signal.unwrap_or_default().to_string()),
    }
}
