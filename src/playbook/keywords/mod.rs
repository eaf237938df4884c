//! Every keyword of the language in one table: where it may stand, what it takes, what it means. Loading may ask for
//! no other keyword; the schema for editors and the page of keywords are made from it.

mod includes;
mod play;
mod role;
mod task;

use std::fmt;

pub use includes::{ADD_HOST, IMPORT_ROLE, INCLUDE_ROLE, INCLUDE_TASKS, INCLUDE_VARS};
pub use play::{IMPORT_PLAYBOOK, PLAY, PROMPT};
pub use role::{ARGUMENT, META, ROLE};
pub use task::{APPLY, BLOCK, HANDLER, LOOP_CONTROL, ROLE_IMPORT, TASK, TASKS_IMPORT};

/// What may stand at one place.
#[derive(Debug)]
pub struct Place {
    /// What the place is, as messages name it: `a play`.
    pub what: &'static str,
    /// The keywords, in groups that several places share.
    pub groups: &'static [&'static [Keyword]],
    /// Whether there may be names of the user's own as well.
    pub open: bool,
    /// The action of which these are the arguments.
    pub module: Option<&'static str>,
}

/// A key that means something.
#[derive(Debug)]
pub struct Keyword {
    /// Its name.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be given.
    pub required: bool,
    /// What it means, in Markdown: one line.
    pub doc: &'static str,
}

/// What a keyword takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A whole number that is not negative.
    Integer,
    /// A number of seconds.
    Seconds,
    /// A number from 1 to 65535.
    Port,
    /// A percentage from 0 to 100.
    Percentage,
    /// Sizes of batches.
    Sizes,
    /// One of these kinds, or a template that yields it when the task runs.
    Rendered(&'static Kind),
    /// A string that is taken as it is.
    String,
    /// A string, or a list of strings.
    Strings,
    /// The name of a variable.
    Variable,
    /// One of these words.
    Words(&'static [&'static str]),
    /// One of these words, or a template that yields one.
    Choice(&'static [&'static str]),
    /// A string, which may be a template.
    Text,
    /// Anything; strings in it may be templates.
    Any,
    /// A list of anything.
    List,
    /// A list or a mapping, or a template that yields one.
    Items,
    /// An expression that yields a boolean, or a list of which all must hold.
    Conditions,
    /// Names and values.
    Variables,
    /// Names and values, or a list of such mappings.
    Environment,
    /// Modules and their arguments.
    ModuleDefaults,
    /// Arguments of the task's module.
    Arguments,
    /// A module and its arguments in one mapping.
    Action,
    /// A list of tasks, blocks and imports.
    Tasks,
    /// A list of handlers.
    Handlers,
    /// A list of roles.
    Roles,
    /// A mapping with the keywords of a place.
    Mapping(&'static Place),
    /// A list of such mappings.
    Mappings(&'static Place),
    /// What a task includes or imports: a name, or a mapping with the keywords of a place.
    NameOr(&'static Place),
    /// The type of a role's argument.
    Type,
    /// A type, or what an argument may declare.
    Elements,
    /// Names, each with what an argument may declare.
    Entries,
}

impl Place {
    /// Its keywords, in the order in which they are shown.
    pub fn keywords(&self) -> impl Iterator<Item = &'static Keyword> + Clone + use<> {
        self.groups.iter().copied().flatten()
    }

    /// The keyword called `name`, or that has it as an alias.
    pub fn find(&self, name: &str) -> Option<&'static Keyword> {
        self.keywords()
            .find(|keyword| keyword.names().any(|known| known == name))
    }
}

impl Keyword {
    /// Its name and its other names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Words(words) | Self::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                return f.write_str(&words.join(", "));
            }
            Self::Mapping(place) => return write!(f, "mapping: {}", names(place)),
            Self::Mappings(place) => return write!(f, "list of mappings: {}", names(place)),
            Self::Rendered(kind) => return write!(f, "{kind}, or template"),
            Self::NameOr(place) => return write!(f, "name, or mapping: {}", names(place)),
            Self::Boolean => "boolean",
            Self::Integer => "whole number",
            Self::Seconds => "seconds",
            Self::Port => "port",
            Self::Percentage => "percentage",
            Self::Sizes => "number, percentage, or list of them",
            Self::String => "string",
            Self::Strings => "string, or list of them",
            Self::Variable => "name of a variable",
            Self::Text => "text",
            Self::Any => "any value",
            Self::List => "list",
            Self::Items => "list or mapping",
            Self::Conditions => "condition, or list of them",
            Self::Variables => "mapping",
            Self::Environment => "mapping, or list of them",
            Self::ModuleDefaults => "mapping of modules to arguments",
            Self::Arguments => "mapping of arguments",
            Self::Action => "mapping of `module` and arguments",
            Self::Tasks => "list of tasks",
            Self::Handlers => "list of handlers",
            Self::Roles => "list of roles",
            Self::Type => "type",
            Self::Elements => "type, or what an argument declares",
            Self::Entries => "mapping of names to what an argument declares",
        };
        f.write_str(text)
    }
}

fn names(place: &Place) -> String {
    let names: Vec<String> = place
        .keywords()
        .map(|keyword| format!("`{}`", keyword.name))
        .collect();
    names.join(", ")
}

/// The places of which a keyword with this name says something else than that it is unknown, the usual ones first.
pub fn places_of(name: &str) -> impl Iterator<Item = &'static Place> + use<'_> {
    [&TASK, &PLAY, &HANDLER, &LOOP_CONTROL]
        .into_iter()
        .filter(move |place| place.find(name).is_some())
}

const fn keyword(name: &'static str, kind: Kind, doc: &'static str) -> Keyword {
    Keyword {
        name,
        aliases: &[],
        kind,
        required: false,
        doc,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{
        ADD_HOST, APPLY, ARGUMENT, BLOCK, HANDLER, IMPORT_PLAYBOOK, IMPORT_ROLE, INCLUDE_ROLE,
        INCLUDE_TASKS, INCLUDE_VARS, Kind, LOOP_CONTROL, META, PLAY, PROMPT, ROLE, ROLE_IMPORT,
        TASK, TASKS_IMPORT,
    };
    use crate::inventory::connection::BecomeMethod;

    #[test]
    fn a_place_has_each_name_once_and_says_what_it_means() {
        for place in [
            &PLAY,
            &IMPORT_PLAYBOOK,
            &PROMPT,
            &ROLE,
            &META,
            &ARGUMENT,
            &TASK,
            &HANDLER,
            &BLOCK,
            &TASKS_IMPORT,
            &ROLE_IMPORT,
            &APPLY,
            &LOOP_CONTROL,
            &INCLUDE_TASKS,
            &INCLUDE_ROLE,
            &IMPORT_ROLE,
            &INCLUDE_VARS,
            &ADD_HOST,
        ] {
            let mut seen = BTreeSet::new();
            for keyword in place.keywords() {
                for name in keyword.names() {
                    assert!(seen.insert(name), "{}: {name}", place.what);
                }
                assert!(!keyword.doc.is_empty(), "{}", keyword.name);
                assert!(!keyword.doc.contains('\n'), "{}", keyword.name);
            }
        }
    }

    #[test]
    fn the_methods_of_becoming_another_user_are_those_of_the_connection() {
        let Some(Kind::Choice(words)) = TASK.find("become_method").map(|keyword| keyword.kind)
        else {
            panic!("it takes one of some words");
        };
        assert_eq!(words, BecomeMethod::ALL.map(BecomeMethod::name));
    }

    #[test]
    fn a_keyword_is_found_by_its_other_names() {
        let found = PLAY.find("user").map(|keyword| keyword.name);
        assert_eq!(found, Some("remote_user"));
    }
}
