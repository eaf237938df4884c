//! A line on which everything takes its time, in both directions.

use std::time::Duration;

use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, duplex, split,
};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// How much may be under way to a reader.
const ROOM: usize = 256 << 10;

/// The far end of `stream`, which is so far away.
pub(super) fn delayed(stream: TcpStream, delay: Duration) -> DuplexStream {
    let (far, near) = duplex(ROOM);
    let (near_read, near_write) = split(near);
    let (read, write) = stream.into_split();
    carry(read, near_write, delay);
    carry(near_read, write, delay);
    far
}

fn carry(
    mut from: impl AsyncRead + Unpin + Send + 'static,
    mut to: impl AsyncWrite + Unpin + Send + 'static,
    delay: Duration,
) {
    let (sender, mut under_way) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let arrives = Instant::now() + delay;
            if sender.send((arrives, buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some((arrives, bytes)) = under_way.recv().await {
            sleep_until(arrives).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // Whoever reads at the other end has gone if this fails.
        let _ = to.shutdown().await;
    });
}
