//! The keys that the command line gives for what is encrypted.

use std::env;
use std::path::PathBuf;

use clap::Args;

use super::prompt::TerminalPrompt;
use crate::transport::Prompt;
use crate::vault::{Ask, Keyring, NoAnswer, PasswordSource, VaultId};

/// The variables that name a password file where no argument does, the first one first.
const FILE_VARIABLES: [&str; 2] = [
    "PROVISION_VAULT_PASSWORD_FILE",
    "ANSIBLE_VAULT_PASSWORD_FILE",
];

/// Keys for what is encrypted.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct KeyArgs {
    /// A vault id and where its password is: a file, a program that prints it, or `prompt`.
    #[arg(
        long = "vault-id",
        value_name = "LABEL@SOURCE",
        help_heading = "Secrets"
    )]
    ids: Vec<VaultId>,
    /// The file that holds the vault password, or a program that prints it; without it the variables
    /// `PROVISION_VAULT_PASSWORD_FILE` and `ANSIBLE_VAULT_PASSWORD_FILE` name one
    #[arg(
        long = "vault-password-file",
        visible_alias = "vault-pass-file",
        value_name = "FILE",
        help_heading = "Secrets"
    )]
    password_files: Vec<PathBuf>,
    /// Ask for the vault password, if something encrypted is met.
    #[arg(
        short = 'J',
        long = "ask-vault-password",
        visible_alias = "ask-vault-pass",
        help_heading = "Secrets"
    )]
    ask: bool,
    /// A file with identities of age.
    #[arg(long = "age-identity", value_name = "FILE", help_heading = "Secrets")]
    identities: Vec<PathBuf>,
}

impl KeyArgs {
    /// The keys. Nothing is read and nobody is asked before something encrypted is met.
    pub(super) fn keyring(&self) -> Keyring {
        Keyring::new(self.ids(), self.identities.clone(), asking())
    }

    /// The keys; the user is asked where nothing says what the password is.
    pub(super) fn keyring_or_ask(&self) -> Keyring {
        Keyring::new(self.ids_or_prompt(), self.identities.clone(), asking())
    }

    /// The passwords to encrypt with. One that is typed is asked for twice.
    pub(super) fn keyring_to_encrypt(&self) -> Keyring {
        Keyring::new(self.ids_or_prompt(), Vec::new(), Box::new(ask_twice))
    }

    fn ids_or_prompt(&self) -> Vec<VaultId> {
        let mut ids = self.ids();
        if ids.is_empty() {
            ids.push(VaultId::unlabelled(PasswordSource::Prompt));
        }
        ids
    }

    fn ids(&self) -> Vec<VaultId> {
        let file = |path: &PathBuf| VaultId::unlabelled(PasswordSource::File(path.clone()));
        let mut ids = self.ids.clone();
        ids.extend(self.password_files.iter().map(file));
        if self.ask {
            ids.push(VaultId::unlabelled(PasswordSource::Prompt));
        }
        if self.password_files.is_empty() && !self.ask {
            let path = FILE_VARIABLES.iter().find_map(env::var_os);
            ids.extend(
                path.filter(|path| !path.is_empty())
                    .map(|path| file(&path.into())),
            );
        }
        ids
    }
}

fn asking() -> Box<Ask> {
    Box::new(ask)
}

fn ask(question: &str) -> Result<String, NoAnswer> {
    TerminalPrompt.secret(question).ok_or(NoAnswer::Nobody)
}

/// The keys for a new password: from a file, or typed twice.
pub(super) fn new_keys(id: Option<&VaultId>, file: Option<&PathBuf>) -> Keyring {
    let id = match (id, file) {
        (Some(id), _) => id.clone(),
        (None, Some(path)) => VaultId::unlabelled(PasswordSource::File(path.clone())),
        (None, None) => VaultId::unlabelled(PasswordSource::Prompt),
    };
    Keyring::new(vec![id], Vec::new(), Box::new(ask_twice))
}

fn ask_twice(question: &str) -> Result<String, NoAnswer> {
    let question = question.trim_start_matches("Vault ");
    let first = ask(&format!("New vault {question}"))?;
    let second = ask(&format!("Confirm new vault {question}"))?;
    if first == second {
        Ok(first)
    } else {
        Err(NoAnswer::Different)
    }
}
