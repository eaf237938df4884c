//! Proving to a host who we are: which keys are tried, and in which order.
//!
//! A key that the settings name is the only one. Otherwise the agent's keys come first, then the usual files,
//! and last those of them that need a passphrase: nobody is asked for one that is not needed. A password comes after
//! all keys.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};
use tokio::net::UnixStream;

use super::attempt::Attempt;
use super::client::Handler;
use super::expand_home;
use super::keys::{KeyFile, KeyFiles};
use super::password::{Answer, PasswordLogin};
use crate::transport::error::{ConnectError, KeyError, KeyErrorReason, Stage};
use crate::transport::passwords::Passwords;
use crate::transport::settings::ConnectionSettings;

/// The files in `~/.ssh` that are tried when the settings name none.
const USUAL_FILES: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// A key to try.
struct Identity {
    /// How messages call it.
    name: String,
    proof: Proof,
}

enum Proof {
    Agent(Box<AgentIdentity>),
    Key(Arc<PrivateKey>),
    Locked(PathBuf, Arc<KeyFile>),
}

/// The keys to try, and notes on those that are not fit to be tried.
#[derive(Default)]
struct Identities {
    fit: Vec<Identity>,
    unfit: Vec<String>,
}

/// Logs in as `user`, or says what was tried. A host that is not the known one is given no password.
pub(super) async fn log_in(
    handle: &mut Handle<Handler>,
    host: &Arc<str>,
    user: &str,
    settings: &ConnectionSettings,
    is_known: bool,
    shared: (&KeyFiles, &Passwords),
    attempt: &mut Attempt<'_>,
) -> Result<(), ConnectError> {
    let (keys, passwords) = shared;
    let mut agent = attempt.within(Stage::Login, agent(handle)).await?;
    let held = match &mut agent {
        Some(agent) => {
            let identities = attempt.within(Stage::Login, agent.request_identities());
            identities.await?.unwrap_or_default()
        }
        None => Vec::new(),
    };
    let identities = match &settings.private_key_file {
        Some(file) => only(&expand_home(file), keys, held).await?,
        None => usual(keys, held).await,
    };
    let mut tried = Vec::new();
    // What the server takes, once it has said so.
    let mut left = None;
    for identity in identities.fit {
        let key = match &identity.proof {
            Proof::Agent(_) => None,
            Proof::Key(key) => Some(Arc::clone(key)),
            Proof::Locked(path, file) => {
                let KeyFile::Locked(locked) = file.as_ref() else {
                    continue;
                };
                match attempt.paused(keys.unlock(path, locked)).await {
                    Ok(key) => Some(key),
                    Err(reason) if settings.private_key_file.is_some() => {
                        let file = path.clone();
                        return Err(KeyError { file, reason }.into());
                    }
                    Err(reason) => {
                        tried.push(format!("{} (it {reason})", identity.name));
                        continue;
                    }
                }
            }
        };
        let answer = match (key, identity.proof, &mut agent) {
            (Some(key), ..) => {
                attempt
                    .within(Stage::Login, with_key(handle, user, key))
                    .await?
            }
            (None, Proof::Agent(held), Some(agent)) => {
                attempt
                    .within(Stage::Login, with_agent(handle, user, *held, agent))
                    .await?
            }
            _ => continue,
        };
        match answer {
            Ok(AuthResult::Success) => return Ok(()),
            Ok(AuthResult::Failure { .. }) if handle.is_closed() => {
                return Err(attempt.lost(Stage::Login));
            }
            Ok(AuthResult::Failure {
                remaining_methods,
                partial_success,
            }) => {
                left = Some(remaining_methods);
                if partial_success {
                    tried.push(format!("{} (accepted, but not enough)", identity.name));
                    break;
                }
                tried.push(identity.name);
            }
            Err(reason) if handle.is_closed() => {
                tried.push(format!("{} ({reason})", identity.name));
                return Err(attempt.lost(Stage::Login));
            }
            Err(reason) => tried.push(format!("{} ({reason})", identity.name)),
        }
    }
    tried.extend(identities.unfit);
    if let Some(password) = &settings.password {
        let login = PasswordLogin {
            host,
            user,
            password,
            passwords,
            is_known,
        };
        match login.log_in(handle, left, attempt).await? {
            Answer::Accepted => return Ok(()),
            Answer::Refused(what) => tried.push(what),
        }
    }
    Err(ConnectError::Refused {
        address: settings.address.clone(),
        user: user.to_owned(),
        tried,
    })
}

/// The user's agent, if there is one that answers.
async fn agent(handle: &Handle<Handler>) -> Option<AgentClient<UnixStream>> {
    let mut agent = AgentClient::connect_env().await.ok()?;
    if let Some(binding) = handle.agent_session_binding() {
        // An agent that does not know this request has no keys that depend on it.
        let _ = agent.bind_session(binding, false).await;
    }
    Some(agent)
}

async fn with_key(
    handle: &mut Handle<Handler>,
    user: &str,
    key: Arc<PrivateKey>,
) -> Result<AuthResult, String> {
    let hash = hash(handle, key.public_key()).await;
    let key = PrivateKeyWithHashAlg::new(key, hash);
    let answer = handle.authenticate_publickey(user, key).await;
    answer.map_err(|error| error.to_string())
}

async fn with_agent(
    handle: &mut Handle<Handler>,
    user: &str,
    held: AgentIdentity,
    agent: &mut AgentClient<UnixStream>,
) -> Result<AuthResult, String> {
    let hash = hash(handle, &held.public_key()).await;
    let answer = match held {
        AgentIdentity::PublicKey { key, .. } => {
            handle
                .authenticate_publickey_with(user, key, hash, agent)
                .await
        }
        AgentIdentity::Certificate { certificate, .. } => {
            handle
                .authenticate_certificate_with(user, certificate, hash, agent)
                .await
        }
    };
    answer.map_err(|error| error.to_string())
}

/// How an RSA key signs: with the best hash that the server takes, and never with SHA-1.
async fn hash(handle: &Handle<Handler>, key: &PublicKey) -> Option<HashAlg> {
    if !key.algorithm().is_rsa() {
        return None;
    }
    // It waits up to a second for a server that does not say; RSA keys are the only reason to ask.
    let best = handle.best_supported_rsa_hash().await;
    Some(best.ok().flatten().flatten().unwrap_or(HashAlg::Sha512))
}

/// The key of `path`: the agent's copy of it, if it has one.
async fn only(
    path: &Path,
    keys: &KeyFiles,
    held: Vec<AgentIdentity>,
) -> Result<Identities, KeyError> {
    let file = keys.load(path).await?;
    let in_agent = held.into_iter().find(|held| {
        file.public()
            .is_some_and(|key| key.key_data() == held.public_key().key_data())
    });
    let mut identities = Identities::default();
    match (in_agent, file.as_ref()) {
        // Asking the agent costs a round trip, so it is asked only for what the file does not give.
        (Some(held), KeyFile::Locked(_) | KeyFile::Public(_)) => identities.agent(held),
        (None, KeyFile::Public(_)) => {
            return Err(KeyError {
                file: path.to_owned(),
                reason: KeyErrorReason::NotInAgent,
            });
        }
        _ => identities.file(path, &file),
    }
    Ok(identities)
}

async fn usual(keys: &KeyFiles, held: Vec<AgentIdentity>) -> Identities {
    let mut identities = Identities::default();
    let in_agent: Vec<_> = held
        .iter()
        .map(|held| held.public_key().key_data().clone())
        .collect();
    for held in held {
        identities.agent(held);
    }
    let directory = env::home_dir().map(|home| home.join(".ssh"));
    let mut locked = Identities::default();
    for path in directory
        .iter()
        .flat_map(|directory| USUAL_FILES.map(|file| directory.join(file)))
    {
        let file = match keys.load(&path).await {
            Ok(file) => file,
            Err(error) if is_absent(&error) => continue,
            Err(error) => {
                let note = format!("{} (it {})", path.display(), error.reason);
                identities.unfit.push(note);
                continue;
            }
        };
        let is_in_agent = |key: &PublicKey| in_agent.contains(key.key_data());
        match file.as_ref() {
            _ if file.public().is_some_and(is_in_agent) => {}
            KeyFile::Locked(_) => locked.file(&path, &file),
            KeyFile::Private(_) | KeyFile::Public(_) => identities.file(&path, &file),
        }
    }
    identities.fit.extend(locked.fit);
    identities
}

fn is_absent(error: &KeyError) -> bool {
    matches!(
        error.reason,
        KeyErrorReason::Unreadable(std::io::ErrorKind::NotFound)
    )
}

impl Identities {
    fn agent(&mut self, held: AgentIdentity) {
        let key = held.public_key();
        let name = format!(
            "the agent's {} {}",
            key.algorithm(),
            key.fingerprint(HashAlg::Sha256)
        );
        self.fit.push(Identity {
            name,
            proof: Proof::Agent(Box::new(held)),
        });
    }

    fn file(&mut self, path: &Path, file: &Arc<KeyFile>) {
        let proof = match file.as_ref() {
            KeyFile::Private(key) => Proof::Key(Arc::clone(key)),
            KeyFile::Locked(_) => Proof::Locked(path.to_owned(), Arc::clone(file)),
            KeyFile::Public(_) => return,
        };
        self.fit.push(Identity {
            name: path.display().to_string(),
            proof,
        });
    }
}
