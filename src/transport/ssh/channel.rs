//! A program behind an SSH channel: the two halves of the channel, and how they end.

use std::sync::Arc;

use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::sync::watch;

use super::attempt::Ending;
use crate::transport::error::{ExecError, Exit};
use crate::transport::program::Heard;

/// What SSH calls the stream of stderr.
const STDERR: u32 = 1;

/// The two halves of `channel`.
pub(super) fn halves(
    host: &Arc<str>,
    channel: Channel<Msg>,
    ending: &Arc<Ending>,
) -> (ChannelInput, ChannelOutput) {
    let (read, write) = channel.split();
    let write = Arc::new(write);
    let (open, closed) = watch::channel(());
    let input = ChannelInput {
        host: Arc::clone(host),
        write: Arc::clone(&write),
        closed,
        ending: Arc::clone(ending),
    };
    let output = ChannelOutput {
        read,
        write,
        open: Some(open),
        exit: None,
        ending: Arc::clone(ending),
    };
    (input, output)
}

/// The stdin of a program on a host.
#[derive(Debug)]
pub(crate) struct ChannelInput {
    host: Arc<str>,
    write: Arc<ChannelWriteHalf<Msg>>,
    /// Ends when the channel does: a write that waits for the host to read would wait forever.
    closed: watch::Receiver<()>,
    ending: Arc<Ending>,
}

impl ChannelInput {
    pub(in crate::transport) fn host(&self) -> &str {
        &self.host
    }

    pub(in crate::transport) async fn write(&mut self, bytes: Vec<u8>) -> Result<(), ExecError> {
        let written = tokio::select! {
            written = self.write.data_bytes(bytes) => written.is_ok(),
            _ = self.closed.changed() => false,
        };
        if written {
            Ok(())
        } else {
            Err(ExecError::Lost {
                host: self.host.to_string(),
                reason: self.ending.reason(),
            })
        }
    }
}

impl Drop for ChannelInput {
    fn drop(&mut self) {
        let write = Arc::clone(&self.write);
        in_background(async move { write.eof().await });
    }
}

/// What a program on a host says.
#[derive(Debug)]
pub(crate) struct ChannelOutput {
    read: ChannelReadHalf,
    write: Arc<ChannelWriteHalf<Msg>>,
    open: Option<watch::Sender<()>>,
    exit: Option<Exit>,
    ending: Arc<Ending>,
}

impl ChannelOutput {
    pub(in crate::transport) async fn next(&mut self) -> Heard {
        loop {
            match self.read.wait().await {
                Some(ChannelMsg::Data { data }) => return Heard::Stdout(data.into()),
                Some(ChannelMsg::ExtendedData { data, ext: STDERR }) => {
                    return Heard::Stderr(data.into());
                }
                Some(ChannelMsg::ExitStatus { exit_status }) => {
                    self.exit = Some(Exit::Status(exit_status));
                }
                Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                    self.exit = Some(Exit::Signal(format!("{signal_name:?}")));
                }
                Some(ChannelMsg::Failure) => return Heard::Refused,
                Some(ChannelMsg::Close) | None => {
                    self.open = None;
                    let lost = || Exit::Lost(self.ending.reason());
                    return Heard::Exit(self.exit.take().unwrap_or_else(lost));
                }
                // Nothing of it concerns a program's output: windows, confirmations, the end of stdout.
                Some(_) => {}
            }
        }
    }
}

impl Drop for ChannelOutput {
    fn drop(&mut self) {
        // A channel that has ended of its own needs no closing.
        if self.open.is_some() {
            let write = Arc::clone(&self.write);
            in_background(async move { write.close().await });
        }
    }
}

/// Says goodbye without waiting; a connection that is gone, or a runtime that ends, needs none.
fn in_background(goodbye: impl Future<Output = Result<(), russh::Error>> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(goodbye);
    }
}
