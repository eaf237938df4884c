//! A whole run: every play of every playbook on its hosts, and what became of them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::connect::Connections;
use super::content::ContentFiles;
use super::frontier::Frontier;
use super::host::{self, HostRun, Progress};
use super::play::{PlayEnd, PlayRun};
use super::shared::Shared;
use super::{RunOptions, steps};
use crate::event::{Event, Events, Recap};
use crate::inventory::{HostName, Inventory};
use crate::playbook::{Loaded, Play, Playbook};
use crate::source::{Diagnostic, Diagnostics, SourceMap};
use crate::template::Templates;
use crate::transport::Connector;
use crate::value::Value;
use crate::vars::{Definition, Definitions};

/// What a run works on.
pub struct Run {
    /// The hosts.
    pub inventory: Inventory,
    /// The directory of the inventory.
    pub inventory_dir: PathBuf,
    /// What is to be done.
    pub loaded: Loaded,
    /// The files that all this was read from.
    pub sources: SourceMap,
    /// The compiled templates of all this.
    pub templates: Templates,
    /// The variables of the command line.
    pub extra: Definitions,
    /// The inventory's variables for each host, the strongest of each name.
    pub vars: HashMap<HostName, Definitions>,
    /// Restricts every play to these hosts.
    pub limit: Option<Vec<HostName>>,
}

/// How a run ended.
pub struct Outcome {
    /// The end of each host, in inventory order.
    pub recap: Vec<Recap>,
    /// Whether the user interrupted it.
    pub interrupted: bool,
}

impl Run {
    /// The variables that the inventory defines for each host.
    pub fn host_vars(
        inventory: &Inventory,
        templates: &mut Templates,
        diagnostics: &mut Diagnostics,
    ) -> HashMap<HostName, Definitions> {
        // A group's variables are compiled once, however many hosts it has.
        let mut compiled: HashMap<*const _, Definitions> = HashMap::new();
        let mut vars = HashMap::new();
        for name in inventory.hosts.keys() {
            let mut strongest = Definitions::new();
            for layer in inventory.layers_for(name) {
                let key = std::ptr::from_ref(layer.entries);
                let definitions = compiled.entry(key).or_insert_with(|| {
                    let compile = |(name, node): (&String, &_)| {
                        let definition = Definition::compile(node, templates, diagnostics);
                        (Arc::from(name.as_str()), Arc::new(definition))
                    };
                    layer.entries.iter().map(compile).collect()
                });
                strongest.extend(
                    definitions
                        .iter()
                        .map(|(name, d)| (name.clone(), d.clone())),
                );
            }
            vars.insert(name.clone(), strongest);
        }
        vars
    }

    /// The hosts of a play, in inventory order.
    pub fn hosts_of(&self, play: &Play) -> Result<Vec<HostName>, Diagnostic> {
        let mut hosts = play.hosts.resolve(&self.inventory)?;
        if let Some(limit) = &self.limit {
            hosts.retain(|host| limit.contains(host));
        }
        Ok(hosts)
    }
}

/// Carries out a run. Everything that happens goes to `events`.
pub async fn run(
    run: Run,
    options: RunOptions,
    connector: Arc<Connector>,
    events: &mut dyn Events,
) -> Result<Outcome, Diagnostic> {
    let mut plays = Vec::new();
    for (index, playbook) in run.loaded.playbooks.iter().enumerate() {
        for (number, play) in playbook.plays.iter().enumerate() {
            plays.push((index, number, run.hosts_of(play)?));
        }
    }
    let groups = host::groups(&run.inventory);
    let mut names: Vec<HostName> = run.inventory.hosts.keys().cloned().collect();
    names.retain(|name| plays.iter().any(|(_, _, hosts)| hosts.contains(name)));
    let check = options.check;
    let inventory_dir = directory_value(&run.inventory_dir);
    let mut hosts: Vec<HostRun> = names
        .iter()
        .map(|name| {
            let vars = run.vars.get(name).cloned().unwrap_or_default();
            let mut magic = host::magic(&run.inventory, name, &groups, check);
            magic.insert(Arc::from("inventory_dir"), inventory_dir.clone());
            HostRun::new(name, vars, magic)
        })
        .collect();

    let Run {
        loaded: Loaded { playbooks, files },
        sources,
        templates,
        extra,
        vars,
        ..
    } = run;
    let mut connections = Connections::new(connector, options.forks);
    let mut shared = Shared {
        options,
        sources,
        templates,
        files,
        contents: ContentFiles::default(),
        extra,
        directory: PathBuf::new(),
    };
    events.event(&Event::RunStarted {
        playbooks: playbooks
            .iter()
            .map(|playbook| playbook.path.display().to_string())
            .collect(),
        hosts: hosts.iter().map(|host| host.name.clone()).collect(),
        check: shared.options.check,
    });
    let layers: Vec<&Definitions> = vars.values().chain([&shared.extra]).collect();
    let layers: Vec<Definitions> = distinct(&layers);

    let mut interrupted = false;
    for (index, number, play_hosts) in plays {
        let playbook = &playbooks[index];
        let play = &playbook.plays[number];
        let batch: Vec<usize> = play_hosts
            .iter()
            .filter_map(|name| names.iter().position(|known| known == name))
            .filter(|&host| !hosts[host].ended)
            .collect();
        if batch.is_empty() {
            continue;
        }
        begin(&mut shared, playbook, &mut hosts, &batch);
        let layers: Vec<&Definitions> = layers.iter().collect();
        let steps = steps(
            play,
            &shared.options.tags,
            &shared.directory,
            &shared.files,
            &layers,
        );
        let play_run = PlayRun {
            frontier: Frontier::new(steps.len(), batch.len()),
            shared: &mut shared,
            play,
            steps,
            hosts: &mut hosts,
            batch,
            finished: BTreeMap::new(),
            events,
            connections: &mut connections,
            let_go_at: None,
            fatal: None,
        };
        let end = play_run.run().await;
        interrupted = end == PlayEnd::Interrupted;
        if end != PlayEnd::Finished {
            break;
        }
    }
    // Whatever links still have to say, nobody needs any more; they must not wait for somebody to take it.
    drop(connections);
    close(&mut hosts, interrupted).await;
    let recap: Vec<Recap> = hosts.iter().map(|host| host.recap.clone()).collect();
    events.event(&Event::RunFinished {
        recap: recap.clone(),
        interrupted,
    });
    Ok(Outcome { recap, interrupted })
}

/// Makes the hosts ready for a play.
fn begin(shared: &mut Shared, playbook: &Playbook, hosts: &mut [HostRun], batch: &[usize]) {
    playbook.directory().clone_into(&mut shared.directory);
    let directory = directory_value(&shared.directory);
    let names: Vec<Value> = batch
        .iter()
        .map(|&host| Value::from(&*hosts[host].name))
        .collect();
    for &host in batch {
        hosts[host].progress = Progress::default();
        let magic = &mut hosts[host].magic;
        magic.insert(Arc::from("playbook_dir"), directory.clone());
        magic.insert(Arc::from("ansible_play_hosts"), names.clone().into());
    }
}

/// A directory as templates see it: something can be written behind it.
fn directory_value(directory: &Path) -> Value {
    let directory = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    directory.display().to_string().into()
}

/// Ends all connections. A worker ends with its connection; after an interrupt nobody waits for that.
async fn close(hosts: &mut [HostRun], interrupted: bool) {
    for host in hosts.iter_mut() {
        host.link = None;
    }
    for host in hosts {
        if let Some(task) = host.link_task.take() {
            if interrupted {
                task.abort();
            }
            // A link that has been aborted or has panicked has nothing to say any more.
            let _ = task.await;
        }
    }
}

/// Every definition once, however many hosts share it, in as many layers as a name has definitions.
fn distinct(layers: &[&Definitions]) -> Vec<Definitions> {
    let mut distinct: Vec<Definitions> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (name, definition) in layers.iter().copied().flatten() {
        if !seen.insert(Arc::as_ptr(definition)) {
            continue;
        }
        match distinct.iter_mut().find(|layer| !layer.contains_key(name)) {
            Some(layer) => {
                layer.insert(name.clone(), definition.clone());
            }
            None => distinct.push(Definitions::from_iter([(name.clone(), definition.clone())])),
        }
    }
    distinct
}
