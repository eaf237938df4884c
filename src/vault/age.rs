//! Files that are encrypted with age, binary or armored, for identities or with a passphrase.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, Identity, IdentityFile};
use zeroize::Zeroizing;

use super::{Plain, VaultError};

const BINARY: &[u8] = b"age-encryption.org/";
const ARMORED: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";

/// The most that a passphrase may cost: 2 to this power times a kilobyte of memory, so 1 GiB.
const MAX_WORK: u8 = 20;

/// The longest header: more than a thousand recipients. Reading one takes time with the square of its length.
const MAX_HEADER: u64 = 128 << 10;

/// What the last line of a header begins with.
const HEADER_END: &[u8] = b"\n---";

/// The most that a file may decrypt to.
const MAX_PLAIN: u64 = 16 << 20;

/// Whether a text begins as a file of age does.
pub(super) fn is_age(text: &[u8]) -> bool {
    text.starts_with(BINARY) || text.trim_ascii_start().starts_with(ARMORED)
}

/// Refuses a text whose header has no end within reach.
fn check_header(text: &[u8]) -> Result<(), VaultError> {
    let mut head = Vec::new();
    let read = ArmoredReader::new(text)
        .take(MAX_HEADER)
        .read_to_end(&mut head);
    let ends = head
        .windows(HEADER_END.len())
        .any(|window| window == HEADER_END);
    if ends || head.len() as u64 != MAX_HEADER || read.is_err() {
        return Ok(());
    }
    let long = format!("a header of more than {} KiB", MAX_HEADER >> 10);
    Err(VaultError::Unsupported(long))
}

/// A file of age whose header was read.
pub(super) struct AgeFile<'a>(Decryptor<ArmoredReader<io::BufReader<&'a [u8]>>>);

impl<'a> AgeFile<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, VaultError> {
        let text = if text.starts_with(BINARY) {
            text
        } else {
            text.trim_ascii_start()
        };
        check_header(text)?;
        match Decryptor::new(ArmoredReader::new(text)) {
            Ok(decryptor) => Ok(Self(decryptor)),
            Err(DecryptError::UnknownFormat) => Err(VaultError::Unsupported(
                "this version of age's format".into(),
            )),
            Err(_) => Err(VaultError::Damaged("its header is not that of age".into())),
        }
    }

    /// Whether a passphrase opens it, and not an identity.
    pub(super) fn wants_passphrase(&self) -> bool {
        self.0.is_scrypt()
    }

    /// The plain text; nothing if the passphrase is not the right one.
    pub(super) fn open_with_passphrase(
        self,
        passphrase: &[u8],
    ) -> Result<Option<Plain>, VaultError> {
        let text = String::from_utf8_lossy(passphrase).into_owned();
        let mut identity = age::scrypt::Identity::new(SecretString::from(text));
        identity.set_max_work_factor(MAX_WORK);
        self.open(&mut std::iter::once(&identity as &dyn Identity))
    }

    /// The plain text; nothing if none of the identities is a recipient.
    pub(super) fn open_with_identities(
        self,
        identities: &Identities,
    ) -> Result<Option<Plain>, VaultError> {
        self.open(&mut identities.0.iter().map(AsRef::as_ref))
    }

    fn open(
        self,
        identities: &mut dyn Iterator<Item = &dyn Identity>,
    ) -> Result<Option<Plain>, VaultError> {
        let mut reader = match self.0.decrypt(identities) {
            Ok(reader) => reader.take(MAX_PLAIN + 1),
            Err(
                DecryptError::NoMatchingKeys
                | DecryptError::DecryptionFailed
                | DecryptError::KeyDecryptionFailed,
            ) => return Ok(None),
            Err(DecryptError::ExcessiveWork { .. }) => {
                return Err(VaultError::Unsupported(
                    "so costly a passphrase of age".into(),
                ));
            }
            Err(_) => return Err(VaultError::Damaged("its header is not that of age".into())),
        };
        let mut plain = Zeroizing::new(Vec::new());
        reader
            .read_to_end(&mut plain)
            .map_err(|_| VaultError::Damaged("it is cut off, or was altered".into()))?;
        if plain.len() as u64 > MAX_PLAIN {
            return Err(VaultError::Unsupported(
                "a content of more than 16 MiB".into(),
            ));
        }
        Ok(Some(plain))
    }
}

/// The identities of one or more files.
pub(super) struct Identities(Vec<Box<dyn Identity>>);

impl Identities {
    /// Reads the text of an identity file.
    pub(super) fn parse(text: &[u8]) -> Result<Self, &'static str> {
        let file = IdentityFile::from_buffer(io::BufReader::new(text))
            .map_err(|_| "it holds no age identities (`AGE-SECRET-KEY-1...`)")?;
        let identities = file
            .into_identities()
            .map_err(|_| "its identities cannot be used")?;
        if identities.is_empty() {
            return Err("it holds no age identities (`AGE-SECRET-KEY-1...`)");
        }
        Ok(Self(identities))
    }
}

/// Who is to be able to read what is encrypted.
#[derive(Clone, Default)]
pub struct Recipients(Vec<age::x25519::Recipient>);

impl Recipients {
    /// Adds a recipient by its public key (`age1...`).
    pub fn add(&mut self, key: &str) -> Result<(), VaultError> {
        let recipient = age::x25519::Recipient::from_str(key).map_err(|_| {
            VaultError::Key(format!(
                "`{key}` is not the public key of an age identity (`age1...`)"
            ))
        })?;
        self.0.push(recipient);
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Encrypts for them, as armored text.
    pub fn encrypt(&self, plain: &[u8]) -> Result<String, VaultError> {
        let recipients = self
            .0
            .iter()
            .map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients)
            .map_err(|error| VaultError::Encrypt(error.to_string()))?;
        armored(encryptor, plain)
    }
}

impl fmt::Debug for Recipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recipients").field(&self.0.len()).finish()
    }
}

fn armored(encryptor: Encryptor, plain: &[u8]) -> Result<String, VaultError> {
    let write = || -> io::Result<Vec<u8>> {
        let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armor)?;
        writer.write_all(plain)?;
        writer.finish()?.finish()
    };
    let bytes = write().map_err(|error| VaultError::Encrypt(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| VaultError::Encrypt(error.to_string()))
}

/// Encrypts with a passphrase that is cheap to try, for tests.
#[cfg(test)]
pub(super) fn encrypt_cheaply(plain: &[u8], passphrase: &str, armor: bool) -> Vec<u8> {
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
    recipient.set_work_factor(2);
    let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        .expect("a recipient");
    if armor {
        return armored(encryptor, plain).expect("encrypted").into_bytes();
    }
    let mut bytes = Vec::new();
    let mut writer = encryptor.wrap_output(&mut bytes).expect("a vector");
    writer.write_all(plain).expect("a vector");
    writer.finish().expect("a vector");
    bytes
}
