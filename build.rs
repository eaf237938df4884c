//! Embeds the workers: the programs that the controller sends to hosts, two for each architecture. The lean one
//! does without the modules that few tasks need and that make up half of the full one.
//!
//! With `PROVISION_WORKER_DIR` set they are the files `provision-worker-ARCH` and `provision-worker-lean-ARCH` in that
//! directory, where ARCH is what `uname -m` prints on the hosts; that is how one controller serves several
//! architectures. The lean one is the same crate built with `--no-default-features`; where there is none, the full
//! one is sent in its place. Without the variable, the workers for the architecture that is being built for are
//! built here.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

/// The variables of this build that would give the worker the wrong compiler, flags or target.
const NOT_FOR_THE_WORKER: [&str; 5] = [
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "__CARGO_DEFAULT_LIB_METADATA",
];

/// A worker's file.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Worker {
    arch: String,
    flavour: &'static str,
    file: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=PROVISION_WORKER_DIR");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let workers = match env::var_os("PROVISION_WORKER_DIR") {
        Some(directory) => prebuilt(Path::new(&directory))?,
        None => built(&out)?,
    };
    let entries = workers
        .iter()
        .map(|worker| embed(worker, &out))
        .collect::<Result<Vec<_>, _>>()?;
    fs::write(
        out.join("workers.rs"),
        format!("&[{}]\n", entries.join(", ")),
    )?;
    Ok(())
}

/// The workers in `directory`, in the order of their architectures.
fn prebuilt(directory: &Path) -> Result<Vec<Worker>, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", directory.display());
    let mut workers = Vec::new();
    for entry in fs::read_dir(directory)
        .map_err(|error| format!("PROVISION_WORKER_DIR={}: {error}", directory.display()))?
    {
        let file = entry?.path();
        let name = file
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix("provision-worker-"));
        if let Some(name) = name {
            println!("cargo::rerun-if-changed={}", file.display());
            let (flavour, arch) = match name.strip_prefix("lean-") {
                Some(arch) => ("Lean", arch.to_owned()),
                None => ("Full", name.to_owned()),
            };
            workers.push(Worker {
                arch,
                flavour,
                file,
            });
        }
    }
    let full: Vec<_> = workers
        .iter()
        .filter(|worker| worker.flavour == "Full")
        .map(|worker| worker.arch.clone())
        .collect();
    if let Some(lean) = workers.iter().find(|worker| !full.contains(&worker.arch)) {
        let (directory, arch) = (directory.display(), &lean.arch);
        return Err(format!(
            "PROVISION_WORKER_DIR={directory} holds `provision-worker-lean-{arch}`, but no `provision-worker-{arch}`"
        )
        .into());
    }
    if workers.is_empty() {
        let directory = directory.display();
        return Err(format!(
            "PROVISION_WORKER_DIR={directory} holds no file `provision-worker-ARCH`"
        )
        .into());
    }
    workers.sort();
    Ok(workers)
}

/// Builds the workers, statically linked, in a target directory of their own: this build holds the lock of its own.
fn built(out: &Path) -> Result<Vec<Worker>, Box<dyn Error>> {
    for input in [
        "worker/src",
        "worker/Cargo.toml",
        "Cargo.toml",
        "Cargo.lock",
    ] {
        println!("cargo::rerun-if-changed={input}");
    }
    let arch = variable("CARGO_CFG_TARGET_ARCH")?;
    let target = match variable("TARGET")? {
        target if target.ends_with("-linux-musl") => target,
        _ => format!("{arch}-unknown-linux-gnu"),
    };
    let profile = match variable("PROFILE")?.as_str() {
        "release" => "worker",
        _ => "worker-dev",
    };
    let target_dir = out.join("worker");
    let flavours = [("Lean", &["--no-default-features"][..]), ("Full", &[])];
    let mut workers = Vec::new();
    for (flavour, features) in flavours {
        // One worker's file would take the place of the other's.
        let file = out.join(format!("worker-{flavour}"));
        compile(profile, &target, &target_dir, features)?;
        let program = target_dir.join(&target).join(profile);
        fs::copy(program.join("provision-worker"), &file)?;
        workers.push(Worker {
            arch: arch.clone(),
            flavour,
            file,
        });
    }
    Ok(workers)
}

/// Builds one worker.
fn compile(
    profile: &str,
    target: &str,
    target_dir: &Path,
    features: &[&str],
) -> Result<(), Box<dyn Error>> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo
        .args(["build", "--locked", "--package", "provision-worker"])
        .args(["--bin", "provision-worker"])
        .args(["--profile", profile, "--target", target])
        .args(features)
        .arg("--target-dir")
        .arg(target_dir)
        .current_dir(variable("CARGO_MANIFEST_DIR")?)
        .env("RUSTFLAGS", "-C target-feature=+crt-static");
    for name in NOT_FOR_THE_WORKER {
        cargo.env_remove(name);
    }
    if !cargo.status()?.success() {
        return Err(format!(
            "the worker for {target} was not built; \
             build it elsewhere and name its directory in PROVISION_WORKER_DIR"
        )
        .into());
    }
    Ok(())
}

/// Compresses the worker into `out`, and returns the Rust expression that embeds it.
fn embed(worker: &Worker, out: &Path) -> Result<String, Box<dyn Error>> {
    let Worker {
        arch,
        flavour,
        file,
    } = worker;
    if !arch
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return Err(format!("`{arch}` in {} is not an architecture", file.display()).into());
    }
    let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let compressed = format!("worker-{flavour}-{arch}.gz");
    fs::write(out.join(&compressed), gzip(&bytes)?)?;
    let sha256 = Sha256::digest(&bytes)
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    Ok(format!(
        "EmbeddedWorker {{ arch: {arch:?}, flavour: Flavour::{flavour}, sha256: {sha256:?}, cksum: \"{} {size}\", size: {size}, \
         gzip: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{compressed}\")) }}",
        cksum(&bytes),
        size = bytes.len(),
    ))
}

/// Compresses as well as gzip's format can where it is for users, at once where it is for tests.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    if variable("PROFILE")? == "release" {
        let mut compressed = Vec::new();
        // More turns take longer and gain next to nothing.
        let options = zopfli::Options {
            iteration_count: NonZeroU64::MIN,
            ..zopfli::Options::default()
        };
        zopfli::compress(options, zopfli::Format::Gzip, bytes, &mut compressed)?;
        return Ok(compressed);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// The checksum that POSIX's `cksum` prints: a CRC over the bytes and then over their number.
fn cksum(bytes: &[u8]) -> u32 {
    let length = bytes.len().to_le_bytes();
    let significant = length.len() - length.iter().rev().take_while(|byte| **byte == 0).count();
    let crc = bytes
        .iter()
        .chain(&length[..significant])
        .fold(0_u32, |crc, byte| {
            (0..8).fold(crc ^ (u32::from(*byte) << 24), |crc, _| {
                (crc << 1) ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 }
            })
        });
    !crc
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}"))
}
