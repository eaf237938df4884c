//! The texts that a run was given, and places in them. A text never changes once it is here.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::Diagnostic;

/// The largest file that is read.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;

/// Names one text of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

/// Where something was written: bytes `start..end` of a file's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// The bytes `range` of `file`.
    pub fn new(file: FileId, range: Range<usize>) -> Self {
        Self {
            file,
            start: range.start,
            end: range.end,
        }
    }

    /// From the start of this place to the end of `other` in the same file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            end: other.end.max(self.end),
            ..self
        }
    }
}

/// Owns the texts of all files that were read.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

#[derive(Debug)]
struct SourceFile {
    path: PathBuf,
    text: String,
}

impl SourceMap {
    /// A map without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file of at most 16 MiB of UTF-8. A path that was read before is not read again, so that a
    /// run sees one version of it.
    pub fn load(&mut self, path: &Path) -> Result<FileId, Diagnostic> {
        if let Some(known) = self.files.iter().position(|file| file.path == path) {
            return Ok(Self::id(known));
        }
        let text = read(path).map_err(|error| {
            Diagnostic::error(format!("cannot read `{}`: {error}", path.display()))
        })?;
        Ok(self.add(path, text))
    }

    /// Takes a text that is at hand. A byte order mark is dropped; line endings are kept.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> FileId {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        self.files.push(SourceFile {
            path: path.into(),
            text,
        });
        Self::id(self.files.len() - 1)
    }

    /// The path under which a file was read.
    pub fn path(&self, id: FileId) -> &Path {
        &self.files[id.0 as usize].path
    }

    /// The whole text of a file.
    pub fn text(&self, id: FileId) -> &str {
        &self.files[id.0 as usize].text
    }

    /// The text at a place.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file)
            .get(span.start..span.end)
            .unwrap_or_default()
    }

    /// The line and the column of a place's start, both counted from 1, columns in characters.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let before = self.text(span.file).get(..span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }

    fn id(index: usize) -> FileId {
        FileId(u32::try_from(index).expect("memory ends long before four billion files"))
    }
}

fn read(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::other("it is a directory, a file was expected"));
    }
    let mut bytes = Vec::new();
    file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(io::Error::other("it is larger than 16 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::other(format!("it is not UTF-8 (byte {at})"))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{SIZE_LIMIT, SourceMap, Span};

    #[test]
    fn a_place_has_a_line_and_a_column_in_characters() {
        let mut map = SourceMap::new();
        let id = map.add("a.yaml", "\u{feff}é: 1\r\nü: x\n");
        let start = map.text(id).find('x').expect("it is there");
        let span = Span::new(id, start..start + 1);
        assert_eq!(map.line_column(span), (2, 4));
        assert_eq!(map.slice(span), "x");
    }

    #[test]
    fn a_file_is_read_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.yaml");
        fs::write(&path, "a: 1\n").expect("written");
        let mut map = SourceMap::new();
        let first = map.load(&path).expect("readable");
        fs::write(&path, "a: 2\n").expect("written");
        assert_eq!(map.load(&path).expect("readable"), first);
        assert_eq!(map.text(first), "a: 1\n");
    }

    #[test]
    fn unreadable_files_say_why() {
        let directory = tempfile::tempdir().expect("a directory");
        let large = directory.path().join("large");
        let size = usize::try_from(SIZE_LIMIT).expect("it fits") + 1;
        fs::write(&large, vec![b' '; size]).expect("written");
        let binary = directory.path().join("binary");
        fs::write(&binary, b"a\xff").expect("written");
        let reason = |path: &Path| {
            let message = SourceMap::new().load(path).expect_err("unreadable").message;
            message.rsplit_once("`: ").expect("a reason").1.to_owned()
        };
        assert_eq!(reason(&large), "it is larger than 16 MiB");
        assert_eq!(reason(&binary), "it is not UTF-8 (byte 1)");
        assert_eq!(
            reason(directory.path()),
            "it is a directory, a file was expected"
        );
        assert!(reason(&directory.path().join("none")).starts_with("No such file"));
    }
}
