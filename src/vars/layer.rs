//! The order of precedence.

/// Where a variable can be set, from the weakest to the strongest. This is Ansible's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// `roles/NAME/defaults/main.yaml`. A role's own defaults win over those of the play's other roles.
    RoleDefaults,
    /// The inventory and its `group_vars/` and `host_vars/`; the inventory knows their order.
    Inventory,
    /// `vars:` of the play.
    Play,
    /// Answers to `vars_prompt:`.
    PlayPrompt,
    /// `vars_files:` of the play; a later file wins.
    PlayFiles,
    /// `roles/NAME/vars/main.yaml`.
    Role,
    /// `vars:` of a block; an inner block wins.
    Block,
    /// `vars:` of the task.
    Task,
    /// `include_vars`.
    IncludedFiles,
    /// `set_fact` and `register`: what was learned in this run.
    Learned,
    /// `vars:` beside a role's name in `roles:`, and those of `include_tasks` and `include_role`.
    RoleParameters,
    /// `vars:` of an `include_tasks`, `include_role` or of their kind.
    IncludeParameters,
    /// `-e` on the command line.
    Extra,
    /// The item of a loop.
    Loop,
    /// What the run itself knows: `inventory_hostname`, `groups`, `facts`, ...
    Magic,
}
