//! `stat`: what is known about a file. Changes nothing.

use serde_json::json;

use crate::arg::AbsPath;
use crate::host::{FileKind, Host};
use crate::module;
use crate::plan::{Failure, Plan};

module! {
    /// Tells what is known about a file, in the registered field `stat`.
    ///
    /// `stat.exists` is always there. If it is true, so are `path`, `isreg`, `isdir`, `islnk`, `mode` (an octal
    /// string), `uid`, `gid`, `size`, `mtime`, `inode`, `nlink`, for a link `lnk_source`, and for a regular file
    /// `checksum` (SHA-256) if it is asked for.
    ///
    /// # Check mode
    /// Reads only, so check mode makes no difference.
    ///
    /// # Examples
    /// ```yaml
    /// - name: look at the configuration
    ///   stat: {path: /etc/containerd/config.toml}
    ///   register: config
    /// ```
    stat {
        /// The file. A link is not followed unless `follow` is true.
        path: AbsPath,
        /// Whether to look at what a link points to.
        follow: bool = false,
        /// Whether to compute the checksum of a regular file.
        get_checksum: bool = true,
    }
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let mut plan = Plan::new();
    let path = if args.follow {
        host.resolve(&args.path)?
    } else {
        args.path.to_path_buf()
    };
    let Some(stat) = host.stat(&path)? else {
        plan.output("stat", json!({ "exists": false }));
        return Ok(plan);
    };
    let mut fields = json!({
        "exists": true,
        "path": args.path.to_string(),
        "isreg": stat.kind == FileKind::File,
        "isdir": stat.kind == FileKind::Directory,
        "islnk": stat.kind == FileKind::Link,
        "mode": format!("{:04o}", stat.mode),
        "uid": stat.uid,
        "gid": stat.gid,
        "size": stat.size,
        "mtime": stat.mtime,
        "inode": stat.inode,
        "nlink": stat.links,
    });
    if let Some(target) = &stat.target {
        fields["lnk_source"] = target.to_string_lossy().into();
    }
    if args.get_checksum && stat.kind == FileKind::File {
        fields["checksum"] = host.sha256(&path)?.into();
    }
    plan.output("stat", fields);
    Ok(plan)
}
