//! The variables that say how to reach a host and whom to become there. The table is their manual.
//!
//! It reads values that are already evaluated and makes a plain struct of them; it connects to nothing.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::jump::{self, Jump};
use super::password::Password;
use crate::source::{Diagnostic, Span};
use crate::value::{Value, type_name};

/// A variable that the transport obeys.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionVariable {
    /// Its name.
    pub name: &'static str,
    /// Other names for it, which Ansible has too. The first name that is set counts.
    pub aliases: &'static [&'static str],
    /// What its value must be.
    pub expects: &'static str,
    /// What it does.
    pub doc: &'static str,
}

const fn variable(
    name: &'static str,
    expects: &'static str,
    doc: &'static str,
) -> ConnectionVariable {
    ConnectionVariable {
        name,
        aliases: &[],
        expects,
        doc,
    }
}

impl ConnectionVariable {
    const fn alias(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    /// All its names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// Whether this is the name of a connection variable.
pub fn is_connection_variable(name: &str) -> bool {
    // Nearly every name is done with here.
    name.starts_with("ansible_")
        && CONNECTION_VARIABLES
            .iter()
            .any(|variable| variable.names().any(|known| known == name))
}

/// All connection variables.
pub const CONNECTION_VARIABLES: &[ConnectionVariable] = &[
    variable(
        "ansible_host",
        "a text",
        "The name or address to connect to; without it, the host's name in the inventory.",
    ),
    variable(
        "ansible_port",
        "a whole number from 1 to 65535",
        "The port of the SSH server.",
    ),
    variable("ansible_user", "a text", "The user to log in as."),
    variable(
        "ansible_password",
        PASSWORD,
        "The password to log in with, after all keys.",
    )
    .alias(LOGIN_PASSWORD),
    variable(
        "ansible_connection",
        "`ssh` or `local`",
        "How to reach the host; `local` is the controller's own machine.",
    ),
    variable(
        "ansible_jump_host",
        jump::EXPECTED,
        "The hosts that it is reached through, the first one first: of the inventory, or addresses. Without it, what \
         `--jump` says, or the first host of the group `bastion`.",
    ),
    variable(
        "ansible_timeout",
        "a number of seconds above 0",
        "The longest time until the login is complete.",
    ),
    variable(
        "ansible_ssh_private_key_file",
        "a path",
        "The only key to log in with.",
    ),
    variable(
        "ansible_ssh_known_hosts_file",
        "a path",
        "The only file of known host keys.",
    ),
    variable(
        "ansible_host_key_checking",
        "true, false or `accept-new`",
        "Whether the host's key must be known; `accept-new` records a key that was never seen.",
    ),
    variable(
        "ansible_become",
        "true or false",
        "Whether tasks run as another user.",
    ),
    variable(
        "ansible_become_user",
        "a text",
        "The user that tasks run as; without it, root.",
    ),
    variable(
        "ansible_become_method",
        "`sudo`, `su` or `doas`",
        "How to become that user.",
    ),
    variable(
        "ansible_become_flags",
        "a text of options, quoted as for a shell, none of which holds `!` or a single quote",
        "Options for the program that becomes that user, in place of the usual ones.",
    ),
    variable(
        "ansible_become_password",
        PASSWORD,
        "The password of the login user, where `sudo` asks for one.",
    )
    .alias(BECOME_PASSWORD),
];

/// What a password must be.
const PASSWORD: &str = "a text of one line";

const LOGIN_PASSWORD: &[&str] = &["ansible_ssh_pass", "ansible_ssh_password"];

const BECOME_PASSWORD: &[&str] = &["ansible_become_pass", "ansible_sudo_pass"];

/// Names with Ansible's prefix that mean something elsewhere, or nothing here: no Python is needed.
const OTHER_VARIABLES: [&str; 2] = ["ansible_group_priority", "ansible_python_interpreter"];

/// Former names and the present ones.
const RENAMED_VARIABLES: [(&str, &str); 4] = [
    ("ansible_ssh_host", "ansible_host"),
    ("ansible_ssh_port", "ansible_port"),
    ("ansible_ssh_user", "ansible_user"),
    ("ansible_private_key_file", "ansible_ssh_private_key_file"),
];

/// What is given to Ansible for the programs of OpenSSH, which are not used here.
const OPENSSH_OPTIONS: [&str; 3] = [
    "ansible_ssh_args",
    "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
];

/// The names of the controller as a host, which need not be in an inventory.
pub const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// By what means a host is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectionKind {
    /// SSH.
    #[default]
    Ssh,
    /// A child process: the host is the controller's own machine.
    Local,
}

/// What to do with a host key that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostKeyChecking {
    /// Refuse it.
    #[default]
    Strict,
    /// Record and accept it.
    AcceptNew,
    /// Accept any key and record none.
    Off,
}

/// By what means a login becomes another user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BecomeMethod {
    /// `sudo`, which may ask for the login user's password.
    #[default]
    Sudo,
    /// `su`, which asks everyone but root for a password.
    Su,
    /// `doas`, which must not ask for a password.
    Doas,
}

impl BecomeMethod {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sudo, Self::Su, Self::Doas];

    /// Its name, which is that of its program.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sudo => "sudo",
            Self::Su => "su",
            Self::Doas => "doas",
        }
    }

    /// The one called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// The words of become flags; `None` if they are none. They go through a login shell, so there must be nothing in
/// them that means something even in quotes. An empty text means no flags at all.
pub fn become_flags(text: &str) -> Option<Vec<String>> {
    let odd = |letter: char| letter.is_control() || "'!".contains(letter);
    let words = shell_words::split(text).ok()?;
    (!words.iter().any(|word| word.contains(odd))).then_some(words)
}

/// The connection variables of one host. What is not set is left to the command line and to defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionVars {
    /// `ansible_host`
    pub host: Option<String>,
    /// `ansible_port`
    pub port: Option<u16>,
    /// `ansible_user`
    pub user: Option<String>,
    /// `ansible_password`
    pub password: Option<Password>,
    /// `ansible_connection`
    pub connection: Option<ConnectionKind>,
    /// `ansible_jump_host`
    pub jump_host: Option<Vec<Jump>>,
    /// `ansible_timeout`
    pub timeout: Option<Duration>,
    /// `ansible_ssh_private_key_file`
    pub private_key_file: Option<PathBuf>,
    /// `ansible_ssh_known_hosts_file`
    pub known_hosts_file: Option<PathBuf>,
    /// `ansible_host_key_checking`
    pub host_key_checking: Option<HostKeyChecking>,
    /// `ansible_become`
    pub r#become: Option<bool>,
    /// `ansible_become_user`
    pub become_user: Option<String>,
    /// `ansible_become_method`
    pub become_method: Option<BecomeMethod>,
    /// `ansible_become_flags`
    pub become_flags: Option<String>,
    /// `ansible_become_password`
    pub become_password: Option<Password>,
}

/// A connection variable whose value cannot be obeyed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{name}` must be {expects}, found {found}")]
pub struct InvalidConnectionVariable {
    /// The variable.
    pub name: &'static str,
    /// What its value must be.
    pub expects: &'static str,
    /// What it is.
    pub found: String,
}

impl ConnectionVars {
    /// Reads the variables of one host. `value_of` gives the value of a variable as the host has it.
    pub fn read(
        value_of: impl Fn(&str) -> Option<Value>,
    ) -> Result<Self, InvalidConnectionVariable> {
        let reader = Reader(value_of);
        Ok(Self {
            host: reader.get("ansible_host", text)?,
            port: reader.get("ansible_port", port)?,
            user: reader.get("ansible_user", text)?,
            password: reader.password("ansible_password", LOGIN_PASSWORD)?,
            connection: reader.get("ansible_connection", connection)?,
            jump_host: reader.jump_host("ansible_jump_host")?,
            timeout: reader.get("ansible_timeout", seconds)?,
            private_key_file: reader.get("ansible_ssh_private_key_file", path)?,
            known_hosts_file: reader.get("ansible_ssh_known_hosts_file", path)?,
            host_key_checking: reader.get("ansible_host_key_checking", host_key_checking)?,
            r#become: reader.get("ansible_become", Value::as_bool)?,
            become_user: reader.get("ansible_become_user", text)?,
            become_method: reader.get("ansible_become_method", become_method)?,
            become_flags: reader.get("ansible_become_flags", flags)?,
            become_password: reader.password("ansible_become_password", BECOME_PASSWORD)?,
        })
    }
}

struct Reader<F>(F);

impl<F: Fn(&str) -> Option<Value>> Reader<F> {
    /// The value of a variable as `convert` understands it. Null is as good as not set.
    fn get<T>(
        &self,
        name: &'static str,
        convert: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, InvalidConnectionVariable> {
        let Some(value) = (self.0)(name).filter(|value| !value.is_none()) else {
            return Ok(None);
        };
        convert(&value)
            .map(Some)
            .ok_or_else(|| invalid(name, type_name(&value)))
    }

    /// A password, under the first of its names that is set. What is wrong with it is not shown.
    fn password(
        &self,
        name: &'static str,
        aliases: &[&'static str],
    ) -> Result<Option<Password>, InvalidConnectionVariable> {
        let names = std::iter::once(name).chain(aliases.iter().copied());
        let mut set = names.filter_map(|name| Some((name, (self.0)(name)?)));
        let Some((name, value)) = set.find(|(_, value)| !value.is_none()) else {
            return Ok(None);
        };
        // A number is what was written, since one with a leading zero is a text.
        let number = || value.as_i64().filter(|number| *number >= 0);
        let text = value.as_str().map(str::to_owned);
        let text = text.or_else(|| number().map(|number| number.to_string()));
        text.and_then(Password::new).map(Some).ok_or_else(|| {
            let found = match value.as_str() {
                None => "no text: put it into quotes",
                Some("") => "an empty one",
                Some(_) => "one of several lines",
            };
            invalid(name, found.to_owned())
        })
    }

    /// Jump hosts. Which of several is wrong, and what about it, is worth saying.
    fn jump_host(
        &self,
        name: &'static str,
    ) -> Result<Option<Vec<Jump>>, InvalidConnectionVariable> {
        let Some(written) = self.get(name, |value| value.as_str().map(str::to_owned))? else {
            return Ok(None);
        };
        let list = Jump::list(&written);
        list.map(Some)
            .map_err(|flaw| invalid(name, flaw.to_string()))
    }
}

fn invalid(name: &'static str, found: String) -> InvalidConnectionVariable {
    let expects = CONNECTION_VARIABLES
        .iter()
        .find(|variable| variable.names().any(|known| known == name));
    InvalidConnectionVariable {
        name,
        expects: expects.map_or("something else", |variable| variable.expects),
        found,
    }
}

fn text(value: &Value) -> Option<String> {
    let text = value
        .as_str()
        .filter(|text| !text.is_empty() && !text.contains(char::is_control));
    text.map(ToOwned::to_owned)
}

fn flags(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    become_flags(text).map(|_| text.to_owned())
}

fn path(value: &Value) -> Option<PathBuf> {
    text(value).map(PathBuf::from)
}

fn port(value: &Value) -> Option<u16> {
    value
        .as_i64()
        .and_then(|port| port.try_into().ok())
        .filter(|port| *port > 0)
}

fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_number()?.as_float();
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero())
}

fn connection(value: &Value) -> Option<ConnectionKind> {
    match value.as_str()? {
        "ssh" => Some(ConnectionKind::Ssh),
        "local" => Some(ConnectionKind::Local),
        _ => None,
    }
}

fn host_key_checking(value: &Value) -> Option<HostKeyChecking> {
    match (value.as_bool(), value.as_str()) {
        (Some(true), _) => Some(HostKeyChecking::Strict),
        (Some(false), _) => Some(HostKeyChecking::Off),
        (_, Some("accept-new")) => Some(HostKeyChecking::AcceptNew),
        _ => None,
    }
}

fn become_method(value: &Value) -> Option<BecomeMethod> {
    BecomeMethod::named(value.as_str()?)
}

/// A warning if a variable has Ansible's prefix but is none that we obey: it would be set in vain.
pub fn check_name(name: &str, span: Span) -> Option<Diagnostic> {
    if !name.starts_with("ansible_") || OTHER_VARIABLES.contains(&name) {
        return None;
    }
    if is_connection_variable(name) {
        return None;
    }
    let mut known = CONNECTION_VARIABLES.iter().map(|variable| variable.name);
    let warning = Diagnostic::warning(format!(
        "`{name}` has no effect: it is no connection variable"
    ))
    .at(span, "unknown");
    if OPENSSH_OPTIONS.contains(&name) {
        return Some(warning.help(
            "options of `ssh` are not read; where they name a jump host, use `ansible_jump_host`",
        ));
    }
    Some(
        match RENAMED_VARIABLES.iter().find(|(old, _)| *old == name) {
            Some((_, new)) => warning.help(format!("it is called `{new}` now")),
            None => warning.suggest(name, &mut known),
        },
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use serde_json::json;

    use super::{
        BecomeMethod, CONNECTION_VARIABLES, ConnectionKind, ConnectionVars, HostKeyChecking, Jump,
        Password, check_name,
    };
    use crate::source::{SourceMap, Span};
    use crate::value::from_json;

    fn read(vars: &serde_json::Value) -> Result<ConnectionVars, String> {
        ConnectionVars::read(|name| vars.get(name).map(from_json))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_variable_of_the_table_is_read() {
        let vars = json!({
            "ansible_host": "192.0.2.1", "ansible_port": 2222, "ansible_user": "ops",
            "ansible_password": "rosebud",
            "ansible_connection": "local", "ansible_jump_host": "b:2222", "ansible_timeout": 1.5,
            "ansible_ssh_private_key_file": "key", "ansible_ssh_known_hosts_file": "known",
            "ansible_host_key_checking": "accept-new", "ansible_become": true,
            "ansible_become_user": "app", "ansible_become_method": "doas",
            "ansible_become_flags": "-L", "ansible_become_password": "open sesame",
        });
        let expected = ConnectionVars {
            host: Some("192.0.2.1".into()),
            port: Some(2222),
            user: Some("ops".into()),
            password: Password::new("rosebud"),
            connection: Some(ConnectionKind::Local),
            jump_host: Some(Jump::list("b:2222").expect("a jump host")),
            timeout: Some(Duration::from_millis(1500)),
            private_key_file: Some(PathBuf::from("key")),
            known_hosts_file: Some(PathBuf::from("known")),
            host_key_checking: Some(HostKeyChecking::AcceptNew),
            r#become: Some(true),
            become_user: Some("app".into()),
            become_method: Some(BecomeMethod::Doas),
            become_flags: Some("-L".into()),
            become_password: Password::new("open sesame"),
        };
        assert_eq!(read(&vars), Ok(expected));
        for variable in CONNECTION_VARIABLES {
            for name in variable.names() {
                let vars = json!({name: ["a list"]});
                let error = read(&vars).unwrap_err();
                let said = format!("`{name}` must be {}, found ", variable.expects);
                assert!(error.starts_with(&said), "{error}");
            }
        }
    }

    #[test]
    fn nothing_and_null_leave_the_defaults() {
        assert_eq!(read(&json!({})), Ok(ConnectionVars::default()));
        assert_eq!(
            read(&json!({"ansible_user": null})),
            Ok(ConnectionVars::default())
        );
    }

    #[test]
    fn values_are_not_bent_into_shape() {
        for (name, value) in [
            ("ansible_port", json!(0)),
            ("ansible_port", json!(65536)),
            ("ansible_port", json!("22")),
            ("ansible_timeout", json!(0)),
            ("ansible_timeout", json!(-1)),
            ("ansible_become", json!("yes")),
            ("ansible_become_method", json!("pbrun")),
            ("ansible_become_flags", json!(true)),
            ("ansible_become_flags", json!("-p 'open")),
            ("ansible_become_flags", json!("-p \"it's\"")),
            ("ansible_host", json!("")),
            ("ansible_host", json!("a\nb")),
            ("ansible_host_key_checking", json!("no")),
            ("ansible_jump_host", json!("")),
            ("ansible_jump_host", json!("b:0")),
        ] {
            assert!(read(&json!({name: value})).is_err(), "{name}");
        }
        let timeout = |seconds| read(&json!({"ansible_timeout": seconds})).map(|vars| vars.timeout);
        assert_eq!(timeout(30), Ok(Some(Duration::from_secs(30))));
    }

    #[test]
    fn a_password_has_several_names_and_is_never_shown() {
        let vars = json!({"ansible_become_pass": "sesame", "ansible_sudo_pass": "two"});
        let read_vars = read(&vars).expect("a password");
        assert_eq!(read_vars.become_password, Password::new("sesame"));
        assert!(!format!("{read_vars:?}").contains("sesame"));
        let number = read(&json!({"ansible_sudo_pass": 123_456})).expect("a password");
        assert_eq!(number.become_password, Password::new("123456"));
        for wrong in [json!(1.5), json!(true), json!("two\nlines"), json!("")] {
            let error = read(&json!({"ansible_sudo_pass": wrong})).unwrap_err();
            assert!(
                error.contains("must be a text of one line, found "),
                "{error}"
            );
            assert!(!error.contains("lines\n"), "{error}");
        }
    }

    #[test]
    fn a_name_that_would_be_set_in_vain_is_noticed() {
        let file = SourceMap::new().add("a.yaml", "");
        let help = |name| check_name(name, Span::new(file, 0..0)).map(|warning| warning.help);
        assert_eq!(help("ansible_user"), None);
        assert_eq!(help("ansible_python_interpreter"), None);
        assert_eq!(help("my_var"), None);
        assert_eq!(
            help("ansible_usr"),
            Some(vec!["did you mean `ansible_user`?".into()])
        );
        assert_eq!(
            help("ansible_ssh_host"),
            Some(vec!["it is called `ansible_host` now".into()])
        );
        assert_eq!(help("ansible_network_os"), Some(Vec::new()));
        let jump = help("ansible_ssh_common_args").expect("a warning");
        assert!(jump[0].contains("`ansible_jump_host`"), "{jump:?}");
    }
}
