//! How old the package lists of apt are.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::apt_get::STAMP;
use crate::host::Host;
use crate::plan::Failure;

const LISTS: &str = "/var/lib/apt/lists";

/// Names in the directory that are no lists.
const NO_LISTS: [&str; 3] = ["lock", "partial", "auxfiles"];

/// The age of the package lists in seconds; `None` if there are none.
pub(super) fn age(host: &Host) -> Result<Option<u64>, Failure> {
    let names = host.read_dir(Path::new(LISTS))?.unwrap_or_default();
    if names.iter().all(|name| NO_LISTS.contains(&name.as_str())) {
        return Ok(None);
    }
    let mut newest = 0;
    for path in [LISTS, STAMP] {
        let stat = host.stat(Path::new(path))?;
        newest = newest.max(stat.map_or(0, |stat| stat.mtime));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs();
    Ok(Some(now.saturating_sub(u64::try_from(newest).unwrap_or(0))))
}
