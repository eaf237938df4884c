//! `authorized_key`: the public keys that may log in as a user. What a key is, is in [`line`].

mod line;

use std::path::{Path, PathBuf};

use self::line::{Key, parse};
use super::group::check_name;
use crate::arg::{AbsPath, Mode};
use crate::choices;
use crate::host::{FileKind, Host, User};
use crate::module;
use crate::module::ArgError;
use crate::permissions::Permissions;
use crate::plan::{Diff, Failure, Output, Plan};

const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

choices! {
    /// Whether the keys are there.
    pub enum State { Present = "present", Absent = "absent" }
}

module! {
    /// Lets public keys log in as a user, or no longer.
    ///
    /// Two lines are about the same key if its type and its base64 text are the same; a line whose options or comment
    /// differ is replaced. Other lines keep their places. The file and its directory get mode 0600 and 0700, and the
    /// user as their owner. A directory `.ssh` that is a link is refused, since its owner could lead the file anywhere.
    ///
    /// Registered are `user` and `path`.
    ///
    /// # Check mode
    /// Full: what would be changed is reported and nothing is.
    ///
    /// # Examples
    /// ```yaml
    /// - name: ada may log in
    ///   authorized_key:
    ///     user: ada
    ///     key: "{{ lookup('file', 'keys/ada.pub') }}"
    ///
    /// - name: these and nobody else
    ///   authorized_key:
    ///     user: deploy
    ///     key: "{{ deploy_keys | join('\n') }}"
    ///     exclusive: true
    ///     key_options: 'no-port-forwarding,from="10.0.0.0/8"'
    /// ```
    authorized_key [check = check] {
        /// The login name.
        user: String,
        /// The keys, one a line, as in a file `.pub`; empty lines and comments are passed over. Not a URL.
        key: String,
        /// Whether the keys are to be there.
        state: State = State::Present,
        /// Whether all other keys are removed. A loop over keys would leave the last one only: give all in one task.
        exclusive: bool = false,
        /// Options to write before each key, in place of its own.
        key_options: Option<String>,
        /// A comment to write behind each key, in place of its own.
        comment: Option<String>,
        /// The file, if it is another one than `.ssh/authorized_keys` in the user's home directory.
        path: Option<AbsPath>,
        /// Whether the directory of the file is made, and given to the user.
        manage_dir: bool = true,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    check_name(&args.user).map_err(|error| ArgError::of("user", error.message))?;
    for (field, text) in [("key_options", &args.key_options), ("comment", &args.comment)] {
        if text.as_ref().is_some_and(|text| text.contains(['\n', '\r', '\0'])) {
            return Err(ArgError::of(field, "expected one line"));
        }
    }
    if args.exclusive && args.state == State::Absent {
        return Err(ArgError::of("exclusive", "it goes with `state: present`"));
    }
    keys(args).map(drop)
}

/// The keys that the task is about, each as the line that is wanted.
fn keys(args: &Args) -> Result<Vec<Key>, ArgError> {
    let mut keys: Vec<Key> = Vec::new();
    for text in args.key.lines().map(str::trim) {
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let mut key = parse(text).ok_or_else(|| ArgError::of("key", unlike_a_key(text)))?;
        if let Some(options) = &args.key_options {
            key.options.clone_from(options);
        }
        if let Some(comment) = &args.comment {
            key.comment.clone_from(comment);
        }
        keys.retain(|other| !other.is_same(&key));
        keys.push(key);
    }
    Ok(keys)
}

fn unlike_a_key(text: &str) -> String {
    if text.contains("://") {
        return "a URL is not fetched: take `get_url` and then the file's text, or `lookup('file', ...)`".to_owned();
    }
    if text.contains("PRIVATE KEY") {
        return "this is a private key: expected the text of the file `.pub`".to_owned();
    }
    let shown: String = text.chars().take(60).collect();
    format!("expected lines such as `ssh-ed25519 AAAA... name`, found {shown:?}")
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let mut plan = Plan::new();
    let user = host
        .user(&args.user)?
        .ok_or_else(|| Failure::new(format!("there is no user `{}` on the host", args.user)))?;
    let path = match &args.path {
        Some(path) => path.to_path_buf(),
        None => {
            host.require_dir(Path::new(&user.home))?;
            Path::new(&user.home).join(".ssh/authorized_keys")
        }
    };
    plan.output("user", args.user.as_str());
    plan.output("path", path.to_string_lossy());

    let old = host.read_text(&path)?;
    let new = edited(old.as_deref().unwrap_or_default(), &keys(args)?, args);
    if old.is_none() && new.is_empty() {
        return Ok(plan);
    }
    plan_directory(args, &path, &user, host, &mut plan)?;
    plan_file(path, old, new, &user, host, &mut plan)?;
    Ok(plan)
}

fn owned_by(user: &User, mode: u32, host: &Host) -> Result<Permissions, Failure> {
    let (uid, gid) = (user.uid.to_string(), user.gid.to_string());
    Permissions::new(host, Some(&Mode::Bits(mode)), Some(&uid), Some(&gid))
}

fn plan_directory(
    args: &Args,
    path: &Path,
    user: &User,
    host: &Host,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let directory = path.parent().unwrap_or(path).to_owned();
    let shown = directory.display().to_string();
    let stat = host.stat(&directory)?;
    if args.path.is_none() && stat.as_ref().is_some_and(|stat| stat.kind != FileKind::Directory) {
        return Err(Failure::new(format!(
            "`{shown}` is no directory, and a link there is not followed: remove it, or name the file with `path`"
        )));
    }
    if !args.manage_dir {
        return host.require_dir(&directory);
    }
    let permissions = owned_by(user, DIRECTORY_MODE, host)?;
    match stat {
        // A directory that is shared, such as `/etc/ssh/keys`, is nobody's own.
        Some(_) if args.path.is_some() => Ok(()),
        Some(stat) => permissions.adjust(host, plan, &directory, &stat),
        None => {
            let attributes = permissions.of_directory();
            plan.change(
                format!("directory {shown}"),
                Diff::new(None::<&str>, Some("mode 0700")),
                move |writer| {
                    writer.create_dir(&directory, attributes)?;
                    Ok(Output::new())
                },
            );
            Ok(())
        }
    }
}

fn plan_file(
    path: PathBuf,
    old: Option<String>,
    new: String,
    user: &User,
    host: &Host,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let permissions = owned_by(user, FILE_MODE, host)?;
    let stat = host.stat(&path)?.filter(|stat| stat.kind == FileKind::File);
    if old.as_ref() == Some(&new) {
        return match stat {
            Some(stat) => permissions.adjust(host, plan, &path, &stat),
            None => Ok(()),
        };
    }
    let what = match &old {
        Some(_) => format!("content of {}", path.display()),
        None => format!("file {}", path.display()),
    };
    let attributes = permissions.of_file(stat.as_ref());
    let diff = Diff::new(old, Some(new.as_str()));
    plan.change(what, diff, move |writer| {
        writer.write_file(&path, new.as_bytes(), attributes)?;
        Ok(Output::new())
    });
    Ok(())
}

/// The file's text as it is wanted.
fn edited(text: &str, keys: &[Key], args: &Args) -> String {
    let mut missing: Vec<&Key> = keys.iter().collect();
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let Some(found) = parse(line.trim()) else {
            // Comments, and what is no key: it is not ours to judge.
            lines.push(line.to_owned());
            continue;
        };
        let wanted = keys.iter().find(|key| key.is_same(&found));
        match (args.state, wanted) {
            (State::Absent, Some(_)) => {}
            (State::Present, None) if args.exclusive => {}
            (_, None) => lines.push(line.to_owned()),
            (State::Present, Some(key)) => {
                // A second line about the same key would say something else about it.
                if missing.iter().any(|other| other.is_same(key)) {
                    missing.retain(|other| !other.is_same(key));
                    lines.push(key.to_string());
                }
            }
        }
    }
    if args.state == State::Present {
        lines.extend(missing.iter().map(ToString::to_string));
    }
    let new: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    if new.trim_end() == text.trim_end() {
        text.to_owned()
    } else {
        new
    }
}
