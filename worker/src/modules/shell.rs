//! `shell`: a script run by a shell.

use super::command::{Conditions, Input, Invocation};
use crate::arg::AbsPath;
use crate::host::{Host, Program};
use crate::module;
use crate::plan::{Failure, Plan};

module! {
    /// Runs a script through a shell on the host: pipes, globs, redirections and variables work.
    ///
    /// Where a plain program is enough, use `command`: nothing in its arguments can be taken for syntax. A value
    /// that comes from elsewhere must be quoted here. An exit status other than 0 is a failure, unless the
    /// task's `failed_when` says otherwise. What is registered is the same as for `command`.
    ///
    /// # Check mode
    /// What a script would change cannot be known, so check mode does not run it and reports the task as
    /// unknown. With `creates` or `removes` it reports ok where nothing is to be done.
    ///
    /// # Examples
    /// ```yaml
    /// - name: count the pods
    ///   shell: crictl pods -q | wc -l
    ///   register: pods
    ///   changed_when: false
    ///
    /// - name: complete kubectl's words
    ///   shell:
    ///     cmd: kubectl completion bash > /etc/bash_completion.d/kubectl
    ///     creates: /etc/bash_completion.d/kubectl
    /// ```
    shell [free_form = cmd] {
        /// The script.
        cmd: String,
        /// The shell, which must understand `-c`. By default `/bin/sh`.
        executable: Option<AbsPath>,
        /// The directory in which the shell starts.
        chdir: Option<AbsPath>,
        /// A file that the script makes: if it exists, nothing is run. Globs are not understood.
        creates: Option<AbsPath>,
        /// A file that the script removes: if it does not exist, nothing is run. Globs are not understood.
        removes: Option<AbsPath>,
        /// What the script reads from its standard input.
        stdin: Option<String>,
        /// Whether a line break is added to `stdin`.
        stdin_add_newline: bool = true,
    }
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    Invocation {
        program: script(args.executable.as_ref(), &args.cmd),
        shown: args.cmd.clone(),
        conditions: Conditions {
            chdir: args.chdir.clone(),
            creates: args.creates.clone(),
            removes: args.removes.clone(),
        },
        input: Input {
            text: args.stdin.clone(),
            add_newline: args.stdin_add_newline,
        },
        strip_empty_ends: true,
    }
    .plan(host)
}

/// The program that runs `text` as a script of the shell.
pub(super) fn script(shell: Option<&AbsPath>, text: &str) -> Program {
    let shell = shell.map_or_else(|| "/bin/sh".into(), |path| path.as_os_str().to_owned());
    Program::new(shell).arg("-c").arg(text)
}
