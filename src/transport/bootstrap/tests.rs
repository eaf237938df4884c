//! The script and the dialogue with it, against this machine's `sh` in a home of its own. The worker is a shell
//! script that says hello, so that nothing here depends on the real one.

use std::env;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::process::Command;

use super::*;
use crate::transport::local;
use crate::transport::settings::BecomeMethod;

/// The programs that the script needs, or uses if they are there.
const TOOLS: [&str; 12] = [
    "sh",
    "uname",
    "mkdir",
    "chmod",
    "id",
    "mv",
    "rm",
    "find",
    "head",
    "cksum",
    "gzip",
    "sha256sum",
];

/// A machine, as far as a login shell can tell.
struct Machine {
    root: TempDir,
    /// What the login scripts do.
    login: String,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for directory in ["bin", "home", "tmp"] {
            fs::create_dir(root.path().join(directory)).unwrap();
        }
        let machine = Self {
            root,
            login: String::new(),
        };
        for tool in TOOLS {
            symlink(find_program(tool), machine.path("bin").join(tool)).unwrap();
        }
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn without(self, tool: &str) -> Self {
        fs::remove_file(self.path("bin").join(tool)).unwrap();
        self
    }

    /// Puts a program in the place of another one. A shell writes it: while this process has a file open for
    /// writing, a child that another test starts may have it too, and it could not be executed.
    fn with(self, tool: &str, script: &str) -> Self {
        let file = self.path("bin").join(tool);
        let _ = fs::remove_file(&file);
        let written = std::process::Command::new("sh")
            .args([
                "-c",
                "printf '#!/bin/sh\n%s\n' \"$1\" >\"$0\" && chmod 755 \"$0\"",
            ])
            .args([file.as_os_str(), script.as_ref()])
            .status();
        assert!(written.unwrap().success());
        self
    }

    fn logs_in_with(mut self, script: &str) -> Self {
        self.login = script.to_owned();
        self
    }

    fn cache(&self) -> PathBuf {
        self.path("home/.cache/provision")
    }

    fn installed(&self, worker: &EmbeddedWorker) -> PathBuf {
        self.cache().join(format!("worker-{}", worker.sha256))
    }

    async fn start(
        &self,
        worker: &EmbeddedWorker,
        become_: Option<&Become>,
    ) -> Result<Worker, WorkerError> {
        let mut wanted = Wanted {
            workers: std::slice::from_ref(worker),
            flavour: worker.flavour,
            become_,
            verify: false,
        };
        match self.try_start(wanted).await {
            Err(failed) if failed.is_doubtful => {
                wanted.verify = true;
                self.try_start(wanted).await.map_err(|failed| failed.error)
            }
            started => started.map_err(|failed| failed.error),
        }
    }

    /// Runs the script once.
    async fn try_start(&self, wanted: Wanted<'_>) -> Result<Worker, Failed> {
        let invocation = wanted.invocation(None);
        let line = invocation.command_line().unwrap();
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(format!("{}\n{line}", self.login))
            .env_clear()
            .env("HOME", self.path("home"))
            .env("PATH", self.path("bin"))
            .env("TMPDIR", self.path("tmp"));
        let (input, output) = local::spawn(&"h".into(), command, STDERR_LIMIT).unwrap();
        let bootstrap = Bootstrap {
            input,
            output,
            wanted,
        };
        bootstrap.start(&invocation).await
    }

    async fn error(&self, worker: &EmbeddedWorker, become_: Option<&Become>) -> String {
        self.start(worker, become_).await.unwrap_err().to_string()
    }
}

fn find_program(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap();
    env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|file| file.exists())
        .unwrap()
}

/// A worker for this machine that says hello as `user` and ends with its stdin.
fn worker(user: &str) -> EmbeddedWorker {
    let hello = |build: &str| {
        format!("{{\"hello\":{{\"build\":\"{build}\",\"user\":\"{user}\",\"facts\":{{}}}}}}")
    };
    let length = hello(&"0".repeat(64)).len();
    let file = format!(
        "#!/bin/sh\nbuild=$({} \"$0\")\nprintf '\\nprovision-worker-1\\nM\\000\\000\\000\\{length:03o}%s' \
         '{}'\n{} >/dev/null\n",
        find_program("sha256sum").display(),
        hello("'${build%% *}'"),
        find_program("cat").display(),
    );
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(file.as_bytes()).unwrap();
    let sha256 = Sha256::digest(&file)
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    EmbeddedWorker {
        arch: env::consts::ARCH,
        flavour: Flavour::Lean,
        sha256: sha256.leak(),
        cksum: cksum(file.as_bytes()).leak(),
        size: file.len(),
        gzip: gzip.finish().unwrap().leak(),
    }
}

fn cksum(bytes: &[u8]) -> String {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let printed = std::process::Command::new("cksum").stdin(file).output();
    String::from_utf8(printed.unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

/// The same worker without its file: it must be there already.
fn already_there(worker: &EmbeddedWorker) -> EmbeddedWorker {
    EmbeddedWorker {
        gzip: &[],
        ..*worker
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn root() -> Become {
    root_by(BecomeMethod::Sudo)
}

fn root_by(method: BecomeMethod) -> Become {
    Become {
        user: "root".into(),
        method,
        flags: None,
    }
}

#[tokio::test]
async fn a_missing_worker_is_installed_and_a_present_one_is_not_sent_again() {
    let machine = Machine::new();
    let worker = worker("ops");
    let mut started = machine.start(&worker, None).await.unwrap();
    assert_eq!(started.hello.user, "ops");
    assert_eq!(started.hello.build, worker.sha256);
    assert_eq!(mode(&machine.cache()), 0o700);
    assert_eq!(mode(&machine.installed(&worker)), 0o700);
    drop(started.outgoing);
    assert_eq!(started.incoming.recv().await.unwrap(), None);
    machine.start(&already_there(&worker), None).await.unwrap();
}

#[tokio::test]
async fn an_altered_worker_is_replaced() {
    let machine = Machine::new();
    let worker = worker("ops");
    machine.start(&worker, None).await.unwrap();
    fs::write(machine.installed(&worker), "#!/bin/sh\necho evil\n").unwrap();
    machine.start(&worker, None).await.unwrap();
    assert_eq!(
        fs::read(machine.installed(&worker)).unwrap(),
        worker.file().unwrap()
    );
}

#[tokio::test]
async fn a_worker_of_the_same_size_that_is_altered_is_replaced() {
    let machine = Machine::new();
    let worker = worker("ops");
    machine.start(&worker, None).await.unwrap();
    // It still says hello, and so tells its hash.
    let altered = String::from_utf8(worker.file().unwrap()).unwrap();
    let altered = altered.replace("/dev/null", "/dev/zero");
    assert_eq!(altered.len(), worker.size);
    for altered in [altered.into_bytes(), vec![0; worker.size], Vec::new()] {
        fs::write(machine.installed(&worker), altered).unwrap();
        let started = machine.start(&worker, None).await.unwrap();
        assert_eq!(started.hello.build, worker.sha256);
        let installed = fs::read(machine.installed(&worker)).unwrap();
        assert_eq!(installed, worker.file().unwrap());
    }
}

#[tokio::test]
async fn a_worker_that_is_there_is_run_without_any_other_program() {
    let mut machine = Machine::new();
    let worker = worker("ops");
    machine.start(&worker, None).await.unwrap();
    for tool in TOOLS.iter().filter(|tool| **tool != "sh") {
        machine = machine.without(tool);
    }
    let started = machine.start(&worker, None).await.unwrap();
    assert_eq!(started.hello.build, worker.sha256);
}

#[tokio::test]
async fn a_link_in_the_place_of_the_worker_is_replaced() {
    let machine = Machine::new();
    let worker = worker("ops");
    machine.start(&worker, None).await.unwrap();
    let elsewhere = machine.path("elsewhere");
    fs::rename(machine.installed(&worker), &elsewhere).unwrap();
    symlink(&elsewhere, machine.installed(&worker)).unwrap();
    machine.start(&worker, None).await.unwrap();
    let installed = fs::symlink_metadata(machine.installed(&worker)).unwrap();
    assert!(installed.is_file());
}

#[tokio::test]
async fn a_worker_that_refuses_its_directory_has_it_closed() {
    let machine = Machine::new();
    let worker = worker("ops");
    machine.start(&worker, None).await.unwrap();
    fs::write(machine.installed(&worker), "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(machine.cache(), fs::Permissions::from_mode(0o777)).unwrap();
    machine.start(&worker, None).await.unwrap();
    assert_eq!(mode(&machine.cache()), 0o700);
}

#[tokio::test]
async fn a_worker_of_the_other_flavour_is_another_file_and_stays() {
    let machine = Machine::new();
    let (lean, full) = (worker("ops"), worker("longer"));
    let workers = [
        lean,
        EmbeddedWorker {
            flavour: Flavour::Full,
            ..full
        },
    ];
    let two_days_ago = SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60);
    for flavour in [Flavour::Lean, Flavour::Full, Flavour::Lean] {
        let wanted = Wanted {
            workers: &workers,
            flavour,
            become_: None,
            verify: false,
        };
        let started = machine.try_start(wanted).await.unwrap();
        let expected = &workers[usize::from(flavour == Flavour::Full)];
        assert_eq!(started.hello.build, expected.sha256);
        let installed = machine.installed(expected);
        // By a program: see `with`.
        let touched = std::process::Command::new("touch")
            .args(["-d", &format!("@{}", seconds(two_days_ago))])
            .arg(&installed)
            .status();
        assert!(touched.unwrap().success());
    }
    assert_eq!(fs::read_dir(machine.cache()).unwrap().count(), 2);
}

#[tokio::test]
async fn without_a_lean_worker_the_full_one_is_started() {
    let machine = Machine::new();
    let full = EmbeddedWorker {
        flavour: Flavour::Full,
        ..worker("ops")
    };
    let wanted = Wanted {
        workers: &[full],
        flavour: Flavour::Lean,
        become_: None,
        verify: false,
    };
    machine.try_start(wanted).await.unwrap();
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs()
}

#[tokio::test]
async fn a_machine_without_sha256sum_and_gzip_compares_checksums_of_plain_files() {
    let machine = Machine::new().without("sha256sum").without("gzip");
    let worker = worker("ops");
    machine.start(&worker, None).await.unwrap();
    machine.start(&already_there(&worker), None).await.unwrap();
    fs::write(machine.installed(&worker), "altered").unwrap();
    machine.start(&worker, None).await.unwrap();
    assert_eq!(
        fs::read(machine.installed(&worker)).unwrap(),
        worker.file().unwrap()
    );
}

#[tokio::test]
async fn files_of_other_builds_are_removed_when_they_are_old() {
    let machine = Machine::new();
    fs::create_dir_all(machine.cache()).unwrap();
    let (old, recent) = (
        machine.cache().join("worker-1"),
        machine.cache().join("worker-2"),
    );
    fs::write(&old, "").unwrap();
    fs::write(&recent, "").unwrap();
    let result = machine.cache().join("async/j1.json");
    fs::create_dir(result.parent().unwrap()).unwrap();
    fs::write(&result, "").unwrap();
    let two_days_ago = SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60);
    for file in [&old, &result] {
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_modified(two_days_ago).unwrap();
    }
    machine.start(&worker("ops"), None).await.unwrap();
    assert!(!old.exists());
    assert!(recent.exists());
    assert!(result.exists(), "it is the result of a job");
}

#[tokio::test]
async fn workers_of_one_user_can_be_started_at_once_even_for_the_first_time() {
    let machine = Machine::new();
    let worker = worker("ops");
    for found in ["nothing", "an altered worker", "the worker"] {
        if found == "an altered worker" {
            fs::write(machine.installed(&worker), "altered").unwrap();
        }
        let start = || machine.start(&worker, None);
        let (first, second, third) = tokio::join!(start(), start(), start());
        for started in [first, second, third] {
            let mut started = started.unwrap_or_else(|error| panic!("{found}: {error}"));
            assert_eq!(started.hello.build, worker.sha256);
            drop(started.outgoing);
            assert_eq!(started.incoming.recv().await.unwrap(), None);
        }
        let installed = fs::read(machine.installed(&worker)).unwrap();
        assert_eq!(installed, worker.file().unwrap());
        let names = fs::read_dir(machine.cache()).unwrap();
        assert_eq!(names.count(), 1, "{found}: nothing else is left behind");
    }
}

#[tokio::test]
async fn what_login_scripts_print_is_passed_over() {
    let machine = Machine::new().logs_in_with("echo welcome; printf 'M\\000\\000 no line end'");
    machine.start(&worker("ops"), None).await.unwrap();
}

#[tokio::test]
async fn endless_noise_is_an_error() {
    let machine = Machine::new().logs_in_with("while :; do echo welcome; done");
    let error = machine.error(&worker("ops"), None).await;
    assert!(
        error.contains("login scripts") && error.contains("welcome"),
        "{error}"
    );
}

#[tokio::test]
async fn a_directory_that_others_control_is_not_used() {
    let machine = Machine::new();
    let elsewhere = machine.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::create_dir(machine.path("home/.cache")).unwrap();
    symlink(&elsewhere, machine.cache()).unwrap();
    machine.start(&worker("ops"), None).await.unwrap();
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert_eq!(fs::read_dir(machine.path("tmp")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_machine_without_a_place_for_the_worker_is_an_error() {
    let machine = Machine::new();
    fs::write(machine.path("home/.cache"), "").unwrap();
    fs::remove_dir(machine.path("tmp")).unwrap();
    fs::write(machine.path("tmp"), "").unwrap();
    let error = machine.error(&worker("ops"), None).await;
    assert!(error.contains("cannot be installed on `h`"), "{error}");
}

#[tokio::test]
async fn a_worker_that_arrives_damaged_is_not_kept() {
    let machine = Machine::new();
    let mut worker = worker("ops");
    worker.sha256 = "00";
    let error = machine.error(&worker, None).await;
    assert!(error.contains("was not written as sent"), "{error}");
    assert_eq!(fs::read_dir(machine.cache()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_unknown_architecture_is_named() {
    let machine = Machine::new().with("uname", "echo riscv64");
    let mut worker = worker("ops");
    worker.arch = "s390x";
    let error = machine.error(&worker, None).await;
    assert!(error.contains("`h` is riscv64"), "{error}");
    assert!(error.contains("PROVISION_WORKER_DIR"), "{error}");
}

#[tokio::test]
async fn another_user_is_become_by_sudo() {
    // The arguments of `sudo` up to the command are what a real one would act on.
    let machine = Machine::new().with(
        "sudo",
        "[ \"$1 $2 $3 $4 $5\" = '-n -H -u root --' ] && shift 5 && exec \"$@\"",
    );
    machine.start(&worker("root"), Some(&root())).await.unwrap();
}

#[tokio::test]
async fn another_user_is_become_by_su_or_doas() {
    let machine = Machine::new()
        .with("su", "[ \"$*\" = '-s /bin/sh root' ] && exec sh")
        .with(
            "doas",
            "[ \"$1 $2 $3 $4\" = '-n -u root --' ] && shift 4 && exec \"$@\"",
        );
    for method in [BecomeMethod::Su, BecomeMethod::Doas] {
        let worker = worker("root");
        let become_ = root_by(method);
        machine.start(&worker, Some(&become_)).await.unwrap();
    }
}

#[tokio::test]
async fn a_program_that_wants_a_password_is_named_with_what_helps() {
    for (method, complaint, helps) in [
        (
            BecomeMethod::Sudo,
            "sudo: a password is required",
            "set `ansible_become_password`, use `--ask-become-password`, give the login user a NOPASSWD rule there",
        ),
        (
            BecomeMethod::Doas,
            "doas: Authentication required",
            "give the login user a `permit nopass` rule there",
        ),
        (
            BecomeMethod::Su,
            "Password: su: Authentication failure",
            "become it by `sudo` or `doas` with a rule that asks for none",
        ),
    ] {
        let program = method.name();
        // It has read something, as `su` does.
        let script = format!("read -r line; echo '{complaint}' >&2; exit 1");
        let machine = Machine::new().with(program, &script);
        let become_ = root_by(method);
        let error = machine.error(&worker("root"), Some(&become_)).await;
        assert_eq!(
            error,
            format!(
                "{program} on `h` asks for a password to become `root`: {helps}, or log in as `root`"
            )
        );
    }
}

#[tokio::test]
async fn a_program_that_is_missing_is_named() {
    let machine = Machine::new();
    let become_ = root_by(BecomeMethod::Doas);
    let error = machine.error(&worker("root"), Some(&become_)).await;
    assert!(
        error.starts_with("the worker on `h` as `root` did not start: exit status 127")
            && error.contains("doas"),
        "{error}"
    );
}

#[tokio::test]
async fn the_complaint_of_a_shell_that_ends_is_shown() {
    let machine = Machine::new().logs_in_with("echo 'this account is closed' >&2; exit 7");
    let error = machine.error(&worker("ops"), None).await;
    assert_eq!(
        error,
        "the worker on `h` did not start: exit status 7: this account is closed"
    );
}
