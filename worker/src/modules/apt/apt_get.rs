//! The calls of `apt-get` and `apt-cache`: options, environment, waiting for locks, reading what they print.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::Args;
use crate::host::{Attributes, Host, Program, ProgramOutput, Writer};
use crate::plan::Failure;

/// Touched after each refresh, as Ubuntu's apt does it: the lists themselves keep their time if they are current.
pub(super) const STAMP: &str = "/var/lib/apt/periodic/update-success-stamp";

/// How long a refresh of the lists may take before it is begun anew, twice at most. apt 2.6 can wait for ever after a
/// server or a proxy has closed a connection; what it had fetched by then it keeps, so a slow line loses nothing.
const UPDATE_LIMIT: Duration = Duration::from_secs(90);

/// `apt-get` with the options that a task asked for.
#[derive(Clone)]
pub(super) struct AptGet {
    options: Vec<String>,
    lock_timeout: Duration,
}

impl AptGet {
    pub(super) fn new(args: &Args) -> Self {
        let mut options = Vec::new();
        let mut option = |text: String| options.extend(["-o".to_owned(), text]);
        for word in args.dpkg_options.split(',').map(str::trim) {
            if !word.is_empty() {
                option(format!("Dpkg::Options::=--{word}"));
            }
        }
        if let Some(install) = args.install_recommends {
            option(format!("APT::Install-Recommends={install}"));
        }
        option(format!("DPkg::Lock::Timeout={}", args.lock_timeout));
        // A terminal would get a progress bar, which only fills the output here.
        option("Dpkg::Use-Pty=0".into());
        if let Some(release) = &args.default_release {
            option(format!("APT::Default-Release={release}"));
        }
        if args.allow_downgrade {
            options.push("--allow-downgrades".into());
        }
        if args.allow_change_held_packages {
            options.push("--allow-change-held-packages".into());
        }
        Self {
            options,
            lock_timeout: Duration::from_secs(args.lock_timeout),
        }
    }

    /// Fetches the package lists. A list that cannot be fetched is a failure, not a warning.
    pub(super) fn update(&self, writer: &Writer<'_>) -> Result<(), Failure> {
        let program = apt("apt-get").args(["update", "-q", "-o", "APT::Update::Error-Mode=any"]);
        let hasty = Program {
            timeout: Some(UPDATE_LIMIT),
            ..program.clone()
        };
        for program in [&hasty, &hasty, &program] {
            match self.run(writer, program) {
                Ok(_) => break,
                // The task's own limit would be another one.
                Err(failure) if failure.ended_after == Some(UPDATE_LIMIT) => {}
                Err(failure) => return Err(failure),
            }
        }
        let stamp = Path::new(STAMP);
        if let Some(parent) = stamp.parent().filter(|parent| !writer.exists(parent)) {
            writer.create_dir(parent, Attributes::default())?;
        }
        writer.write_file(stamp, b"", Attributes::default())
    }

    /// Installs packages, or brings them to the wanted or newest version.
    pub(super) fn install(
        &self,
        writer: &Writer<'_>,
        packages: &[String],
    ) -> Result<ProgramOutput, Failure> {
        let program = self.call("install").arg("--").args(packages);
        self.run(writer, &program)
    }

    /// Removes packages and whatever goes with them.
    pub(super) fn remove(
        &self,
        writer: &Writer<'_>,
        removal: &Removal,
    ) -> Result<ProgramOutput, Failure> {
        self.run(writer, &removal.arguments(self.call("remove")))
    }

    fn call(&self, verb: &str) -> Program {
        apt("apt-get")
            .args([verb, "-y", "-q"])
            .args(&self.options)
    }

    /// Runs a call. Of apt's locks it waits for dpkg's only; for the others we do.
    fn run(&self, writer: &Writer<'_>, program: &Program) -> Result<ProgramOutput, Failure> {
        let end = Instant::now() + self.lock_timeout;
        loop {
            let output = writer.run(program)?;
            if output.success() {
                return Ok(output);
            }
            let locked = output.stderr().contains("Could not get lock");
            if !locked || Instant::now() >= end {
                return Err(failure(program, &output));
            }
            thread::sleep(Duration::from_secs(1));
        }
    }
}

/// What is to be removed.
#[derive(Clone)]
pub(super) struct Removal {
    /// The packages; none if only what nothing needs any more is to go.
    pub(super) packages: Vec<String>,
    /// Whether configuration files go as well.
    pub(super) purge: bool,
    /// Whether what was installed for others only, and is needed by nothing any more, goes as well.
    pub(super) autoremove: bool,
}

impl Removal {
    fn arguments(&self, mut program: Program) -> Program {
        if self.purge {
            program = program.arg("--purge");
        }
        if self.autoremove {
            program = program.arg("--auto-remove");
        }
        program.arg("--").args(&self.packages)
    }

    /// All packages that would go, with their versions: what depends on those that were named goes too.
    pub(super) fn simulate(&self, host: &Host) -> Result<Vec<(String, String)>, Failure> {
        let program = self.arguments(apt("apt-get").args(["--simulate", "remove"]));
        let output = host.query(&program)?;
        if !output.success() {
            return Err(failure(&program, &output));
        }
        Ok(output.stdout().lines().filter_map(removed).collect())
    }
}

/// Reads `Remv curl [7.88.1-10]`.
fn removed(line: &str) -> Option<(String, String)> {
    let mut words = line.split_ascii_whitespace();
    if !matches!(words.next()?, "Remv" | "Purg") {
        return None;
    }
    let name = words.next()?.to_owned();
    let version = words.next().unwrap_or_default();
    Some((name, version.trim_matches(['[', ']']).to_owned()))
}

/// The version that apt would install of each package. A package that does not exist, or is virtual, is missing.
pub(super) fn candidates(
    host: &Host,
    names: &[&str],
) -> Result<BTreeMap<String, String>, Failure> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let program = apt("apt-cache").args(["policy", "--"]).args(names);
    let output = host.query(&program)?;
    if !output.success() {
        return Err(failure(&program, &output));
    }
    Ok(parse_policy(&output.stdout()))
}

fn parse_policy(text: &str) -> BTreeMap<String, String> {
    let mut candidates = BTreeMap::new();
    let mut package = None;
    for line in text.lines() {
        if !line.starts_with(' ') {
            package = line.strip_suffix(':');
        } else if let (Some(package), Some(version)) =
            (package, line.trim().strip_prefix("Candidate: "))
            && version != "(none)"
        {
            candidates.insert(package.to_owned(), version.to_owned());
        }
    }
    candidates
}

fn apt(name: &str) -> Program {
    Program::new(name)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C")
}

/// apt explains itself in the lines that begin with `E:`.
fn failure(program: &Program, output: &ProgramOutput) -> Failure {
    let stderr = output.stderr();
    let reasons: Vec<&str> = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("E: "))
        .take(3)
        .collect();
    let mut failure = output.failure(program);
    if !reasons.is_empty() {
        failure.message = format!("`{}`: {}", program.name(), reasons.join("; "));
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_read_from_the_policy() {
        let text = "\
awk:
  Installed: (none)
  Candidate: (none)
  Version table:
curl:
  Installed: 7.88.1-10+deb12u5
  Candidate: 7.88.1-10+deb12u15
  Version table:
     7.88.1-10+deb12u15 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
libc6:i386:
  Installed: (none)
  Candidate: 2.36-9
";
        let candidates = parse_policy(text);
        assert_eq!(candidates.len(), 2);
        assert_eq!(candidates["curl"], "7.88.1-10+deb12u15");
        assert_eq!(candidates["libc6:i386"], "2.36-9");
    }

    #[test]
    fn removed_packages_are_read_from_the_simulation() {
        let pair = |name: &str, version: &str| Some((name.to_owned(), version.to_owned()));
        assert_eq!(removed("Remv curl [7.88.1-10] [x y]"), pair("curl", "7.88.1-10"));
        assert_eq!(removed("Purg nginx"), pair("nginx", ""));
        assert_eq!(removed("Inst curl (1.0)"), None);
    }
}
