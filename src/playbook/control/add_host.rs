//! `add_host`. Most of its arguments are the user's own names, so it is declared by hand.

use provision_worker::module::Module;

/// The entry for the table.
pub static MODULE: Module = super::by_hand("add_host", MANUAL);

const MANUAL: &str = "\
Adds a host to the inventory for the rest of the run, so that later plays can work on it. It happens once, however many
hosts the play has; with a `loop`, once for each item.

`name` is the host; `groups` is a group, a list of groups, or a text with commas. Groups that do not exist are made.
Everything else is a variable of the host: `ansible_host`, `ansible_user`, or names of your own.

# Check mode
Adds the host in check mode as well.

# Examples
```yaml
- name: a machine that the last task has made
  add_host:
    name: node9
    groups: [workers]
    ansible_host: 192.0.2.9
```
";
