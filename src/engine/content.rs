//! Contents that the controller has and that a worker may ask for.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use provision_worker::arg::Content;
use provision_worker::host::{hex, sha256_of};
use sha2::{Digest, Sha256};

use crate::source::SourceMap;

/// Where a content is, and how long it was when its hash was made.
#[derive(Clone, Debug)]
pub(super) struct ContentSource {
    pub(super) size: u64,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    /// In memory: a rendered template.
    Bytes(Arc<[u8]>),
    /// In a file.
    File(PathBuf),
}

impl ContentSource {
    /// Opens it for reading. A file that has grown meanwhile gives no more than it had.
    pub(super) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match &self.place {
            Place::Bytes(bytes) => Box::new(io::Cursor::new(bytes.clone())),
            Place::File(path) => Box::new(File::open(path)?.take(self.size)),
        })
    }
}

/// The content of a rendered template that is called `name`.
pub(super) fn of_text(text: String, name: String) -> (Content, ContentSource) {
    let bytes: Arc<[u8]> = text.into_bytes().into();
    let sha256 = hex(&Sha256::digest(&bytes));
    offer(sha256, bytes.len() as u64, name, Place::Bytes(bytes))
}

/// The files that have been needed until now. Each is hashed once, however many hosts it goes to; a worker
/// notices if one changes meanwhile.
#[derive(Debug, Default)]
pub(super) struct ContentFiles(HashMap<PathBuf, (Content, ContentSource)>);

impl ContentFiles {
    /// The content of a file; if it is encrypted, what it says.
    pub(super) fn load(
        &mut self,
        path: &Path,
        sources: &mut SourceMap,
    ) -> Result<(Content, ContentSource), String> {
        if let Some(known) = self.0.get(path) {
            return Ok(known.clone());
        }
        let plain = sources.decrypt(path).map_err(|error| error.to_string())?;
        let loaded = match plain {
            None => Self::offer(path).map_err(|error| error.to_string())?,
            Some(plain) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let place = Place::Bytes(Arc::from(&**plain));
                let sha256 = hex(&Sha256::digest(&**plain));
                offer(sha256, plain.len() as u64, name.into_owned(), place)
            }
        };
        self.0.insert(path.to_owned(), loaded.clone());
        Ok(loaded)
    }

    fn offer(path: &Path) -> io::Result<(Content, ContentSource)> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = Place::File(path.to_owned());
        Ok(offer(
            sha256_of(file)?,
            metadata.len(),
            name.into_owned(),
            place,
        ))
    }
}

fn offer(sha256: String, size: u64, name: String, place: Place) -> (Content, ContentSource) {
    (
        Content { sha256, size, name },
        ContentSource { size, place },
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;

    use super::ContentFiles;
    use crate::source::SourceMap;

    #[test]
    fn a_file_that_has_grown_gives_what_it_had() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        fs::write(&path, "four").expect("written");
        let mut sources = SourceMap::new();
        let loaded = ContentFiles::default().load(&path, &mut sources);
        let (content, source) = loaded.expect("a file");
        fs::write(&path, "four and more").expect("written");
        let mut read = String::new();
        let mut reader = source.open().expect("a file");
        reader.read_to_string(&mut read).expect("text");
        assert_eq!((content.size, read.as_str()), (4, "four"));
    }

    #[test]
    fn a_directory_is_no_content() {
        let directory = tempfile::tempdir().expect("a directory");
        let error = ContentFiles::default()
            .load(directory.path(), &mut SourceMap::new())
            .expect_err("refused");
        assert!(
            error.contains("directory") || error.contains("regular file"),
            "{error}"
        );
    }
}
