//! How each host is reached and which worker a task needs: from variables, keywords and the command line.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

use super::host::HostRun;
use super::link::{self, FromLink, LinkStart, WorkerKey};
use super::shared::{Shared, locals};
use crate::inventory::connection::ConnectionVars;
use crate::playbook::{Play, Task};
use crate::source::Diagnostic;
use crate::template::Lookup;
use crate::transport::{Address, Become, ConnectionKind, ConnectionSettings, Connector};
use crate::vars::Values;

const SSH_PORT: u16 = 22;

/// How many messages of all hosts may wait to be taken.
const MESSAGES: usize = 1024;

/// The connections of a run.
pub(super) struct Connections {
    connector: Arc<Connector>,
    forks: Arc<Semaphore>,
    outgoing: mpsc::Sender<FromLink>,
    /// What all links say.
    pub(super) incoming: mpsc::Receiver<FromLink>,
}

impl Connections {
    pub(super) fn new(connector: Arc<Connector>, forks: usize) -> Self {
        let (outgoing, incoming) = mpsc::channel(MESSAGES);
        Self {
            connector,
            forks: Arc::new(Semaphore::new(forks)),
            outgoing,
            incoming,
        }
    }

    /// Starts the link of a host.
    pub(super) fn start(
        &self,
        shared: &Shared,
        play: &Play,
        hosts: &mut [HostRun],
        host: usize,
    ) -> Result<(), Box<Diagnostic>> {
        let run = &hosts[host];
        let start = LinkStart {
            host,
            name: run.name.clone(),
            settings: settings(shared, play, run)?,
            first: worker_key(shared, play, run, None)?,
            connector: self.connector.clone(),
            forks: self.forks.clone(),
        };
        let (link, task) = link::start(start, self.outgoing.clone());
        hosts[host].link = Some(link);
        hosts[host].link_task = Some(task);
        Ok(())
    }
}

/// The connection variables of a host as a task of the play sees them.
fn variables(
    shared: &Shared,
    play: &Play,
    host: &HostRun,
    task: Option<&Task>,
) -> Result<ConnectionVars, Box<Diagnostic>> {
    let none = Values::new();
    let locals = task.map_or(none, |task| locals(task, None));
    let scope = shared.scope(play, host, task, &locals);
    // The first variable that cannot be rendered is the reason; reading goes on without it.
    let failed = std::cell::RefCell::new(None);
    let value_of = |name: &str| {
        scope.get(name).unwrap_or_else(|error| {
            failed
                .borrow_mut()
                .get_or_insert(format!("`{name}`: {}", error.message));
            None
        })
    };
    let variables = ConnectionVars::read(value_of);
    if let Some(message) = failed.into_inner() {
        return Err(Box::new(Diagnostic::error(message)));
    }
    variables.map_err(|error| Box::new(Diagnostic::error(error.to_string())))
}

fn settings(
    shared: &Shared,
    play: &Play,
    host: &HostRun,
) -> Result<ConnectionSettings, Box<Diagnostic>> {
    let variables = variables(shared, play, host, None)?;
    let address = Address {
        host: variables.host.unwrap_or_else(|| host.name.to_string()),
        port: variables.port.unwrap_or(SSH_PORT),
    };
    let mut settings = ConnectionSettings::ssh(address);
    settings.kind = variables.connection.unwrap_or(ConnectionKind::Ssh);
    settings.user = variables.user.or_else(|| shared.options.user.clone());
    settings.private_key_file = variables
        .private_key_file
        .or_else(|| shared.options.private_key.clone());
    settings.known_hosts_file = variables.known_hosts_file;
    settings.host_key_checking = variables.host_key_checking.unwrap_or_default();
    settings.connect_timeout = variables.timeout.unwrap_or(settings.connect_timeout);
    Ok(settings)
}

/// Which worker carries out a task; without a task, the play's.
///
/// As in Ansible, variables win over keywords, and keywords over the command line.
pub(super) fn worker_key(
    shared: &Shared,
    play: &Play,
    host: &HostRun,
    task: Option<&Task>,
) -> Result<WorkerKey, Box<Diagnostic>> {
    let variables = variables(shared, play, host, task)?;
    let keyword = task.and_then(|task| task.escalate).or(play.escalate);
    if !variables
        .r#become
        .or(keyword)
        .unwrap_or(shared.options.escalate)
    {
        return Ok(None);
    }
    let keyword = task
        .and_then(|task| task.become_user.as_ref())
        .or(play.become_user.as_ref());
    let keyword = match keyword {
        Some(definition) => {
            let locals = task.map_or_else(Values::new, |task| locals(task, None));
            let scope = shared.scope(play, host, task, &locals);
            Some(super::calls::text(
                &definition.render(&shared.templates, &scope)?,
            ))
        }
        None => None,
    };
    let user = variables
        .become_user
        .or(keyword)
        .or_else(|| shared.options.become_user.clone());
    let user = user.unwrap_or_else(|| "root".to_owned());
    if variables.user.as_deref().or(shared.options.user.as_deref()) == Some(&*user) {
        // Whoever logs in as the user need not become it.
        return Ok(None);
    }
    Ok(Some(Become {
        user,
        method: variables.become_method.unwrap_or_default(),
        flags: variables.become_flags,
    }))
}
