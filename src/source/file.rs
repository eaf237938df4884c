//! The texts that a run was given, and places in them. A text never changes once it is here.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{Diagnostic, Node, passwords};
use crate::secret::Secrets;
use crate::vault::{self, Keyring, Plain, VaultError};

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

/// Owns the texts of all files that were read. What is encrypted is decrypted when it is read.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    /// Files before this one are not what is on the disk any more.
    current: usize,
    keys: Keyring,
    secrets: Secrets,
}

#[derive(Debug)]
struct SourceFile {
    path: PathBuf,
    text: String,
    /// Where its lines start; found when it is first asked for, as few files have a place that is shown.
    lines: OnceLock<Vec<usize>>,
    lock: Lock,
}

impl SourceFile {
    /// Where the lines start, in bytes, in order. The first one starts at 0.
    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let after = self
                .text
                .match_indices('\n')
                .map(|(newline, _)| newline + 1);
            std::iter::once(0).chain(after).collect()
        })
    }

    /// The index of the line that a byte is on, and where that starts.
    fn line_of(&self, at: usize) -> (usize, usize) {
        let lines = self.lines();
        let index = lines.partition_point(|start| *start <= at) - 1;
        (index, lines[index])
    }
}

/// Whether a text may be shown.
#[derive(Debug)]
enum Lock {
    /// It was not encrypted.
    None,
    /// It was, and is here as plain text.
    Opened,
    /// It is, and this is why it cannot be read.
    Shut(Diagnostic),
}

impl SourceMap {
    /// A map without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// A map without files that decrypts with these keys.
    pub fn with_keys(keys: Keyring) -> Self {
        Self {
            keys,
            ..Self::default()
        }
    }

    /// The keys that encrypted texts are opened with.
    pub fn keys(&self) -> &Keyring {
        &self.keys
    }

    /// What was decrypted, and what was made of it. Whatever is shown must go through it.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Reads a file of at most 16 MiB of UTF-8, and decrypts it if it is encrypted. A path that was read before is
    /// not read again, so that a run sees one version of it.
    pub fn load(&mut self, path: &Path) -> Result<FileId, Diagnostic> {
        let mut current = self.files.iter().enumerate().skip(self.current);
        let known = current.find(|(_, file)| file.path == path);
        if let Some((known, file)) = known {
            return match &file.lock {
                Lock::Shut(why) => Err(why.clone()),
                _ => Ok(Self::id(known)),
            };
        }
        let bytes = read(path).map_err(|error| unreadable(path, &error))?;
        let encrypted = vault::is_encrypted(&bytes);
        let bytes = if encrypted {
            self.open(path, &bytes)?.to_vec()
        } else {
            bytes
        };
        let text = utf8(bytes).map_err(|error| unreadable(path, &error))?;
        let id = self.add(path, text);
        if encrypted {
            self.files[id.0 as usize].lock = Lock::Opened;
        }
        Ok(id)
    }

    /// From now on files are read anew. Places in what was read before stay what they are.
    pub fn read_again(&mut self) {
        self.current = self.files.len();
    }

    /// The plain content of a file that is encrypted, of which nothing need be text; nothing if it is not encrypted.
    /// The lines of its text become secrets.
    pub fn decrypt(&mut self, path: &Path) -> Result<Option<Plain>, Diagnostic> {
        let head = || {
            let mut head = Vec::new();
            open(path)?
                .take(vault::HEAD as u64)
                .read_to_end(&mut head)?;
            io::Result::Ok(head)
        };
        let head = head().map_err(|error| unreadable(path, &error))?;
        if !vault::is_encrypted(&head) {
            return Ok(None);
        }
        let bytes = read(path).map_err(|error| unreadable(path, &error))?;
        let plain = self.open(path, &bytes)?;
        if let Ok(text) = std::str::from_utf8(&plain) {
            self.secrets.add_lines(text);
        }
        Ok(Some(plain))
    }

    /// Decrypts the content of a file. If that fails, its first line is kept to be shown.
    fn open(&mut self, path: &Path, bytes: &[u8]) -> Result<Plain, Diagnostic> {
        self.keys.decrypt(bytes).map_err(|error| {
            let line = bytes
                .split(|byte| *byte == b'\n')
                .next()
                .unwrap_or_default();
            let line = String::from_utf8_lossy(&line[..line.len().min(vault::HEAD)]);
            let line = line.trim_end().to_owned();
            let end = line.len();
            let id = self.add(path, line);
            let why = locked(&error, Span::new(id, 0..end));
            self.files[id.0 as usize].lock = Lock::Shut(why.clone());
            why
        })
    }

    /// Takes a text that is at hand. A byte order mark is dropped; line endings are kept. The passwords of connections
    /// that stand in it become secrets.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> FileId {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        for password in passwords::written_in(&text) {
            self.secrets.add(password);
        }
        self.files.push(SourceFile {
            path: path.into(),
            text,
            lines: OnceLock::new(),
            lock: Lock::None,
        });
        Self::id(self.files.len() - 1)
    }

    /// The path under which a file was read.
    pub fn path(&self, id: FileId) -> &Path {
        &self.files[id.0 as usize].path
    }

    /// Whether a file was encrypted: its text must not be shown.
    pub fn is_secret(&self, id: FileId) -> bool {
        matches!(self.files[id.0 as usize].lock, Lock::Opened)
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
        let file = &self.files[span.file.0 as usize];
        let (line, start) = file.line_of(span.start);
        let before = file.text.get(start..span.start).unwrap_or_default();
        (line + 1, before.chars().count() + 1)
    }

    /// The bytes of the whole lines that `range` touches, and the number of the first one, counted from 1.
    pub(super) fn whole_lines(&self, id: FileId, range: Range<usize>) -> (Range<usize>, usize) {
        let file = &self.files[id.0 as usize];
        let (first, start) = file.line_of(range.start);
        let (last, _) = file.line_of(range.end);
        let end = file.lines().get(last + 1).copied();
        (start..end.unwrap_or(file.text.len()), first + 1)
    }

    /// Makes what a variable holds known as a secret if it is a password: it may be written so that its text is not
    /// what it means.
    pub fn keep_password(&self, name: &str, value: &Node) {
        if passwords::is_password(name)
            && let Some(text) = value.as_str()
            && !passwords::is_template(text)
        {
            self.secrets.add(text);
        }
    }

    fn id(index: usize) -> FileId {
        FileId(u32::try_from(index).expect("memory ends long before four billion files"))
    }
}

/// What is to be said of an encrypted text that cannot be read.
pub(super) fn locked(error: &VaultError, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::error(error.to_string()).at(span, "");
    match error.help() {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot read `{}`: {error}", path.display()))
}

fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::other("it is a directory, a file was expected"));
    }
    Ok(file)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(io::Error::other("it is larger than 16 MiB"));
    }
    Ok(bytes)
}

fn utf8(bytes: Vec<u8>) -> io::Result<String> {
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
        map.read_again();
        let again = map.load(&path).expect("readable");
        assert_eq!(map.text(again), "a: 2\n");
        assert_eq!(map.load(&path).expect("readable"), again);
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
