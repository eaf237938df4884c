//! `include_tasks`, `include_role` and `include_vars`: what they name may depend on the host.

use provision_worker::module::Module;

/// `include_tasks`.
pub static TASKS: Module = super::by_hand("include_tasks", TASKS_MANUAL);

/// `include_role`.
pub static ROLE: Module = super::by_hand("include_role", ROLE_MANUAL);

/// `include_vars`.
pub static VARS: Module = super::by_hand("include_vars", VARS_MANUAL);

const TASKS_MANUAL: &str = "\
Goes on with the tasks of a file, while the play runs. Its name may be a template, and with `loop` the tasks run once for
each item. `when` and `tags` beside it decide about the include alone; what is meant for the tasks goes below `apply`.
`vars` beside it are seen by the tasks.

Every file that the name can mean is read and checked before anything runs: in `setup-{{ facts.os.id }}.yaml` the template
stands for any text. The file is looked for beside the file that names it, in the role's `tasks/`, and beside the playbook.

# Check mode
That of the tasks.

# Examples
```yaml
- name: what this system needs
  include_tasks: setup-{{ facts.os.id }}.yaml
- name: each user
  include_tasks:
    file: user.yaml
    apply: {tags: [users], become: true}
  loop: \"{{ users }}\"
  loop_control: {loop_var: user}
```
";

const ROLE_MANUAL: &str = "\
Goes on with the tasks of a role, while the play runs. Its name may be a template, and with `loop` the role runs once for
each item. `when` and `tags` beside it decide about the include alone; what is meant for the tasks goes below `apply`.

`name` is the role; `tasks_from`, `handlers_from`, `vars_from` and `defaults_from` name files to read in place of `main`. With
`public: true` the whole play sees the role's defaults and variables. Its handlers can be notified from the whole play.

Every role that the name can mean is read and checked before anything runs.

# Check mode
That of the tasks.

# Examples
```yaml
- name: the engine of this host
  include_role:
    name: container_engine/{{ container_manager }}
```
";

const VARS_MANUAL: &str = "\
Takes in the variables of a file for the rest of the run. `file`, or the whole argument, is its name, which may be a
template; every file that it can mean is read and checked before anything runs. With `name`, the variables become one
mapping of that name. Files are looked for in `vars/` of the role and beside the playbook, and in these directories
themselves.

# Check mode
Takes them in in check mode as well.

# Examples
```yaml
- name: what differs between systems
  include_vars: \"{{ facts.os.id }}.yaml\"
```
";
