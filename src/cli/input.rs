//! Reads everything that a run is given and collects all mistakes before anything is connected to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::args::RunArgs;
use super::hosts;
use crate::engine::{Run, TagFilter, magic_names};
use crate::inventory::connection::LOCAL_NAMES;
use crate::inventory::{HostName, Inventory};
use crate::playbook::{self, Action, Control, Known, LoadOptions, Meta};
use crate::source::{Diagnostic, Diagnostics, FileId, SourceMap, Span, parse_yaml};
use crate::template::Templates;
use crate::vars::{Definition, Definitions, Values};

/// Reads the input of a run. Mistakes go to `diagnostics`; if there are any, there is nothing to run.
pub(super) fn read(
    args: &RunArgs,
    mut sources: SourceMap,
    diagnostics: &mut Diagnostics,
) -> Result<Run, SourceMap> {
    let mut templates = Templates::with_secrets(sources.secrets().clone());
    templates.allow_pipe(args.allow_pipe);
    let (paths, playbooks) = (&args.inventory, &args.playbooks);
    let inventory = Inventory::load_all(paths, playbooks, &mut sources, diagnostics);
    let vars = Run::host_vars(&inventory, &mut templates, diagnostics);
    let extra = extra_vars(&args.extra_vars, &mut sources, &mut templates, diagnostics);
    let pattern = args.limit.as_deref();
    let pattern = pattern.and_then(|pattern| diagnostics.check(listed_hosts(args, pattern)));
    let limit = hosts::limit(pattern.as_deref(), &inventory, &mut sources, diagnostics);
    let options = load_options(&args.roles_path);
    let loaded = playbook::load(
        &args.playbooks,
        &options,
        &mut sources,
        &mut templates,
        diagnostics,
    );

    let jump = hosts::written_jump(args.jump.as_deref(), &mut sources, diagnostics);
    hosts::check_connections(&inventory, &vars, jump.as_ref(), diagnostics);
    let layers: Vec<&Definitions> = vars.values().collect();
    let known = Known {
        magic: magic_names(),
        extra: &extra,
        inventory: &layers,
    };
    playbook::validate(&loaded, &known, diagnostics);
    let run = Run {
        inventory,
        inventory_dir: hosts::directory(paths),
        loaded,
        sources,
        templates,
        extra,
        vars,
        limit: limit.map(|hosts| hosts.into_iter().collect()),
        answers: Values::new(),
        reload: Some(hosts::reload(paths, playbooks, jump)),
        ask: None,
    };
    hosts::check_plays(run.loaded.plays(), &run.inventory, diagnostics);
    check_tags(args, &run, diagnostics);
    check_delegates(&run, diagnostics);
    if diagnostics.has_errors() {
        Err(run.sources)
    } else {
        Ok(run)
    }
}

/// Where roles are looked for: in the directories that the user names, and among the user's own.
pub(super) fn load_options(given: &[PathBuf]) -> LoadOptions {
    LoadOptions {
        roles_path: given.iter().cloned().chain(users_roles()).collect(),
    }
}

fn users_roles() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let data = absolute("XDG_DATA_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local").join("share")))?;
    let roles = data.join("provision").join("roles");
    roles.is_dir().then_some(roles)
}

/// The tags of the command line.
pub(super) fn tags(args: &RunArgs) -> TagFilter {
    let set = |tags: &[String]| tags.iter().map(|tag| tag.trim().to_owned()).collect();
    TagFilter {
        only: set(&args.tags),
        skip: set(&args.skip_tags),
    }
}

/// A tag that no task has is a typing mistake: nothing would run and nobody would notice.
fn check_tags(args: &RunArgs, run: &Run, diagnostics: &mut Diagnostics) {
    let mut known = BTreeSet::from(["all", "tagged", "untagged", "always", "never"]);
    for play in run.loaded.plays() {
        play.each_task(&mut |task| known.extend(task.common.tags.iter().map(AsRef::as_ref)));
    }
    for tag in args
        .tags
        .iter()
        .chain(&args.skip_tags)
        .map(|tag| tag.trim())
    {
        if !known.contains(tag) {
            let wrong = Diagnostic::error(format!("no task has the tag `{tag}`"));
            diagnostics.push(wrong.suggest(tag, known.iter().copied()));
        }
    }
}

/// A limit as a pattern: `@failed` and `@FILE` stand for hosts that are listed elsewhere.
fn listed_hosts(args: &RunArgs, pattern: &str) -> Result<String, Diagnostic> {
    match pattern.strip_prefix('@') {
        None => Ok(pattern.to_owned()),
        Some("failed") => Ok(super::past::failed(args)?.join(":")),
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                Diagnostic::error(format!("cannot read the list of hosts `{file}`: {error}"))
            })?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            Ok(lines.collect::<Vec<_>>().join(":"))
        }
    }
}

/// A task cannot be delegated to a host that nobody knows, unless the run itself may make hosts known.
fn check_delegates(run: &Run, diagnostics: &mut Diagnostics) {
    let mut hosts_come = false;
    let mut named: BTreeMap<(FileId, usize), (&str, Span)> = BTreeMap::new();
    for play in run.loaded.plays() {
        play.each_task(&mut |task| {
            let request = &task.action;
            hosts_come |= matches!(
                request,
                Action::Control(Control::AddHost { .. } | Control::Meta(Meta::RefreshInventory))
            );
            let Some(delegate) = &task.common.delegate_to else {
                return;
            };
            if let Some(name) = delegate.literal().and_then(|name| name.as_str()) {
                let span = delegate.span;
                named.insert((span.file, span.start), (name, span));
            }
        });
    }
    let known = || run.inventory.hosts.keys().map(HostName::as_str);
    for (name, span) in named.into_values() {
        if hosts_come || LOCAL_NAMES.contains(&name) || known().any(|host| host == name) {
            continue;
        }
        let mut wrong = Diagnostic::error(format!("there is no host `{name}` to delegate to"))
            .at(span, "not in the inventory");
        if run
            .inventory
            .groups
            .keys()
            .any(|group| group.as_str() == name)
        {
            wrong = wrong.help(format!(
                "`{name}` is a group: `groups['{name}'][0]` is its first host"
            ));
        } else {
            wrong = wrong.suggest(name, known());
        }
        diagnostics.push(wrong);
    }
}

/// The variables of `-e`.
pub(super) fn extra_vars(
    given: &[String],
    sources: &mut SourceMap,
    templates: &mut Templates,
    diagnostics: &mut Diagnostics,
) -> Definitions {
    let mut all = Definitions::new();
    for text in given {
        let file = match text.strip_prefix('@') {
            Some(path) => diagnostics.check(sources.load(Path::new(path))),
            None => Some(sources.add("--extra-vars", as_yaml(text))),
        };
        let documents = file.and_then(|file| diagnostics.check(parse_yaml(sources, file)));
        for document in documents.unwrap_or_default() {
            if document.as_map().is_none() {
                diagnostics.push(
                    Diagnostic::error("extra variables must be `name=value` or a YAML mapping")
                        .at(document.span, format!("this is {}", document.type_name()))
                        .help("a value with spaces needs quotes of its own: `-e \"name='two words'\"`"),
                );
            }
            all.extend(Definition::compile_map(&document, templates, diagnostics));
        }
    }
    all
}

/// `a=1 b=two` as YAML; anything else is YAML already. The values of the short form are strings, as in
/// Ansible.
fn as_yaml(text: &str) -> String {
    if text.trim_start().starts_with('{') || !text.contains('=') || text.contains(": ") {
        return text.to_owned();
    }
    let Ok(words) = shell_words::split(text) else {
        return text.to_owned();
    };
    let mut yaml = String::new();
    for word in words {
        let Some((name, value)) = word.split_once('=') else {
            return text.to_owned();
        };
        // Writing to a string cannot fail.
        let _ = writeln!(yaml, "{name}: {}", serde_json::Value::from(value));
    }
    yaml
}

#[cfg(test)]
mod tests {
    use super::as_yaml;

    #[test]
    fn short_extra_variables_are_strings() {
        assert_eq!(as_yaml("a=1 b='two words'"), "a: \"1\"\nb: \"two words\"\n");
    }

    #[test]
    fn yaml_stays_as_it_is() {
        for yaml in ["{a: 1}", "a: b=c", "name"] {
            assert_eq!(as_yaml(yaml), yaml);
        }
    }
}
