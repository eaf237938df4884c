//! The keywords of tasks, blocks and what stands in their place.

use super::{IMPORT_ROLE, Keyword, Kind, Place, keyword};

/// A task.
pub static TASK: Place = Place {
    what: "a task",
    groups: &[NAME, OWN, VARS, NOTIFY, INHERITED_BY_TASKS, COMMON],
    open: false,
    module: None,
};

/// A handler.
pub static HANDLER: Place = Place {
    what: "a handler",
    groups: &[NAME, OWN, LISTEN, VARS, NOTIFY, INHERITED_BY_TASKS, COMMON],
    open: false,
    module: None,
};

/// A block.
pub static BLOCK: Place = Place {
    what: "a block",
    groups: &[NAME, PARTS, VARS, NOTIFY, INHERITED_BY_TASKS, COMMON],
    open: false,
    module: None,
};

/// An `import_tasks` in the place of a task.
pub static TASKS_IMPORT: Place = Place {
    what: "`import_tasks`",
    groups: &[
        NAME,
        IMPORTED_TASKS,
        VARS,
        NOTIFY,
        INHERITED_BY_TASKS,
        COMMON,
    ],
    open: false,
    module: None,
};

/// An `import_role` in the place of a task.
pub static ROLE_IMPORT: Place = Place {
    what: "`import_role`",
    groups: &[
        NAME,
        IMPORTED_ROLE,
        VARS,
        NOTIFY,
        INHERITED_BY_TASKS,
        COMMON,
    ],
    open: false,
    module: None,
};

/// What an include gives to the tasks that it includes.
pub static APPLY: Place = Place {
    what: "`apply`",
    groups: &[VARS, NOTIFY, INHERITED_BY_TASKS, COMMON],
    open: false,
    module: None,
};

/// How a loop goes.
pub static LOOP_CONTROL: Place = Place {
    what: "`loop_control`",
    groups: &[CONTROL],
    open: false,
    module: None,
};

/// Where a file of tasks is named in a mapping.
static FILE: Place = Place {
    what: "the arguments of `import_tasks`",
    groups: &[&[keyword("file", Kind::String, "The file.").required()]],
    open: false,
    module: Some("import_tasks"),
};

pub(super) const NAME: &[Keyword] = &[keyword(
    "name",
    Kind::String,
    "What it is called in the output.",
)];

const OWN: &[Keyword] = &[
    keyword(
        "args",
        Kind::Arguments,
        "More arguments of the module, where those beside its name are a text.",
    ),
    keyword(
        "action",
        Kind::Action,
        "The module spelled out: `{module: NAME, ...}`.",
    ),
    keyword(
        "local_action",
        Kind::Action,
        "The same, carried out on the controller.",
    ),
    keyword(
        "loop",
        Kind::Items,
        "Once for each of these, which is `item`. A mapping gives `item.key` and `item.value`.",
    ),
    keyword(
        "loop_control",
        Kind::Mapping(&LOOP_CONTROL),
        "How the loop goes.",
    ),
    keyword(
        "register",
        Kind::Variable,
        "The variable that keeps the result.",
    ),
    keyword(
        "changed_when",
        Kind::Conditions,
        "When the result counts as changed, in place of what the module says.",
    ),
    keyword(
        "failed_when",
        Kind::Conditions,
        "When the result counts as failed, in place of what the module says.",
    ),
    keyword("until", Kind::Conditions, "Again until this holds."),
    keyword(
        "retries",
        Kind::Rendered(&Kind::Integer),
        "How often again at most: 3. Without `until`, until it succeeds.",
    ),
    keyword(
        "delay",
        Kind::Rendered(&Kind::Seconds),
        "How long to wait before the next time: 5.",
    ),
    keyword("async", Kind::Integer, "For how many seconds it may run."),
    keyword(
        "poll",
        Kind::Integer,
        "`0` goes on at once and leaves it to run in the background; `async_status` looks after it.",
    ),
];

const LISTEN: &[Keyword] = &[keyword(
    "listen",
    Kind::Strings,
    "Other names that notify it.",
)];

const PARTS: &[Keyword] = &[
    keyword("block", Kind::Tasks, "Tasks that belong together.").required(),
    keyword(
        "rescue",
        Kind::Tasks,
        "What is done when one of them has failed, which then counts as no failure.",
    ),
    keyword(
        "always",
        Kind::Tasks,
        "What is done in the end, failure or not.",
    ),
];

const IMPORTED_TASKS: &[Keyword] = &[keyword(
    "import_tasks",
    Kind::NameOr(&FILE),
    "The file whose tasks stand here.",
)
.alias(&["ansible.builtin.import_tasks"])
.required()];

const IMPORTED_ROLE: &[Keyword] = &[keyword(
    "import_role",
    Kind::NameOr(&IMPORT_ROLE),
    "The role whose tasks stand here.",
)
.alias(&["ansible.builtin.import_role"])
.required()];

pub(super) const VARS: &[Keyword] = &[keyword(
    "vars",
    Kind::Variables,
    "Variables, seen here and inside.",
)];

const NOTIFY: &[Keyword] = &[keyword(
    "notify",
    Kind::Strings,
    "Handlers to run when something has changed. A template yields a name, or a list of them.",
)];

/// What a play cannot have.
pub(super) const INHERITED_BY_TASKS: &[Keyword] = &[
    keyword(
        "when",
        Kind::Conditions,
        "Only if this holds; what is inside inherits it.",
    ),
    keyword(
        "delegate_to",
        Kind::Text,
        "The host that carries it out in place of its own.",
    ),
    keyword(
        "delegate_facts",
        Kind::Boolean,
        "What it learns belongs to the host that carries it out.",
    ),
];

/// What everything can have and inherits.
pub(super) const COMMON: &[Keyword] = &[
    keyword(
        "tags",
        Kind::Strings,
        "Names for `--tags` and `--skip-tags`; `always` and `never` are special.",
    ),
    keyword("become", Kind::Boolean, "As another user."),
    keyword("become_user", Kind::Text, "That user: root if not given."),
    keyword(
        "become_method",
        Kind::Choice(&["sudo", "su", "doas"]),
        "By which program.",
    ),
    keyword("become_flags", Kind::Text, "Options for that program."),
    keyword(
        "environment",
        Kind::Environment,
        "The environment of programs, on top of what is inherited.",
    ),
    keyword(
        "ignore_errors",
        Kind::Rendered(&Kind::Boolean),
        "A failure does not end the host's run.",
    ),
    keyword(
        "ignore_unreachable",
        Kind::Boolean,
        "A host that cannot be reached goes on with the next task.",
    ),
    keyword(
        "any_errors_fatal",
        Kind::Rendered(&Kind::Boolean),
        "A failure on one host ends the play on all.",
    ),
    keyword(
        "no_log",
        Kind::Boolean,
        "Nothing of arguments and results is shown.",
    ),
    keyword(
        "run_once",
        Kind::Boolean,
        "On the first host only; the others take over its result.",
    ),
    keyword(
        "throttle",
        Kind::Integer,
        "On how many hosts at the same time at most.",
    ),
    keyword(
        "timeout",
        Kind::Rendered(&Kind::Integer),
        "How many seconds a program may take: 3600.",
    ),
    keyword(
        "check_mode",
        Kind::Boolean,
        "`false`: runs even in check mode, because it only reads. `true`: never changes anything.",
    ),
    keyword(
        "diff",
        Kind::Boolean,
        "Whether the texts before and after a change are shown.",
    ),
    keyword(
        "connection",
        Kind::Words(&["ssh", "local", "smart"]),
        "`local`: on the controller.",
    ),
    keyword(
        "module_defaults",
        Kind::ModuleDefaults,
        "Arguments of modules where a task does not give them.",
    ),
];

const CONTROL: &[Keyword] = &[
    keyword(
        "loop_var",
        Kind::Variable,
        "The variable that is the item, in place of `item`.",
    ),
    keyword(
        "index_var",
        Kind::Variable,
        "The variable that is its number, from 0.",
    ),
    keyword("label", Kind::Any, "What is shown of an item."),
    keyword(
        "pause",
        Kind::Seconds,
        "How long to wait between two items.",
    ),
    keyword(
        "extended",
        Kind::Boolean,
        "Whether `ansible_loop` says where in the loop an item is.",
    ),
];
