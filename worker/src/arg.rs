//! The types that a module's arguments can have, and how each is read from a rendered value.
//!
//! Reading is strict: a string is not a number, and nothing is guessed. A [`Mismatch`] says what was expected;
//! the caller knows which argument it was.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

/// What kind of value an argument takes. The controller's documentation and checks are made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// Text.
    String,
    /// An absolute path on the host.
    Path,
    /// Permission bits.
    Mode,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list; a single value is taken as a list of one.
    List(&'static Kind),
    /// A mapping with any keys.
    Map,
    /// Any value.
    Any,
    /// A file of the controller whose content is sent when the host does not have it.
    ControllerFile,
    /// A template of the controller that is rendered and then treated as a file.
    ControllerTemplate,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("boolean"),
            Self::Integer => f.write_str("integer"),
            Self::String => f.write_str("string"),
            Self::Path => f.write_str("absolute path"),
            Self::Mode => f.write_str("mode"),
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::List(kind) => write!(f, "list of {kind}"),
            Self::Map => f.write_str("mapping"),
            Self::Any => f.write_str("any value"),
            Self::ControllerFile => f.write_str("file on the controller"),
            Self::ControllerTemplate => f.write_str("template on the controller"),
        }
    }
}

/// Why a value does not fit an argument: `expected an absolute path, found the string "etc"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch(pub String);

impl Mismatch {
    /// A mismatch between what was `expected` and `found`.
    pub fn expected(expected: impl fmt::Display, found: &Value) -> Self {
        Self(format!("expected {expected}, found {}", describe(found)))
    }
}

/// A value as it appears in messages: its type and, where it is short, the value itself.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing (null)".into(),
        Value::Bool(b) => format!("the boolean {b}"),
        Value::Number(n) => format!("the number {n}"),
        Value::String(s) if s.chars().count() <= 60 => format!("the string {s:?}"),
        Value::String(_) => "a long string".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a mapping".into(),
    }
}

/// A type that an argument can have.
pub trait Arg: Sized {
    /// How the type is documented.
    const KIND: Kind;

    /// Reads the rendered value.
    fn parse(value: &Value) -> Result<Self, Mismatch>;

    /// What the argument is when it is not given. `None`: it must be given.
    fn absent() -> Option<Self> {
        None
    }
}

impl Arg for bool {
    const KIND: Kind = Kind::Bool;

    fn parse(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::Bool(b) => Ok(*b),
            Value::String(s) if matches!(s.as_str(), "yes" | "on" | "no" | "off") => {
                let word = matches!(s.as_str(), "yes" | "on");
                Err(Mismatch(format!(
                    "expected a boolean, found the string {s:?}: write `{word}`"
                )))
            }
            other => Err(Mismatch::expected("a boolean", other)),
        }
    }
}

macro_rules! integer_arg {
    ($($type:ty: $what:literal),*) => {$(
        impl Arg for $type {
            const KIND: Kind = Kind::Integer;

            fn parse(value: &Value) -> Result<Self, Mismatch> {
                value
                    .as_i64()
                    .and_then(|number| number.try_into().ok())
                    .ok_or_else(|| Mismatch::expected($what, value))
            }
        }
    )*};
}

integer_arg!(
    u16: "a number from 0 to 65535",
    u32: "a whole number that is not negative",
    u64: "a whole number that is not negative",
    i64: "a whole number"
);

impl Arg for String {
    const KIND: Kind = Kind::String;

    fn parse(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::String(s) => Ok(s.clone()),
            // A version such as `1.7` or an id such as `1000` is text wherever text is wanted.
            Value::Number(n) => Ok(n.to_string()),
            other => Err(Mismatch::expected("a string", other)),
        }
    }
}

impl Arg for Value {
    const KIND: Kind = Kind::Any;

    fn parse(value: &Value) -> Result<Self, Mismatch> {
        Ok(value.clone())
    }
}

impl Arg for Map<String, Value> {
    const KIND: Kind = Kind::Map;

    fn parse(value: &Value) -> Result<Self, Mismatch> {
        value
            .as_object()
            .cloned()
            .ok_or_else(|| Mismatch::expected("a mapping", value))
    }
}

impl<T: Arg> Arg for Option<T> {
    const KIND: Kind = T::KIND;

    fn parse(value: &Value) -> Result<Self, Mismatch> {
        if value.is_null() {
            Ok(None)
        } else {
            T::parse(value).map(Some)
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Arg> Arg for Vec<T> {
    const KIND: Kind = Kind::List(&T::KIND);

    fn parse(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::Array(items) => items.iter().map(T::parse).collect(),
            single => T::parse(single).map(|item| vec![item]),
        }
    }
}

/// An absolute path on the host, without `..`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AbsPath(PathBuf);

impl AbsPath {
    /// Takes `path` if it is absolute, has no `..` and no NUL.
    pub fn new(path: impl Into<PathBuf>) -> Option<Self> {
        let path = path.into();
        let sound = path.is_absolute()
            && path.components().all(|part| part != Component::ParentDir)
            && !path.as_os_str().as_encoded_bytes().contains(&0);
        sound.then_some(Self(path))
    }

    /// The path.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl std::ops::Deref for AbsPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl fmt::Display for AbsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl Arg for AbsPath {
    const KIND: Kind = Kind::Path;

    fn parse(value: &Value) -> Result<Self, Mismatch> {
        value
            .as_str()
            .and_then(AbsPath::new)
            .ok_or_else(|| Mismatch::expected("an absolute path without `..`", value))
    }
}

/// Permission bits, written as an octal string (`"0644"`) or symbolically (`"u=rw,g=r,o="`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The bits themselves.
    Bits(u32),
    /// Changes to the bits that are there: `u+x,go-w`.
    Symbolic(Vec<ModeClause>),
}

/// One clause of a symbolic mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeClause {
    /// The bits of those it speaks of: user 0700, group 0070, others 0007.
    who: u32,
    operator: char,
    /// The permissions, repeated for user, group and others; `X` is kept apart.
    permissions: u32,
    execute_if_any: bool,
}

impl Mode {
    /// The bits that a file with `current` bits is to have.
    pub fn bits(&self, current: u32, is_dir: bool) -> u32 {
        match self {
            Self::Bits(bits) => *bits,
            Self::Symbolic(clauses) => clauses
                .iter()
                .fold(current, |bits, clause| clause.apply(bits, is_dir)),
        }
    }

    fn parse_text(text: &str) -> Option<Self> {
        if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) {
            let bits = u32::from_str_radix(text, 8).ok()?;
            return (bits <= 0o7777 && text.len() >= 3).then_some(Self::Bits(bits));
        }
        text.split(',')
            .map(ModeClause::parse)
            .collect::<Option<Vec<_>>>()
            .map(Self::Symbolic)
    }
}

impl ModeClause {
    fn parse(text: &str) -> Option<Self> {
        let at = text.find(['=', '+', '-'])?;
        let (who, rest) = text.split_at(at);
        let operator = rest.chars().next()?;
        let who = if who.is_empty() {
            0o777
        } else {
            who.chars().try_fold(0, |bits, letter| match letter {
                'u' => Some(bits | 0o700),
                'g' => Some(bits | 0o070),
                'o' => Some(bits | 0o007),
                'a' => Some(0o777),
                _ => None,
            })?
        };
        let mut clause = Self {
            who,
            operator,
            permissions: 0,
            execute_if_any: false,
        };
        for letter in rest[1..].chars() {
            match letter {
                'r' => clause.permissions |= 0o444,
                'w' => clause.permissions |= 0o222,
                'x' => clause.permissions |= 0o111,
                'X' => clause.execute_if_any = true,
                's' => clause.permissions |= 0o6000,
                't' => clause.permissions |= 0o1000,
                _ => return None,
            }
        }
        Some(clause)
    }

    fn apply(self, current: u32, is_dir: bool) -> u32 {
        let mut wanted = self.permissions & (self.who | 0o1000);
        if self.permissions & 0o6000 != 0 {
            wanted |= if self.who & 0o700 != 0 { 0o4000 } else { 0 };
            wanted |= if self.who & 0o070 != 0 { 0o2000 } else { 0 };
        }
        if self.execute_if_any && (is_dir || current & 0o111 != 0) {
            wanted |= 0o111 & self.who;
        }
        match self.operator {
            '+' => current | wanted,
            '-' => current & !wanted,
            _ => (current & !self.who) | wanted,
        }
    }
}

impl Arg for Mode {
    const KIND: Kind = Kind::Mode;

    fn parse(value: &Value) -> Result<Self, Mismatch> {
        if value.is_number() {
            return Err(Mismatch(format!(
                "expected a mode, found {}: quote it and write it in octal, as in \"0644\"",
                describe(value)
            )));
        }
        value
            .as_str()
            .and_then(Mode::parse_text)
            .ok_or_else(|| Mismatch::expected("a mode such as \"0644\" or \"u=rw,g=r,o=\"", value))
    }
}

/// The content of a file, known by its hash. The controller puts it in the place of a path of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// Size in bytes.
    pub size: u64,
    /// The last part of the controller's path; the file's name where the destination is a directory.
    pub name: String,
}

impl Content {
    /// The value that stands for this content in a request.
    pub fn to_value(&self) -> Value {
        serde_json::json!({ "sha256": self.sha256, "size": self.size, "name": self.name })
    }

    fn from_value(value: &Value) -> Option<Self> {
        Some(Self {
            sha256: value.get("sha256")?.as_str()?.to_owned(),
            size: value.get("size")?.as_u64()?,
            name: value.get("name")?.as_str()?.to_owned(),
        })
    }
}

/// A file of the controller; or of the host itself, where the module says so with `remote_src`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Content that the controller has.
    Controller(Content),
    /// A path. On the controller, before it is resolved, it may be relative to the role.
    Path(String),
}

impl Arg for Source {
    const KIND: Kind = Kind::ControllerFile;

    fn parse(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::String(path) if !path.is_empty() => Ok(Self::Path(path.clone())),
            other => Content::from_value(other)
                .map(Self::Controller)
                .ok_or_else(|| Mismatch::expected("the path of a file", other)),
        }
    }
}

/// A template of the controller; by the time a module sees it, it has been rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(pub Source);

impl Arg for Template {
    const KIND: Kind = Kind::ControllerTemplate;

    fn parse(value: &Value) -> Result<Self, Mismatch> {
        Source::parse(value).map(Self)
    }
}

/// Declares an enum whose variants are the words that an argument may be.
///
/// ```
/// provision_worker::choices! {
///     /// Whether the thing is there.
///     pub enum State { Present = "present", Absent = "absent" }
/// }
/// ```
#[macro_export]
macro_rules! choices {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name {
            $(
                #[doc = concat!("`", $word, "`")]
                $variant,
            )+
        }

        impl $crate::arg::Arg for $name {
            const KIND: $crate::arg::Kind = $crate::arg::Kind::Choice(&[$($word),+]);

            fn parse(value: &serde_json::Value) -> Result<Self, $crate::arg::Mismatch> {
                match value.as_str() {
                    $(Some($word) => Ok(Self::$variant),)+
                    _ => Err($crate::arg::Mismatch::expected(
                        <Self as $crate::arg::Arg>::KIND,
                        value,
                    )),
                }
            }
        }
    };
}
