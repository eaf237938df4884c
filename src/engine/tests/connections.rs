//! Which connections are made, how many at a time, as whom, and when they are closed. The links are fakes that answer
//! every request at once: nothing is found to be changed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use provision_worker::protocol::{FromWorker, Hello, Outcome, Response, ToWorker};
use tokio::sync::mpsc;

use super::super::connect::Connections;
use super::super::link::{FromLink, LinkEvent, LinkStart, ToLink, WorkerKey};
use super::super::run::run_over;
use super::super::{RunOptions, run::Outcome as RunOutcome};
use super::run_of;
use crate::event::{Event, Events, Phases};
use crate::transport::{Connector, NoPrompt};

const INVENTORY: &str = "all:\n  hosts: {\"h[1:12]\": }\n";

/// What the fakes have seen.
#[derive(Default)]
struct Seen {
    /// The hosts that were connected to, in order.
    started: Mutex<Vec<String>>,
    /// The user of each connection's first worker.
    first: Mutex<Vec<(String, Option<String>)>>,
    /// Each request's host and the user that carries it out.
    users: Mutex<Vec<(String, Option<String>)>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
    connecting: AtomicUsize,
    most_connecting: AtomicUsize,
}

impl Seen {
    fn started(&self) -> Vec<String> {
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        started.clone()
    }

    fn most_open(&self) -> usize {
        self.most_open.load(Ordering::Relaxed)
    }
}

fn up(count: &AtomicUsize, most: &AtomicUsize) {
    let now = count.fetch_add(1, Ordering::Relaxed) + 1;
    most.fetch_max(now, Ordering::Relaxed);
}

fn hosts() -> Vec<String> {
    (1..=12).map(|number| format!("h{number}")).collect()
}

struct Silent;

impl Events for Silent {
    fn event(&mut self, _: &Event) {}
}

/// Carries out a playbook with so many forks.
async fn carry(playbook: &str, forks: usize) -> (Arc<Seen>, RunOutcome) {
    carry_on(INVENTORY, playbook, forks).await
}

async fn carry_on(inventory: &str, playbook: &str, forks: usize) -> (Arc<Seen>, RunOutcome) {
    let (_directory, run) = run_of(inventory, playbook);
    let seen = Arc::new(Seen::default());
    let of_links = seen.clone();
    let start = move |start: LinkStart, events| {
        let (sender, requests) = mpsc::unbounded_channel();
        let seen = of_links.clone();
        let task = tokio::spawn(async move {
            up(&seen.open, &seen.most_open);
            serve(&start, events, requests, &seen).await;
            seen.open.fetch_sub(1, Ordering::Relaxed);
        });
        (sender, task)
    };
    let connector = Arc::new(Connector::new(Arc::new(NoPrompt)));
    let connections = Connections::new(connector, Box::new(start), forks);
    let options = RunOptions {
        forks,
        ..RunOptions::default()
    };
    let mut events = Silent;
    let outcome = run_over(run, options, connections, &mut events);
    let outcome = tokio::time::timeout(Duration::from_secs(600), outcome).await;
    let Ok(outcome) = outcome.expect("it ends") else {
        panic!("the run is refused");
    };
    (seen, outcome)
}

async fn serve(
    start: &LinkStart,
    events: mpsc::Sender<FromLink>,
    mut requests: mpsc::UnboundedReceiver<ToLink>,
    seen: &Seen,
) {
    let tell = async |event| {
        let message = FromLink {
            host: start.host,
            generation: start.generation,
            event,
        };
        // Nobody listens any more once the run has ended.
        let _ = events.send(message).await;
    };
    let user = |key: &WorkerKey| (key.escalation.as_ref()).map(|become_| become_.user.clone());
    seen.first
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push((start.name.to_string(), user(&start.first)));
    let started = || seen.started.lock().unwrap_or_else(PoisonError::into_inner);
    started().push(start.name.to_string());
    up(&seen.connecting, &seen.most_connecting);
    tokio::time::sleep(Duration::from_millis(5)).await;
    seen.connecting.fetch_sub(1, Ordering::Relaxed);
    let hello = Hello {
        build: String::new(),
        user: "fake".into(),
        facts: serde_json::json!({}),
    };
    tell(LinkEvent::Hello(
        Box::new(hello),
        Instant::now(),
        Phases::default(),
    ))
    .await;
    while let Some(request) = requests.recv().await {
        let ToLink::Send(send) = request else {
            continue;
        };
        let ToWorker::Run(request) = send.message else {
            continue;
        };
        let user = user(&send.worker);
        seen.users
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((start.name.to_string(), user));
        tokio::time::sleep(Duration::from_millis(1)).await;
        tell(LinkEvent::Message(FromWorker::Done(Response {
            id: request.id,
            outcomes: vec![Outcome::default()],
        })))
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_whose_work_is_over_is_closed_before_others_are_connected_to() {
    let (seen, outcome) = carry("- hosts: all\n  tasks: [{stat: {path: /}}]\n", 2).await;
    assert_eq!(seen.started(), hosts());
    assert_eq!(seen.most_connecting.load(Ordering::Relaxed), 2);
    // Those that are connected to, and those that are at their task meanwhile.
    assert!(seen.most_open() <= 4, "{}", seen.most_open());
    let ok: Vec<_> = outcome.recap.iter().map(|recap| recap.ok).collect();
    assert_eq!(ok, vec![1; hosts().len()]);
}

#[tokio::test(start_paused = true)]
async fn hosts_that_a_later_play_works_on_keep_their_connections() {
    let playbook = "- hosts: all\n  tasks: [{stat: {path: /}}]\n\
                    - hosts: h1:h2\n  tasks: [{stat: {path: /}}]\n";
    let (seen, outcome) = carry(playbook, 2).await;
    assert_eq!(seen.started(), hosts());
    assert!(seen.most_open() <= 6, "{}", seen.most_open());
    let ok: Vec<usize> = outcome.recap.iter().map(|recap| recap.ok).collect();
    assert_eq!(ok, [2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_tasks_are_delegated_to_keeps_its_connection() {
    for (delegate, most) in [("h1", 2..=5), ("\"{{ groups['all'][0] }}\"", 12..=12)] {
        let playbook = format!(
            "- hosts: all\n  strategy: free\n  tasks:\n    - stat: {{path: /}}\n    - stat: {{path: /}}\n      \
             delegate_to: {delegate}\n      when: inventory_hostname != 'h1'\n"
        );
        let (seen, outcome) = carry(&playbook, 2).await;
        let again = seen.started().iter().filter(|name| *name == "h1").count();
        assert_eq!(again, 1, "{delegate}");
        assert!(
            most.contains(&seen.most_open()),
            "{delegate}: {}",
            seen.most_open()
        );
        let ok: usize = outcome.recap.iter().map(|recap| recap.ok).sum();
        assert_eq!(ok, 23, "{delegate}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_closed_while_later_plays_may_get_other_hosts() {
    let playbook = "- hosts: all\n  tasks: [{stat: {path: /}}, {group_by: {key: \"g_{{ inventory_hostname }}\"}}]\n\
                    - hosts: g_h5\n  tasks: [{stat: {path: /}}]\n";
    let (seen, outcome) = carry(playbook, 2).await;
    assert_eq!(seen.started(), hosts());
    let ok: Vec<usize> = outcome.recap.iter().map(|recap| recap.ok).collect();
    assert_eq!(ok, [2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn connection_variables_that_change_while_the_play_runs_are_obeyed() {
    let playbook = "- hosts: h1\n  tasks:\n\
        \x20   - stat: {path: /}\n\
        \x20   - stat: {path: /}\n      become: true\n\
        \x20   - stat: {path: /}\n      vars: {ansible_become: true, ansible_become_user: of_task}\n\
        \x20   - stat: {path: /}\n      become: true\n\
        \x20   - set_fact: {ansible_become_user: learned}\n\
        \x20   - stat: {path: /}\n      become: true\n\
        \x20   - set_fact: {ansible_become_user: again}\n\
        \x20   - stat: {path: /}\n      become: true\n\
        - hosts: h2\n  vars: {who: of_play, ansible_become: true, ansible_become_user: \"{{ who }}\"}\n  tasks:\n\
        \x20   - stat: {path: /}\n      vars: {who: second}\n\
        \x20   - stat: {path: /}\n      vars: {who: third}\n\
        - hosts: h1\n  vars: {ansible_become: false}\n  tasks: [{stat: {path: /}, become: true}]\n";
    let (seen, _) = carry(playbook, 2).await;
    let users = seen.users.lock().unwrap_or_else(PoisonError::into_inner);
    let users: Vec<_> = users.iter().map(|(_, user)| user.as_deref()).collect();
    assert_eq!(
        users,
        [
            None,
            Some("root"),
            Some("of_task"),
            Some("root"),
            Some("learned"),
            Some("again"),
            Some("second"),
            Some("third"),
            None,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn facts_of_a_host_outside_of_the_play_are_about_its_own_user() {
    let inventory = "all:\n  hosts:\n    h1:\n    h2:\n    h3: {ansible_become: true, ansible_become_user: own}\n";
    let playbook = "- hosts: h1\n  become: true\n  become_user: of_play\n  tasks:\n\
        \x20   - stat: {path: /}\n      become_user: of_task\n      delegate_to: h2\n\
        \x20   - stat: {path: /}\n      become: false\n      delegate_to: h2\n\
        \x20   - stat: {path: /}\n      delegate_to: h3\n";
    let (seen, outcome) = carry_on(inventory, playbook, 2).await;
    assert_eq!(outcome.recap[0].ok, 3);
    let told = |of: &Mutex<Vec<(String, Option<String>)>>| {
        let of = of.lock().unwrap_or_else(PoisonError::into_inner);
        let text = |(host, user): &(String, Option<String>)| {
            format!("{host} {}", user.as_deref().unwrap_or("-"))
        };
        of.iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(told(&seen.first), ["h1 of_play", "h2 -", "h3 own"]);
    assert_eq!(told(&seen.users), ["h2 of_task", "h2 -", "h3 own"]);
}
