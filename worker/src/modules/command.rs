//! `command`: a program run without a shell. The part that `shell` and `raw` share is here too.

use crate::arg::AbsPath;
use crate::host::{Host, Program, ProgramOutput};
use crate::module;
use crate::module::ArgError;
use crate::plan::{Failure, Output, Plan};

module! {
    /// Runs a program without a shell.
    ///
    /// The text is split into words as a shell does it, quotes and backslashes included, but nothing else
    /// happens: no variables, no globs, no pipes, no `;`. Use `shell` where these are wanted, or `argv` where not
    /// even quoting is. An exit status other than 0 is a failure, unless the task's `failed_when` says
    /// otherwise.
    ///
    /// Registered are `cmd`, `rc`, `stdout`, `stdout_lines`, `stderr` and `stderr_lines`. If `creates` or
    /// `removes` makes running it needless, `rc` is 0, the texts are empty, and `msg` says why.
    ///
    /// # Check mode
    /// What a program would change cannot be known, so check mode does not run it and reports the task as
    /// unknown. With `creates` or `removes` it reports ok where nothing is to be done.
    ///
    /// # Examples
    /// ```yaml
    /// - name: see which version is installed
    ///   command: containerd --version
    ///   register: containerd
    ///   changed_when: false
    ///
    /// - name: make the file system
    ///   command:
    ///     argv: [mkfs.ext4, -L, data disk, /dev/vdb]
    ///     creates: /dev/disk/by-label/data
    /// ```
    command [free_form = cmd, check = check] {
        /// The program and its arguments, as one text.
        cmd: Option<String>,
        /// The program and its arguments, as a list. Nothing in it is split or unquoted.
        argv: Option<Vec<String>>,
        /// The directory in which the program starts.
        chdir: Option<AbsPath>,
        /// A file that the program makes: if it exists, nothing is run. Globs are not understood.
        creates: Option<AbsPath>,
        /// A file that the program removes: if it does not exist, nothing is run. Globs are not understood.
        removes: Option<AbsPath>,
        /// What the program reads from its standard input.
        stdin: Option<String>,
        /// Whether a line break is added to `stdin`.
        stdin_add_newline: bool = true,
        /// Whether line breaks at the end of the output are dropped.
        strip_empty_ends: bool = true,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    words(args).map(drop)
}

fn words(args: &Args) -> Result<Vec<String>, ArgError> {
    let (field, words) = match (&args.cmd, &args.argv) {
        (Some(text), None) => {
            let words = shell_words::split(text)
                .map_err(|_| ArgError::of("cmd", "a quote in it is not closed"))?;
            ("cmd", words)
        }
        (None, Some(words)) => ("argv", words.clone()),
        (Some(_), Some(_)) => return Err(ArgError::new("`cmd` and `argv` exclude each other")),
        (None, None) => return Err(ArgError::new("either `cmd` or `argv` is required")),
    };
    match words.first() {
        Some(program) if !program.is_empty() => Ok(words),
        _ => Err(ArgError::of(field, "expected the name of a program")),
    }
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let words = words(args)?;
    let shown = args.cmd.clone().unwrap_or_else(|| shell_words::join(&words));
    Invocation {
        program: Program::default().args(words),
        shown,
        conditions: Conditions {
            chdir: args.chdir.clone(),
            creates: args.creates.clone(),
            removes: args.removes.clone(),
        },
        input: Input {
            text: args.stdin.clone(),
            add_newline: args.stdin_add_newline,
        },
        strip_empty_ends: args.strip_empty_ends,
    }
    .plan(host)
}

/// Where a program runs and when it need not.
pub(super) struct Conditions {
    pub(super) chdir: Option<AbsPath>,
    pub(super) creates: Option<AbsPath>,
    pub(super) removes: Option<AbsPath>,
}

/// What a program reads.
pub(super) struct Input {
    pub(super) text: Option<String>,
    pub(super) add_newline: bool,
}

/// A program of the user's that may do anything.
pub(super) struct Invocation {
    pub(super) program: Program,
    /// The command as it was written.
    pub(super) shown: String,
    pub(super) conditions: Conditions,
    pub(super) input: Input,
    pub(super) strip_empty_ends: bool,
}

impl Invocation {
    pub(super) fn plan(self, host: &Host) -> Result<Plan, Failure> {
        if let Some(reason) = self.conditions.needless(host)? {
            let mut plan = Plan::new();
            for (name, value) in ProgramOutput::default().fields() {
                plan.output(&name, value);
            }
            plan.output("cmd", self.shown);
            plan.output("msg", reason);
            return Ok(plan);
        }
        let what = format!("command `{}`", first_line(&self.shown));
        let (program, strip, shown) = (
            self.input.give_to(self.conditions.place(self.program)),
            self.strip_empty_ends,
            self.shown,
        );
        Ok(Plan::unpredictable(
            "what a command changes cannot be known beforehand",
            what,
            move |writer| {
                let output = writer.run(&program)?;
                let mut fields = registered(&output, strip);
                fields.insert("cmd".into(), shown.into());
                if output.success() {
                    Ok(fields)
                } else {
                    Err(output.failure(&program).with_output(fields))
                }
            },
        ))
    }
}

impl Conditions {
    /// Why the program need not be run.
    fn needless(&self, host: &Host) -> Result<Option<String>, Failure> {
        if let Some(path) = &self.creates
            && host.stat(path)?.is_some()
        {
            return Ok(Some(format!("{path} exists")));
        }
        if let Some(path) = &self.removes
            && host.stat(path)?.is_none()
        {
            return Ok(Some(format!("{path} does not exist")));
        }
        Ok(None)
    }

    fn place(&self, mut program: Program) -> Program {
        program.directory = self.chdir.as_ref().map(|path| path.to_path_buf());
        program
    }
}

impl Input {
    fn give_to(self, program: Program) -> Program {
        let Some(mut text) = self.text else {
            return program;
        };
        if self.add_newline && !text.ends_with('\n') {
            text.push('\n');
        }
        program.stdin(text)
    }
}

fn registered(output: &ProgramOutput, strip: bool) -> Output {
    let mut fields = output.fields();
    for (name, text) in [("stdout", output.stdout()), ("stderr", output.stderr())] {
        let text = if strip {
            text.trim_end_matches(['\r', '\n'])
        } else {
            &text
        };
        let lines: Vec<&str> = text.lines().collect();
        fields.insert(format!("{name}_lines"), lines.into());
        fields.insert(name.into(), text.into());
    }
    fields
}

/// What fits into the title of a change.
fn first_line(command: &str) -> String {
    const LONGEST: usize = 100;
    let line = command.trim().lines().next().unwrap_or_default();
    if line.len() == command.trim().len() && line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    line.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parsed(arguments: &Value) -> Result<Vec<String>, String> {
        let map = arguments.as_object().expect("a mapping");
        let args = Args::parse(map).map_err(|error| error.message)?;
        words(&args).map_err(|error| error.message)
    }

    #[test]
    fn text_is_split_as_a_shell_does_it_and_nothing_is_expanded() {
        let text = r#"echo 'one word' "an other" a\ b $HOME *.txt; rm"#;
        assert_eq!(
            parsed(&json!({ "cmd": text })).expect("it is right"),
            ["echo", "one word", "an other", "a b", "$HOME", "*.txt;", "rm"]
        );
    }

    #[test]
    fn a_list_is_taken_as_it_is() {
        assert_eq!(
            parsed(&json!({ "argv": ["echo", "'a b'", 3] })).expect("it is right"),
            ["echo", "'a b'", "3"]
        );
    }

    #[test]
    fn exactly_one_form_must_be_given() {
        for wrong in [
            json!({}),
            json!({ "cmd": "a", "argv": ["a"] }),
            json!({ "cmd": " " }),
            json!({ "argv": [] }),
            json!({ "cmd": "echo 'open" }),
        ] {
            assert!(parsed(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn titles_are_one_short_line() {
        assert_eq!(first_line(" uptime \n"), "uptime");
        assert_eq!(first_line("set -e\nuptime"), "set -e…");
        assert_eq!(first_line(&"x".repeat(500)).chars().count(), 101);
    }
}
