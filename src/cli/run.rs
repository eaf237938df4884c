//! Runs playbooks: reads and checks everything, then lets the engine and the reporters do their work.

use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::args::{Output, RunArgs};
use super::passwords::Given;
use super::print::print;
use super::prompt::TerminalPrompt;
use super::{exit_code, hosts, input, inspect, past, questions};
use crate::engine::{self, Beginning, Run, RunOptions};
use crate::report::{Console, ConsoleOptions, Json, Redacted, Reporter};
use crate::source::{Diagnostic, Diagnostics, Severity, SourceMap, render};
use crate::transport::Connector;

/// Runs as the arguments say and returns the exit code.
pub(super) fn run(args: &RunArgs) -> u8 {
    let mut diagnostics = Diagnostics::new();
    let read = input::read(
        args,
        SourceMap::with_keys(args.keys.keyring()),
        &mut diagnostics,
    );
    show(
        &diagnostics,
        read.as_ref()
            .map_or_else(|sources| sources, |run| &run.sources),
    );
    let Ok(run) = read else {
        return exit_code::BAD_INPUT;
    };
    if args.list_hosts || args.list_tasks {
        let lists = inspect::lists(args, &run);
        return print(&run.sources.secrets().redact(&lists));
    }
    if args.syntax_check {
        return exit_code::SUCCESS;
    }
    let mut run = run;
    let mut diagnostics = Diagnostics::new();
    let beginning = past::beginning(args, &run, &mut diagnostics);
    if !diagnostics.has_errors() {
        run.answers = questions::answers(&run, &mut diagnostics);
    }
    let passwords = if diagnostics.has_errors() {
        Given::default()
    } else {
        let secrets = run.sources.secrets();
        args.passwords.read(secrets, &mut diagnostics)
    };
    if args.step {
        run.ask = questions::stepper(&mut diagnostics);
    }
    show(&diagnostics, &run.sources);
    if diagnostics.has_errors() {
        return exit_code::BAD_INPUT;
    }
    carry_out(args, run, beginning, passwords)
}

/// Shows mistakes and warnings.
#[expect(clippy::print_stderr, reason = "diagnostics are for the user")]
pub(super) fn show(diagnostics: &Diagnostics, sources: &SourceMap) {
    let color = console::colors_enabled_stderr();
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|d| {
        d.primary
            .as_ref()
            .map(|label| (label.span.file, label.span.start))
    });
    // A role that is used twice is read twice.
    ordered.dedup();
    for diagnostic in &ordered {
        let text = render(diagnostic, sources, color);
        eprintln!("{}\n", sources.secrets().redact(&text));
    }
    let errors = ordered
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .count();
    if errors > 0 {
        let s = if errors == 1 { "" } else { "s" };
        eprintln!("{errors} error{s}; nothing was connected to and nothing was changed");
    }
}

#[expect(clippy::print_stderr, reason = "errors are for the user")]
fn carry_out(args: &RunArgs, run: Run, beginning: Beginning, passwords: Given) -> u8 {
    let options = RunOptions {
        check: args.check,
        diff: args.diff,
        forks: args.forks as usize,
        tags: input::tags(args),
        user: args.user.clone(),
        private_key: args.private_key.clone(),
        jump: hosts::jump(args.jump.as_deref()),
        escalate: args.r#become,
        become_user: args.become_user.clone(),
        password: passwords.connection,
        become_password: passwords.r#become,
        beginning,
    };
    raise_file_limit();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return exit_code::INTERNAL;
        }
    };
    let secrets = run.sources.secrets().clone();
    let reporter = past::recorded(args, reporter(args));
    let mut reporter = Redacted::new(reporter, secrets.clone());
    let outcome = runtime.block_on(async {
        let connector = Arc::new(Connector::new(Arc::new(TerminalPrompt)));
        engine::run(run, options, connector, &mut reporter).await
    });
    if let Some(error) = reporter.take_error() {
        eprintln!("error: not everything could be shown: {error}");
    }
    match outcome {
        Ok(outcome) => {
            let code = exit_code::of_run(&outcome.recap, outcome.interrupted);
            if code != exit_code::SUCCESS && args.output == Output::Human && !args.no_record {
                eprintln!("to go on where hosts have stopped: the same command with `--resume`");
            }
            code
        }
        Err(refusal) => {
            show(&refusal.diagnostics, &refusal.sources);
            exit_code::BAD_INPUT
        }
    }
}

/// Raises the limit of open files as far as the user may: each host's connection is one, and the usual limit of 1,024
/// is there for programs that use `select`.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // With fewer files, fewer hosts can be reached at once, and each that is not says so.
    let _ = setrlimit(Resource::Nofile, raised);
}

fn reporter(args: &RunArgs) -> Box<dyn Reporter> {
    let stdout = std::io::stdout();
    match args.output {
        Output::Json => Box::new(Json::new(stdout)),
        Output::Human => {
            let options = ConsoleOptions {
                verbosity: args.verbose,
                diff: args.diff,
                profile: args.profile,
                ..ConsoleOptions::for_stdout()
            };
            Box::new(Console::new(stdout, options))
        }
    }
}
