//! Encrypted texts, in the formats of Ansible Vault and of age, and the keys that open them.
//!
//! It knows bytes and keys only: which files are read, and what is done with a plain text, is decided elsewhere. Its
//! errors never hold a part of a plain text or of a password.

mod age;
mod ansible;
mod error;
mod keyring;
mod password;

pub use age::Recipients;
pub use ansible::Envelope;
pub use error::VaultError;
pub use keyring::{Ask, Keyring, NoAnswer, Opened};
pub use password::{PasswordSource, VaultId};

/// The label of a password that was given without one.
pub const DEFAULT_LABEL: &str = "default";

/// Bytes that are wiped from memory when they are no longer used.
pub type Plain = zeroize::Zeroizing<Vec<u8>>;

/// How many bytes of the beginning [`is_encrypted`] needs.
pub const HEAD: usize = 64;

/// Whether a text says of itself that it is encrypted.
pub fn is_encrypted(text: &[u8]) -> bool {
    ansible::is_vault(text) || age::is_age(text)
}

/// The password that a file holds, or prints if it is a program.
pub fn password_in(file: &std::path::Path) -> Result<Plain, VaultError> {
    password::of_file(file, DEFAULT_LABEL)
}

/// Encrypts with a password in the format of Ansible Vault: 1.2 with a label, 1.1 without or with the default one.
pub fn encrypt(plain: &[u8], password: &[u8], label: &str) -> Result<String, VaultError> {
    Envelope::seal(plain, password, label).map(|envelope| envelope.to_string())
}

#[cfg(test)]
mod tests;
