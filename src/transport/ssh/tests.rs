//! Logins and programs against an SSH server in this process.

mod jumps;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::ssh_key::{Cipher, Kdf, LineEnding};
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{self, Auth, ChannelOpenHandle, Msg, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

use super::{Client, Connection};
use crate::inventory::password::Password;
use crate::transport::program::Output;
use crate::transport::settings::{Address, ConnectionSettings, HostKeyChecking};
use crate::transport::{ConnectError, ExecError, Exit, NoPrompt, Prompt};

/// A key that is the same for the same number.
fn key(number: u8) -> PrivateKey {
    Ed25519Keypair::from_seed(&[number; 32]).into()
}

const HOST_KEY: u8 = 1;
const OTHER_HOST_KEY: u8 = 2;
const LOGIN_KEY: u8 = 3;
const OTHER_LOGIN_KEY: u8 = 4;

/// Whoever wants to be passed on to this port loses the connection to the server.
const HANG_UP: u16 = 1;

/// What the server does with a connection.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Serve,
    /// Closes it before it says anything.
    Drop,
    /// Never says anything.
    Silent,
}

/// A server that takes `LOGIN_KEY` or `sesame` and knows a few commands.
struct Server;

impl server::Handler for Server {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        _user: &str,
        shown: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        if shown.public_key.key_data() == key(LOGIN_KEY).public_key().key_data() {
            Ok(Auth::Accept)
        } else {
            Ok(Auth::reject())
        }
    }

    async fn auth_password(&mut self, _user: &str, given: &str) -> Result<Auth, russh::Error> {
        if given == "sesame" {
            Ok(Auth::Accept)
        } else {
            Ok(Auth::reject())
        }
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut server::Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _from: &str,
        _from_port: u32,
        reply: ChannelOpenHandle,
        _session: &mut server::Session,
    ) -> Result<(), russh::Error> {
        let port = u16::try_from(port).unwrap();
        if port == HANG_UP {
            return Err(russh::Error::Disconnect);
        }
        match TcpStream::connect((host, port)).await {
            Ok(mut stream) => {
                reply.accept().await;
                tokio::spawn(async move {
                    let mut channel = channel.into_stream();
                    let _ = tokio::io::copy_bidirectional(&mut channel, &mut stream).await;
                });
            }
            Err(_) => reply.reject(ChannelOpenFailure::ConnectFailed).await,
        }
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut server::Session,
    ) -> Result<(), russh::Error> {
        match command {
            b"greet" => {
                session.channel_success(channel)?;
                session.data(channel, b"hello".as_slice())?;
                session.extended_data(channel, 1, b"careful".as_slice())?;
                session.exit_status_request(channel, 3)?;
                session.close(channel)
            }
            // Nor does it answer anything else on this connection.
            b"freeze" => std::future::pending().await,
            b"hang up" => Err(russh::Error::Disconnect),
            _ => session.channel_failure(channel),
        }
    }
}

/// A server on this machine, and the files of a user who knows it.
struct Site {
    address: Address,
    home: TempDir,
    connections: Arc<AtomicUsize>,
}

impl Site {
    /// The connections are treated according to `manners`, and the last of them counts for all that follow.
    async fn new(manners: &'static [Manner]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = Address {
            host: "127.0.0.1".into(),
            port: listener.local_addr().unwrap().port(),
        };
        let connections = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&connections);
        tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let index = seen.fetch_add(1, Ordering::SeqCst);
                match manners[index.min(manners.len() - 1)] {
                    Manner::Serve => serve(stream),
                    Manner::Drop => drop(stream),
                    Manner::Silent => open.push(stream),
                }
            }
        });
        let site = Self {
            address,
            home: tempfile::tempdir().unwrap(),
            connections,
        };
        site.knows(HOST_KEY);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn knows(&self, number: u8) {
        let public = key(number).public_key().to_openssh().unwrap();
        let line = format!("[127.0.0.1]:{} {public}\n", self.address.port);
        std::fs::write(self.path("known_hosts"), line).unwrap();
    }

    /// Settings with `key` as the key to log in with.
    fn settings(&self, key: &PrivateKey) -> ConnectionSettings {
        let file = self.path("key");
        key.write_openssh_file(&file, LineEnding::LF).unwrap();
        ConnectionSettings {
            user: Some("ops".into()),
            private_key_file: Some(file),
            known_hosts_file: Some(self.path("known_hosts")),
            connect_timeout: Duration::from_secs(60),
            ..ConnectionSettings::ssh(self.address.clone())
        }
    }

    async fn connect(&self, settings: &ConnectionSettings) -> Result<Connection, ConnectError> {
        let client = Client::new(Arc::new(NoPrompt));
        client.connect(&"h".into(), settings).await
    }

    async fn connect_error(&self, settings: &ConnectionSettings) -> ConnectError {
        match self.connect(settings).await {
            Ok(_) => panic!("the login should have failed"),
            Err(error) => error,
        }
    }
}

/// What a command writes to stdout, and how it has ended.
async fn run(connection: &Connection, command: &str) -> Result<(Vec<u8>, Output), ExecError> {
    let (input, mut output) = connection.start(command.to_owned(), 4096).await?;
    drop(input);
    let mut stdout = Vec::new();
    while let Some(bytes) = output.next().await? {
        stdout.extend(bytes);
    }
    Ok((stdout, output))
}

fn serve(stream: TcpStream) {
    let config = server::Config {
        keys: vec![key(HOST_KEY)],
        auth_rejection_time: Duration::ZERO,
        ..server::Config::default()
    };
    tokio::spawn(async move {
        let running = server::run_stream(Arc::new(config), stream, Server).await;
        let _ = running.unwrap().await;
    });
}

#[tokio::test]
async fn a_command_runs_on_a_host_that_knows_the_key() {
    let site = Site::new(&[Manner::Serve]).await;
    let connection = site.connect(&site.settings(&key(LOGIN_KEY))).await.unwrap();
    for _ in 0..2 {
        let (stdout, output) = run(&connection, "greet").await.unwrap();
        assert_eq!(output.exit(), Some(&Exit::Status(3)));
        assert_eq!(stdout, b"hello");
        assert_eq!(output.complaint(), "careful");
    }
    assert_eq!(site.connections.load(Ordering::SeqCst), 1);
    connection.close().await;
}

#[tokio::test]
async fn a_refused_key_is_named() {
    let site = Site::new(&[Manner::Serve]).await;
    let error = site
        .connect_error(&site.settings(&key(OTHER_LOGIN_KEY)))
        .await;
    assert_eq!(
        error.to_string(),
        format!(
            "{} refused the login of `ops`: tried {}",
            site.address,
            site.path("key").display()
        )
    );
}

#[tokio::test]
async fn a_key_file_that_others_may_read_is_not_used() {
    let site = Site::new(&[Manner::Serve]).await;
    let settings = site.settings(&key(LOGIN_KEY));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(site.path("key"), mode).unwrap();
    let error = site.connect_error(&settings).await.to_string();
    assert!(error.contains("mode 0644"), "{error}");
}

#[tokio::test]
async fn a_changed_host_key_is_refused() {
    let site = Site::new(&[Manner::Serve]).await;
    site.knows(OTHER_HOST_KEY);
    let error = site.connect_error(&site.settings(&key(LOGIN_KEY))).await;
    let name = format!("[127.0.0.1]:{}", site.address.port);
    assert!(matches!(error, ConnectError::HostKey(_)), "{error}");
    assert!(
        error
            .to_string()
            .starts_with(&format!("the host key of `{name}` has changed")),
        "{error}"
    );
    assert_eq!(site.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_new_host_key_is_accepted_only_if_the_settings_say_so() {
    let site = Site::new(&[Manner::Serve]).await;
    std::fs::remove_file(site.path("known_hosts")).unwrap();
    let mut settings = site.settings(&key(LOGIN_KEY));
    let error = site.connect_error(&settings).await;
    assert!(matches!(error, ConnectError::HostKey(_)), "{error}");
    settings.host_key_checking = HostKeyChecking::AcceptNew;
    site.connect(&settings).await.unwrap();
    settings.host_key_checking = HostKeyChecking::Strict;
    site.connect(&settings).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_silent_is_named_with_what_it_was_to_do() {
    let site = Site::new(&[Manner::Silent]).await;
    let settings = ConnectionSettings {
        connect_timeout: Duration::from_millis(50),
        ..site.settings(&key(LOGIN_KEY))
    };
    let error = site.connect_error(&settings).await;
    assert_eq!(
        error.to_string(),
        format!(
            "{} did not answer within 0.05 s: the SSH key exchange was not finished",
            site.address
        )
    );
}

#[tokio::test]
async fn connections_that_are_dropped_before_the_login_are_tried_again() {
    let site = Site::new(&[Manner::Drop, Manner::Drop, Manner::Serve]).await;
    site.connect(&site.settings(&key(LOGIN_KEY))).await.unwrap();
    assert_eq!(site.connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_server_that_always_drops_connections_is_given_up() {
    let site = Site::new(&[Manner::Drop]).await;
    let error = site.connect_error(&site.settings(&key(LOGIN_KEY))).await;
    assert!(matches!(error, ConnectError::Lost { .. }), "{error}");
    assert_eq!(site.connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_an_error() {
    let site = Site::new(&[Manner::Serve]).await;
    let mut settings = site.settings(&key(LOGIN_KEY));
    let unused = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    settings.address.port = unused.local_addr().unwrap().port();
    drop(unused);
    let error = site.connect_error(&settings).await;
    assert!(matches!(error, ConnectError::Tcp { .. }), "{error}");
}

#[tokio::test]
async fn a_connection_that_is_lost_under_a_command_is_an_error() {
    let site = Site::new(&[Manner::Serve]).await;
    let connection = site.connect(&site.settings(&key(LOGIN_KEY))).await.unwrap();
    let (_, output) = run(&connection, "hang up").await.unwrap();
    let exit = output.exit();
    assert!(matches!(exit, Some(Exit::Lost(_))), "{exit:?}");
    let error = run(&connection, "greet").await.unwrap_err();
    assert!(matches!(error, ExecError::Lost { .. }), "{error}");
}

#[tokio::test]
async fn a_host_that_vanishes_under_a_command_is_noticed() {
    let site = Site::new(&[Manner::Serve]).await;
    let mut client = Client::new(Arc::new(NoPrompt));
    client.keepalive = Duration::from_millis(25);
    let settings = site.settings(&key(LOGIN_KEY));
    let connection = client.connect(&"h".into(), &settings).await.unwrap();
    let (_input, mut output) = connection.start("freeze".into(), 0).await.unwrap();
    assert_eq!(output.next().await.unwrap(), None);
    let reason = "it has not answered for 0.1 s".to_owned();
    assert_eq!(output.exit(), Some(&Exit::Lost(reason)));
}

#[tokio::test]
async fn a_host_that_runs_no_commands_is_an_error() {
    let site = Site::new(&[Manner::Serve]).await;
    let connection = site.connect(&site.settings(&key(LOGIN_KEY))).await.unwrap();
    let error = run(&connection, "shutdown").await.unwrap_err();
    assert!(matches!(error, ExecError::Refused { .. }), "{error}");
}

/// Knows a passphrase, and counts how often it is asked.
struct Knows(&'static str, AtomicUsize);

impl Prompt for Knows {
    fn secret(&self, _question: &str) -> Option<String> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Some(self.0.into())
    }
}

fn encrypted(key: &PrivateKey, passphrase: &str) -> PrivateKey {
    let kdf = Kdf::Bcrypt {
        salt: vec![0; 16],
        rounds: 1,
    };
    key.encrypt_with(Cipher::Aes256Ctr, kdf, 0, passphrase)
        .unwrap()
}

#[tokio::test]
async fn a_passphrase_is_asked_for_once() {
    let site = Site::new(&[Manner::Serve]).await;
    let settings = site.settings(&encrypted(&key(LOGIN_KEY), "sesame"));
    let prompt = Arc::new(Knows("sesame", AtomicUsize::new(0)));
    let client = Client::new(prompt.clone());
    let hosts = ["a", "b"].map(Arc::from);
    let (first, second) = tokio::join!(
        client.connect(&hosts[0], &settings),
        client.connect(&hosts[1], &settings)
    );
    first.unwrap();
    second.unwrap();
    client.connect(&"c".into(), &settings).await.unwrap();
    assert_eq!(prompt.1.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_wrong_passphrase_is_an_error() {
    let site = Site::new(&[Manner::Serve]).await;
    let settings = site.settings(&encrypted(&key(LOGIN_KEY), "sesame"));
    let prompt = Arc::new(Knows("rosebud", AtomicUsize::new(0)));
    let client = Client::new(prompt.clone());
    let Err(error) = client.connect(&"a".into(), &settings).await else {
        panic!("the passphrase is wrong");
    };
    assert!(
        error
            .to_string()
            .ends_with("is not decrypted by the passphrase that was given"),
        "{error}"
    );
    assert_eq!(prompt.1.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_password_is_not_for_a_host_with_another_key() {
    let site = Site::new(&[Manner::Serve]).await;
    let settings = ConnectionSettings {
        password: Password::new("sesame"),
        host_key_checking: HostKeyChecking::Off,
        ..site.settings(&key(OTHER_LOGIN_KEY))
    };
    site.connect(&settings).await.unwrap();
    site.knows(OTHER_HOST_KEY);
    let error = site.connect_error(&settings).await.to_string();
    assert!(
        error.ends_with("the password (not given: the host's key is not the recorded one)"),
        "{error}"
    );
}

#[tokio::test]
async fn a_public_key_without_an_agent_is_an_error() {
    let site = Site::new(&[Manner::Serve]).await;
    let settings = site.settings(&key(LOGIN_KEY));
    let public: PublicKey = key(OTHER_LOGIN_KEY).public_key().clone();
    std::fs::write(site.path("key"), public.to_openssh().unwrap()).unwrap();
    let error = site.connect_error(&settings).await.to_string();
    assert!(error.contains("only the public half"), "{error}");
}
