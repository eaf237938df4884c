//! The keywords of uses of roles, and of what a role says about itself.

use super::task::{COMMON, INHERITED_BY_TASKS};
use super::{Keyword, Kind, Place, keyword};

/// An entry of `roles` or of a role's dependencies.
pub static ROLE: Place = Place {
    what: "an entry of `roles`",
    groups: &[USE, INHERITED_BY_TASKS, COMMON],
    open: false,
    module: None,
};

/// A role's `meta/main.yaml`.
pub static META: Place = Place {
    what: "a role's `meta/main.yaml`",
    groups: &[ABOUT],
    open: false,
    module: None,
};

/// An argument that a role declares in its `meta/args.yaml`.
pub static ARGUMENT: Place = Place {
    what: "an argument of a role",
    groups: &[DECLARED],
    open: false,
    module: None,
};

const USE: &[Keyword] = &[
    keyword("role", Kind::String, "The role.")
        .alias(&["name"])
        .required(),
    keyword(
        "vars",
        Kind::Variables,
        "Parameters of the role, which win over its own variables.",
    ),
];

const ABOUT: &[Keyword] = &[
    keyword(
        "dependencies",
        Kind::Roles,
        "Roles that run before this one.",
    ),
    keyword(
        "allow_duplicates",
        Kind::Boolean,
        "Whether it runs as often as it is named.",
    ),
    keyword(
        "galaxy_info",
        Kind::Any,
        "For those who publish roles; not looked at.",
    ),
    keyword(
        "collections",
        Kind::Any,
        "For those who publish roles; not looked at.",
    ),
];

const DECLARED: &[Keyword] = &[
    keyword(
        "type",
        Kind::Type,
        "What its value must be: `any` if not given.",
    ),
    keyword("required", Kind::Boolean, "Whether it must be given."),
    keyword(
        "default",
        Kind::Any,
        "Its value if it is not given; a default of the role.",
    ),
    keyword("choices", Kind::List, "The values that it may have."),
    keyword("doc", Kind::String, "What it is for."),
    keyword(
        "elements",
        Kind::Elements,
        "What the items of a list, or the values of a mapping, must be.",
    ),
    keyword(
        "entries",
        Kind::Entries,
        "The entries of a mapping; any if there are none.",
    ),
];
