//! The keywords of plays and of what else stands at the top of a playbook.

use super::task::{COMMON, NAME, VARS};
use super::{Keyword, Kind, Place, keyword};

/// A play.
pub static PLAY: Place = Place {
    what: "a play",
    groups: &[NAME, OWN, VARS, COMMON],
    open: false,
    module: None,
};

/// An import of a playbook.
pub static IMPORT_PLAYBOOK: Place = Place {
    what: "an import of a playbook",
    groups: &[NAME, IMPORT, VARS],
    open: false,
    module: None,
};

/// A variable that the user is asked for.
pub static PROMPT: Place = Place {
    what: "an entry of `vars_prompt`",
    groups: &[ASKED],
    open: false,
    module: None,
};

const OWN: &[Keyword] = &[
    keyword(
        "hosts",
        Kind::Strings,
        "A pattern of hosts and groups of the inventory.",
    )
    .required(),
    keyword("pre_tasks", Kind::Tasks, "What is done before the roles."),
    keyword("roles", Kind::Roles, "Roles: names, or mappings."),
    keyword("tasks", Kind::Tasks, "What is done after the roles."),
    keyword(
        "post_tasks",
        Kind::Tasks,
        "What is done after the tasks and their handlers.",
    ),
    keyword(
        "handlers",
        Kind::Handlers,
        "What runs when a task has notified it.",
    ),
    keyword("vars_files", Kind::Strings, "Files with variables."),
    keyword(
        "vars_prompt",
        Kind::Mappings(&PROMPT),
        "Variables that the user is asked for before the run.",
    ),
    keyword(
        "serial",
        Kind::Sizes,
        "How many hosts at a time, one batch after the other; the last size is repeated.",
    ),
    keyword(
        "order",
        Kind::Words(&[
            "inventory",
            "reverse_inventory",
            "sorted",
            "reverse_sorted",
            "shuffle",
        ]),
        "In which order hosts are taken.",
    ),
    keyword(
        "strategy",
        Kind::Words(&["linear", "free", "host_pinned"]),
        "`free`: no host waits for another.",
    ),
    keyword(
        "max_fail_percentage",
        Kind::Percentage,
        "The play ends everywhere when more hosts of a batch have failed than this.",
    ),
    keyword(
        "force_handlers",
        Kind::Boolean,
        "Handlers that have been notified run even on a host that fails.",
    ),
    keyword(
        "gather_facts",
        Kind::Boolean,
        "`false`: a host without tasks need not be reached. Facts come with the connection anyway.",
    ),
    keyword(
        "remote_user",
        Kind::Text,
        "The user to log in as, where the inventory names none.",
    )
    .alias(&["user"]),
    keyword(
        "port",
        Kind::Port,
        "The port to connect to, where the inventory names none.",
    ),
];

const IMPORT: &[Keyword] = &[
    keyword(
        "import_playbook",
        Kind::String,
        "The playbook whose plays stand here.",
    )
    .alias(&["ansible.builtin.import_playbook"])
    .required(),
    keyword("when", Kind::Conditions, "For every task in it."),
    keyword("tags", Kind::Strings, "For every task in it."),
];

const ASKED: &[Keyword] = &[
    keyword("name", Kind::Variable, "The variable.").required(),
    keyword("prompt", Kind::String, "What the user is asked."),
    keyword("default", Kind::Any, "What an empty answer stands for."),
    keyword(
        "private",
        Kind::Boolean,
        "Whether the answer is a secret and not shown: `true`.",
    ),
    keyword("confirm", Kind::Boolean, "Whether the user is asked twice."),
];
