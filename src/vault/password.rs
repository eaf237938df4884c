//! Where passwords come from: files, programs and people.

use std::convert::Infallible;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use zeroize::Zeroizing;

use super::{DEFAULT_LABEL, Plain, VaultError};

/// The longest password.
const MAX_PASSWORD: u64 = 64 << 10;

/// A label and where its password comes from: `LABEL@FILE`, `LABEL@prompt`, or without a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultId {
    /// The label.
    pub label: String,
    /// Where the password comes from.
    pub source: PasswordSource,
}

/// Where a password comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// The user is asked.
    Prompt,
    /// A file holds it; a file that can be executed prints it.
    File(PathBuf),
}

impl VaultId {
    /// The password of `source` without a label.
    pub fn unlabelled(source: PasswordSource) -> Self {
        Self {
            label: DEFAULT_LABEL.to_owned(),
            source,
        }
    }
}

impl FromStr for VaultId {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (label, source) = text.split_once('@').unwrap_or(("", text));
        let label = if label.is_empty() {
            DEFAULT_LABEL
        } else {
            label
        };
        let source = match source {
            "prompt" | "prompt_ask_vault_pass" => PasswordSource::Prompt,
            path => PasswordSource::File(path.into()),
        };
        Ok(Self {
            label: label.to_owned(),
            source,
        })
    }
}

/// The password that a file holds, or prints if it is a program.
pub(super) fn of_file(path: &Path, label: &str) -> Result<Plain, VaultError> {
    let path = &expand(path);
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        VaultError::Key(format!("cannot read the password in `{shown}`: {error}"))
    };
    let metadata = path.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        let message = format!("the password file `{shown}` is a directory");
        return Err(VaultError::Key(message));
    }
    let mut password = Zeroizing::new(Vec::new());
    if metadata.permissions().mode() & 0o111 == 0 {
        let file = File::open(path).map_err(unreadable)?;
        file.take(MAX_PASSWORD + 1)
            .read_to_end(&mut password)
            .map_err(unreadable)?;
    } else {
        print_of(path, label, &mut password)?;
    }
    if password.len() as u64 > MAX_PASSWORD {
        return Err(VaultError::Key(format!(
            "the password in `{shown}` is longer than 64 KiB"
        )));
    }
    let trimmed = password.trim_ascii();
    if trimmed.is_empty() {
        return Err(VaultError::Key(format!(
            "the password in `{shown}` is empty"
        )));
    }
    Ok(Zeroizing::new(trimmed.to_vec()))
}

/// What a program prints. One whose name ends in `-client` is told which label is wanted, as Ansible does.
fn print_of(path: &Path, label: &str, password: &mut Vec<u8>) -> Result<(), VaultError> {
    let shown = path.display();
    let failed = |error: String| VaultError::Key(format!("the password program `{shown}` {error}"));
    // A bare name would be looked for in `PATH`.
    let mut command = Command::new(path.canonicalize().as_deref().unwrap_or(path));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if stem.ends_with("-client") {
        command.args(["--vault-id", label]);
    }
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("cannot be run: {error}")))?;
    if let Some(output) = child.stdout.take() {
        output
            .take(MAX_PASSWORD + 1)
            .read_to_end(password)
            .map_err(|error| failed(format!("cannot be read from: {error}")))?;
    }
    let status = child
        .wait()
        .map_err(|error| failed(format!("was lost: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(failed(format!("failed ({status})")))
    }
}

/// The path with the user's home in place of `~`.
pub(super) fn expand(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_owned(),
    }
}
