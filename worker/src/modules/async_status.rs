//! `async_status`: what has become of a job. The jobs themselves are the affair of [`job`](crate::job).

use std::path::Path;

use crate::host::Host;
use crate::job::{JobState, Records, check_name};
use crate::module::ArgError;
use crate::plan::{Diff, Failure, Output, Plan};
use crate::protocol::Outcome;
use crate::{choices, module};

module! {
    /// Tells what has become of a task that runs in the background.
    ///
    /// A task with `async` and `poll: 0` is started and not waited for. Of what it registers, `ansible_job_id` is
    /// what this module needs to know as `jid`. It must run on the same host and as the same user.
    ///
    /// Registered are `ansible_job_id`, `started`, `finished` and `results_file`. As long as the job runs, `finished`
    /// is 0. Once it is 1, all that the task itself would have registered is there too; what the task has changed
    /// counts as changed, and if it has failed, so does this one.
    ///
    /// A job that has died, because somebody killed it or the host was restarted, is a failure, and so is one that
    /// there is not. Results stay until they are removed with `mode: cleanup`.
    ///
    /// # Check mode
    /// Full. In check mode no jobs are started, so there is usually nothing to ask for.
    ///
    /// # Examples
    /// ```yaml
    /// - name: begin to pull the images
    ///   command: /usr/local/bin/pull-images
    ///   async: 1800
    ///   poll: 0
    ///   register: pull
    ///
    /// - name: wait until the images are there
    ///   async_status: {jid: "{{ pull.ansible_job_id }}"}
    ///   register: pulled
    ///   until: pulled.finished == 1
    ///   retries: 180
    ///   delay: 10
    ///
    /// - name: forget about it
    ///   async_status: {jid: "{{ pull.ansible_job_id }}", mode: cleanup}
    /// ```
    async_status [check = check] {
        /// The `ansible_job_id` of the job.
        jid: String,
        /// `cleanup` removes the result of a job that has ended; then nothing is registered but `erased`.
        mode: Mode = Mode::Status,
    }
}

choices! {
    /// What is to be done.
    pub enum Mode { Status = "status", Cleanup = "cleanup" }
}

fn check(args: &Args) -> Result<(), ArgError> {
    check_name(&args.jid).map_err(|message| ArgError::of("jid", message))
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let job = &args.jid;
    let records = Records::new(&host.real_path(host.cache()));
    let state = records.look(job);
    let state = state.map_err(|error| {
        Failure::new(format!("the result of the job `{job}` cannot be read: {error}"))
    })?;
    match args.mode {
        Mode::Status => status(args, host, state),
        Mode::Cleanup => cleanup(args, host, state.as_ref()),
    }
}

fn status(args: &Args, host: &Host, state: Option<JobState>) -> Result<Plan, Failure> {
    let job = &args.jid;
    let finished = !matches!(state, Some(JobState::Running));
    let mut fields = Output::new();
    fields.insert("ansible_job_id".into(), job.as_str().into());
    fields.insert("started".into(), 1.into());
    fields.insert("finished".into(), u8::from(finished).into());
    if state.is_some() {
        fields.insert("results_file".into(), result_path(args, host).into());
    }
    let failure = match state {
        Some(JobState::Running) => {
            let mut plan = Plan::new();
            fields.into_iter().for_each(|(name, value)| plan.output(&name, value));
            return Ok(plan);
        }
        Some(JobState::Ended(outcome)) => return ended(*outcome, fields),
        Some(JobState::Died) => format!(
            "the job `{job}` has died without a result: somebody ended it, or the host was restarted"
        ),
        None => format!("there is no job `{job}` of this user on the host"),
    };
    Err(Failure::new(failure).with_output(fields))
}

/// What the task itself would have answered.
fn ended(outcome: Outcome, fields: Output) -> Result<Plan, Failure> {
    if let Some(mut failure) = outcome.failure {
        failure.output.extend(fields);
        return Err(failure);
    }
    let mut plan = Plan::new();
    for (name, value) in outcome.output.into_iter().chain(fields) {
        plan.output(&name, value);
    }
    for change in outcome.changes {
        // It has been made; all that is left is to tell of it.
        plan.change(change.what, change.diff.unwrap_or_default(), |_| Ok(Output::new()));
    }
    Ok(plan)
}

fn cleanup(args: &Args, host: &Host, state: Option<&JobState>) -> Result<Plan, Failure> {
    let mut plan = Plan::new();
    match state {
        None => {}
        Some(JobState::Running) => {
            return Err(Failure::new(format!(
                "the job `{}` is still running: wait until it is `finished`",
                args.jid
            )));
        }
        Some(_) => {
            let path = result_path(args, host);
            let mut erased = Output::new();
            erased.insert("erased".into(), path.as_str().into());
            let what = format!("result of the job `{}`", args.jid);
            plan.change(what, Diff::default(), move |writer| {
                writer.remove(Path::new(&path))?;
                Ok(erased)
            });
        }
    }
    Ok(plan)
}

fn result_path(args: &Args, host: &Host) -> String {
    let path = Records::new(host.cache()).path(&args.jid);
    path.to_string_lossy().into_owned()
}
