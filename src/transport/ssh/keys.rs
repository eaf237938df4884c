//! Private keys from files: each is read, and each passphrase asked for, once in a run.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use russh::keys::{self, PrivateKey, PublicKey, decode_secret_key};
use tokio::sync::{Mutex, OnceCell};
use tokio::task::spawn_blocking;

use crate::transport::error::{KeyError, KeyErrorReason};
use crate::transport::prompt::Prompt;

/// How often a passphrase may be mistyped.
const ATTEMPTS: usize = 3;

/// The largest file that is looked at.
const MAX_FILE: u64 = 1 << 20;

/// The key files of a run.
pub(super) struct KeyFiles {
    files: StdMutex<BTreeMap<PathBuf, Arc<Slot>>>,
    prompt: Arc<dyn Prompt>,
    /// One question at a time.
    asking: Mutex<()>,
}

type Slot = OnceCell<Result<Arc<KeyFile>, KeyError>>;

/// What a key file holds.
pub(super) enum KeyFile {
    /// A key that is ready for use.
    Private(Arc<PrivateKey>),
    /// A key behind a passphrase.
    Locked(LockedKey),
    /// Only the public half; the agent may have the other.
    Public(PublicKey),
}

/// An encrypted key.
pub(super) struct LockedKey {
    text: String,
    /// The public half, if the file shows it.
    public: Option<PublicKey>,
    unlocked: OnceCell<Result<Arc<PrivateKey>, KeyErrorReason>>,
}

impl KeyFile {
    /// The public half, if it is known without a passphrase.
    pub(super) fn public(&self) -> Option<&PublicKey> {
        match self {
            Self::Private(key) => Some(key.public_key()),
            Self::Locked(key) => key.public.as_ref(),
            Self::Public(key) => Some(key),
        }
    }
}

impl KeyFiles {
    pub(super) fn new(prompt: Arc<dyn Prompt>) -> Self {
        Self {
            files: StdMutex::default(),
            prompt,
            asking: Mutex::new(()),
        }
    }

    /// Reads the file, if this run has not done so yet.
    pub(super) async fn load(&self, path: &Path) -> Result<Arc<KeyFile>, KeyError> {
        let slot = {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(files.entry(path.to_owned()).or_default())
        };
        let loaded = slot.get_or_init(|| async {
            let reason = match read(path) {
                Ok(file) => return Ok(Arc::new(file)),
                Err(reason) => reason,
            };
            Err(KeyError {
                file: path.to_owned(),
                reason,
            })
        });
        loaded.await.clone()
    }

    /// The key behind the passphrase, which the user is asked for if this run has not done so yet.
    pub(super) async fn unlock(
        &self,
        path: &Path,
        locked: &LockedKey,
    ) -> Result<Arc<PrivateKey>, KeyErrorReason> {
        let unlocked = locked.unlocked.get_or_init(|| async {
            let _asking = self.asking.lock().await;
            let mut question = format!("passphrase of the key {}: ", path.display());
            for _ in 0..ATTEMPTS {
                let prompt = Arc::clone(&self.prompt);
                let text = locked.text.clone();
                let asked = spawn_blocking(move || {
                    let passphrase = prompt.secret(&question).ok_or(KeyErrorReason::Locked)?;
                    let key = decode_secret_key(&text, Some(&passphrase));
                    key.map_err(|_| KeyErrorReason::WrongPassphrase)
                });
                match asked.await {
                    Ok(Err(KeyErrorReason::WrongPassphrase)) => {}
                    Ok(key) => return key.map(Arc::new),
                    Err(_) => return Err(KeyErrorReason::Locked),
                }
                question = format!(
                    "that was not it; passphrase of the key {}: ",
                    path.display()
                );
            }
            Err(KeyErrorReason::WrongPassphrase)
        });
        unlocked.await.clone()
    }
}

fn read(path: &Path) -> Result<KeyFile, KeyErrorReason> {
    let unreadable = |error: io::Error| KeyErrorReason::Unreadable(error.kind());
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode();
    let mut text = String::new();
    file.take(MAX_FILE)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if let Ok(key) = PublicKey::from_openssh(&text) {
        return Ok(KeyFile::Public(key));
    }
    if mode & 0o077 != 0 {
        return Err(KeyErrorReason::Exposed(mode & 0o7777));
    }
    // Only this format shows its public half; the others say no more than that they are encrypted.
    if let Ok(key) = PrivateKey::from_openssh(&text)
        && key.is_encrypted()
    {
        return Ok(locked(text, Some(key.public_key().clone())));
    }
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        return Ok(locked(text, None));
    }
    match decode_secret_key(&text, None) {
        Ok(key) => Ok(KeyFile::Private(Arc::new(key))),
        Err(keys::Error::KeyIsEncrypted) => Ok(locked(text, None)),
        Err(error) => Err(KeyErrorReason::Malformed(error.to_string())),
    }
}

fn locked(text: String, public: Option<PublicKey>) -> KeyFile {
    KeyFile::Locked(LockedKey {
        text,
        public,
        unlocked: OnceCell::new(),
    })
}
