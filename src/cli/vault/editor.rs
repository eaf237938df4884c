//! Lets the user change a plain text in an editor. It is in a file that only the user can read, in a directory that
//! only the user can enter, and both are removed whatever happens, short of a `kill -9`.

use std::env;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitStatus;

use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use super::Done;
use crate::source::Diagnostic;
use crate::vault::Plain;

/// What the user makes of a text. The file that is shown is called as `path` is, so that the editor knows its kind.
pub(super) fn edit(text: &[u8], path: &Path) -> Done<Plain> {
    let (program, arguments) = editor()?;
    let edited = || -> io::Result<(ExitStatus, Plain)> {
        let directory = private_directory()?;
        let name = path.file_name().unwrap_or("secret".as_ref());
        let file = directory.path().join(name);
        fs::write(&file, text)?;
        fs::set_permissions(&file, Permissions::from_mode(0o600))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut command = Command::new(&program);
        command.args(&arguments).arg(&file).kill_on_drop(true);
        let status = runtime.block_on(run(&mut command))?;
        let edited = Zeroizing::new(fs::read(&file)?);
        directory.close()?;
        Ok((status, edited))
    };
    let failed = |why: String| {
        let shown = Path::new(&program).display();
        let message = format!("the editor `{shown}` {why}; nothing was changed");
        Diagnostic::error(message).help("set `VISUAL` or `EDITOR` to another one")
    };
    match edited() {
        Ok((status, text)) if status.success() => Ok(text),
        Ok((status, _)) => Err(failed(format!("failed ({status})"))),
        Err(error) => Err(failed(format!("cannot be used: {error}"))),
    }
}

/// In memory where there is such a place.
fn private_directory() -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder
        .prefix("provision-vault-")
        .permissions(Permissions::from_mode(0o700));
    match env::var_os("XDG_RUNTIME_DIR").filter(|path| Path::new(path).is_dir()) {
        Some(memory) => builder.tempdir_in(memory),
        None => builder.tempdir(),
    }
}

/// Waits for the editor. A signal that would end this process ends the editor instead; Ctrl-C is the editor's.
async fn run(command: &mut Command) -> io::Result<ExitStatus> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut child = command.spawn()?;
    loop {
        tokio::select! {
            status = child.wait() => return status,
            _ = interrupt.recv() => {}
            _ = quit.recv() => {}
            _ = terminate.recv() => child.start_kill()?,
            _ = hangup.recv() => child.start_kill()?,
        }
    }
}

fn editor() -> Done<(OsString, Vec<String>)> {
    let named = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.trim().is_empty()));
    let Some(named) = named else {
        return Ok(("vi".into(), Vec::new()));
    };
    let wrong = || {
        let message = format!("`{named}` is no command line for an editor");
        Diagnostic::error(message).help("set `VISUAL` or `EDITOR`")
    };
    let mut words = shell_words::split(&named).map_err(|_| wrong())?.into_iter();
    let program = words.next().ok_or_else(wrong)?;
    Ok((program.into(), words.collect()))
}
