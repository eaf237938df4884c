//! `template`: a file made from a template. By the time it is planned here, the controller has rendered it.

use crate::arg::{AbsPath, Mode, Template};
use crate::file_install::{Install, Origin, check_validate};
use crate::host::Host;
use crate::module;
use crate::module::ArgError;
use crate::permissions::Permissions;
use crate::plan::{Failure, Plan};

module! {
    /// Renders a Tera template on the controller and puts the result in its place, as `copy` does.
    ///
    /// The template sees the variables of the task. One that nothing defines is an error.
    ///
    /// Registers `dest` and, where one was kept, `backup_file`.
    ///
    /// # Check mode
    /// Full. `--diff` shows texts of up to 64 KiB. The command of `validate` is not run.
    ///
    /// # Examples
    /// ```yaml
    /// - name: the configuration of containerd
    ///   template:
    ///     src: config.toml.tera
    ///     dest: /etc/containerd/config.toml
    ///     mode: "0644"
    ///   notify: restart containerd
    /// ```
    template [check = check] {
        /// The template on the controller, relative to the role's `templates/`.
        src: Template,
        /// The file on the host. If it is a directory, the file is put into it under the template's name. The
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
        /// A command that must accept the new file before it takes its place. `%s` stands for the file. It is
        /// split into words as a shell does, but not run by one.
        validate: Option<String>,
        /// Whether a tag, `{% %}`, or a comment takes the end of its line with it, as in Ansible, where this is `true` if
        /// nothing is said. `module_defaults` says it for many tasks at once.
        trim_blocks: bool = false,
        /// Whether a tag or comment takes the blanks before it with it, if it is the first on its line.
        lstrip_blocks: bool = false,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    check_validate(args.validate.as_deref())
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let install = Install {
        origin: Origin::of(&args.src.0, false)?,
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
        checksum: None,
    };
    install.plan(host)
}
