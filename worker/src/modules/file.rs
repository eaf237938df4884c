//! `file`: that something is there, or not, and whose it is. What is in a file is the affair of `copy`.

use std::path::Path;

use crate::arg::{AbsPath, Mode};
use crate::choices;
use crate::host::{FileKind, Host, Stat};
use crate::module;
use crate::module::ArgError;
use crate::permissions::Permissions;
use crate::plan::{Diff, Failure, MAX_SHOWN, Output, Plan};

module! {
    /// Makes files, directories and links, removes them, and sets their mode, owner and group.
    ///
    /// A link at `path` is followed, except by `link`, `hard` and `absent`, which are about the link itself.
    ///
    /// # Check mode
    /// Full.
    ///
    /// # Notes
    /// `touch` makes an empty file where there is none. The times of one that is there stay as they are.
    ///
    /// # Examples
    /// ```yaml
    /// - name: a directory and those above it
    ///   file: {path: /etc/containerd/certs.d, state: directory, mode: "0755"}
    ///
    /// - name: a link
    ///   file: {src: /opt/runc-1.2, dest: /usr/local/sbin/runc, state: link}
    ///
    /// - name: whose a tree is
    ///   file: {path: /srv/data, state: directory, recurse: true, owner: root, mode: "u=rwX,go=rX"}
    ///
    /// - name: nothing there
    ///   file: {path: /etc/containerd/old.toml, state: absent}
    /// ```
    file [check = check] {
        /// What it is about.
        path | dest | name: AbsPath,
        /// What it is to be. `file` must be there already; `touch` makes an empty file. Without it: `directory`
        /// if `recurse` is true, else whatever is there, which must be something.
        state: Option<State>,
        /// Where a link points. It may be relative to the link's directory. A hard link's must be absolute.
        src: Option<String>,
        /// Permission bits. Without it new files get 0644 and new directories 0755.
        mode: Option<Mode>,
        /// Owner, by name or number.
        owner: Option<String>,
        /// Group, by name or number.
        group: Option<String>,
        /// Whether mode, owner and group are set for all that is in the directory. Links in it are left alone.
        recurse: bool = false,
        /// Whether a link may point to what does not exist and may take the place of a file.
        force: bool = false,
    }
}

choices! {
    /// What something is to be.
    pub enum State {
        File = "file",
        Directory = "directory",
        Link = "link",
        Hard = "hard",
        Touch = "touch",
        Absent = "absent",
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    let is_link = matches!(args.state, Some(State::Link | State::Hard));
    if is_link && args.src.is_none() {
        return Err(ArgError::of("src", "a link needs something to point to"));
    }
    if args.src.is_some() && !is_link {
        return Err(ArgError::of("src", "only a link (`state: link` or `hard`) has one"));
    }
    if args.force && !is_link {
        return Err(ArgError::of("force", "it is for `state: link` and `hard` only"));
    }
    let sets_any = args.mode.is_some() || args.owner.is_some() || args.group.is_some();
    if sets_any && matches!(args.state, Some(State::Link | State::Hard | State::Absent)) {
        return Err(ArgError::new(
            "`mode`, `owner` and `group` go with `state: file`, `directory` or `touch`",
        ));
    }
    if args.recurse && !matches!(args.state, None | Some(State::Directory)) {
        return Err(ArgError::of("recurse", "it goes with `state: directory` only"));
    }
    if args.state == Some(State::Absent) && args.path.parent().is_none() {
        return Err(ArgError::of("path", "the root directory is not removed"));
    }
    Ok(())
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let mut plan = Plan::new();
    plan.output("path", args.path.to_string());
    match args.state {
        None if args.recurse => directory(args, host, &mut plan)?,
        None | Some(State::File) => existing(args, host, &mut plan)?,
        Some(State::Directory) => directory(args, host, &mut plan)?,
        Some(State::Touch) => touch(args, host, &mut plan)?,
        Some(State::Link) => link(args, host, &mut plan)?,
        Some(State::Hard) => hard_link(args, host, &mut plan)?,
        Some(State::Absent) => absent(&args.path, host, &mut plan)?,
    }
    Ok(plan)
}

fn permissions(args: &Args, host: &Host) -> Result<Permissions, Failure> {
    Permissions::new(
        host,
        args.mode.as_ref(),
        args.owner.as_deref(),
        args.group.as_deref(),
    )
}

fn existing(args: &Args, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    let path = host.resolve(&args.path)?;
    let Some(stat) = host.stat(&path)? else {
        return Err(Failure::new(format!(
            "`{}` does not exist: `state: touch` makes an empty file, `state: directory` a directory",
            path.display()
        )));
    };
    if args.state == Some(State::File) && stat.kind == FileKind::Directory {
        return Err(is_in_the_way(&path, &stat, "a file"));
    }
    permissions(args, host)?.adjust(host, plan, &path, &stat)
}

fn touch(args: &Args, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    let path = host.resolve(&args.path)?;
    let permissions = permissions(args, host)?;
    if let Some(stat) = host.stat(&path)? {
        return permissions.adjust(host, plan, &path, &stat);
    }
    host.require_parent(&path)?;
    let attributes = permissions.of_file(None);
    let what = format!("file {}", path.display());
    plan.change(what, Diff::contents(None, Some(b"")), move |writer| {
        writer.write_file(&path, b"", attributes)?;
        Ok(Output::new())
    });
    Ok(())
}

fn directory(args: &Args, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    let path = host.resolve(&args.path)?;
    let permissions = permissions(args, host)?;
    match host.stat(&path)? {
        Some(stat) if stat.kind == FileKind::Directory => {
            permissions.adjust(host, plan, &path, &stat)?;
            if args.recurse {
                below(&path, &permissions, host, plan)?;
            }
            Ok(())
        }
        Some(stat) => Err(is_in_the_way(&path, &stat, "a directory")),
        None => new_directories(&path, &permissions, host, plan),
    }
}

/// Plans a directory and those above it that are missing, all with the same permissions.
fn new_directories(
    path: &Path,
    permissions: &Permissions,
    host: &Host,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let mut missing: Vec<&Path> = Vec::new();
    for above in path.ancestors() {
        match host.stat(&host.resolve(above)?)? {
            None => missing.push(above),
            Some(stat) if stat.kind == FileKind::Directory => break,
            Some(stat) => return Err(is_in_the_way(above, &stat, "a directory")),
        }
    }
    for new in missing.into_iter().rev() {
        let attributes = permissions.of_directory();
        let path = new.to_owned();
        let diff = Diff::new(None::<&str>, Some("directory"));
        plan.change(format!("directory {}", new.display()), diff, move |writer| {
            writer.create_dir(&path, attributes)?;
            Ok(Output::new())
        });
    }
    Ok(())
}

/// Plans the permissions of all that is in a directory.
fn below(
    directory: &Path,
    permissions: &Permissions,
    host: &Host,
    plan: &mut Plan,
) -> Result<(), Failure> {
    for name in host.read_dir(directory)?.unwrap_or_default() {
        let path = directory.join(name);
        let Some(stat) = host.stat(&path)? else {
            return Err(Failure::new(format!(
                "cannot read `{}`: it was removed just now, or its name is not UTF-8",
                path.display()
            )));
        };
        if stat.kind == FileKind::Link {
            continue;
        }
        permissions.adjust(host, plan, &path, &stat)?;
        if stat.kind == FileKind::Directory {
            below(&path, permissions, host, plan)?;
        }
    }
    Ok(())
}

fn link(args: &Args, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    let path = args.path.to_path_buf();
    let target = args.src.clone().unwrap_or_default();
    let old = host.stat(&path)?;
    match &old {
        Some(stat) if stat.target.as_deref() == Some(Path::new(&target)) => return Ok(()),
        Some(stat) => replaceable(&path, stat, args.force)?,
        None => host.require_parent(&path)?,
    }
    let leads_to = path.parent().unwrap_or(&path).join(&target);
    if !args.force && !host.exists(&leads_to) {
        return Err(Failure::new(format!(
            "`{}` does not exist: `force: true` makes a link to it all the same",
            leads_to.display()
        )));
    }
    let diff = Diff::new(shown_target(old), Some(&target));
    plan.change(format!("link {}", path.display()), diff, move |writer| {
        writer.symlink(&path, Path::new(&target))?;
        Ok(Output::new())
    });
    Ok(())
}

fn hard_link(args: &Args, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    let path = args.path.to_path_buf();
    let source = args.src.clone().unwrap_or_default();
    let Some(target) = AbsPath::new(source) else {
        return Err(ArgError::of("src", "a hard link's must be an absolute path").into());
    };
    let Some(file) = host.stat(&target)?.filter(|stat| stat.kind == FileKind::File) else {
        return Err(Failure::new(format!("there is no file `{target}` to link to")));
    };
    match host.stat(&path)? {
        Some(stat) if (stat.device, stat.inode) == (file.device, file.inode) => return Ok(()),
        Some(stat) => replaceable(&path, &stat, args.force)?,
        None => host.require_parent(&path)?,
    }
    let diff = Diff::new(None::<&str>, Some(target.to_string()));
    plan.change(format!("hard link {}", path.display()), diff, move |writer| {
        writer.hard_link(&path, &target)?;
        Ok(Output::new())
    });
    Ok(())
}

/// Fails unless a link may take the place of `stat`.
fn replaceable(path: &Path, stat: &Stat, force: bool) -> Result<(), Failure> {
    match stat.kind {
        FileKind::Link => Ok(()),
        FileKind::File if force => Ok(()),
        FileKind::File => Err(Failure::new(format!(
            "`{}` is a file: `force: true` replaces it by a link",
            path.display()
        ))),
        FileKind::Directory | FileKind::Special => Err(is_in_the_way(path, stat, "a link")),
    }
}

fn absent(path: &Path, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    let Some(stat) = host.stat(path)? else {
        return Ok(());
    };
    let diff = match stat.kind {
        FileKind::File if stat.size <= MAX_SHOWN as u64 => {
            Diff::contents(host.read(path)?.as_deref(), None)
        }
        FileKind::Link => Diff {
            before: stat.target.map(|target| target.to_string_lossy().into_owned()),
            after: None,
        },
        kind => Diff {
            before: Some(kind.to_string()),
            after: None,
        },
    };
    let path = path.to_owned();
    plan.change(format!("removal of {}", path.display()), diff, move |writer| {
        writer.remove(&path)?;
        Ok(Output::new())
    });
    Ok(())
}

/// Where a link points, as text.
fn shown_target(link: Option<Stat>) -> Option<String> {
    let target = link?.target?;
    Some(target.to_string_lossy().into_owned())
}

fn is_in_the_way(path: &Path, stat: &Stat, wanted: &str) -> Failure {
    Failure::new(format!(
        "`{}` is to be {wanted} but is a {}: remove it first, with `state: absent`",
        path.display(),
        stat.kind
    ))
}
