//! `set_fact`. Its arguments are the user's own names, so it is declared by hand.

use provision_worker::module::Module;

/// The entry for the table.
pub static MODULE: Module = super::by_hand("set_fact", MANUAL);

const MANUAL: &str = "\
Sets variables of the host for the rest of the run. Each argument is a variable. The values are rendered once,
when the task runs, and are data from then on.

# Check mode
Sets the variables in check mode as well.

# Examples
```yaml
- name: decide once
  set_fact:
    cgroup_driver: \"{{ 'systemd' if facts.init == 'systemd' else 'cgroupfs' }}\"
```
";
