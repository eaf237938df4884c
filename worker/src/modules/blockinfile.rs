//! `blockinfile`: some lines of a text file, between two markers. What is outside of them is not touched.

use crate::arg::{AbsPath, Mode};
use crate::choices;
use crate::file_install::check_validate;
use crate::host::Host;
use crate::module;
use crate::module::ArgError;
use crate::permissions::Permissions;
use crate::plan::{Failure, Plan};
use crate::text_edit::{Position, TextEdit, bare, lines};

module! {
    /// Sees to it that a block of lines is in a text file, between two marker lines, or that no such block is.
    ///
    /// A block that is there keeps its place; a new one is inserted. A link at `path` is followed.
    ///
    /// # Check mode
    /// Full. The command of `validate` is not run.
    ///
    /// # Examples
    /// ```yaml
    /// - name: the names of the cluster
    ///   blockinfile:
    ///     path: /etc/hosts
    ///     marker: "# {mark} cluster"
    ///     block: |
    ///       10.0.0.11 node1
    ///       10.0.0.12 node2
    /// ```
    blockinfile [check = check] {
        /// The file.
        path | dest | name: AbsPath,
        /// The lines. An empty block is the same as `state: absent`.
        block | content: String = "",
        /// Whether the block is to be there.
        state: State = State::Present,
        /// The marker lines: `{mark}` becomes `BEGIN` in the first and `END` in the last.
        marker: String = "# {mark} managed by provision",
        /// The expression after whose last match the block is inserted, or `EOF`. Without a match it is `EOF`.
        insertafter: Option<String>,
        /// The expression before whose last match the block is inserted, or `BOF`. Without a match the block is
        /// inserted at the end.
        insertbefore: Option<String>,
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
    /// Whether the block is to be there.
    pub enum State { Present = "present", Absent = "absent" }
}

fn check(args: &Args) -> Result<(), ArgError> {
    check_validate(args.validate.as_deref())?;
    Position::new(args.insertbefore.as_deref(), args.insertafter.as_deref())?;
    if !args.marker.contains("{mark}") || args.marker.contains('\n') {
        return Err(ArgError::of(
            "marker",
            "it must be one line with `{mark}` in it, which tells its two uses apart",
        ));
    }
    Ok(())
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let is_wanted = args.state == State::Present && !args.block.is_empty();
    if !is_wanted && !host.exists(&args.path) {
        return Ok(Plan::new());
    }
    let [begin, end] = ["BEGIN", "END"].map(|mark| args.marker.replace("{mark}", mark));
    let position = Position::new(args.insertbefore.as_deref(), args.insertafter.as_deref())?;
    let body = args.block.strip_suffix('\n').unwrap_or(&args.block);
    let block = is_wanted.then(|| format!("{begin}\n{body}\n{end}\n"));
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
    edit.plan(host, |text| {
        let mut lines = lines(text);
        let find = |marker: &str| lines.iter().position(|line| bare(line) == marker);
        match (find(&begin), find(&end), block.clone()) {
            (Some(first), Some(last), block) if first < last => {
                lines.splice(first..=last, block);
            }
            (None, None, Some(block)) => position.insert(&mut lines, block),
            (None, None, None) => {}
            _ => {
                return Err(Failure::new(format!(
                    "`{}` has only one of the lines `{begin}` and `{end}`, or has them the wrong way round: mend \
                     it by hand",
                    args.path
                )));
            }
        }
        Ok(lines.concat())
    })
}
