//! Tar archives, from any reader.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use tar::{Archive, EntryType};

use super::{Entry, EntryKind, Visit, inside, inside_from, unreadable};
use crate::plan::Failure;

/// Goes through a tar archive to its end, so that a checksum behind it is verified as well.
pub(super) fn walk(reader: impl Read, visit: &mut Visit<'_>) -> Result<(), Failure> {
    let mut archive = Archive::new(reader);
    for entry in archive.entries().map_err(|error| unreadable(&error))? {
        let mut entry = entry.map_err(|error| not_tar(&error))?;
        if let Some(described) = describe(&entry)? {
            visit(&described, &mut entry)?;
        }
    }
    io::copy(&mut archive.into_inner(), &mut io::sink())
        .map(drop)
        .map_err(|error| unreadable(&error))
}

fn describe<R: Read>(entry: &tar::Entry<'_, R>) -> Result<Option<Entry>, Failure> {
    let header = entry.header();
    let path = entry.path_bytes();
    let as_path = |bytes: &[u8]| Path::new(OsStr::from_bytes(bytes)).to_owned();
    let name = as_path(&path);
    let target = entry.link_name_bytes().map(|bytes| as_path(&bytes));
    let kind = header.entry_type();
    if kind == EntryType::XGlobalHeader {
        return Ok(None);
    }
    let Some(name) = inside(&name)? else {
        return Ok(None);
    };
    let kind = match (kind, target) {
        (EntryType::Directory, _) => EntryKind::Directory,
        // Archives from before there were directories in them.
        (EntryType::Regular, _) if path.ends_with(b"/") => EntryKind::Directory,
        (EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse, _) => EntryKind::File,
        (EntryType::Symlink, Some(target)) => EntryKind::Link(inside_from(&name, &target)?),
        (EntryType::Link, Some(target)) => match inside(&target)? {
            Some(target) => EntryKind::HardLink(target),
            None => return Err(unknown(&name)),
        },
        _ => return Err(unknown(&name)),
    };
    Ok(Some(Entry {
        kind,
        mode: header.mode().map_err(|error| unreadable(&error))? & 0o777,
        size: entry.size(),
        name,
    }))
}

fn unknown(name: &Path) -> Failure {
    Failure::new(format!(
        "`{}` in the archive is neither a file nor a directory nor a link: it is not unpacked",
        name.display()
    ))
}

fn not_tar(error: &io::Error) -> Failure {
    Failure::new(format!(
        "the archive is damaged or of an unknown kind (known are tar, tar.gz, tar.xz, tar.zst and zip): {error}"
    ))
}
