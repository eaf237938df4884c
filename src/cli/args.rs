//! The arguments of the command line. Their doc comments are its help.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::keys::KeyArgs;
use super::passwords::PasswordArgs;
use super::vault::VaultArgs;
use crate::schema::Document;

/// Brings hosts into the state that playbooks describe, over SSH, on all hosts at once.
#[derive(Debug, Parser)]
#[command(
    name = "provision",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Exit codes: 0 all well, 2 a host failed, 3 a host could not be reached, 4 the input is wrong \
                  (nothing was connected to), 5 an error of provision itself, 130 interrupted."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

/// What there is beside running playbooks.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the manual of a module, or list all modules.
    Doc(DocArgs),
    /// Show the hosts, groups and variables of an inventory, as `ansible-inventory` does.
    Inventory(InventoryArgs),
    /// Show what the variables of a host are, and where each was set.
    Vars(VarsArgs),
    /// Show an earlier run again: what became of its hosts, and where its time went.
    Report(ReportArgs),
    /// Print a JSON schema, with which an editor completes and checks what is written.
    Schema(SchemaArgs),
    /// Encrypt, decrypt and edit files, in the format of Ansible Vault or for age.
    Vault(VaultArgs),
}

/// What to document.
#[derive(Args, Debug)]
pub(super) struct DocArgs {
    /// The module; without it, all are listed.
    pub(super) module: Option<String>,
    /// List the filters, tests and functions of templates.
    #[arg(long, conflicts_with = "module")]
    pub(super) filters: bool,
    /// List where variables can be set, from the weakest place to the strongest.
    #[arg(long, conflicts_with_all = ["module", "filters"])]
    pub(super) precedence: bool,
    /// List the keywords of plays, tasks, blocks and roles.
    #[arg(long, conflicts_with_all = ["module", "filters", "precedence"])]
    pub(super) keywords: bool,
}

/// An inventory to look at.
#[derive(Args, Debug)]
pub(super) struct InventoryArgs {
    /// The inventory: a file in YAML or INI form, a program, a directory of these, or `host1,host2,`; may be repeated.
    #[arg(short, long, value_name = "SOURCE", required = true)]
    pub(super) inventory: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) what: InventoryAction,
    /// Show the variables in the graph too.
    #[arg(long, requires = "graph")]
    pub(super) vars: bool,
    /// YAML in place of JSON.
    #[arg(short, long, conflicts_with = "graph")]
    pub(super) yaml: bool,
    /// Only these hosts: a pattern such as `web:!web3`.
    #[arg(short, long, value_name = "PATTERN")]
    pub(super) limit: Option<String>,
    /// A directory whose `group_vars/` and `host_vars/` count as those beside a playbook.
    #[arg(long, value_name = "DIR")]
    pub(super) playbook_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
}

/// What to show of an inventory.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct InventoryAction {
    /// The groups as a tree.
    #[arg(long)]
    pub(super) graph: bool,
    /// All groups and the variables of all hosts, as a dynamic inventory answers.
    #[arg(long)]
    pub(super) list: bool,
    /// The variables of a host.
    #[arg(long, value_name = "HOST")]
    pub(super) host: Option<String>,
}

/// Variables to look at.
#[derive(Args, Debug)]
pub(super) struct VarsArgs {
    /// The inventory: a file in YAML or INI form, a program, a directory of these, or `host1,host2,`; may be repeated.
    #[arg(short, long, value_name = "SOURCE", required = true)]
    pub(super) inventory: Vec<PathBuf>,
    /// The host.
    pub(super) host: String,
    /// The variable; without it, all are shown.
    pub(super) name: Option<String>,
    /// Set variables: `name=value`, a YAML mapping, or `@FILE`.
    #[arg(short, long, value_name = "VARS")]
    pub(super) extra_vars: Vec<String>,
    /// A playbook whose plays' and roles' variables count too, for the plays that the host is in; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(super) playbook: Vec<PathBuf>,
    /// Where roles are looked for, after the directories beside the playbook.
    #[arg(long, value_name = "DIR")]
    pub(super) roles_path: Vec<PathBuf>,
    /// Let templates run programs on this machine: `lookup(type='pipe', ...)`.
    #[arg(long)]
    pub(super) allow_pipe: bool,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
}

/// Which earlier run to show, and how.
#[derive(Args, Debug)]
pub(super) struct ReportArgs {
    /// The run, by the name that `--list` shows; without it, the last one.
    pub(super) run: Option<String>,
    /// Write a page with a timeline to this file.
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// List the runs that are recorded.
    #[arg(long, conflicts_with_all = ["run", "html"])]
    pub(super) list: bool,
    /// Of how many tasks and hosts to say where the time went.
    #[arg(long, value_name = "N", default_value_t = 10, conflicts_with = "html")]
    pub(super) profile: usize,
}

/// Of what to print the schema.
#[derive(Args, Debug)]
pub(super) struct SchemaArgs {
    /// What is written: a playbook, a file of tasks or handlers, an inventory, a role's `meta/args.yaml`.
    #[arg(value_parser = PossibleValuesParser::new(Document::ALL.map(Document::name))
        .try_map(|name| Document::named(&name).ok_or("it has no schema")))]
    pub(super) document: Document,
}

/// How results are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people.
    #[default]
    Human,
    /// One event a line, as `docs/events.md` says.
    Json,
}

/// A run.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(super) struct RunArgs {
    /// The inventory: a file in YAML or INI form, a program, a directory of these, or `host1,host2,`; may be repeated.
    #[arg(short, long, value_name = "SOURCE", required = true)]
    pub(super) inventory: Vec<PathBuf>,
    /// The playbooks, carried out one after another.
    #[arg(required = true, value_name = "PLAYBOOK")]
    pub(super) playbooks: Vec<PathBuf>,
    /// Change nothing; say what would be changed.
    #[arg(short = 'C', long, help_heading = "What to do")]
    pub(super) check: bool,
    /// Show the texts before and after each change.
    #[arg(short = 'D', long, help_heading = "What to do")]
    pub(super) diff: bool,
    /// Only these hosts: a pattern such as `web:!web3`; `@failed` for those that failed in the last such run, `@FILE`
    /// for those that a file lists.
    #[arg(short, long, value_name = "PATTERN", help_heading = "What to do")]
    pub(super) limit: Option<String>,
    /// Only tasks with one of these tags.
    #[arg(
        short,
        long,
        value_name = "TAGS",
        value_delimiter = ',',
        help_heading = "What to do"
    )]
    pub(super) tags: Vec<String>,
    /// No tasks with one of these tags.
    #[arg(
        long,
        value_name = "TAGS",
        value_delimiter = ',',
        help_heading = "What to do"
    )]
    pub(super) skip_tags: Vec<String>,
    /// Set variables: `name=value`, a YAML mapping, or `@FILE`.
    #[arg(short, long, value_name = "VARS", help_heading = "What to do")]
    pub(super) extra_vars: Vec<String>,
    /// Go on where the last such run has stopped: hosts that failed at the task that failed, others where they are.
    #[arg(
        long,
        value_name = "RUN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "last",
        conflicts_with = "start_at_task",
        help_heading = "What to do"
    )]
    pub(super) resume: Option<String>,
    /// Begin at the first task of this name.
    #[arg(long, value_name = "NAME", help_heading = "What to do")]
    pub(super) start_at_task: Option<String>,
    /// Ask before each task.
    #[arg(long, help_heading = "What to do")]
    pub(super) step: bool,
    /// Keep no record of the run.
    #[arg(long, help_heading = "What to do")]
    pub(super) no_record: bool,
    /// Let templates run programs on this machine: `lookup(type='pipe', ...)`.
    #[arg(long, help_heading = "What to do")]
    pub(super) allow_pipe: bool,
    /// Where roles are looked for, after the directories beside the playbook.
    #[arg(long, value_name = "DIR", help_heading = "What to do")]
    pub(super) roles_path: Vec<PathBuf>,
    /// How many hosts are connected to at the same time at most. It bounds the making of connections, not the work on
    /// hosts that stand; a host is closed as soon as nothing in the run needs it any more.
    #[arg(short, long, value_name = "N", default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(1..), help_heading = "How to connect")]
    pub(super) forks: u32,
    /// The login user, where the inventory names none.
    #[arg(short, long, value_name = "USER", help_heading = "How to connect")]
    pub(super) user: Option<String>,
    /// The key to log in with, where the inventory names none.
    #[arg(
        long,
        visible_alias = "key-file",
        value_name = "FILE",
        help_heading = "How to connect"
    )]
    pub(super) private_key: Option<PathBuf>,
    /// The jump hosts that hosts are reached through whose variables name none; several with commas, the first one
    /// first. `none` leaves out the group `bastion` too.
    #[arg(
        long,
        value_name = "[USER@]HOST[:PORT]",
        help_heading = "How to connect"
    )]
    pub(super) jump: Option<String>,
    /// Become another user, where nothing else says so.
    #[arg(short, long, help_heading = "How to connect")]
    pub(super) r#become: bool,
    /// The user to become.
    #[arg(long, value_name = "USER", help_heading = "How to connect")]
    pub(super) become_user: Option<String>,
    #[command(flatten)]
    pub(super) passwords: PasswordArgs,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    /// List the hosts of each play and end.
    #[arg(long, help_heading = "What to show")]
    pub(super) list_hosts: bool,
    /// List the tasks of each play and end.
    #[arg(long, help_heading = "What to show")]
    pub(super) list_tasks: bool,
    /// Check everything that can be checked without connecting, and end.
    #[arg(long, help_heading = "What to show")]
    pub(super) syntax_check: bool,
    /// Show more: ok and skipped tasks with -v, registered results with -vv.
    #[arg(short, long, action = clap::ArgAction::Count, help_heading = "What to show")]
    pub(super) verbose: u8,
    /// Say at the end where the time went: by phase, and of the N slowest tasks and hosts.
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "10",
        help_heading = "What to show"
    )]
    pub(super) profile: Option<usize>,
    /// How results are shown.
    #[arg(
        short,
        long,
        value_enum,
        default_value_t,
        help_heading = "What to show"
    )]
    pub(super) output: Output,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_arguments_of_all_commands_can_be_told_apart() {
        Cli::command().debug_assert();
    }
}
