//! Simulated hosts in this process: real SSH servers on loopback, with a scripted worker behind each.
//!
//! Nothing runs on such a host and nothing is changed: it costs the machine little, so that a thousand of them leave
//! the controller room to be measured. Connections, keys, logins, channels and frames are real; what a worker finds
//! is made up.

mod door;
mod server;
mod wire;
mod worker;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use tokio::net::{TcpListener, TcpSocket};

use self::door::Door;
use self::server::Server;
pub(crate) use self::worker::CHANGES;

/// What is special about a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Nothing.
    Plain,
    /// Packets take their time, both ways.
    Far,
    /// Every task takes a while.
    Slow,
    /// Drops its first connections before it says anything: one or two of them.
    Busy,
    /// Shares its address with all others of its kind, whose server has OpenSSH's `MaxStartups 10:30:100`.
    Crowded,
    /// Nobody listens.
    Closed,
    /// Takes connections and never says anything.
    Silent,
}

impl Manner {
    /// What each twentieth host is, when a fleet has faults.
    const MIX: [Self; 20] = {
        let mut mix = [Self::Plain; 20];
        (mix[1], mix[2]) = (Self::Closed, Self::Silent);
        (mix[3], mix[4], mix[5]) = (Self::Busy, Self::Busy, Self::Busy);
        (mix[6], mix[7]) = (Self::Slow, Self::Slow);
        (mix[8], mix[9], mix[10]) = (Self::Far, Self::Far, Self::Far);
        (mix[11], mix[12], mix[13]) = (Self::Crowded, Self::Crowded, Self::Crowded);
        mix
    };

    /// Whether a run can do its work there.
    pub(crate) fn is_reachable(self) -> bool {
        !matches!(self, Self::Closed | Self::Silent)
    }
}

/// A host as the inventory has it.
struct Member {
    name: String,
    address: SocketAddr,
    manner: Manner,
}

/// The hosts. They end with it.
pub(crate) struct Fleet {
    members: Vec<Member>,
    servers: Vec<Arc<Server>>,
    /// Ports on which nobody listens, kept so that nobody else does.
    _closed: Vec<TcpSocket>,
}

/// A key that is the same for the same number.
fn key(number: u8) -> PrivateKey {
    Ed25519Keypair::from_seed(&[number; 32]).into()
}

const HOST_KEY: u8 = 1;
const LOGIN_KEY: u8 = 2;

impl Fleet {
    /// Starts `count` plain hosts.
    pub(crate) async fn plain(count: usize) -> io::Result<Self> {
        Self::start(count, |_| Manner::Plain).await
    }

    /// Starts `count` hosts, three in ten with a fault of some kind and two of twenty out of reach.
    pub(crate) async fn faulty(count: usize) -> io::Result<Self> {
        Self::start(count, |number| Manner::MIX[number % Manner::MIX.len()]).await
    }

    async fn start(count: usize, manner: impl Fn(usize) -> Manner) -> io::Result<Self> {
        let mut fleet = Self {
            members: Vec::with_capacity(count),
            servers: Vec::new(),
            _closed: Vec::new(),
        };
        let (mut shared, mut closed) = (None, Vec::new());
        for number in 0..count {
            let manner = manner(number);
            let address = match (manner, shared) {
                (Manner::Closed, _) => {
                    let socket = TcpSocket::new_v4()?;
                    socket.bind(([127, 0, 0, 1], 0).into())?;
                    let address = socket.local_addr()?;
                    closed.push(socket);
                    address
                }
                (Manner::Crowded, Some(address)) => address,
                _ => fleet.listen(number, manner).await?,
            };
            if manner == Manner::Crowded {
                shared = Some(address);
            }
            let name = format!("node{number:04}.example.org");
            fleet.members.push(Member {
                name,
                address,
                manner,
            });
        }
        Ok(Self {
            _closed: closed,
            ..fleet
        })
    }

    async fn listen(&mut self, number: usize, manner: Manner) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let door = match manner {
            Manner::Busy => Door::dropping(1 + number % 2),
            Manner::Crowded => Door::max_startups(),
            _ => Door::open(),
        };
        let server = Arc::new(Server {
            door,
            key: key(HOST_KEY),
            login: key(LOGIN_KEY).public_key().clone(),
            is_silent: manner == Manner::Silent,
            delay: Duration::from_millis(if manner == Manner::Far { 10 } else { 0 }),
            pause: Duration::from_millis(if manner == Manner::Slow { 20 } else { 0 }),
        });
        tokio::spawn(server::listen(listener, Arc::clone(&server)));
        self.servers.push(server);
        Ok(address)
    }

    /// Writes an inventory of the hosts, the key to log in with and the hosts' keys.
    pub(crate) fn write(&self, directory: &Path) -> io::Result<()> {
        let file = directory.join("key");
        let login = key(LOGIN_KEY);
        login
            .write_openssh_file(&file, LineEnding::LF)
            .map_err(io::Error::other)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        let public = key(HOST_KEY).public_key().to_openssh();
        let public = public.map_err(io::Error::other)?;
        let (mut known, mut inventory) = (String::new(), String::from("all:\n  vars:\n"));
        let at = directory.display();
        let _ = write!(
            inventory,
            "    ansible_user: ops\n    ansible_ssh_private_key_file: {at}/key\n    \
             ansible_ssh_known_hosts_file: {at}/known_hosts\n    ansible_timeout: 60\n  children:\n    nodes:\n      hosts:\n"
        );
        for (number, member) in self.members.iter().enumerate() {
            let (name, port) = (&member.name, member.address.port());
            let _ = writeln!(known, "[127.0.0.1]:{port} {public}");
            let _ = write!(
                inventory,
                "        {name}: {{ansible_host: 127.0.0.1, ansible_port: {port}, rack: r{}",
                number % 16
            );
            if member.manner == Manner::Silent {
                inventory.push_str(", ansible_timeout: 1");
            }
            inventory.push_str("}\n");
        }
        fs::write(directory.join("known_hosts"), known)?;
        fs::write(directory.join("inventory.yaml"), inventory)
    }

    /// The hosts and what is special about them.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = (&str, Manner)> {
        let members = self.members.iter();
        members.map(|member| (member.name.as_str(), member.manner))
    }

    /// How many connections have been dropped before they began.
    pub(crate) fn dropped(&self) -> usize {
        self.servers
            .iter()
            .map(|server| server.door.dropped())
            .sum()
    }
}
