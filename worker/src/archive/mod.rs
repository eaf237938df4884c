//! Reading archives: what is in them, entry by entry, without ever holding one in memory.
//!
//! Nothing here writes. An archive is taken for hostile: names and links that lead out of the directory it is
//! unpacked in, and devices, are refused before anybody sees them.

mod tape;
mod zip;
mod zstd;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;

use self::zstd::ZstdReader;
use crate::plan::Failure;

/// The memory that unpacking `xz` may take, in KiB: enough for all that `xz -9` makes.
const XZ_MEMORY: u32 = 128 << 10;

/// The longest target of a link, in bytes.
const MAX_TARGET: u64 = 4096;

/// Something in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it is below the directory that the archive is unpacked in. Never empty, without `..`.
    pub(crate) name: PathBuf,
    /// What it is.
    pub(crate) kind: EntryKind,
    /// Permission bits, without those that would run it as somebody else.
    pub(crate) mode: u32,
    /// The size of a file.
    pub(crate) size: u64,
}

/// What something in an archive is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, and where it points.
    Link(PathBuf),
    /// The same file as another entry, by its name.
    HardLink(PathBuf),
}

/// Is given each entry and the content of it.
pub(crate) type Visit<'a> = dyn FnMut(&Entry, &mut dyn Read) -> Result<(), Failure> + 'a;

/// Goes through an archive from its start. What kind of archive it is, its first bytes tell.
pub(crate) fn walk(file: &mut File, visit: &mut Visit<'_>) -> Result<(), Failure> {
    let mut magic = Vec::new();
    file.rewind()
        .and_then(|()| file.take(6).read_to_end(&mut magic))
        .and_then(|_| file.rewind())
        .map_err(|error| unreadable(&error))?;
    if magic.starts_with(b"PK\x03\x04") || magic.starts_with(b"PK\x05\x06") {
        return zip::walk(BufReader::new(file), visit);
    }
    let reader = BufReader::with_capacity(64 << 10, file);
    if magic.starts_with(b"\x1f\x8b") {
        tape::walk(MultiGzDecoder::new(reader), visit)
    } else if magic.starts_with(b"\xfd7zXZ\0") {
        tape::walk(XzReader::new_mem_limit(reader, true, XZ_MEMORY), visit)
    } else if magic.starts_with(b"\x28\xb5\x2f\xfd") {
        tape::walk(ZstdReader::new(reader), visit)
    } else {
        tape::walk(reader, visit)
    }
}

/// The name of an entry, as a path below the directory. `None` is the directory itself.
fn inside(name: &Path) -> Result<Option<PathBuf>, Failure> {
    let mut inside = PathBuf::new();
    for part in name.components() {
        match part {
            Component::Normal(part) if !part.as_encoded_bytes().contains(&0) => inside.push(part),
            Component::CurDir => {}
            _ => return Err(leads_out("name", name)),
        }
    }
    Ok((!inside.as_os_str().is_empty()).then_some(inside))
}

/// The target of the link `name`. It may climb as high as the directory and then only descend, so that no
/// other link can bend its way.
fn inside_from(name: &Path, target: &Path) -> Result<PathBuf, Failure> {
    let depth = name.components().count() - 1;
    let mut climbed = 0;
    let mut descends = false;
    for part in target.components() {
        match part {
            Component::ParentDir if !descends && climbed < depth => climbed += 1,
            Component::Normal(_) => descends = true,
            Component::CurDir => {}
            _ => return Err(leads_out("link", target)),
        }
    }
    Ok(target.to_owned())
}

fn leads_out(what: &str, path: &Path) -> Failure {
    Failure::new(format!(
        "the archive has the {what} `{}`, which may lead out of the directory: it is not unpacked",
        path.display()
    ))
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::new(format!("cannot read the archive: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_inside() {
        let name = |text: &str| inside(Path::new(text));
        assert_eq!(name("./bin//x/"), Ok(Some("bin/x".into())));
        assert_eq!(name("./"), Ok(None));
        assert!(name("/etc/passwd").is_err());
        assert!(name("a/../../b").is_err());
    }

    #[test]
    fn a_link_stays_inside() {
        let link = |name: &str, target: &str| inside_from(Path::new(name), Path::new(target));
        assert!(link("lib/x.so", "x.so.1").is_ok());
        assert!(link("lib/x.so", "../lib64/x.so").is_ok());
        assert!(link("x.so", "../x.so").is_err());
        assert!(link("lib/x.so", "/lib/x.so").is_err());
        // `a` may be a link to a directory that is higher up than it looks.
        assert!(link("lib/x.so", "a/../x").is_err());
    }
}
