//! Real programs: `sh` and the usual ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use super::*;

fn shell(script: impl Into<std::ffi::OsString>) -> Program {
    Program::new("sh").arg("-c").arg(script)
}

fn run(program: &Program) -> ProgramOutput {
    SystemPrograms::default().run(program).expect("it runs")
}

fn cut_short(error: io::Error) -> CutShort {
    let inner = error.into_inner().expect("it has a reason");
    *inner
        .downcast()
        .expect("the reason is why it was cut short")
}

/// Whether the process whose id is in the file is running; a zombie that nobody has reaped is not.
fn is_running(pid_file: &Path) -> bool {
    let pid = fs::read_to_string(pid_file).expect("the script has written its id");
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

/// Waits for the end of the process whose id is in the file: a signal takes its time.
pub(crate) fn wait_for_end(pid_file: &Path) {
    while is_running(pid_file) {
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn output_and_exit_status_are_returned() {
    let output = run(&shell("echo out; echo err >&2; exit 3"));
    assert_eq!(output.rc, 3);
    assert_eq!(output.stdout(), "out\n");
    assert_eq!(output.stderr(), "err\n");
}

#[test]
fn a_signal_counts_from_128() {
    assert_eq!(run(&shell("kill -9 $$")).rc, 137);
}

#[test]
fn input_larger_than_a_pipe_comes_back() {
    let input: Vec<u8> = (0..900_000u32).map(|n| (n % 251) as u8).collect();
    let output = run(&Program::new("cat").stdin(input.clone()));
    assert!(output.stdout == input);
}

#[test]
fn input_that_nobody_reads_is_no_error() {
    assert_eq!(run(&Program::new("true").stdin(vec![0; 1 << 20])).rc, 0);
}

#[test]
fn long_output_is_bounded() {
    let output = run(&shell("head -c 20000000 /dev/zero | tr '\\0' x; echo end"));
    assert!(output.stdout.len() < (2 << 20) + 100);
    assert!(output.stdout.ends_with(b"xend\n"));
    assert!(output.stdout().contains(" bytes left out ...]"));
}

#[test]
fn a_time_limit_ends_the_whole_group() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let child = scratch.path().join("child");
    let script = format!(
        "trap '' TERM; sleep 300 & echo $! >{}; echo on; wait",
        child.display()
    );
    let mut program = shell(script);
    program.timeout = Some(Duration::from_millis(300));
    let error = SystemPrograms::default()
        .run(&program)
        .expect_err("it takes too long");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "ended after 0.3 s");
    assert_eq!(cut_short(error).output.stdout(), "on\n");
    wait_for_end(&child);
}

#[test]
fn the_task_limit_counts_where_the_program_has_none() {
    let programs = SystemPrograms::default();
    programs.set_time_limit(Some(Duration::from_millis(50)));
    let error = programs
        .run(&Program::new("sleep").arg("300"))
        .expect_err("it takes too long");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn a_daemon_that_keeps_the_pipes_does_not_delay_the_result() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let pid_file: PathBuf = scratch.path().join("daemon");
    let script = format!(
        "setsid sleep 300 & echo $! >{}; echo started",
        pid_file.display()
    );
    let output = run(&shell(script));
    assert_eq!(output.stdout(), "started\n");
    assert!(is_running(&pid_file), "only a time limit ends it");
    run(&shell(format!("kill $(cat {})", pid_file.display())));
}

#[test]
fn a_stop_ends_the_program_and_starts_no_other() {
    let (stop, sender) = io::pipe().expect("a pipe");
    let programs = SystemPrograms::until(stop);
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let ready = scratch.path().join("ready");
    let waiter = {
        let ready = ready.clone();
        thread::spawn(move || {
            while !ready.exists() {
                thread::sleep(Duration::from_millis(5));
            }
            drop(sender);
        })
    };
    let script = format!(
        "echo $$ >{0}.new; mv {0}.new {0}; sleep 300",
        ready.display()
    );
    let error = programs.run(&shell(script)).expect_err("it is stopped");
    assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    wait_for_end(&ready);
    waiter.join().expect("the waiter ends");
    let error = programs
        .run(&Program::new("true"))
        .expect_err("it is not started");
    assert_eq!(error.kind(), io::ErrorKind::Interrupted);
}

#[test]
fn a_missing_directory_is_not_a_missing_program() {
    let mut program = Program::new("true");
    program.directory = Some("/nowhere/at/all".into());
    let error = SystemPrograms::default()
        .run(&program)
        .expect_err("there is none");
    assert_eq!(error.to_string(), "there is no directory `/nowhere/at/all`");
    let missing = Program::new("no-such-program-anywhere");
    let error = SystemPrograms::default()
        .run(&missing)
        .expect_err("there is none");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
