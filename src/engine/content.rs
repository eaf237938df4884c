//! Contents that the controller has and that a worker may ask for.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use provision_worker::arg::Content;
use provision_worker::host::{hex, sha256_of};
use sha2::{Digest, Sha256};

/// Where a content is.
#[derive(Clone, Debug)]
pub(super) enum ContentSource {
    /// In memory: a rendered template.
    Bytes(Arc<[u8]>),
    /// In a file.
    File(PathBuf),
}

impl ContentSource {
    /// Opens it for reading.
    pub(super) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Bytes(bytes) => Box::new(io::Cursor::new(bytes.clone())),
            Self::File(path) => Box::new(File::open(path)?),
        })
    }
}

/// The content of a rendered template that is called `name`.
pub(super) fn of_text(text: String, name: String) -> (Content, ContentSource) {
    let bytes: Arc<[u8]> = text.into_bytes().into();
    let content = Content {
        sha256: hex(&Sha256::digest(&bytes)),
        size: bytes.len() as u64,
        name,
    };
    (content, ContentSource::Bytes(bytes))
}

/// The content of a file.
pub(super) fn of_file(path: &Path) -> io::Result<(Content, ContentSource)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let content = Content {
        sha256: sha256_of(file)?,
        size: metadata.len(),
        name,
    };
    Ok((content, ContentSource::File(path.to_owned())))
}
