//! `copy`: a file with a given content. Rendering is not its affair; see `template`.

use crate::arg::{AbsPath, Mode, Source};
use crate::checksum::Checksum;
use crate::file_install::{Install, Origin, check_validate, relative_source};
use crate::host::Host;
use crate::module;
use crate::module::ArgError;
use crate::permissions::Permissions;
use crate::plan::{Failure, Plan};

module! {
    /// Puts a file in its place: one of the controller, a text from the playbook, or another file of the host.
    ///
    /// The content is sent only if the host's file differs. The new file is written beside the old one, gets its
    /// owner and mode, and takes the old one's name at once, so that nobody ever sees half of it. A link at
    /// `dest` is replaced, not followed.
    ///
    /// Registers `dest` and, where one was kept, `backup_file`.
    ///
    /// # Check mode
    /// Full. `--diff` shows texts of up to 64 KiB. The command of `validate` is not run.
    ///
    /// # Examples
    /// ```yaml
    /// - name: a file of the role
    ///   copy:
    ///     src: crictl.yaml
    ///     dest: /etc/crictl.yaml
    ///     mode: "0644"
    ///
    /// - name: a text
    ///   copy:
    ///     content: |
    ///       overlay
    ///       br_netfilter
    ///     dest: /etc/modules-load.d/k8s.conf
    ///
    /// - name: a file that must be right
    ///   copy:
    ///     src: ops
    ///     dest: /etc/sudoers.d/ops
    ///     mode: "0440"
    ///     validate: visudo -cf %s
    ///
    /// - name: a release that was fetched beforehand
    ///   copy:
    ///     src: /srv/artifacts/runc.amd64
    ///     dest: /usr/local/sbin/runc
    ///     checksum: sha256:e83565aa78ec8f52a4d2b4eb6c4ca262b74c5f6770c1f43670c3029c20175502
    ///     mode: "0755"
    /// ```
    copy [check = check] {
        /// The file on the controller, or on the host if `remote_src` is true.
        src: Option<Source>,
        /// The content itself, in place of `src`.
        content: Option<String>,
        /// The file on the host. If it is a directory, the file is put into it under its own name. The
        /// directory it is to be in must exist.
        dest: AbsPath,
        /// Permission bits. Without it a file that is there keeps its own; a new one gets 0644.
        mode: Option<Mode>,
        /// Owner, by name or number.
        owner: Option<String>,
        /// Group, by name or number.
        group: Option<String>,
        /// Whether to keep the old file, as `NAME.HASH~` beside the new one.
        backup: bool = false,
        /// Whether to replace a file whose content differs.
        force: bool = true,
        /// Whether `src` is a file of the host.
        remote_src: bool = false,
        /// What the source must be: `sha256:` or `sha512:` and hexadecimal digits, or the digits alone. The
        /// SHA-512 of a file of the controller is taken on the host, which gets the file for that.
        checksum: Option<String>,
        /// A command that must accept the new file before it takes its place. `%s` stands for the file. It is
        /// split into words as a shell does, but not run by one.
        validate: Option<String>,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    check_validate(args.validate.as_deref())?;
    checksum(args)?;
    match (&args.src, &args.content) {
        (Some(Source::Path(path)), None) if args.remote_src && AbsPath::new(path).is_none() => {
            Err(relative_source(path))
        }
        (None, Some(_)) if args.remote_src => {
            Err(ArgError::of("remote_src", "it goes with `src` only"))
        }
        (Some(_), None) | (None, Some(_)) => Ok(()),
        (Some(_), Some(_)) => Err(ArgError::new("`src` and `content` exclude each other")),
        (None, None) => Err(ArgError::new("either `src` or `content` is required")),
    }
}

fn checksum(args: &Args) -> Result<Option<Checksum>, ArgError> {
    args.checksum.as_deref().map(Checksum::parse).transpose()
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let origin = match &args.src {
        Some(source) => Origin::of(source, args.remote_src)?,
        None => Origin::Bytes(args.content.clone().unwrap_or_default().into_bytes()),
    };
    let install = Install {
        origin,
        dest: args.dest.to_path_buf(),
        permissions: Permissions::new(
            host,
            args.mode.as_ref(),
            args.owner.as_deref(),
            args.group.as_deref(),
        )?,
        backup: args.backup,
        force: args.force,
        validate: args.validate.clone(),
        checksum: checksum(args)?,
    };
    install.plan(host)
}
