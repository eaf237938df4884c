//! What a module is, and the macro that declares one.
//!
//! A module is one file with one [`module!`](crate::module!) declaration and one function,
//! `plan(args: &Args, host: &Host) -> Result<Plan, Failure>`. The declaration is also its manual page and its
//! schema: the controller checks a playbook's arguments against it before it connects to anything.

use std::fmt;

use serde_json::{Map, Value};

use crate::arg::{Kind, Mismatch};
use crate::host::Host;
use crate::plan::{Failure, Plan};

/// A module: what it is called, what it takes, how it plans.
pub struct Module {
    /// Its name in a playbook.
    pub name: &'static str,
    /// Its manual page in Markdown. Empty in a worker, which prints no manuals.
    pub manual: &'static str,
    /// Its arguments, in the order of the manual.
    pub fields: &'static [Field],
    /// The argument that a plain string stands for, as in `command: uptime`.
    pub free_form: Option<&'static str>,
    /// Reads arguments and checks what they must satisfy together.
    pub validate: fn(&Map<String, Value>) -> Result<(), ArgError>,
    /// Reads arguments and the host and says what is to be done.
    pub plan: fn(&Map<String, Value>, &Host) -> Result<Plan, Failure>,
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Module").field(&self.name).finish()
    }
}

impl Module {
    /// The argument called `name`, or that has it as an alias.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields
            .iter()
            .find(|field| field.name == name || field.aliases.contains(&name))
    }
}

/// An argument of a module.
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What it means, in Markdown. Empty in a worker.
    pub manual: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be given.
    pub required: bool,
    /// What it is when it is not given, as written in the declaration.
    pub default: Option<&'static str>,
    /// Whether a value fits.
    pub check: fn(&Value) -> Result<(), Mismatch>,
}

/// Which of the two workers: most hosts never need more than the lean one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// The one without downloads and archives.
    #[default]
    Lean,
    /// The one with all modules.
    Full,
}

/// What is wrong with a set of arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgError {
    /// The argument, if it is about one.
    pub field: Option<&'static str>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

impl ArgError {
    /// An error about the arguments as a whole.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            field: None,
            message: message.into(),
        }
    }

    /// An error about one argument.
    pub fn of(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field),
            message: message.into(),
        }
    }
}

impl From<ArgError> for Failure {
    fn from(error: ArgError) -> Self {
        match error.field {
            Some(field) => Failure::new(format!("argument `{field}`: {}", error.message)),
            None => Failure::new(error.message),
        }
    }
}

/// Declares a module: its manual page, its arguments, and `MODULE` for the table in [`crate::modules`].
///
/// ```ignore
/// module! {
///     /// Makes a name known.
///     ///
///     /// # Examples
///     /// ```yaml
///     /// - name: call it by its name
///     ///   greet: {name: world}
///     /// ```
///     greet {
///         /// Whom to greet. Other names of an argument follow after `|`.
///         name | who: String,
///         /// How often. It has a default, so it may be left out.
///         times: u32 = 1,
///         /// An `Option` may be left out as well.
///         tongue: Option<String>,
///     }
/// }
/// ```
///
/// After the name may stand, in brackets, `free_form = FIELD` and `check = FUNCTION`, where the function
/// is `fn(&Args) -> Result<(), ArgError>` and says what the arguments must satisfy together.
#[macro_export]
macro_rules! module {
    (
        $(#[doc = $doc:literal])*
        $name:ident $([$($option:ident = $setting:ident),+ $(,)?])? {
            $(
                $(#[doc = $field_doc:literal])*
                $field:ident $(| $alias:ident)* : $type:ty $(= $default:expr)?
            ),* $(,)?
        }
    ) => {
        /// The arguments, as the module sees them.
        #[derive(Clone, Debug)]
        #[allow(missing_docs, reason = "each is documented in the declaration")]
        pub struct Args {
            $(pub $field: $type,)*
        }

        impl Args {
            /// Reads rendered arguments.
            pub fn parse(
                map: &serde_json::Map<String, serde_json::Value>,
            ) -> Result<Self, $crate::module::ArgError> {
                $crate::module::refuse_unknown(map, MODULE.fields)?;
                let args = Self {
                    $($field: $crate::module::read_field::<$type>(
                        map,
                        stringify!($field),
                        &[$(stringify!($alias)),*],
                        $crate::module!(@default $($default)?),
                    )?,)*
                };
                $($($crate::module!(@check $option $setting args);)+)?
                Ok(args)
            }
        }

        /// This module's entry for the table.
        pub static MODULE: $crate::module::Module = $crate::module::Module {
            name: stringify!($name),
            manual: $crate::module!(@manual $($doc)*),
            fields: &[$(
                $crate::module::Field {
                    name: stringify!($field),
                    aliases: &[$(stringify!($alias)),*],
                    manual: $crate::module!(@manual $($field_doc)*),
                    kind: <$type as $crate::arg::Arg>::KIND,
                    required: $crate::module!(@required $type $(, $default)?),
                    default: $crate::module!(@default_text $($default)?),
                    check: |value| <$type as $crate::arg::Arg>::parse(value).map(drop),
                },
            )*],
            free_form: $crate::module!(@free_form $($($option $setting)+)?),
            validate: |map| Args::parse(map).map(drop),
            plan: |map, host| plan(&Args::parse(map)?, host),
        };
    };

    (@default) => { None };
    (@default $default:expr) => { Some(|| ($default).into()) };
    (@default_text) => { None };
    (@default_text $default:expr) => { Some(stringify!($default)) };
    (@required Option<$type:ty>) => { false };
    (@required $type:ty) => { $crate::module::is_required(stringify!($type)) };
    (@required $type:ty, $default:expr) => { false };
    (@check check $function:ident $args:ident) => { $function(&$args)? };
    (@check free_form $field:ident $args:ident) => {};
    (@free_form) => { None };
    (@free_form free_form $field:ident $($rest:ident)*) => { Some(stringify!($field)) };
    (@free_form check $function:ident $($rest:ident)*) => { $crate::module!(@free_form $($rest)*) };
    (@manual $($doc:literal)*) => {
        $crate::module::manual(concat!($($doc, "\n"),*))
    };
}

/// A manual page, in builds that have manuals.
pub const fn manual(text: &'static str) -> &'static str {
    if cfg!(feature = "manual") { text } else { "" }
}

/// Whether an argument of the type, as written, must be given: an `Option` need not.
pub const fn is_required(type_name: &str) -> bool {
    let (name, option) = (type_name.as_bytes(), b"Option<");
    let mut at = 0;
    while at < option.len() {
        if at >= name.len() || name[at] != option[at] {
            return true;
        }
        at += 1;
    }
    false
}

/// Refuses arguments that no field takes.
pub fn refuse_unknown(map: &Map<String, Value>, fields: &[Field]) -> Result<(), ArgError> {
    let known = |name: &str| {
        fields
            .iter()
            .any(|field| field.name == name || field.aliases.contains(&name))
    };
    match map.keys().find(|name| !known(name)) {
        Some(name) => Err(ArgError::new(format!("unknown argument `{name}`"))),
        None => Ok(()),
    }
}

/// Reads one argument by its name or an alias.
pub fn read_field<T: crate::arg::Arg>(
    map: &Map<String, Value>,
    name: &'static str,
    aliases: &[&str],
    default: Option<fn() -> T>,
) -> Result<T, ArgError> {
    let mut given = std::iter::once(name)
        .chain(aliases.iter().copied())
        .filter_map(|n| map.get(n));
    match (given.next(), given.next()) {
        (Some(_), Some(_)) => Err(ArgError::of(name, "given twice, under two of its names")),
        (Some(value), None) => T::parse(value).map_err(|mismatch| ArgError::of(name, mismatch.0)),
        (None, _) => default
            .map(|default| default())
            .or_else(T::absent)
            .ok_or_else(|| ArgError::of(name, "required, but not given")),
    }
}
