//! A link whose host is made up. It is a fake for order and faults: it answers strictly in order as the real worker
//! does, after random delays, and can be lost. What a module does is written in its arguments.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;
use provision_worker::plan::Failure;
use provision_worker::protocol::{
    Changed, FromWorker, Hello, Outcome, Request, Response, ToWorker,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::link::{FromLink, LinkEvent, LinkStart, ToLink};
use super::model::{Does, Fault};
use crate::event::Phases;

/// What was changed or tried on which host, in order: host and task.
pub(super) type Log = Arc<Mutex<Vec<(String, String)>>>;

/// How a host behaves.
pub(super) struct Script {
    pub(super) fault: Fault,
    pub(super) rng: Rng,
    pub(super) log: Log,
}

/// Starts the fake link of a host.
pub(super) fn start(
    start: LinkStart,
    events: mpsc::Sender<FromLink>,
    script: Script,
) -> (mpsc::UnboundedSender<ToLink>, JoinHandle<()>) {
    let (sender, requests) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        let mut script = script;
        let slowness = if script.rng.u8(0..4) == 0 { 100 } else { 10 };
        let worker = Worker {
            host: start.host,
            generation: start.generation,
            name: start.name.to_string(),
            events,
            requests,
            queue: VecDeque::new(),
            granted: HashSet::new(),
            has_failed: false,
            count: 0,
            slowness,
            script,
        };
        worker.run(&start).await;
    });
    (sender, task)
}

/// A request or the order to take requests again.
enum Order {
    Run(Request),
    Resume,
}

/// Why a worker ends.
enum End {
    /// The controller has gone.
    Closed,
    Lost,
}

struct Worker {
    host: usize,
    generation: u64,
    name: String,
    events: mpsc::Sender<FromLink>,
    requests: mpsc::UnboundedReceiver<ToLink>,
    queue: VecDeque<Order>,
    granted: HashSet<u64>,
    has_failed: bool,
    /// How many requests it has taken up.
    count: usize,
    /// The longest delay, in milliseconds.
    slowness: u64,
    script: Script,
}

impl Worker {
    async fn run(mut self, start: &LinkStart) {
        let fault = self.script.fault;
        let events = self.events.clone();
        let (host, generation) = (self.host, self.generation);
        let end = async {
            let permit = start.forks.acquire().await;
            self.delay().await;
            drop(permit);
            if fault == Fault::AtOnce {
                return End::Lost;
            }
            match self.serve().await {
                Err(end) => end,
                Ok(never) => match never {},
            }
        };
        let lost = async {
            match fault {
                Fault::After(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
                _ => std::future::pending().await,
            }
        };
        let end = tokio::select! {
            end = end => end,
            () = lost => End::Lost,
        };
        if matches!(end, End::Lost) {
            let event = LinkEvent::Lost {
                unreachable: true,
                message: "the fake is lost".into(),
            };
            let message = FromLink {
                host,
                generation,
                event,
            };
            // Nobody listens any more once the run has ended.
            let _ = events.send(message).await;
        }
    }

    async fn serve(&mut self) -> Result<std::convert::Infallible, End> {
        let hello = Hello {
            build: String::new(),
            user: "fake".into(),
            facts: serde_json::json!({}),
        };
        let hello = LinkEvent::Hello(Box::new(hello), Instant::now(), Phases::default());
        self.tell(hello).await?;
        loop {
            let Some(order) = self.queue.pop_front() else {
                self.receive().await?;
                continue;
            };
            match order {
                Order::Resume => self.has_failed = false,
                Order::Run(request) if self.has_failed => {
                    self.say(FromWorker::NotRun(request.id)).await?;
                }
                Order::Run(request) => self.carry_out(&request).await?,
            }
        }
    }

    /// Takes what the controller says next.
    async fn receive(&mut self) -> Result<(), End> {
        match self.requests.recv().await.ok_or(End::Closed)? {
            ToLink::Send(send) => match send.message {
                ToWorker::Run(request) => self.queue.push_back(Order::Run(request)),
                ToWorker::Resume => self.queue.push_back(Order::Resume),
                ToWorker::Go(id) => {
                    self.granted.insert(id);
                }
            },
            ToLink::Timer(..) => unreachable!("no generated task is tried again"),
        }
        Ok(())
    }

    async fn carry_out(&mut self, request: &Request) -> Result<(), End> {
        self.count += 1;
        if self.script.fault == Fault::AtRequest(self.count) {
            return Err(End::Lost);
        }
        self.delay().await;
        let (task, does) = read(request);
        if does != Does::Nothing {
            if request.hold && !self.granted.contains(&request.id) {
                self.say(FromWorker::Held(request.id)).await?;
                while !self.granted.contains(&request.id) {
                    self.receive().await?;
                }
                self.delay().await;
            }
            self.script
                .log
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((self.name.clone(), task));
            self.delay().await;
        }
        self.has_failed = does == Does::Fail && !request.keep_going;
        let change = Changed {
            what: "a fake change".into(),
            diff: None,
        };
        let outcome = Outcome {
            changes: (does == Does::Change)
                .then_some(change)
                .into_iter()
                .collect(),
            failure: (does == Does::Fail).then(|| Failure::new("a fake failure")),
            ..Outcome::default()
        };
        let response = Response {
            id: request.id,
            outcomes: vec![outcome],
        };
        self.say(FromWorker::Done(response)).await
    }

    async fn delay(&mut self) {
        // Often nothing takes any time, so that much happens at once.
        if self.script.rng.bool() {
            let millis = self.script.rng.u64(0..self.slowness);
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
    }

    async fn say(&mut self, message: FromWorker) -> Result<(), End> {
        self.tell(LinkEvent::Message(message)).await
    }

    async fn tell(&mut self, event: LinkEvent) -> Result<(), End> {
        let message = FromLink {
            host: self.host,
            generation: self.generation,
            event,
        };
        self.events.send(message).await.map_err(|_| End::Closed)
    }
}

/// The task of a request and what it does: `t3 changed` somewhere in its arguments.
fn read(request: &Request) -> (String, Does) {
    let text = serde_json::to_string(&request.calls).expect("it has come as JSON");
    let mut words = text
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let is_task = |word: &&str| {
        let number = word.strip_prefix('t');
        number.is_some_and(|number| number.parse::<usize>().is_ok())
    };
    let task = words.by_ref().find(is_task).expect("the name of a task");
    let does = match words.next() {
        Some("ok") => Does::Nothing,
        Some("changed") => Does::Change,
        Some("failed") => Does::Fail,
        _ => panic!("what a task does is missing: {text}"),
    };
    (task.to_owned(), does)
}
