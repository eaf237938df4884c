//! The worker that the controller starts on a host, and the job that a worker starts. All of it is in the library.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;

use provision_worker::serve::serve;
use provision_worker::{job, modules};
use rustix::fs::Mode;

fn main() -> ExitCode {
    // What modules and programs create has the usual permissions, whatever the login's own settings.
    rustix::process::umask(Mode::WGRP | Mode::WOTH);
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard output belongs to the protocol; if this cannot be said either, the status says it.
            let _ = writeln!(io::stderr(), "provision-worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    // As plain files: the library buffers by itself, and by frames rather than by lines.
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    if env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == job::ARGUMENT)
    {
        return job::run(input, output, modules::find);
    }
    check_directory()?;
    serve(input, output)
}

/// Fails if others can put a program in the place of this one. Then the controller has the directory closed.
fn check_directory() -> io::Result<()> {
    let directory = job::cache();
    let mode = fs::metadata(&directory)?.permissions().mode();
    if mode & (Mode::WGRP | Mode::WOTH).bits() == 0 {
        return Ok(());
    }
    let directory = directory.display();
    Err(io::Error::other(format!(
        "`{directory}` can be written by others than its owner"
    )))
}
