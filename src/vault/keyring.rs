//! The keys of a run. A password is read, or asked for, when something encrypted is met for the first time.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use super::age::{AgeFile, Identities};
use super::ansible::Envelope;
use super::password::{self, PasswordSource, VaultId};
use super::{DEFAULT_LABEL, Plain, VaultError, age, ansible};

/// Asks the user for a password.
pub type Ask = dyn Fn(&str) -> Result<String, NoAnswer> + Send + Sync;

/// Why there is no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// There is nobody to ask.
    Nobody,
    /// It was asked for twice, and the answers differ.
    Different,
}

/// A text that was opened.
pub struct Opened<'k> {
    /// The text.
    pub plain: Plain,
    /// The label and the password of an Ansible Vault; nothing for age.
    pub key: Option<(String, &'k Plain)>,
}

/// All keys that were given. Clones share what was read.
#[derive(Clone, Default)]
pub struct Keyring(Arc<Keys>);

#[derive(Default)]
struct Keys {
    passwords: Vec<Password>,
    identities: Vec<PathBuf>,
    identity_texts: OnceLock<Result<Vec<Plain>, VaultError>>,
    ask: Option<Box<Ask>>,
}

struct Password {
    id: VaultId,
    known: OnceLock<Result<Plain, VaultError>>,
}

impl Keyring {
    /// A keyring of passwords and of files with age identities. `ask` is used for passwords that only the user
    /// knows.
    pub fn new(ids: Vec<VaultId>, identities: Vec<PathBuf>, ask: Box<Ask>) -> Self {
        let password = |id| Password {
            id,
            known: OnceLock::new(),
        };
        Self(Arc::new(Keys {
            passwords: ids.into_iter().map(password).collect(),
            identities,
            identity_texts: OnceLock::new(),
            ask: Some(ask),
        }))
    }

    /// The plain text of something encrypted in one of the known formats.
    pub fn decrypt(&self, text: &[u8]) -> Result<Plain, VaultError> {
        self.open(text).map(|opened| opened.plain)
    }

    /// The plain text, with what would encrypt it as it was.
    pub fn open(&self, text: &[u8]) -> Result<Opened<'_>, VaultError> {
        if ansible::is_vault(text) {
            self.open_vault(&Envelope::parse(text)?)
        } else if age::is_age(text) {
            Ok(Opened {
                plain: self.open_age(text)?,
                key: None,
            })
        } else {
            Err(VaultError::Damaged(
                "it begins neither as Ansible Vault nor as age".into(),
            ))
        }
    }

    /// The label and the password to encrypt with: the one of this label, or the only one.
    pub fn to_encrypt(&self, label: Option<&str>) -> Result<(&str, &Plain), VaultError> {
        let passwords = &self.0.passwords;
        let labels = || self.labels();
        let chosen = match (label, &passwords[..]) {
            (_, []) => {
                return Err(VaultError::Key(
                    "no password to encrypt with was given".into(),
                ));
            }
            (Some(label), _) => {
                let found = passwords.iter().find(|password| password.id.label == label);
                found.ok_or_else(|| VaultError::UnknownLabel {
                    label: label.to_owned(),
                    labels: labels(),
                })?
            }
            (None, [only]) => only,
            (None, _) => return Err(VaultError::Ambiguous { labels: labels() }),
        };
        Ok((&chosen.id.label, chosen.get(self.0.ask.as_deref())?))
    }

    fn labels(&self) -> Vec<String> {
        let labels = self.0.passwords.iter();
        labels.map(|password| password.id.label.clone()).collect()
    }

    fn open_vault(&self, envelope: &Envelope) -> Result<Opened<'_>, VaultError> {
        let label = envelope.label.as_deref();
        let (plain, password) = self.try_passwords(label, |password| envelope.open(password))?;
        let label = label.unwrap_or(DEFAULT_LABEL).to_owned();
        let key = Some((label, password));
        Ok(Opened { plain, key })
    }

    fn open_age(&self, text: &[u8]) -> Result<Plain, VaultError> {
        let file = AgeFile::parse(text)?;
        if file.wants_passphrase() {
            let opened = self.try_passwords(None, |password| {
                AgeFile::parse(text)?.open_with_passphrase(password)
            });
            return opened.map(|(plain, _)| plain);
        }
        let identities = self.identities()?;
        if identities.is_empty() {
            return Err(VaultError::NoIdentity);
        }
        for identity in identities {
            let identity = Identities::parse(identity)
                .map_err(|error| VaultError::Key(format!("an age identity file: {error}")))?;
            if let Some(plain) = AgeFile::parse(text)?.open_with_identities(&identity)? {
                return Ok(plain);
            }
        }
        Err(VaultError::WrongIdentity)
    }

    /// The passwords with the right label first, then the others: a label is a hint, as in Ansible.
    fn try_passwords(
        &self,
        label: Option<&str>,
        mut open: impl FnMut(&[u8]) -> Result<Option<Plain>, VaultError>,
    ) -> Result<(Plain, &Plain), VaultError> {
        let passwords = &self.0.passwords;
        let label_owned = || label.map(str::to_owned);
        if passwords.is_empty() {
            return Err(VaultError::NoPassword {
                label: label_owned(),
            });
        }
        let fits = |password: &&Password| Some(password.id.label.as_str()) == label;
        let ordered = passwords.iter().filter(fits);
        for password in ordered.chain(passwords.iter().filter(|other| !fits(other))) {
            let password = password.get(self.0.ask.as_deref())?;
            if let Some(plain) = open(password)? {
                return Ok((plain, password));
            }
        }
        Err(VaultError::WrongPassword {
            label: label_owned(),
            tried: self.labels(),
        })
    }

    fn identities(&self) -> Result<&[Plain], VaultError> {
        let read = || {
            let files = self.0.identities.iter();
            files
                .map(|path| {
                    let shown = path.display();
                    let text = fs::read(password::expand(path)).map_err(|error| {
                        VaultError::Key(format!("cannot read the age identity `{shown}`: {error}"))
                    })?;
                    let text = Zeroizing::new(text);
                    Identities::parse(&text)
                        .map_err(|error| VaultError::Key(format!("`{shown}`: {error}")))?;
                    Ok(text)
                })
                .collect()
        };
        let texts = self.0.identity_texts.get_or_init(read);
        texts.as_deref().map_err(Clone::clone)
    }
}

impl Password {
    fn get(&self, ask: Option<&Ask>) -> Result<&Plain, VaultError> {
        let label = &self.id.label;
        let known = self.known.get_or_init(|| match &self.id.source {
            PasswordSource::File(path) => password::of_file(path, label),
            PasswordSource::Prompt => {
                let question = if label == DEFAULT_LABEL {
                    "Vault password: ".to_owned()
                } else {
                    format!("Vault password ({label}): ")
                };
                let answer = ask.map_or(Err(NoAnswer::Nobody), |ask| ask(&question));
                match answer.map(String::into_bytes).map(Zeroizing::new) {
                    Ok(answer) if !answer.is_empty() => Ok(answer),
                    Ok(_) => Err(VaultError::Key("the vault password is empty".into())),
                    Err(NoAnswer::Different) => Err(VaultError::Key(
                        "the vault password was typed in two different ways".into(),
                    )),
                    Err(NoAnswer::Nobody) => Err(VaultError::Key(format!(
                        "the vault password `{label}` cannot be asked for, as there is no terminal: give it with `--vault-password-file`"
                    ))),
                }
            }
        });
        known.as_ref().map_err(Clone::clone)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keyring").field(&self.labels()).finish()
    }
}
