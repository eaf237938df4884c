//! Shows what would be run without running it: `--list-hosts`, `--list-tasks`.

use std::fmt::Write;

use super::args::RunArgs;
use crate::engine::{Run, listed};

/// The lists that were asked for. Writing to a string cannot fail.
pub(super) fn lists(args: &RunArgs, run: &Run) -> String {
    let tags = super::input::tags(args);
    let mut text = String::new();
    for playbook in &run.loaded.playbooks {
        for play in &playbook.plays {
            let _ = writeln!(text, "play {} ({})", play.name, playbook.path.display());
            if args.list_hosts {
                let hosts = run.hosts_of(play).unwrap_or_default();
                let _ = writeln!(text, "  hosts ({}):", hosts.len());
                for host in hosts {
                    let _ = writeln!(text, "    {}", host.as_str());
                }
            }
            if args.list_tasks {
                text.push_str("  tasks:\n");
                for task in listed(play, &tags) {
                    let role = task.common.role.as_ref();
                    let role = role.map(|role| format!("{} : ", role.role.name));
                    let _ = write!(text, "    {}{}", role.unwrap_or_default(), task.name);
                    if !task.common.tags.is_empty() {
                        let tags: Vec<&str> = task.common.tags.iter().map(AsRef::as_ref).collect();
                        let _ = write!(text, "  [{}]", tags.join(", "));
                    }
                    text.push('\n');
                }
            }
        }
    }
    text
}
