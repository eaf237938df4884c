//! Calls that become jobs: what is checked before one starts, and what is answered at once.

use std::io;

use serde_json::{Map, Value};

use super::Server;
use crate::arg::Kind;
use crate::job;
use crate::module::Module;
use crate::outcome::failed;
use crate::plan::Failure;
use crate::protocol::{Changed, Outcome, Request};

impl Server {
    /// Starts a call as `job`.
    pub(super) fn start_job(
        &self,
        request: &Request,
        module: &Module,
        arguments: &Map<String, Value>,
        job: String,
    ) -> io::Result<Outcome> {
        // What can be known to fail fails here and not where nobody may ever look.
        let checked = job::check_name(&job)
            .map_err(Failure::new)
            .and_then(|()| Ok((module.validate)(arguments)?))
            .and_then(|()| needs_no_controller(module, arguments));
        if let Err(failure) = checked {
            return Ok(failed(failure));
        }
        let changes = vec![Changed {
            what: format!("job `{job}` in the background"),
            diff: None,
        }];
        if request.check {
            return Ok(Outcome {
                changes,
                unknown: Some("what a job changes is known when it has ended".into()),
                ..Outcome::default()
            });
        }
        if request.hold && !self.inbox.is_granted(request.id) {
            self.hold(request.id)?;
        }
        self.outbox.flush()?;
        let started = job::start(&self.host, request, arguments, job);
        Ok(match started {
            Err(failure) => failed(failure),
            Ok(output) => Outcome {
                changes,
                output,
                ..Outcome::default()
            },
        })
    }
}

/// Refuses arguments whose content the controller would have to send: it may be gone while the job runs.
fn needs_no_controller(module: &Module, arguments: &Map<String, Value>) -> Result<(), Failure> {
    let is_sent = |name: &str, value: &Value| {
        let kind = module.field(name).map(|field| field.kind);
        value.is_object() && matches!(kind, Some(Kind::ControllerFile | Kind::ControllerTemplate))
    };
    match arguments.iter().find(|(name, value)| is_sent(name, value)) {
        None => Ok(()),
        Some((name, _)) => Err(Failure::new(format!(
            "argument `{name}`: a job cannot get files from the controller: leave out `async`, or copy the file in a \
             task before this one"
        ))),
    }
}
