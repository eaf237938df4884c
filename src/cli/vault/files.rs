//! Where texts are read from and written to. A file is replaced at once and as a whole, and keeps its mode and its
//! owner.

use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use super::Done;
use crate::source::Diagnostic;
use crate::vault::Plain;

/// The largest file that is read.
const SIZE_LIMIT: u64 = 16 << 20;

/// Only its owner may read what is new.
const NEW_MODE: u32 = 0o600;

/// Where a text is read from.
pub(super) enum Place<'a> {
    Stdin,
    File(&'a Path),
}

/// Where a text is written to.
pub(super) enum Target<'a> {
    Stdout,
    File(&'a Path),
}

impl<'a> Place<'a> {
    /// The file, or standard input for `-`.
    pub(super) fn new(path: &'a Path) -> Self {
        if path.as_os_str() == "-" {
            Self::Stdin
        } else {
            Self::File(path)
        }
    }

    /// Where a text goes that takes the place of what was read.
    pub(super) fn target(&self) -> Target<'a> {
        match self {
            Self::Stdin => Target::Stdout,
            Self::File(path) => Target::File(path),
        }
    }

    pub(super) fn read(&self) -> Done<Plain> {
        let read = || {
            let mut text = Zeroizing::new(Vec::new());
            match self {
                Self::Stdin => io::stdin().take(SIZE_LIMIT + 1).read_to_end(&mut text)?,
                Self::File(path) => {
                    let file = File::open(path)?;
                    file.take(SIZE_LIMIT + 1).read_to_end(&mut text)?
                }
            };
            if text.len() as u64 > SIZE_LIMIT {
                return Err(io::Error::other("it is larger than 16 MiB"));
            }
            Ok(text)
        };
        let failed = |error| Diagnostic::error(format!("cannot read `{self}`: {error}"));
        read().map_err(failed)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Target<'_> {
    pub(super) fn write(&self, text: &[u8]) -> Done {
        let (written, shown) = match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                let written = stdout.write_all(text).and_then(|()| stdout.flush());
                (written, "standard output".to_owned())
            }
            Self::File(path) => (replace(path, text), path.display().to_string()),
        };
        let failed = |error| Diagnostic::error(format!("cannot write `{shown}`: {error}"));
        written.map_err(failed)
    }
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    // What a link leads to is replaced, and not the link.
    let path = match fs::canonicalize(path) {
        Ok(path) => path,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error),
    };
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".provision-")
        .tempfile_in(directory)?;
    file.write_all(text)?;
    let mode = match fs::metadata(&path) {
        Ok(old) => {
            let new = file.as_file().metadata()?;
            if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
                std::os::unix::fs::fchown(file.as_file(), Some(old.uid()), Some(old.gid()))?;
            }
            old.mode() & 0o7777
        }
        Err(_) => NEW_MODE,
    };
    file.as_file()
        .set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
