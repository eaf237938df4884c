//! `unarchive`: what is in an archive, in a directory. Getting the archive from elsewhere is the affair of
//! `get_url`.

use std::path::PathBuf;

use crate::arg::{AbsPath, Mode, Source};
use crate::file_install::{open_source, relative_source};
use crate::host::Host;
use crate::module;
use crate::module::ArgError;
use crate::permissions::Permissions;
use crate::plan::{Failure, Output, Plan};
use crate::unpacking::Unpacking;

module! {
    /// Unpacks an archive into a directory: tar, plain or compressed with gzip, xz or zstd, and zip. Which of
    /// them it is, its content tells.
    ///
    /// The host's files are compared with the archive, and only what differs is written: a file that was tampered
    /// with is repaired, and where nothing differs nothing is changed. Files that are not in the archive stay.
    /// Directories that are there already keep their mode and owner.
    ///
    /// Files belong to who runs the task, unless `owner` and `group` say otherwise; the owners in the archive do
    /// not count, nor do set-user-id bits. An archive is refused if it has devices, absolute names or names with
    /// `..`, or links that may lead out of the directory. So is unpacking through a link below `dest`.
    ///
    /// Registers `dest`, and `files` if `list_files` is true.
    ///
    /// # Check mode
    /// Full. An archive of the controller is sent to be compared; it is not kept.
    ///
    /// # Notes
    /// To compare, an archive is read each time, and one of the controller is sent each time. A large one is
    /// better put on the host by `copy` or `get_url` and unpacked with `remote_src: true`. `creates` spares the
    /// comparison as well, and with it the repair.
    ///
    /// # Examples
    /// ```yaml
    /// - name: the files of containerd
    ///   unarchive:
    ///     src: /var/cache/containerd-2.0.2-linux-amd64.tar.gz
    ///     remote_src: true
    ///     dest: /usr/local
    ///
    /// - name: one tool of an archive that the controller has
    ///   unarchive:
    ///     src: crictl.tar.gz
    ///     dest: /usr/local/bin
    ///     include: [crictl]
    ///     mode: "0755"
    /// ```
    unarchive [check = check] {
        /// The archive on the controller, or on the host if `remote_src` is true.
        src: Source,
        /// The directory to unpack in. It must exist.
        dest: AbsPath,
        /// Whether `src` is a file of the host.
        remote_src: bool = false,
        /// If this exists, nothing is done.
        creates: Option<AbsPath>,
        /// What to unpack: files, and directories with all that is in them, by their names in the archive.
        include: Vec<String> = Vec::new(),
        /// What to leave out, likewise.
        exclude: Vec<String> = Vec::new(),
        /// How many leading parts of each name to drop. What has no more parts than that is left out.
        strip_components: u32 = 0u32,
        /// Permission bits of all files, in place of those in the archive; and of new directories. With `X`, as
        /// in `u=rwX,go=rX`, directories and programs stay usable.
        mode: Option<Mode>,
        /// Owner of all files, by name or number.
        owner: Option<String>,
        /// Group of all files, by name or number.
        group: Option<String>,
        /// Whether to register the names of what is unpacked.
        list_files: bool = false,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    match &args.src {
        Source::Path(path) if args.remote_src && AbsPath::new(path).is_none() => {
            Err(relative_source(path))
        }
        _ => Ok(()),
    }
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let mut plan = Plan::new();
    plan.output("dest", args.dest.to_string());
    if args.creates.as_ref().is_some_and(|path| host.exists(path)) {
        return Ok(plan);
    }
    host.require_dir(&args.dest)?;
    let (mut archive, name) = match &args.src {
        Source::Controller(content) => (host.fetch_file(content)?, content.name.clone()),
        Source::Path(path) if args.remote_src => {
            let source = AbsPath::new(path).ok_or_else(|| relative_source(path))?;
            (open_source(host, &source)?, path.clone())
        }
        Source::Path(path) => {
            return Err(Failure::new(format!(
                "the content of `{path}` was not sent by the controller"
            )));
        }
    };
    let paths = |names: &[String]| names.iter().map(|name| clean(name)).collect();
    let unpacking = Unpacking {
        dest: args.dest.to_path_buf(),
        strip: args.strip_components as usize,
        include: paths(&args.include),
        exclude: paths(&args.exclude),
        permissions: Permissions::new(
            host,
            args.mode.as_ref(),
            args.owner.as_deref(),
            args.group.as_deref(),
        )?,
    };
    let comparison = unpacking.compare(host, &mut archive)?;
    let names: Vec<String> = comparison
        .names()
        .map(|name| name.display().to_string())
        .collect();
    let pending = comparison.pending();
    if !pending.is_empty() {
        let (missing, all) = (pending.len(), names.len());
        let what = format!("{missing} of {all} entries of {name} in {}", args.dest);
        plan.change(what, comparison.diff(), move |writer| {
            unpacking.unpack(writer, &mut archive, &pending)?;
            Ok(Output::new())
        });
    }
    if args.list_files {
        plan.output("files", names);
    }
    Ok(plan)
}

/// A name as the entries of an archive have it: `./bin/` is `bin`.
fn clean(name: &str) -> PathBuf {
    PathBuf::from(name.strip_prefix("./").unwrap_or(name))
        .components()
        .collect()
}
