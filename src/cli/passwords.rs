//! The passwords of connections that the command line gives: typed, or from files. They are read before a run begins,
//! and are secrets from then on.

use std::path::{Path, PathBuf};

use clap::Args;

use super::prompt::TerminalPrompt;
use crate::inventory::password::Password;
use crate::secret::Secrets;
use crate::source::{Diagnostic, Diagnostics};
use crate::transport::Prompt;
use crate::vault;

/// Where passwords are.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct PasswordArgs {
    /// Ask for the password to log in with after all keys, where the inventory gives none.
    #[arg(
        short = 'k',
        long = "ask-password",
        visible_alias = "ask-pass",
        conflicts_with = "connection_file",
        help_heading = "How to connect"
    )]
    ask_connection: bool,
    /// The file that holds this password, or a program that prints it.
    #[arg(
        long = "connection-password-file",
        visible_alias = "conn-pass-file",
        value_name = "FILE",
        help_heading = "How to connect"
    )]
    connection_file: Option<PathBuf>,
    /// Ask for the password that `sudo` is told if it asks, where the inventory gives none.
    #[arg(
        short = 'K',
        long = "ask-become-password",
        visible_alias = "ask-become-pass",
        conflicts_with = "become_file",
        help_heading = "How to connect"
    )]
    ask_become: bool,
    /// The file that holds this password, or a program that prints it.
    #[arg(
        long = "become-password-file",
        visible_alias = "become-pass-file",
        value_name = "FILE",
        help_heading = "How to connect"
    )]
    become_file: Option<PathBuf>,
}

/// The passwords that were given.
#[derive(Default)]
pub(super) struct Given {
    pub(super) connection: Option<Password>,
    pub(super) r#become: Option<Password>,
}

impl PasswordArgs {
    /// Asks for the passwords, or reads them.
    pub(super) fn read(&self, secrets: &Secrets, diagnostics: &mut Diagnostics) -> Given {
        let (ask, file) = (self.ask_connection, self.connection_file.as_deref());
        let connection = diagnostics.check(read(ask, file, "SSH password: ", None));
        let connection = connection.flatten();
        let (ask, file) = (self.ask_become, self.become_file.as_deref());
        // As in Ansible, who is asked for both need not type the same twice.
        let same = connection.as_ref().filter(|_| self.ask_connection);
        let question = match same {
            Some(_) => "Become password [the SSH password]: ",
            None => "Become password: ",
        };
        let become_ = diagnostics.check(read(ask, file, question, same));
        let given = Given {
            connection,
            r#become: become_.flatten(),
        };
        for password in given.connection.iter().chain(&given.r#become) {
            secrets.add(password.text());
        }
        given
    }
}

/// A password from a file, or from the user if that is wanted; who answers nothing means `usual`.
fn read(
    ask: bool,
    file: Option<&Path>,
    question: &str,
    usual: Option<&Password>,
) -> Result<Option<Password>, Diagnostic> {
    match file {
        Some(file) => from_file(file).map(Some),
        None if ask => asked(question, usual).map(Some),
        None => Ok(None),
    }
}

fn asked(question: &str, usual: Option<&Password>) -> Result<Password, Diagnostic> {
    let nobody = || {
        let nobody = Diagnostic::error(format!("nobody answers `{}`", question.trim()));
        nobody.help("without a terminal, give it in a file or as a variable of the inventory")
    };
    let text = TerminalPrompt.secret(question).ok_or_else(nobody)?;
    let password = Password::new(text).or_else(|| usual.cloned());
    password.ok_or_else(|| Diagnostic::error("a password must not be empty"))
}

fn from_file(file: &Path) -> Result<Password, Diagnostic> {
    let plain = vault::password_in(file).map_err(|error| Diagnostic::error(error.to_string()))?;
    let text = std::str::from_utf8(&plain).ok();
    text.and_then(Password::new).ok_or_else(|| {
        let shown = file.display();
        Diagnostic::error(format!(
            "the password in `{shown}` must be one line of text"
        ))
    })
}
