//! A program that runs on a host: its stdin, and what it writes, be it behind SSH or a child process.
//!
//! It knows bytes only; frames are the business of `worker`.

use std::collections::VecDeque;
use std::sync::Arc;

use super::error::{ExecError, Exit};
use super::local::{ChildInput, ChildOutput};
use super::settings::{Become, BecomeMethod};
use super::ssh::{ChannelInput, ChannelOutput};
use crate::inventory::connection::become_flags;

/// A script that `sh` reads as its program, started in a form that every shell understands: csh and fish are login
/// shells too. It travels over stdin: it is neither subject to the quoting rules of the login shell, nor ends up in the
/// logs of `sudo`. A shell may read further than the script goes, so nothing may follow it until it has said something.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    /// The script, one compound command.
    pub(crate) text: String,
    /// Who runs it; without it, the login user.
    pub(crate) become_: Option<Become>,
    /// What `sudo` asks for a password with, if it may ask.
    pub(crate) asking: Option<Asking>,
}

/// The texts by which `sudo` asks for a password and the shell says that it is there. They are different each time, so
/// that nothing else is taken for them, and are not in the command line as they are said: login scripts may show that
/// (`set -x`).
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    pub(crate) prompt: String,
    pub(crate) ready: String,
}

impl Asking {
    pub(crate) fn new() -> Self {
        let mut bytes = [0; 16];
        // Without random numbers it is a text that a login script could know, of a user who may log in anyway.
        let _ = getrandom::fill(&mut bytes);
        let number = u128::from_ne_bytes(bytes);
        Self {
            prompt: format!("provision-asks%{number:032x}"),
            ready: format!("provision-is-there-{number:032x}"),
        }
    }

    /// The prompt for `sudo`, which makes one of two `%`.
    fn prompt_argument(&self) -> String {
        self.prompt.replace('%', "%%")
    }

    /// The command that says that the shell is there.
    fn ready_command(&self) -> String {
        let (first, rest) = self.ready.split_at(1);
        format!("echo {first}\"\"{rest}")
    }

    /// A complaint without what was only for us.
    pub(crate) fn without(&self, complaint: &str) -> String {
        complaint.replace(&self.prompt, "").trim().to_owned()
    }
}

impl Invocation {
    /// The arguments that start it.
    pub(crate) fn argv(&self) -> Result<Vec<String>, ExecError> {
        match &self.become_ {
            Some(become_) => privileged(become_, self.asking.as_ref()),
            None => Ok(vec!["sh".into()]),
        }
    }

    /// The command line for the login shell.
    pub(crate) fn command_line(&self) -> Result<String, ExecError> {
        let words = self.argv()?;
        let quoted: Vec<_> = words.iter().map(|word| quote(word)).collect();
        Ok(format!("exec {}", quoted.join(" ")))
    }

    /// What it reads from stdin first.
    pub(crate) fn input(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// The arguments that start a shell of another user, which reads its stdin.
fn privileged(become_: &Become, asking: Option<&Asking>) -> Result<Vec<String>, ExecError> {
    let user = become_.user.clone();
    let odd =
        |letter: char| letter.is_control() || letter.is_whitespace() || "'\"!".contains(letter);
    if user.is_empty() || user.starts_with('-') || user.contains(odd) {
        return Err(ExecError::User(user));
    }
    let flags = match &become_.flags {
        Some(flags) => become_flags(flags).ok_or_else(|| ExecError::Flags(flags.clone()))?,
        None => Vec::new(),
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let mut usual: Vec<String> = match (become_.method, asking) {
        (BecomeMethod::Sudo, None) => words(&["sudo", "-n"]),
        (BecomeMethod::Sudo, Some(_)) => words(&["sudo"]),
        (BecomeMethod::Doas, _) => words(&["doas", "-n"]),
        (BecomeMethod::Su, _) => words(&["su"]),
    };
    if become_.method == BecomeMethod::Sudo && become_.flags.is_none() {
        usual.push("-H".into());
    }
    let flags = match asking {
        None => flags,
        // Without what many have among their flags and forbids to ask, and with the last word on how it asks. It asks even
        // if it remembers an earlier password.
        Some(asking) => {
            let ours = words(&["-k", "-S", "-p", &asking.prompt_argument()]);
            let silent = ["-n", "--non-interactive"];
            let flags = flags.into_iter();
            let flags = flags.filter(|flag| !silent.contains(&flag.as_str()));
            flags.chain(ours).collect()
        }
    };
    let end = match become_.method {
        BecomeMethod::Sudo | BecomeMethod::Doas => {
            vec!["-u".into(), user, "--".into(), "sh".into()]
        }
        // The user's own shell may be one that understands no scripts, or that lets nobody in.
        BecomeMethod::Su => vec!["-s".into(), "/bin/sh".into(), user],
    };
    let begun = asking.map(|asking| format!("{}; exec sh", asking.ready_command()));
    let begun = begun.map_or_else(Vec::new, |begun| vec!["-c".into(), begun]);
    Ok([usual, flags, end, begun].concat())
}

/// Single quotes mean the same to every login shell as long as the word holds none of its own.
fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    if word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{word}'")
    }
}

/// The way to its stdin. Dropping it closes the stdin.
#[derive(Debug)]
pub(crate) enum Input {
    Ssh(ChannelInput),
    Local(ChildInput),
}

impl Input {
    /// The host it leads to.
    pub(crate) fn host(&self) -> &str {
        match self {
            Self::Ssh(input) => input.host(),
            Self::Local(input) => input.host(),
        }
    }

    /// Writes all bytes; fails when the program does not read them any more.
    pub(crate) async fn write(&mut self, bytes: Vec<u8>) -> Result<(), ExecError> {
        match self {
            Self::Ssh(input) => input.write(bytes).await,
            Self::Local(input) => input.write(&bytes).await,
        }
    }
}

/// A piece of what a program says.
#[derive(Debug)]
pub(crate) enum Heard {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    /// The last one.
    Exit(Exit),
    /// The SSH server did not start it.
    Refused,
}

/// What a program writes, and in the end how it ended. Dropping it ends the program's channel.
#[derive(Debug)]
pub(crate) struct Output {
    host: Arc<str>,
    source: Source,
    stderr: VecDeque<u8>,
    stderr_limit: usize,
    exit: Option<Exit>,
}

#[derive(Debug)]
pub(crate) enum Source {
    Ssh(ChannelOutput),
    Local(Box<ChildOutput>),
}

impl Output {
    /// What `source` says, of its stderr only the last `stderr_limit` bytes.
    pub(crate) fn new(host: Arc<str>, source: Source, stderr_limit: usize) -> Self {
        Self {
            host,
            source,
            stderr: VecDeque::new(),
            stderr_limit,
            exit: None,
        }
    }

    /// The next bytes of its stdout; `None` once there are no more. Nothing is lost if it is interrupted while
    /// it waits.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, ExecError> {
        loop {
            match self.hear().await? {
                Some(Heard::Stdout(bytes)) => return Ok(Some(bytes)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// The next bytes of its stdout or stderr; `None` once there are no more.
    pub(crate) async fn hear(&mut self) -> Result<Option<Heard>, ExecError> {
        if self.exit.is_some() {
            return Ok(None);
        }
        let heard = match &mut self.source {
            Source::Ssh(output) => output.next().await,
            Source::Local(output) => output.next().await,
        };
        match heard {
            Heard::Stdout(bytes) => Ok(Some(Heard::Stdout(bytes))),
            Heard::Stderr(bytes) => {
                self.keep(&bytes);
                Ok(Some(Heard::Stderr(bytes)))
            }
            Heard::Exit(exit) => {
                self.exit = Some(exit);
                Ok(None)
            }
            Heard::Refused => Err(ExecError::Refused {
                host: self.host.to_string(),
                reason: "its SSH server does not run commands for this login".into(),
            }),
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.stderr.extend(bytes);
        let excess = self.stderr.len().saturating_sub(self.stderr_limit);
        self.stderr.drain(..excess);
    }

    /// The host it runs on.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// How it ended, once it has.
    pub(crate) fn exit(&self) -> Option<&Exit> {
        self.exit.as_ref()
    }

    /// The end of what it wrote to stderr so far, for a message.
    pub(crate) fn complaint(&self) -> String {
        let bytes: Vec<u8> = self.stderr.iter().copied().collect();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(user: &str) -> Invocation {
        script_by(BecomeMethod::Sudo, None, user)
    }

    fn script_by(method: BecomeMethod, flags: Option<&str>, user: &str) -> Invocation {
        Invocation {
            text: "{ true\n}\n".into(),
            become_: Some(Become {
                user: user.into(),
                method,
                flags: flags.map(str::to_owned),
            }),
            asking: None,
        }
    }

    #[test]
    fn a_program_is_all_that_its_shell_reads() {
        for (method, expected) in [
            (None, "exec sh"),
            (Some(BecomeMethod::Sudo), "exec sudo -n -H -u web -- sh"),
            (Some(BecomeMethod::Doas), "exec doas -n -u web -- sh"),
            (Some(BecomeMethod::Su), "exec su -s /bin/sh web"),
        ] {
            let program = Invocation {
                text: "{ true\n}\n".into(),
                become_: method.map(|method| Become {
                    user: "web".into(),
                    method,
                    flags: None,
                }),
                asking: None,
            };
            assert_eq!(program.command_line().unwrap(), expected);
            assert_eq!(program.input(), b"{ true\n}\n");
        }
    }

    #[test]
    fn sudo_that_may_ask_reads_no_script_before_the_shell_is_there() {
        let program = |flags: Option<&str>| Invocation {
            text: "{ true\n}\n".into(),
            become_: Some(Become {
                user: "web".into(),
                method: BecomeMethod::Sudo,
                flags: flags.map(str::to_owned),
            }),
            asking: Some(Asking {
                prompt: "asks%1".into(),
                ready: "there-1".into(),
            }),
        };
        assert_eq!(
            program(None).command_line().unwrap(),
            "exec sudo -H -k -S -p 'asks%%1' -u web -- sh -c 'echo t\"\"here-1; exec sh'"
        );
        assert_eq!(
            program(Some("-H -S -n -p x")).command_line().unwrap(),
            "exec sudo -H -S -p x -k -S -p 'asks%%1' -u web -- sh -c 'echo t\"\"here-1; exec sh'"
        );
        assert_ne!(Asking::new().prompt, Asking::new().prompt);
    }

    #[test]
    fn flags_stand_where_their_program_reads_them() {
        use BecomeMethod::{Doas, Su, Sudo};
        for (method, flags, expected) in [
            (Sudo, Some(""), "sudo -n -u web -- sh"),
            (
                Sudo,
                Some("-H -g 'a b'"),
                "sudo -n -H -g 'a b' -u web -- sh",
            ),
            (Doas, None, "doas -n -u web -- sh"),
            (
                Doas,
                Some("-C /etc/d.conf"),
                "doas -n -C /etc/d.conf -u web -- sh",
            ),
            (Su, None, "su -s /bin/sh web"),
            (Su, Some("-l"), "su -l -s /bin/sh web"),
        ] {
            let line = script_by(method, flags, "web").command_line().unwrap();
            assert_eq!(line, format!("exec {expected}"));
        }
    }

    #[test]
    fn flags_cannot_escape_from_the_command_line() {
        for flags in ["-p \"it's\"", "'", "-p '!x'", "-p 'a\nb'"] {
            let invocation = script_by(BecomeMethod::Sudo, Some(flags), "web");
            let error = invocation.command_line().unwrap_err();
            assert!(matches!(error, ExecError::Flags(_)), "{error}");
        }
        let harmless = script_by(BecomeMethod::Sudo, Some("-p '; $(reboot)'"), "web");
        let line = harmless.command_line().unwrap();
        assert!(line.contains(" -p '; $(reboot)' "), "{line}");
    }

    #[test]
    fn a_user_name_cannot_escape_from_the_command_line() {
        assert!(
            script("dom\\user")
                .command_line()
                .unwrap()
                .contains("-u 'dom\\user' --")
        );
        for name in ["", "-s", "a'b", "a b", "a\nb", "a!b"] {
            assert!(script(name).command_line().is_err(), "{name:?}");
        }
    }
}
