//! How to reach a host: one connection for each host and run, and workers on it.
//!
//! [`Connector::connect`] makes a [`Session`] from [`ConnectionSettings`]; [`Session::start_worker`] installs the
//! worker where it is missing and starts it, once for each user it is to become. What the worker is told is the
//! engine's business: nothing here knows tasks, modules or variables.

mod bootstrap;
mod connector;
mod embedded;
mod error;
mod local;
mod login_times;
mod passwords;
mod program;
mod prompt;
mod settings;
mod ssh;
mod sudo;
mod worker;

pub use connector::{Connector, Session};
pub use error::{
    ConnectError, ExecError, Exit, HostKeyError, KeyError, KeyErrorReason, Place, Stage,
    WorkerError,
};
pub use login_times::LoginTimes;
pub use prompt::{NoPrompt, Prompt};
pub use settings::{
    Address, Become, BecomeMethod, ConnectionKind, ConnectionSettings, HostKeyChecking, JumpHost,
};
pub use worker::{Worker, WorkerReceiver, WorkerSender};
