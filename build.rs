//! Embeds the workers: the programs that the controller sends to hosts, one for each architecture.
//!
//! With `PROVISION_WORKER_DIR` set they are the files `provision-worker-ARCH` in that directory, where ARCH is
//! what `uname -m` prints on the hosts; that is how one controller serves several architectures. Without it,
//! the worker for the architecture that is being built for is built here.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
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

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=PROVISION_WORKER_DIR");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let workers = match env::var_os("PROVISION_WORKER_DIR") {
        Some(directory) => prebuilt(Path::new(&directory))?,
        None => vec![built(&out)?],
    };
    let entries = workers
        .iter()
        .map(|(arch, file)| embed(arch, file, &out))
        .collect::<Result<Vec<_>, _>>()?;
    fs::write(
        out.join("workers.rs"),
        format!("&[{}]\n", entries.join(", ")),
    )?;
    Ok(())
}

/// The workers in `directory`, in the order of their architectures.
fn prebuilt(directory: &Path) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", directory.display());
    let mut workers = Vec::new();
    for entry in fs::read_dir(directory)
        .map_err(|error| format!("PROVISION_WORKER_DIR={}: {error}", directory.display()))?
    {
        let path = entry?.path();
        let arch = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix("provision-worker-"));
        if let Some(arch) = arch {
            println!("cargo::rerun-if-changed={}", path.display());
            workers.push((arch.to_owned(), path.clone()));
        }
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

/// Builds the worker, statically linked, in a target directory of its own: this build holds the lock of its own.
fn built(out: &Path) -> Result<(String, PathBuf), Box<dyn Error>> {
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
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo
        .args(["build", "--locked", "--package", "provision-worker"])
        .args(["--bin", "provision-worker"])
        .args(["--profile", profile, "--target", &target])
        .arg("--target-dir")
        .arg(&target_dir)
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
    Ok((
        arch,
        target_dir
            .join(target)
            .join(profile)
            .join("provision-worker"),
    ))
}

/// Compresses the worker into `out`, and returns the Rust expression that embeds it.
fn embed(arch: &str, file: &Path, out: &Path) -> Result<String, Box<dyn Error>> {
    if !arch
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return Err(format!("`{arch}` in {} is not an architecture", file.display()).into());
    }
    let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let compressed = format!("worker-{arch}.gz");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    fs::write(out.join(&compressed), encoder.finish()?)?;
    let sha256 = Sha256::digest(&bytes)
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    Ok(format!(
        "EmbeddedWorker {{ arch: {arch:?}, sha256: {sha256:?}, cksum: \"{} {size}\", size: {size}, \
         gzip: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{compressed}\")) }}",
        cksum(&bytes),
        size = bytes.len(),
    ))
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
