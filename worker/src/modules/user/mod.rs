//! `user`: a user account of the host. A password's hash is written to `chpasswd`'s standard input and appears
//! nowhere else.

mod shadow;

use std::collections::BTreeSet;
use std::path::Path;

use self::shadow::{Shadow, plan_shadow};
use super::group::{check_name, run};
use crate::arg::AbsPath;
use crate::choices;
use crate::host::{Host, Program, User};
use crate::module;
use crate::module::ArgError;
use crate::plan::{Diff, Failure, Output, Plan};

choices! {
    /// Whether the user is there.
    pub enum State { Present = "present", Absent = "absent" }
}

choices! {
    /// When the password is set.
    pub enum UpdatePassword { Always = "always", OnCreate = "on_create" }
}

module! {
    /// Makes a user account, changes it, or removes it.
    ///
    /// Only what is given is compared and changed. Registered are `name` and `state`, and for a user that is there
    /// already `uid`, `group` (its id), `home`, `shell` and `comment`.
    ///
    /// # Check mode
    /// Full: what would be changed is reported and nothing is. A password is never shown.
    ///
    /// # Examples
    /// ```yaml
    /// - name: a user that runs etcd
    ///   user: {name: etcd, system: true, shell: /usr/sbin/nologin, home: /var/lib/etcd, create_home: false}
    ///
    /// - name: may use docker as well
    ///   user: {name: ops, groups: [docker], append: true}
    /// ```
    user [check = check] {
        /// The login name.
        name: String,
        /// The user id. If it is not given, a new user gets the next free one.
        uid: Option<u32>,
        /// The primary group, by name or id.
        group: Option<String>,
        /// The supplementary groups by name, as a list or separated by commas. An empty list means that there are to
        /// be none.
        groups: Option<Vec<String>>,
        /// Whether the user stays in other supplementary groups than `groups`.
        append: bool = false,
        /// The full name.
        comment: Option<String>,
        /// The home directory.
        home: Option<AbsPath>,
        /// Whether a new user's home directory is made.
        create_home | createhome: bool = true,
        /// Whether the contents of the home directory move along when `home` changes.
        move_home: bool = false,
        /// The login shell.
        shell: Option<AbsPath>,
        /// Whether a new user gets an id from the range for system users.
        system: bool = false,
        /// The hash of the password, as in `/etc/shadow`; never the password itself.
        password: Option<String>,
        /// Whether the password is set always or for a new user only.
        update_password: UpdatePassword = UpdatePassword::Always,
        /// Whether the password is locked, so that no password lets the user in; keys still do.
        password_lock: Option<bool>,
        /// How many days a password lasts at least.
        password_expire_min: Option<i64>,
        /// How many days a password lasts at most; -1 is without end.
        password_expire_max: Option<i64>,
        /// When the account ends, in seconds since 1970; -1 is never.
        expires: Option<i64>,
        /// Whether the user is to be there.
        state: State = State::Present,
        /// Whether the home directory is removed together with the user.
        remove: bool = false,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    check_name(&args.name)?;
    for group in groups(args).iter().flatten() {
        check_name(group).map_err(|error| ArgError::of("groups", error.message))?;
    }
    let unsafe_text = |text: &Option<String>| {
        text.as_ref()
            .is_some_and(|text| text.contains([':', '\n', '\0']))
    };
    if unsafe_text(&args.comment) {
        return Err(ArgError::of("comment", "expected one line without `:`"));
    }
    if unsafe_text(&args.password) {
        return Err(ArgError::of("password", "expected one line without `:`"));
    }
    Ok(())
}

/// The names of the supplementary groups. No name holds a comma.
fn groups(args: &Args) -> Option<Vec<&str>> {
    let groups = args.groups.as_ref()?;
    let names = groups.iter().flat_map(|text| text.split(','));
    Some(names.map(str::trim).filter(|name| !name.is_empty()).collect())
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let mut plan = Plan::new();
    let user = host.user(&args.name)?;
    plan.output("name", args.name.as_str());
    plan.output("state", match args.state {
        State::Present => "present",
        State::Absent => "absent",
    });
    if let Some(user) = &user {
        plan.output("uid", user.uid);
        plan.output("group", user.gid);
        plan.output("home", user.home.as_str());
        plan.output("shell", user.shell.as_str());
        plan.output("comment", user.gecos.as_str());
    }
    match (args.state, user) {
        (State::Present, None) => {
            create(args, &mut plan);
            plan_shadow(args, None, args.password.is_some(), &mut plan);
        }
        (State::Present, Some(user)) => modify(args, &user, host, &mut plan)?,
        (State::Absent, Some(user)) => {
            let mut program = Program::new("userdel");
            if args.remove {
                program = program.arg("--remove");
            }
            let before = format!("uid {}, home {}", user.uid, user.home);
            let diff = Diff::new(Some(before), None::<&str>);
            run(&mut plan, format!("user {}", args.name), diff, program.arg(&args.name));
        }
        (State::Absent, None) => {}
    }
    Ok(plan)
}

fn create(args: &Args, plan: &mut Plan) {
    let mut options: Vec<(&str, &str, String)> = Vec::new();
    if let Some(uid) = args.uid {
        options.push(("uid", "--uid", uid.to_string()));
    }
    if let Some(group) = &args.group {
        options.push(("group", "--gid", group.clone()));
    }
    if let Some(groups) = groups(args).filter(|groups| !groups.is_empty()) {
        options.push(("groups", "--groups", groups.join(",")));
    }
    if let Some(home) = &args.home {
        options.push(("home", "--home-dir", home.to_string()));
    }
    if let Some(shell) = &args.shell {
        options.push(("shell", "--shell", shell.to_string()));
    }
    if let Some(comment) = &args.comment {
        options.push(("comment", "--comment", comment.clone()));
    }
    let mut program = Program::new("useradd");
    if args.system {
        program = program.arg("--system");
    }
    program = program.arg(if args.create_home {
        "--create-home"
    } else {
        "--no-create-home"
    });
    let mut lines = vec!["present".to_owned()];
    for (name, option, value) in options {
        lines.push(format!("{name} {value}"));
        program = program.arg(option).arg(value);
    }
    let diff = Diff::new(None::<&str>, Some(lines.join("\n")));
    run(plan, format!("user {}", args.name), diff, program.arg(&args.name));
    if let Some(password) = &args.password {
        set_password(args, password, plan);
    }
}

fn modify(args: &Args, user: &User, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    let mut change = |attribute: &str, before: &str, after: &str, options: &[&str]| {
        let program = Program::new("usermod").args(options).arg(&args.name);
        let diff = Diff::new(Some(before), Some(after));
        run(plan, format!("user {}: {attribute}", args.name), diff, program);
    };
    if let Some(uid) = args.uid.filter(|uid| *uid != user.uid) {
        let uid = uid.to_string();
        change("uid", &user.uid.to_string(), &uid, &["--uid", &uid]);
    }
    if let Some(group) = &args.group {
        // A group that does not exist is for `usermod` to refuse: in check mode it may be still to come.
        if host.gid(group).ok() != Some(user.gid) {
            let before = host.group_by_gid(user.gid)?;
            let before = before.map_or_else(|| user.gid.to_string(), |group| group.name);
            change("group", &before, group, &["--gid", group]);
        }
    }
    if let Some((before, after)) = supplementary_groups(args, user, host)? {
        change("groups", &before, &after, &["--groups", &after]);
    }
    if let Some(home) = &args.home
        && **home != *Path::new(&user.home)
    {
        let home = home.to_string();
        let options = ["--home", &home, "--move-home"];
        let count = if args.move_home { 3 } else { 2 };
        change("home", &user.home, &home, &options[..count]);
    }
    if let Some(shell) = &args.shell
        && **shell != *Path::new(&user.shell)
    {
        let shell = shell.to_string();
        change("shell", &user.shell, &shell, &["--shell", &shell]);
    }
    if let Some(comment) = args.comment.as_ref().filter(|text| **text != user.gecos) {
        change("comment", &user.gecos, comment, &["--comment", comment]);
    }
    let password = args.password.as_deref();
    let password = password.filter(|_| args.update_password == UpdatePassword::Always);
    if password.is_none() && !shadow::is_wanted(args) {
        // Only the superuser may read it.
        return Ok(());
    }
    let shadow = Shadow::of(host, &args.name)?;
    let is_kept = |wanted: &str| match (&shadow, args.password_lock) {
        (Some(shadow), Some(_)) => shadow.bare_hash() == wanted.strip_prefix('!').unwrap_or(wanted),
        (Some(shadow), None) => shadow.hash == wanted,
        (None, _) => false,
    };
    let renewed = password.filter(|wanted| !is_kept(wanted));
    if let Some(password) = renewed {
        set_password(args, password, plan);
    }
    plan_shadow(args, shadow.as_ref(), renewed.is_some(), plan);
    Ok(())
}

/// The supplementary groups now and as wanted, if they differ.
fn supplementary_groups(
    args: &Args,
    user: &User,
    host: &Host,
) -> Result<Option<(String, String)>, Failure> {
    let Some(wanted) = groups(args) else {
        return Ok(None);
    };
    let groups = host.groups()?;
    let current: BTreeSet<&str> = groups
        .iter()
        .filter(|group| group.members.contains(&user.name))
        .map(|group| group.name.as_str())
        .collect();
    let primary = groups.iter().find(|group| group.gid == user.gid);
    let primary = primary.map(|group| group.name.as_str());
    let mut wanted: BTreeSet<&str> = wanted
        .into_iter()
        .filter(|group| current.contains(group) || Some(*group) != primary)
        .collect();
    if args.append {
        wanted.extend(&current);
    }
    let joined = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(",");
    Ok((wanted != current).then(|| (joined(&current), joined(&wanted))))
}

fn set_password(args: &Args, hash: &str, plan: &mut Plan) {
    let program = Program::new("chpasswd")
        .arg("--encrypted")
        .stdin(format!("{}:{hash}\n", args.name));
    let what = format!("user {}: password", args.name);
    plan.change(what, Diff::default(), move |writer| {
        let output = writer.run(&program)?;
        if output.success() {
            return Ok(Output::new());
        }
        // What it complains could quote the line that it read.
        Err(Failure::new(format!(
            "`chpasswd` exited with {}: the password was not set",
            output.rc
        )))
    });
}
