//! The format of Ansible Vault, versions 1.1 and 1.2, with its only cipher.
//!
//! A header line `$ANSIBLE_VAULT;1.2;AES256;LABEL` (1.1 without the label), then in hexadecimal, in lines of 80, the
//! salt, the HMAC of the cipher text and the cipher text, each of them in hexadecimal before it. PBKDF2-HMAC-SHA256
//! makes the two keys and the counter's start of password and salt; AES-256 in counter mode encrypts the text, which
//! is padded as PKCS #7 demands.

use std::fmt;

use aes::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{DEFAULT_LABEL, Plain, VaultError};

const MAGIC: &[u8] = b"$ANSIBLE_VAULT;";
const ROUNDS: u32 = 10_000;
const LINE: usize = 80;
const BLOCK: usize = 16;
const SALT: usize = 32;

type Cipher = ctr::Ctr128BE<aes::Aes256>;

/// Whether a text begins as a vault does.
pub(super) fn is_vault(text: &[u8]) -> bool {
    text.starts_with(MAGIC)
}

/// What a vault holds, still encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The vault id that it was encrypted with, if it says.
    pub label: Option<String>,
    salt: Vec<u8>,
    mac: Vec<u8>,
    body: Vec<u8>,
}

impl Envelope {
    /// Reads a vault without opening it.
    pub fn parse(text: &[u8]) -> Result<Self, VaultError> {
        let damaged = |what: &str| VaultError::Damaged(what.to_owned());
        let text = std::str::from_utf8(text).map_err(|_| damaged("it is not text"))?;
        let mut lines = text.lines();
        let header = lines.next().unwrap_or_default().trim_end();
        let label = label(header)?;
        let outer: String = lines.map(str::trim).collect();
        if outer.is_empty() {
            return Err(damaged("nothing follows its first line"));
        }
        let inner = unhex(outer.as_bytes())
            .ok_or_else(|| damaged("it is cut off, or has characters that are not hexadecimal"))?;
        let mut parts = inner.splitn(3, |byte| *byte == b'\n').map(unhex);
        let mut part = |what: &str| {
            let part = parts.next().flatten().filter(|part| !part.is_empty());
            part.ok_or_else(|| {
                VaultError::Damaged(format!("it is cut off: there is no whole {what}"))
            })
        };
        Ok(Self {
            label,
            salt: part("salt")?,
            mac: part("checksum")?,
            body: part("content")?,
        })
    }

    /// The plain text; nothing if the password is not the right one, or the text was altered.
    pub fn open(&self, password: &[u8]) -> Result<Option<Plain>, VaultError> {
        let keys = Keys::derive(password, &self.salt);
        if keys.mac(&self.body)?.verify_slice(&self.mac).is_err() {
            return Ok(None);
        }
        let mut plain = Zeroizing::new(self.body.clone());
        keys.apply(&mut plain)?;
        let padding = usize::from(*plain.last().unwrap_or(&0));
        let start = plain.len().checked_sub(padding);
        match start {
            Some(start)
                if (1..=BLOCK).contains(&padding)
                    && plain[start..]
                        .iter()
                        .all(|byte| usize::from(*byte) == padding) =>
            {
                plain.truncate(start);
                Ok(Some(plain))
            }
            _ => Err(VaultError::Damaged("its padding is wrong".into())),
        }
    }

    /// Encrypts a text with a salt of random bytes.
    pub fn seal(plain: &[u8], password: &[u8], label: &str) -> Result<Self, VaultError> {
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).map_err(|error| VaultError::Encrypt(error.to_string()))?;
        Self::seal_with(plain, password, label, &salt)
    }

    pub(super) fn seal_with(
        plain: &[u8],
        password: &[u8],
        label: &str,
        salt: &[u8],
    ) -> Result<Self, VaultError> {
        let keys = Keys::derive(password, salt);
        let padding = BLOCK - plain.len() % BLOCK;
        let mut body = plain.to_vec();
        body.resize(plain.len() + padding, u8::try_from(padding).unwrap_or(1));
        keys.apply(&mut body)?;
        Ok(Self {
            label: (label != DEFAULT_LABEL).then(|| label.to_owned()),
            mac: keys.mac(&body)?.finalize().into_bytes().to_vec(),
            salt: salt.to_vec(),
            body,
        })
    }
}

/// The text of the vault, with a line break at its end.
impl fmt::Display for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.label {
            Some(label) => writeln!(f, "$ANSIBLE_VAULT;1.2;AES256;{label}")?,
            None => f.write_str("$ANSIBLE_VAULT;1.1;AES256\n")?,
        }
        let inner = [hex(&self.salt), hex(&self.mac), hex(&self.body)].join("\n");
        let outer = hex(inner.as_bytes());
        for start in (0..outer.len()).step_by(LINE) {
            writeln!(f, "{}", &outer[start..outer.len().min(start + LINE)])?;
        }
        Ok(())
    }
}

fn label(header: &str) -> Result<Option<String>, VaultError> {
    let fields: Vec<&str> = header.split(';').collect();
    match fields[..] {
        [_, "1.1", "AES256"] => Ok(None),
        [_, "1.2", "AES256", label] if !label.trim().is_empty() => {
            Ok(Some(label.trim().to_owned()))
        }
        [_, "1.1" | "1.2"] => Err(VaultError::Damaged("its first line is cut off".into())),
        [_, "1.1" | "1.2", "AES256", ..] => {
            Err(VaultError::Damaged("its first line is malformed".into()))
        }
        [_, "1.1" | "1.2", cipher, ..] => Err(VaultError::Unsupported(format!(
            "the cipher `{}` of Ansible Vault",
            shown(cipher)
        ))),
        [_, version, ..] => Err(VaultError::Unsupported(format!(
            "version `{}` of Ansible Vault",
            shown(version)
        ))),
        _ => Err(VaultError::Damaged("it has no header".into())),
    }
}

/// A word of a header, which may be anything.
fn shown(word: &str) -> String {
    word.chars().take(20).collect()
}

struct Keys(Zeroizing<[u8; 80]>);

impl Keys {
    fn derive(password: &[u8], salt: &[u8]) -> Self {
        let mut keys = Zeroizing::new([0; 80]);
        pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, ROUNDS, &mut *keys);
        Self(keys)
    }

    fn mac(&self, body: &[u8]) -> Result<Hmac<Sha256>, VaultError> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0[32..64]);
        let mut mac = mac.map_err(|error| VaultError::Encrypt(error.to_string()))?;
        mac.update(body);
        Ok(mac)
    }

    /// Encrypts and decrypts.
    fn apply(&self, text: &mut [u8]) -> Result<(), VaultError> {
        let cipher = Cipher::new_from_slices(&self.0[..32], &self.0[64..]);
        let mut cipher = cipher.map_err(|error| VaultError::Encrypt(error.to_string()))?;
        cipher.apply_keystream(text);
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    provision_worker::host::hex(bytes)
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2)
        .map(|pair| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok())
        .collect()
}
