//! `replace`: all matches of an expression in a text file. For one line see `lineinfile`.

use std::ops::Range;

use regex_lite::{Regex, RegexBuilder};

use crate::arg::{AbsPath, Mode};
use crate::file_install::check_validate;
use crate::host::Host;
use crate::module;
use crate::module::ArgError;
use crate::permissions::Permissions;
use crate::plan::{Failure, Plan};
use crate::text_edit::{TextEdit, expand};

module! {
    /// Replaces all matches of a regular expression in a text file.
    ///
    /// `^` and `$` match at the ends of each line, and `.` matches no line break unless the expression begins with
    /// `(?s)`. Regular expressions are Rust's: no look-around and no back references within the expression. A
    /// replacement that the expression matches again in such a way that each run would change the file is refused.
    /// A link at `path` is followed.
    ///
    /// # Check mode
    /// Full. The command of `validate` is not run.
    ///
    /// # Examples
    /// ```yaml
    /// - name: the old name is nowhere
    ///   replace:
    ///     path: /etc/hosts
    ///     regexp: '(\s+)old\.example\.org(\s.*)?$'
    ///     replace: '\1new.example.org'
    ///
    /// - name: in one section only
    ///   replace:
    ///     path: /etc/app.conf
    ///     after: '^\[server\]$'
    ///     before: '^\['
    ///     regexp: '^port = .*$'
    ///     replace: port = 8080
    /// ```
    replace [check = check] {
        /// The file.
        path | dest | destfile | name: AbsPath,
        /// What is replaced.
        regexp: String,
        /// What comes in its place. `\1` and `\g<name>` stand for what the groups of `regexp` matched.
        replace: String = "",
        /// Only what follows the first match of this expression is looked at; nothing, if there is none.
        after: Option<String>,
        /// Only what is before a match of this expression is looked at: the first one behind `after`, or the last
        /// one of the file without `after`; nothing, if there is none.
        before: Option<String>,
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

fn check(args: &Args) -> Result<(), ArgError> {
    check_validate(args.validate.as_deref())?;
    Expressions::of(args).map(drop)
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let expressions = Expressions::of(args)?;
    let edit = TextEdit {
        path: &args.path,
        create: false,
        permissions: Permissions::new(
            host,
            args.mode.as_ref(),
            args.owner.as_deref(),
            args.group.as_deref(),
        )?,
        backup: args.backup,
        validate: args.validate.clone(),
    };
    edit.plan(host, |text| {
        let Some(part) = expressions.part(text) else {
            return Ok(text.to_owned());
        };
        let new = replaced(&text[part.clone()], &expressions.regexp, &args.replace)?;
        Ok([&text[..part.start], &new, &text[part.end..]].concat())
    })
}

struct Expressions {
    regexp: Regex,
    after: Option<Regex>,
    before: Option<Regex>,
}

impl Expressions {
    fn of(args: &Args) -> Result<Self, ArgError> {
        let of = |field, pattern: &Option<String>| {
            let pattern = pattern.as_deref();
            pattern.map(|pattern| by_line(field, pattern)).transpose()
        };
        Ok(Self {
            regexp: by_line("regexp", &args.regexp)?,
            after: of("after", &args.after)?,
            before: of("before", &args.before)?,
        })
    }

    /// The part of the text that is looked at.
    fn part(&self, text: &str) -> Option<Range<usize>> {
        let start = match &self.after {
            Some(after) => after.find(text)?.end(),
            None => 0,
        };
        let end = match &self.before {
            Some(before) if self.after.is_some() => before.find_at(text, start)?.start(),
            Some(before) => before.find_iter(text).last()?.start(),
            None => text.len(),
        };
        Some(start..end)
    }
}

fn by_line(field: &'static str, pattern: &str) -> Result<Regex, ArgError> {
    RegexBuilder::new(pattern)
        .multi_line(true)
        .build()
        .map_err(|error| ArgError::of(field, format!("not a regular expression: {error}")))
}

fn replaced(text: &str, pattern: &Regex, replacement: &str) -> Result<String, Failure> {
    let mut new = String::with_capacity(text.len());
    let mut copied = 0;
    for captures in pattern.captures_iter(text) {
        if let Some(whole) = captures.get(0) {
            new.push_str(&text[copied..whole.start()]);
            new.push_str(&expand("replace", replacement, &captures)?);
            copied = whole.end();
        }
    }
    new.push_str(&text[copied..]);
    Ok(new)
}
