//! The arguments of the actions that loading itself carries out or prepares.

use super::{APPLY, Keyword, Kind, Place, keyword};

/// The arguments of `include_tasks`.
pub static INCLUDE_TASKS: Place = Place {
    what: "the arguments of `include_tasks`",
    groups: &[FILE, APPLIED],
    open: false,
    module: Some("include_tasks"),
};

/// The arguments of `include_role`.
pub static INCLUDE_ROLE: Place = Place {
    what: "the arguments of `include_role`",
    groups: &[ROLE, APPLIED, PUBLIC],
    open: false,
    module: Some("include_role"),
};

/// The arguments of `import_role`.
pub static IMPORT_ROLE: Place = Place {
    what: "the arguments of `import_role`",
    groups: &[ROLE],
    open: false,
    module: Some("import_role"),
};

/// The arguments of `include_vars`.
pub static INCLUDE_VARS: Place = Place {
    what: "`include_vars`",
    groups: &[VARIABLES],
    open: false,
    module: Some("include_vars"),
};

/// The arguments of `add_host`, beside which there are variables of the host.
pub static ADD_HOST: Place = Place {
    what: "`add_host`",
    groups: &[HOST],
    open: true,
    module: Some("add_host"),
};

const FILE: &[Keyword] =
    &[keyword("file", Kind::Text, "The file, which may be a template.").required()];

const APPLIED: &[Keyword] = &[keyword(
    "apply",
    Kind::Mapping(&APPLY),
    "What the included tasks get.",
)];

const PUBLIC: &[Keyword] = &[keyword(
    "public",
    Kind::Boolean,
    "Whether the whole play sees the role's defaults and variables.",
)];

const ROLE: &[Keyword] = &[
    keyword(
        "name",
        Kind::Text,
        "The role; a template for `include_role` only.",
    )
    .alias(&["role"])
    .required(),
    keyword(
        "tasks_from",
        Kind::String,
        "The file to read in place of `tasks/main.yaml`.",
    ),
    keyword(
        "handlers_from",
        Kind::String,
        "The file to read in place of `handlers/main.yaml`.",
    ),
    keyword(
        "defaults_from",
        Kind::String,
        "The file to read in place of `defaults/main.yaml`.",
    ),
    keyword(
        "vars_from",
        Kind::String,
        "The file to read in place of `vars/main.yaml`.",
    ),
    keyword(
        "allow_duplicates",
        Kind::Boolean,
        "Without effect: it runs every time.",
    ),
];

const VARIABLES: &[Keyword] = &[
    keyword("file", Kind::Text, "The file, which may be a template.").required(),
    keyword(
        "name",
        Kind::Variable,
        "The mapping that the variables become.",
    ),
];

const HOST: &[Keyword] = &[
    keyword("name", Kind::Text, "The host.")
        .alias(&["hostname"])
        .required(),
    keyword(
        "groups",
        Kind::Any,
        "A group, a list of groups, or a text with commas.",
    )
    .alias(&["group"]),
];
