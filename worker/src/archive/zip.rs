//! Zip archives, stored or deflated.

use std::ffi::OsStr;
use std::io::{Read, Seek};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::{Entry, EntryKind, MAX_TARGET, Visit, inside, inside_from, unreadable};
use crate::plan::Failure;

/// Goes through a zip archive.
pub(super) fn walk(reader: impl Read + Seek, visit: &mut Visit<'_>) -> Result<(), Failure> {
    let mut archive = ZipArchive::new(reader).map_err(|error| damaged(&error))?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        let raw = entry.name().map_err(|error| damaged(&error))?.into_owned();
        let Some(name) = inside(Path::new(&raw))? else {
            continue;
        };
        let is_dir = entry.is_dir();
        let kind = if is_dir {
            EntryKind::Directory
        } else if entry.is_symlink() {
            let mut target = Vec::new();
            let read = (&mut entry).take(MAX_TARGET).read_to_end(&mut target);
            read.map_err(|error| unreadable(&error))?;
            EntryKind::Link(inside_from(&name, Path::new(OsStr::from_bytes(&target)))?)
        } else {
            EntryKind::File
        };
        let described = Entry {
            name,
            kind,
            // An archive that was made elsewhere has none.
            mode: entry
                .unix_mode()
                .map(|mode| mode & 0o777)
                .filter(|mode| *mode != 0)
                .unwrap_or(if is_dir { 0o755 } else { 0o644 }),
            size: entry.size(),
        };
        visit(&described, &mut entry)?;
    }
    Ok(())
}

fn damaged(error: &ZipError) -> Failure {
    Failure::new(format!("cannot read the archive: {error}"))
}
