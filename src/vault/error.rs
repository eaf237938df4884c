//! What can keep an encrypted text from being read.

use std::fmt::Write;

use thiserror::Error;

/// Why a text cannot be decrypted or encrypted. It never shows a password or a plain text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VaultError {
    /// It begins as a vault and goes on as something else.
    #[error("this encrypted text is damaged: {0}")]
    Damaged(String),
    /// A format that nobody here knows.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// There is no password at all.
    #[error("this is encrypted, and no password was given")]
    NoPassword {
        /// The vault id that it was encrypted with, if it says.
        label: Option<String>,
    },
    /// None of the passwords opens it.
    #[error("this is encrypted, and no password that was given opens it")]
    WrongPassword {
        /// The vault id that it was encrypted with, if it says.
        label: Option<String>,
        /// The labels of the passwords that were tried.
        tried: Vec<String>,
    },
    /// It is encrypted for age identities, and there are none.
    #[error("this is encrypted with age, and no identity was given")]
    NoIdentity,
    /// None of the identities opens it.
    #[error("this is encrypted with age, and no identity that was given opens it")]
    WrongIdentity,
    /// A password or an identity cannot be had.
    #[error("{0}")]
    Key(String),
    /// Two passwords could be meant.
    #[error("several vault ids were given, and none was chosen to encrypt with")]
    Ambiguous {
        /// Their labels.
        labels: Vec<String>,
    },
    /// The vault id to encrypt with is not among those given.
    #[error("the vault id `{label}` is not among those that were given")]
    UnknownLabel {
        /// What was asked for.
        label: String,
        /// What there is.
        labels: Vec<String>,
    },
    /// The operating system gave no random numbers, or something else that should not happen.
    #[error("cannot encrypt: {0}")]
    Encrypt(String),
}

const HOW_TO_GIVE: &str =
    "give it with `--vault-password-file FILE`, `--vault-id LABEL@FILE` or `--ask-vault-password`";

impl VaultError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::NoPassword { label: Some(label) } => {
                format!("give it with `--vault-id {label}@FILE` or `--vault-id {label}@prompt`")
            }
            Self::NoPassword { label: None } => HOW_TO_GIVE.into(),
            Self::WrongPassword { label, tried } => wrong(label.as_deref(), tried),
            Self::NoIdentity => "give it with `--age-identity FILE`".into(),
            Self::WrongIdentity => {
                "it was encrypted for other recipients, or it was damaged".into()
            }
            Self::Damaged(_) => "restore it from where it came from, or encrypt it anew".into(),
            Self::Ambiguous { labels } | Self::UnknownLabel { labels, .. } => {
                format!("choose one with `--encrypt-vault-id`: {}", list(labels))
            }
            Self::Unsupported(_) => {
                "known are Ansible Vault 1.1 and 1.2 with AES256, and age; encrypt it anew".into()
            }
            Self::Key(_) | Self::Encrypt(_) => return None,
        })
    }
}

fn wrong(label: Option<&str>, tried: &[String]) -> String {
    let mut text = format!("tried: {}", list(tried));
    match label {
        Some(label) if !tried.iter().any(|other| other == label) => {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "; it was encrypted with the vault id `{label}`, which was not given"
            );
        }
        _ => text.push_str("; or the text was damaged"),
    }
    text
}

fn list(labels: &[String]) -> String {
    let quoted: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
    quoted.join(", ")
}
