//! `import_tasks` and `import_role`: what they name is read before anything runs, so they are no actions of a run.

use provision_worker::module::Module;

/// `import_tasks`.
pub static TASKS: Module = super::by_hand("import_tasks", TASKS_MANUAL);

/// `import_role`.
pub static ROLE: Module = super::by_hand("import_role", ROLE_MANUAL);

const TASKS_MANUAL: &str = "\
Puts the tasks of a file in the place of this one, before anything runs. `when`, `tags`, `vars`, `become` and the like
beside it hold for each of the tasks. The name cannot be a template, and there is no `loop`: `include_tasks` has both.

The file is looked for beside the file that names it, in the role's `tasks/`, and beside the playbook.

# Check mode
That of the tasks.

# Examples
```yaml
- name: what every host gets
  import_tasks: base.yaml
  tags: [base]
```
";

const ROLE_MANUAL: &str = "\
Puts the tasks of a role in the place of this one, before anything runs. `when`, `tags`, `vars`, `become` and the like
beside it hold for each of the tasks.

`name` is the role; `tasks_from`, `handlers_from`, `vars_from` and `defaults_from` name files to read in place of `main`.

# Check mode
That of the tasks.

# Examples
```yaml
- name: the container engine
  import_role: {name: container_engine/containerd}
```
";
