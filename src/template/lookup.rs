//! Where a template's variables come from. How they are layered, resolved and guarded against cycles is
//! decided behind [`Lookup`], not here.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::TemplateError;
use crate::value::Value;

/// Gives the variables of one rendering; asked only for the names that the template mentions.
pub trait Lookup {
    /// The value of a variable, or `None` if nothing defines it. An error is one in the variable's own text.
    fn get(&self, name: &str) -> Result<Option<Value>, TemplateError>;

    /// Every name that is defined, for suggestions.
    fn names(&self) -> Vec<String>;

    /// The value of `hostvars`: a mapping from hosts to mappings of their variables. Only these variables of
    /// theirs are used, or any if it is `None`.
    fn hostvars(&self, _fields: Option<&[Arc<str>]>) -> Result<Option<Value>, TemplateError> {
        self.get(HOSTVARS)
    }

    /// The file or directory `name` of the controller that is meant here. `folder` is where such files are kept:
    /// `files` or `templates`. Only relative names are asked for.
    fn find_file(&self, _folder: &str, _name: &str) -> Option<PathBuf> {
        None
    }
}

/// The variable that holds those of all hosts.
pub(super) const HOSTVARS: &str = "hostvars";

/// A place where a template uses a variable that it does not define itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameUse {
    /// The variable.
    pub name: Arc<str>,
    /// The bytes of the name in the text.
    pub at: Range<usize>,
    /// Whether the template is prepared for it not to be defined (`is defined`, `default`, `?.`).
    pub guarded: bool,
    /// Of `hostvars`: the variables of the hosts that are used here, none if only the hosts themselves matter, or
    /// `None` if it may be any of them. Always `None` for other variables.
    pub fields: Option<Vec<Arc<str>>>,
}
