//! The input and output of one host: connects, starts workers as they are needed, carries messages both ways
//! and hands out contents. It decides nothing.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use provision_worker::module::Flavour;
use provision_worker::protocol::{Frame, FromWorker, Hello, MAX_PIECE, ToWorker};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::content::ContentSource;
use super::timing::micros;
use crate::event::Phases;
use crate::transport::{
    Become, ConnectionSettings, Connector, Session, WorkerReceiver, WorkerSender,
};

/// How many messages of a host's workers may wait to be taken.
const WORKER_MESSAGES: usize = 64;

/// Which worker of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct WorkerKey {
    /// The user it becomes; otherwise it is that of the login user.
    pub(super) escalation: Option<Become>,
    /// 0 for the tasks of the host itself. Those delegated to it have other lanes, so that nobody waits for a host that
    /// waits for others.
    pub(super) lane: u8,
    /// Whether it has the modules that most tasks do not need.
    pub(super) flavour: Flavour,
}

/// What the engine asks of a link.
pub(super) enum ToLink {
    /// Send a message to a worker. The contents may be asked for from now on.
    Send(Box<ToSend>),
    /// Say [`LinkEvent::Timer`] after this time.
    Timer(Duration, u64),
}

/// A message for a worker. Queues keep room for many of what they hold, for each host: what is large is held elsewhere.
pub(super) struct ToSend {
    pub(super) worker: WorkerKey,
    pub(super) message: ToWorker,
    /// What may be asked for because of it.
    pub(super) contents: Vec<(String, ContentSource)>,
}

impl ToLink {
    /// Send a message without contents.
    pub(super) fn send(worker: WorkerKey, message: ToWorker) -> Self {
        Self::send_with(worker, message, Vec::new())
    }

    /// Send a message.
    pub(super) fn send_with(
        worker: WorkerKey,
        message: ToWorker,
        contents: Vec<(String, ContentSource)>,
    ) -> Self {
        Self::Send(Box::new(ToSend {
            worker,
            message,
            contents,
        }))
    }
}

/// What a link tells the engine.
pub(super) struct FromLink {
    /// The host's index.
    pub(super) host: usize,
    /// Which of its connections.
    pub(super) generation: u64,
    /// What happened.
    pub(super) event: LinkEvent,
}

/// What can happen to a link.
pub(super) enum LinkEvent {
    /// A worker has said hello. The link has begun at this time.
    Hello(Box<Hello>, Instant, Phases),
    /// A worker has said something.
    Message(FromWorker),
    /// A time that was asked for has passed.
    Timer(u64),
    /// Nothing more can be done with the host.
    Lost {
        /// Whether the host could not be reached at all, or no longer.
        unreachable: bool,
        /// Why.
        message: String,
    },
}

/// What a worker's reader tells its link.
enum Inner {
    Message(Box<FromWorker>),
    NeedContent(Box<(WorkerKey, String)>),
    Closed(Option<String>),
}

/// How a link is made.
pub(super) struct LinkStart {
    pub(super) host: usize,
    pub(super) generation: u64,
    pub(super) name: Arc<str>,
    pub(super) settings: ConnectionSettings,
    /// The worker to start at once.
    pub(super) first: WorkerKey,
    pub(super) connector: Arc<Connector>,
    /// How many connections may be under way.
    pub(super) forks: Arc<Semaphore>,
}

/// Where a link tells what happens. The channel is bounded: a host that says more than the engine can take has to
/// wait.
#[derive(Clone)]
struct Teller {
    host: usize,
    generation: u64,
    events: mpsc::Sender<FromLink>,
}

impl Teller {
    async fn tell(&self, event: LinkEvent) {
        let message = FromLink {
            host: self.host,
            generation: self.generation,
            event,
        };
        // The engine has gone if nobody listens; then nothing matters any more.
        let _ = self.events.send(message).await;
    }
}

/// Starts the link of a host. It ends when the sender it returns is dropped.
pub(super) fn start(
    start: LinkStart,
    events: mpsc::Sender<FromLink>,
) -> (mpsc::UnboundedSender<ToLink>, JoinHandle<()>) {
    let (sender, requests) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        let teller = Teller {
            host: start.host,
            generation: start.generation,
            events,
        };
        if let Err(lost) = run(start, requests, &teller).await {
            teller.tell(lost).await;
        }
    });
    (sender, task)
}

fn lost(unreachable: bool, error: &impl ToString) -> LinkEvent {
    LinkEvent::Lost {
        unreachable,
        message: error.to_string(),
    }
}

async fn run(
    start: LinkStart,
    mut requests: mpsc::UnboundedReceiver<ToLink>,
    teller: &Teller,
) -> Result<(), LinkEvent> {
    let begun = Instant::now();
    let (session, turn) = {
        let _permit = start.forks.acquire().await;
        let turn = begun.elapsed();
        // What it takes to connect is larger than what remains of it, and is not kept for as long as that.
        let connecting = start.connector.connect(&start.name, &start.settings);
        let connected = Box::pin(connecting).await;
        (connected.map_err(|error| lost(true, &error))?, turn)
    };
    let (inner_sender, mut inner) = mpsc::channel(WORKER_MESSAGES);
    let mut link = Link {
        phases: Phases {
            turn: micros(turn + session.times.turn),
            connect: micros(session.times.connect),
            auth: micros(session.times.auth),
            ..Phases::default()
        },
        session,
        begun,
        workers: HashMap::new(),
        contents: HashMap::new(),
        inner: inner_sender,
    };
    link.worker(&start.first, teller).await?;
    loop {
        tokio::select! {
            request = requests.recv() => match request {
                None => break,
                Some(ToLink::Timer(after, id)) => {
                    let teller = teller.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(after).await;
                        teller.tell(LinkEvent::Timer(id)).await;
                    });
                }
                Some(ToLink::Send(send)) => {
                    let ToSend { worker: key, message, contents } = *send;
                    link.contents.extend(contents);
                    let frame = Frame::message(&message).map_err(|error| lost(false, &error))?;
                    let worker = link.worker(&key, teller).await?;
                    worker.send(&frame).await.map_err(|error| lost(true, &error))?;
                }
            },
            Some(message) = inner.recv() => match message {
                Inner::Message(message) => teller.tell(LinkEvent::Message(*message)).await,
                Inner::NeedContent(needed) => {
                    let (key, sha256) = *needed;
                    Box::pin(link.send_content(&key, &sha256)).await?;
                }
                Inner::Closed(why) => {
                    let why = why.unwrap_or_else(|| "the worker has ended".into());
                    return Err(lost(true, &format!("the connection is lost: {why}")));
                }
            },
        }
    }
    // Dropping the senders closes the channels, and a worker ends with its channel.
    link.workers.clear();
    link.session.close().await;
    Ok(())
}

struct Link {
    session: Session,
    begun: Instant,
    /// Where the time until the first hello went.
    phases: Phases,
    workers: HashMap<WorkerKey, WorkerSender>,
    contents: HashMap<String, ContentSource>,
    inner: mpsc::Sender<Inner>,
}

impl Link {
    /// The worker, started if it is not running yet.
    async fn worker(
        &mut self,
        key: &WorkerKey,
        teller: &Teller,
    ) -> Result<&mut WorkerSender, LinkEvent> {
        if !self.workers.contains_key(key) {
            let asked = Instant::now();
            let become_ = key.escalation.as_ref();
            let starting = self.session.start_worker(key.flavour, become_);
            let started = Box::pin(starting).await;
            let worker = started.map_err(|error| lost(false, &error))?;
            let phases = Phases {
                start: micros(
                    asked
                        .elapsed()
                        .saturating_sub(worker.uploaded.unwrap_or_default()),
                ),
                upload: worker.uploaded.map(micros),
                ..self.phases
            };
            let hello = LinkEvent::Hello(Box::new(worker.hello), self.begun, phases);
            teller.tell(hello).await;
            tokio::spawn(read(key.clone(), worker.incoming, self.inner.clone()));
            self.workers.insert(key.clone(), worker.outgoing);
        }
        self.workers
            .get_mut(key)
            .ok_or_else(|| lost(false, &"the worker is gone"))
    }

    async fn send_content(&mut self, key: &WorkerKey, sha256: &str) -> Result<(), LinkEvent> {
        let Some(worker) = self.workers.get_mut(key) else {
            return Ok(());
        };
        let source = self.contents.get(sha256);
        let mut reader = source.and_then(|source| source.open().ok());
        let mut missing = source.map_or(1, |source| source.size);
        let mut buffer = vec![0; MAX_PIECE];
        while missing > 0 {
            let read = reader.as_mut().map(|reader| reader.read(&mut buffer));
            let length = read.and_then(Result::ok).unwrap_or(0);
            let piece = Frame::Piece(buffer[..length].to_vec());
            let sent = worker.send(&piece).await;
            sent.map_err(|error| lost(true, &error))?;
            if length == 0 {
                // An empty piece tells the worker that there is no more of it.
                break;
            }
            missing = missing.saturating_sub(length as u64);
        }
        Ok(())
    }
}

/// Reads what a worker says until it ends.
async fn read(key: WorkerKey, mut incoming: WorkerReceiver, inner: mpsc::Sender<Inner>) {
    loop {
        let message = match incoming.recv().await {
            Ok(Some(FromWorker::NeedContent(sha256))) => {
                Inner::NeedContent(Box::new((key.clone(), sha256)))
            }
            Ok(Some(message)) => Inner::Message(Box::new(message)),
            Ok(None) => Inner::Closed(None),
            Err(error) => Inner::Closed(Some(error.to_string())),
        };
        let closed = matches!(message, Inner::Closed(..));
        if inner.send(message).await.is_err() || closed {
            return;
        }
    }
}
