//! The SSH server of a host, with a scripted worker behind every program that it is asked to start.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::{PrivateKey, PublicKey};
use russh::server::{self, Auth, ChannelOpenHandle, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::door::{Door, Waiting};
use super::wire::delayed;
use super::worker::{Line, Worker};

/// What the connections of a host share.
pub(super) struct Server {
    pub(super) door: Door,
    pub(super) key: PrivateKey,
    /// Who may log in.
    pub(super) login: PublicKey,
    pub(super) is_silent: bool,
    /// How long a packet takes.
    pub(super) delay: Duration,
    /// How long a task takes.
    pub(super) pause: Duration,
}

/// Takes connections for as long as the runtime lives.
pub(super) async fn listen(listener: TcpListener, server: Arc<Server>) {
    let config = server::Config {
        keys: vec![server.key.clone()],
        auth_rejection_time: Duration::ZERO,
        nodelay: true,
        ..server::Config::default()
    };
    let config = Arc::new(config);
    let mut silent = Vec::new();
    while let Ok((stream, _)) = listener.accept().await {
        if server.is_silent {
            silent.push(stream);
            continue;
        }
        if let Some(waiting) = server.door.admit() {
            let (config, server) = (Arc::clone(&config), Arc::clone(&server));
            tokio::spawn(serve(stream, config, server, waiting));
        }
    }
}

async fn serve(
    stream: TcpStream,
    config: Arc<server::Config>,
    server: Arc<Server>,
    waiting: Waiting,
) {
    let _ = stream.set_nodelay(true);
    let delay = server.delay;
    let handler = Handler {
        server,
        waiting: Some(waiting),
        programs: HashMap::new(),
    };
    // A controller that hangs up, whenever it does, is nothing to complain about.
    if delay.is_zero() {
        if let Ok(running) = server::run_stream(config, stream, handler).await {
            let _ = running.await;
        }
    } else if let Ok(running) = server::run_stream(config, delayed(stream, delay), handler).await {
        let _ = running.await;
    }
}

struct Handler {
    server: Arc<Server>,
    waiting: Option<Waiting>,
    /// The ways to the programs' input.
    programs: HashMap<ChannelId, mpsc::UnboundedSender<Vec<u8>>>,
}

impl server::Handler for Handler {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        _user: &str,
        shown: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        if shown.public_key.key_data() != self.server.login.key_data() {
            return Ok(Auth::reject());
        }
        self.waiting = None;
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        // A shell, whoever runs it: what it is to do comes by its input.
        if !command.starts_with(b"exec ") {
            return session.channel_failure(channel);
        }
        session.channel_success(channel)?;
        let (sender, input) = mpsc::unbounded_channel();
        self.programs.insert(channel, sender);
        let line = Line {
            input,
            handle: session.handle(),
            channel,
        };
        let worker = Worker::new(line, self.server.pause);
        tokio::spawn(worker.run());
        Ok(())
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        if let Some(program) = self.programs.get(&channel) {
            // A worker that has ended takes no more.
            let _ = program.send(data.to_vec());
        }
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.programs.remove(&channel);
        Ok(())
    }
}
