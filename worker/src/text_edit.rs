//! Changing lines of a text file: what `lineinfile` and `blockinfile` have in common. What the lines are is
//! the module's affair; putting the new file in its place is that of [`Install`].

use regex_lite::{Captures, Regex};

use crate::arg::AbsPath;
use crate::file_install::{Install, Origin};
use crate::host::Host;
use crate::module::ArgError;
use crate::permissions::Permissions;
use crate::plan::{Failure, Plan};

/// A text file to edit.
pub(crate) struct TextEdit<'a> {
    /// The file. A link is followed.
    pub(crate) path: &'a AbsPath,
    /// Whether to make a file where there is none.
    pub(crate) create: bool,
    /// Mode, owner and group.
    pub(crate) permissions: Permissions,
    /// Whether to keep the old file beside it.
    pub(crate) backup: bool,
    /// A command that must accept the new file.
    pub(crate) validate: Option<String>,
}

impl TextEdit<'_> {
    /// Plans the file that `edit` makes of the one that is there. An edit that would never come to an end, run
    /// after run, is refused.
    pub(crate) fn plan(
        self,
        host: &Host,
        edit: impl Fn(&str) -> Result<String, Failure>,
    ) -> Result<Plan, Failure> {
        let path = host.resolve(self.path)?;
        if host.is_dir(&path) {
            return Err(Failure::new(format!("`{}` is a directory", path.display())));
        }
        let old = host.read_text(&path)?;
        if old.is_none() && !self.create {
            return Err(Failure::new(format!(
                "`{}` does not exist: `create: true` makes it",
                path.display()
            )));
        }
        let new = edit(old.as_deref().unwrap_or_default())?;
        if edit(&new)? != new {
            return Err(Failure::new(
                "the edit would find something to change after each run: make what is looked for \
                 agree with what takes its place (`regexp` and `line` or `replace`, `marker` and `block`)",
            ));
        }
        let install = Install {
            origin: Origin::Bytes(new.into_bytes()),
            dest: path,
            permissions: self.permissions,
            backup: self.backup,
            force: true,
            validate: self.validate,
            checksum: None,
        };
        install.plan(host)
    }
}

/// The lines of a text, each with its line break.
pub(crate) fn lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

/// A line without its line break.
pub(crate) fn bare(line: &str) -> &str {
    line.strip_suffix('\n')
        .map_or(line, |line| line.strip_suffix('\r').unwrap_or(line))
}

/// Where new lines go.
#[derive(Clone, Debug)]
pub(crate) enum Position {
    /// Before the first line.
    Start,
    /// After the last line.
    End,
    /// Before the last line that matches, or at the end.
    Before(Regex),
    /// After the last line that matches, or at the end.
    After(Regex),
}

impl Position {
    /// Reads the arguments `insertbefore` and `insertafter`.
    pub(crate) fn new(before: Option<&str>, after: Option<&str>) -> Result<Self, ArgError> {
        match (before, after) {
            (Some(_), Some(_)) => Err(ArgError::new(
                "`insertbefore` and `insertafter` exclude each other",
            )),
            (Some("BOF"), None) => Ok(Self::Start),
            (Some(pattern), None) => Ok(Self::Before(regex("insertbefore", pattern)?)),
            (None, None | Some("EOF")) => Ok(Self::End),
            (None, Some(pattern)) => Ok(Self::After(regex("insertafter", pattern)?)),
        }
    }

    /// Puts `new`, which ends with a line break, among the lines.
    pub(crate) fn insert(&self, lines: &mut Vec<String>, new: String) {
        let last = |pattern: &Regex| lines.iter().rposition(|line| pattern.is_match(bare(line)));
        let at = match self {
            Self::Start => 0,
            Self::End => lines.len(),
            Self::Before(pattern) => last(pattern).unwrap_or(lines.len()),
            Self::After(pattern) => last(pattern).map_or(lines.len(), |index| index + 1),
        };
        if let Some(above) = at.checked_sub(1).and_then(|index| lines.get_mut(index))
            && !above.ends_with('\n')
        {
            above.push('\n');
        }
        lines.insert(at, new);
    }
}

/// The regular expression that the argument `field` is.
pub(crate) fn regex(field: &'static str, pattern: &str) -> Result<Regex, ArgError> {
    Regex::new(pattern)
        .map_err(|error| ArgError::of(field, format!("not a regular expression: {error}")))
}

/// Puts what the groups matched in place of `\1` and `\g<name>` in `template`, which is the argument `field`.
pub(crate) fn expand(
    field: &'static str,
    template: &str,
    captures: &Captures<'_>,
) -> Result<String, Failure> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (group, name, length) = if let Some(named) = after.strip_prefix("g<")
            && let Some((name, _)) = named.split_once('>')
        {
            let group = name
                .parse()
                .ok()
                .map_or_else(|| captures.name(name), |index| captures.get(index));
            (group, name, name.len() + 3)
        } else if digits > 0 {
            let index = after[..digits].parse().unwrap_or(usize::MAX);
            (captures.get(index), &after[..digits], digits)
        } else {
            // Any other backslash stands for itself, and so does the second of two.
            text.push('\\');
            rest = after.strip_prefix('\\').unwrap_or(after);
            continue;
        };
        let group = group.ok_or_else(|| {
            ArgError::of(
                field,
                format!("the group `{name}` of `regexp` matched nothing"),
            )
        })?;
        text.push_str(group.as_str());
        rest = &after[length..];
    }
    text.push_str(rest);
    Ok(text)
}
