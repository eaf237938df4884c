//! `provision vault`: makes, shows and changes encrypted files, with the commands of `ansible-vault`.
//!
//! A secret is never an argument: others on the machine see those. Plain texts go to standard output only where that
//! is what was asked for.

mod args;
mod editor;
mod files;

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::exit_code;
use super::keys::{KeyArgs, new_keys};
use super::prompt::TerminalPrompt;
use crate::source::{Diagnostic, SourceMap, render};
use crate::transport::Prompt;
use crate::vault::{self, Keyring, Plain, Recipients, VaultError};

pub(super) use args::VaultArgs;
use args::{Action, EncryptArgs, FilesArgs, StringArgs};
use files::{Place, Target};

type Done<T = ()> = Result<T, Diagnostic>;

/// Carries out a command.
#[expect(clippy::print_stderr, reason = "errors are for the user")]
pub(super) fn run(args: &VaultArgs) -> u8 {
    let done = match &args.action {
        Action::Create { file, with, keys } => create(file, with, keys),
        Action::Encrypt { files, with, keys } => encrypt(files, with, keys),
        Action::Decrypt { files, keys } => decrypt(files, keys),
        Action::View { files, keys } => view(files, keys),
        Action::Edit { file, with, keys } => edit(file, with, keys),
        Action::Rekey {
            files,
            new_vault_id,
            new_vault_password_file,
            age_recipients,
            keys,
        } => {
            let new = new_keys(new_vault_id.as_ref(), new_vault_password_file.as_ref());
            rekey(files, keys, &new, age_recipients)
        }
        Action::EncryptString { string, with, keys } => encrypt_string(string, with, keys),
    };
    match done {
        Ok(()) => exit_code::SUCCESS,
        Err(diagnostic) => {
            let color = console::colors_enabled_stderr();
            eprintln!("{}", render(&diagnostic, &SourceMap::new(), color));
            exit_code::BAD_INPUT
        }
    }
}

/// What encrypts: recipients of age, or a password.
enum Lock<'k> {
    Age(Recipients),
    Password(String, &'k Plain),
}

impl<'k> Lock<'k> {
    fn new(with: &EncryptArgs, keys: &'k Keyring) -> Done<Self> {
        if let Some(recipients) = recipients(&with.age_recipients)? {
            return Ok(Self::Age(recipients));
        }
        let label = with.encrypt_vault_id.as_deref();
        let (label, password) = keys.to_encrypt(label).map_err(|error| told(&error, None))?;
        Ok(Self::Password(label.to_owned(), password))
    }

    fn close(&self, plain: &[u8]) -> Done<String> {
        let closed = match self {
            Self::Age(recipients) => recipients.encrypt(plain),
            Self::Password(label, password) => vault::encrypt(plain, password, label),
        };
        closed.map_err(|error| told(&error, None))
    }
}

fn recipients(given: &[String]) -> Done<Option<Recipients>> {
    let mut recipients = Recipients::default();
    for key in given {
        recipients.add(key).map_err(|error| told(&error, None))?;
    }
    Ok((!recipients.is_empty()).then_some(recipients))
}

/// The error of a file, as it is shown.
fn told(error: &VaultError, place: Option<&Place>) -> Diagnostic {
    let message = match place {
        Some(place) => format!("`{place}`: {error}"),
        None => error.to_string(),
    };
    let diagnostic = Diagnostic::error(message);
    match error.help() {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

fn encrypt(files: &FilesArgs, with: &EncryptArgs, keys: &KeyArgs) -> Done {
    let places = files.places()?;
    let mut plain = Vec::new();
    for place in &places {
        let text = place.read()?;
        if vault::is_encrypted(&text) {
            let message = format!("`{place}` is encrypted already");
            let help = "`provision vault rekey` gives it another password";
            return Err(Diagnostic::error(message).help(help));
        }
        plain.push(text);
    }
    let keys = keys.keyring_to_encrypt();
    let lock = Lock::new(with, &keys)?;
    let closed: Done<Vec<String>> = plain.iter().map(|plain| lock.close(plain)).collect();
    for (place, text) in places.iter().zip(closed?) {
        files.target(place).write(text.as_bytes())?;
    }
    Ok(())
}

fn decrypt(files: &FilesArgs, keys: &KeyArgs) -> Done {
    let keys = keys.keyring_or_ask();
    let places = files.places()?;
    let plain = open_all(&places, &keys)?;
    for (place, plain) in places.iter().zip(&plain) {
        files.target(place).write(plain)?;
    }
    Ok(())
}

fn view(files: &[PathBuf], keys: &KeyArgs) -> Done {
    let keys = keys.keyring_or_ask();
    let places: Vec<Place> = files.iter().map(|path| Place::new(path)).collect();
    for plain in open_all(&places, &keys)? {
        Target::Stdout.write(&plain)?;
    }
    Ok(())
}

/// All of them are opened before anything is done with one.
fn open_all(places: &[Place], keys: &Keyring) -> Done<Vec<Plain>> {
    let open = |place: &Place| {
        let text = encrypted(place)?;
        keys.decrypt(&text)
            .map_err(|error| told(&error, Some(place)))
    };
    places.iter().map(open).collect()
}

fn encrypted(place: &Place) -> Done<Plain> {
    let text = place.read()?;
    if vault::is_encrypted(&text) {
        Ok(text)
    } else {
        let message = format!("`{place}` is not encrypted");
        Err(Diagnostic::error(message))
    }
}

fn create(file: &Path, with: &EncryptArgs, keys: &KeyArgs) -> Done {
    if file.symlink_metadata().is_ok() {
        let message = format!("`{}` exists already", file.display());
        let help = "change it with `provision vault edit`";
        return Err(Diagnostic::error(message).help(help));
    }
    let keys = keys.keyring_to_encrypt();
    let lock = Lock::new(with, &keys)?;
    let plain = editor::edit(b"", file)?;
    Target::File(file).write(lock.close(&plain)?.as_bytes())
}

fn edit(file: &Path, with: &EncryptArgs, keys: &KeyArgs) -> Done {
    let place = Place::File(file);
    let keys = keys.keyring_or_ask();
    let text = encrypted(&place)?;
    let opened = keys
        .open(&text)
        .map_err(|error| told(&error, Some(&place)))?;
    let lock = match opened.key {
        Some((label, password)) if with.is_empty() => Lock::Password(label, password),
        None if with.age_recipients.is_empty() => {
            let message = format!("`{place}` does not say for whom it was encrypted");
            let help = "name everybody who is to read it with `--age-recipient`";
            return Err(Diagnostic::error(message).help(help));
        }
        _ => Lock::new(with, &keys)?,
    };
    let plain = editor::edit(&opened.plain, file)?;
    if plain == opened.plain && with.is_empty() {
        return Ok(());
    }
    Target::File(file).write(lock.close(&plain)?.as_bytes())
}

fn rekey(files: &[PathBuf], old: &KeyArgs, new: &Keyring, age: &[String]) -> Done {
    let keys = old.keyring_or_ask();
    let places: Vec<Place> = files.iter().map(|path| Place::new(path)).collect();
    let plain = open_all(&places, &keys)?;
    let with = EncryptArgs {
        age_recipients: age.to_vec(),
        ..EncryptArgs::default()
    };
    let lock = Lock::new(&with, new)?;
    let closed: Done<Vec<String>> = plain.iter().map(|plain| lock.close(plain)).collect();
    for (place, text) in places.iter().zip(closed?) {
        place.target().write(text.as_bytes())?;
    }
    Ok(())
}

fn encrypt_string(string: &StringArgs, with: &EncryptArgs, keys: &KeyArgs) -> Done {
    let plain = if string.prompt {
        let question = "String to encrypt: ";
        let answer = TerminalPrompt.secret(question).map(String::into_bytes);
        let missing = || Diagnostic::error("there is no terminal to ask for the string");
        Zeroizing::new(answer.ok_or_else(missing)?)
    } else {
        Place::Stdin.read()?
    };
    if plain.is_empty() {
        let error = Diagnostic::error("there is nothing to encrypt");
        let help = "give the string on standard input, or type it with `--prompt`";
        return Err(error.help(help));
    }
    let keys = keys.keyring_to_encrypt();
    let text = Lock::new(with, &keys)?.close(&plain)?;
    let name = string.name.as_ref().map(|name| format!("{name}: "));
    let mut yaml = format!("{}!vault |\n", name.unwrap_or_default());
    for line in text.lines() {
        yaml.push_str("          ");
        yaml.push_str(line);
        yaml.push('\n');
    }
    Target::Stdout.write(yaml.as_bytes())
}
