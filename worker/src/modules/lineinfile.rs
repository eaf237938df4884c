//! `lineinfile`: one line of a text file. For more than a line see `blockinfile`, for whole files `template`.

use regex_lite::Regex;

use crate::arg::{AbsPath, Mode};
use crate::choices;
use crate::file_install::check_validate;
use crate::host::Host;
use crate::module;
use crate::module::ArgError;
use crate::permissions::Permissions;
use crate::plan::{Failure, Plan};
use crate::text_edit::{Position, TextEdit, bare, expand, lines, regex};

module! {
    /// Sees to it that a line is in a text file, or that no such line is.
    ///
    /// With `regexp`, the last line that matches is replaced by `line`. If none matches, or without `regexp`,
    /// `line` is inserted unless the file has it already. With `state: absent` all lines that match `regexp`, or
    /// are `line`, are removed.
    ///
    /// Regular expressions are Rust's: no look-around and no back references within the expression. A link at
    /// `path` is followed.
    ///
    /// # Check mode
    /// Full. The command of `validate` is not run.
    ///
    /// # Examples
    /// ```yaml
    /// - name: no swap after the next boot
    ///   lineinfile:
    ///     path: /etc/fstab
    ///     regexp: '^[^#]\S*\s+\S+\s+swap\s'
    ///     state: absent
    ///
    /// - name: a setting
    ///   lineinfile:
    ///     path: /etc/ssh/sshd_config
    ///     regexp: '^#?PermitRootLogin\s'
    ///     line: PermitRootLogin prohibit-password
    ///     validate: /usr/sbin/sshd -t -f %s
    ///
    /// - name: a setting whose value is kept
    ///   lineinfile:
    ///     path: /etc/default/grub
    ///     regexp: '^#GRUB_TIMEOUT=(.*)$'
    ///     line: 'GRUB_TIMEOUT=\1'
    ///     backrefs: true
    /// ```
    lineinfile [check = check] {
        /// The file.
        path | dest | name: AbsPath,
        /// The line, without a line break.
        line: Option<String>,
        /// The lines to replace or remove.
        regexp: Option<String>,
        /// Whether the line is to be there.
        state: State = State::Present,
        /// The expression after whose last match the line is inserted, or `EOF`. Without a match it is `EOF`.
        insertafter: Option<String>,
        /// The expression before whose last match the line is inserted, or `BOF`. Without a match the line is
        /// inserted at the end.
        insertbefore: Option<String>,
        /// Whether `\1` and `\g<name>` in `line` stand for what the groups of `regexp` matched. Then a file that
        /// nothing matches in is left as it is.
        backrefs: bool = false,
        /// Whether to make a file where there is none.
        create: bool = false,
        /// Whether to keep the old file, as `NAME.HASH~` beside the new one.
        backup: bool = false,
        /// Permission bits.
        mode: Option<Mode>,
        /// Owner, by name or number.
        owner: Option<String>,
        /// Group, by name or number.
        group: Option<String>,
        /// A command that must accept the new file before it takes its place. `%s` stands for the file. It is
        /// split into words as a shell does, but not run by one.
        validate: Option<String>,
    }
}

choices! {
    /// Whether the line is to be there.
    pub enum State { Present = "present", Absent = "absent" }
}

fn check(args: &Args) -> Result<(), ArgError> {
    check_validate(args.validate.as_deref())?;
    Position::new(args.insertbefore.as_deref(), args.insertafter.as_deref())?;
    if let Some(pattern) = &args.regexp {
        regex("regexp", pattern)?;
    }
    if args.line.as_ref().is_some_and(|line| line.contains(['\n', '\r'])) {
        return Err(ArgError::of("line", "more than one line: use `blockinfile`"));
    }
    if args.state == State::Present && args.line.is_none() {
        return Err(ArgError::of("line", "required for `state: present`"));
    }
    if args.line.is_none() && args.regexp.is_none() {
        return Err(ArgError::new("either `line` or `regexp` is required"));
    }
    if args.backrefs && (args.regexp.is_none() || args.state == State::Absent) {
        return Err(ArgError::of(
            "backrefs",
            "it goes with `regexp` and `state: present`",
        ));
    }
    Ok(())
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    if args.state == State::Absent && !host.exists(&args.path) {
        return Ok(Plan::new());
    }
    let pattern = match &args.regexp {
        Some(pattern) => Some(regex("regexp", pattern)?),
        None => None,
    };
    let position = Position::new(args.insertbefore.as_deref(), args.insertafter.as_deref())?;
    let line = args.line.as_deref().unwrap_or_default();
    let edit = TextEdit {
        path: &args.path,
        create: args.create,
        permissions: Permissions::new(
            host,
            args.mode.as_ref(),
            args.owner.as_deref(),
            args.group.as_deref(),
        )?,
        backup: args.backup,
        validate: args.validate.clone(),
    };
    edit.plan(host, |text| match (args.state, &pattern) {
        (State::Absent, pattern) => Ok(without(text, args.line.as_deref(), pattern.as_ref())),
        (State::Present, Some(pattern)) if args.backrefs => rewritten(text, line, pattern),
        (State::Present, pattern) => Ok(with(text, line, pattern.as_ref(), &position)),
    })
}

fn without(text: &str, line: Option<&str>, pattern: Option<&Regex>) -> String {
    text.split_inclusive('\n')
        .filter(|old| match pattern {
            Some(pattern) => !pattern.is_match(bare(old)),
            None => Some(bare(old)) != line,
        })
        .collect()
}

fn with(text: &str, line: &str, pattern: Option<&Regex>, position: &Position) -> String {
    let mut lines = lines(text);
    let is_there = lines.iter().any(|old| bare(old) == line);
    let matching = match pattern {
        // An expression that does not match its own line would go on to replace one match after the other.
        Some(pattern) if is_there && !pattern.is_match(line) => None,
        Some(pattern) => lines.iter().rposition(|old| pattern.is_match(bare(old))),
        None => None,
    };
    match matching {
        Some(index) if bare(&lines[index]) == line => {}
        Some(index) => lines[index] = format!("{line}\n"),
        None if is_there => {}
        None => position.insert(&mut lines, format!("{line}\n")),
    }
    lines.concat()
}

fn rewritten(text: &str, line: &str, pattern: &Regex) -> Result<String, Failure> {
    let mut lines = lines(text);
    let found = lines.iter().enumerate().rev().find_map(|(index, old)| {
        let captures = pattern.captures(bare(old))?;
        Some((index, expand("line", line, &captures)))
    });
    if let Some((index, new)) = found {
        let new = new?;
        if bare(&lines[index]) != new {
            lines[index] = format!("{new}\n");
        }
    }
    Ok(lines.concat())
}
