//! The arguments of `provision vault`. Their doc comments are its help.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Done;
use super::files::{Place, Target};
use crate::cli::keys::KeyArgs;
use crate::source::Diagnostic;
use crate::vault::VaultId;

/// What to do.
#[derive(Args, Debug)]
pub(in crate::cli) struct VaultArgs {
    #[command(subcommand)]
    pub(super) action: Action,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Write a new encrypted file in an editor.
    Create {
        /// The file, which must not exist.
        file: PathBuf,
        #[command(flatten)]
        with: EncryptArgs,
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Encrypt files, or standard input.
    Encrypt {
        #[command(flatten)]
        files: FilesArgs,
        #[command(flatten)]
        with: EncryptArgs,
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Decrypt files, or standard input.
    Decrypt {
        #[command(flatten)]
        files: FilesArgs,
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Print what encrypted files hold.
    View {
        /// The files; `-` is standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Change an encrypted file in the editor that `$VISUAL` or `$EDITOR` names.
    Edit {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        with: EncryptArgs,
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Encrypt files with another password, or for other recipients.
    Rekey {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The new vault id and where its password is.
        #[arg(
            long,
            value_name = "LABEL@SOURCE",
            conflicts_with = "new_vault_password_file"
        )]
        new_vault_id: Option<VaultId>,
        /// The file that holds the new password, or a program that prints it.
        #[arg(long, value_name = "FILE")]
        new_vault_password_file: Option<PathBuf>,
        /// Encrypt with age for this public key.
        #[arg(
            long = "age-recipient",
            value_name = "KEY",
            conflicts_with_all = ["new_vault_id", "new_vault_password_file"]
        )]
        age_recipients: Vec<String>,
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Encrypt a string as a value for YAML: it is read from standard input, never from the command line.
    #[command(visible_alias = "encrypt_string")]
    EncryptString {
        #[command(flatten)]
        string: StringArgs,
        #[command(flatten)]
        with: EncryptArgs,
        #[command(flatten)]
        keys: KeyArgs,
    },
}

/// Files to read, and where to write to.
#[derive(Args, Debug)]
pub(super) struct FilesArgs {
    /// The files; standard input if there is none, or for `-`.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write here, and leave the file as it is; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl FilesArgs {
    pub(super) fn places(&self) -> Done<Vec<Place<'_>>> {
        if self.output.is_some() && self.files.len() > 1 {
            let error = Diagnostic::error("`--output` takes the result of one file only");
            return Err(error);
        }
        if self.files.is_empty() {
            return Ok(vec![Place::Stdin]);
        }
        Ok(self.files.iter().map(|path| Place::new(path)).collect())
    }

    pub(super) fn target<'a>(&'a self, place: &Place<'a>) -> Target<'a> {
        match &self.output {
            Some(path) if path.as_os_str() == "-" => Target::Stdout,
            Some(path) => Target::File(path),
            None => place.target(),
        }
    }
}

/// What to encrypt with.
#[derive(Args, Debug, Default)]
pub(super) struct EncryptArgs {
    /// The vault id to encrypt with, if several are given.
    #[arg(long, value_name = "LABEL", conflicts_with = "age_recipients")]
    pub(super) encrypt_vault_id: Option<String>,
    /// Encrypt with age for this public key.
    #[arg(long = "age-recipient", value_name = "KEY")]
    pub(super) age_recipients: Vec<String>,
}

impl EncryptArgs {
    pub(super) fn is_empty(&self) -> bool {
        self.encrypt_vault_id.is_none() && self.age_recipients.is_empty()
    }
}

/// A string to encrypt.
#[derive(Args, Debug)]
pub(super) struct StringArgs {
    /// The name of the variable to write.
    #[arg(short, long, visible_alias = "stdin-name", value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Ask for the string.
    #[arg(short, long)]
    pub(super) prompt: bool,
}
