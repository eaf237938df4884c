//! The page that benchmarks write their figures into, and what they say of the machine.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The day and the machine in a line.
pub(crate) fn machine() -> Result<String, Box<dyn Error>> {
    let processors = std::thread::available_parallelism()?;
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown", |(_, model)| model.trim());
    let kernel = Command::new("uname").arg("-r").output()?;
    let kernel = String::from_utf8(kernel.stdout)?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let memory: u64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .ok_or("no MemTotal")?
        .parse()?;
    let date = Command::new("date").arg("+%Y-%m-%d").output()?;
    let date = String::from_utf8(date.stdout)?;
    Ok(format!(
        "{}: {processors} cores ({model}), {} GB of memory, Linux {}",
        date.trim(),
        memory / 1_000_000,
        kernel.trim()
    ))
}

/// Puts a text between the marks of a section of docs/benchmarks.md.
pub(crate) fn write(section: &str, text: &str) -> Result<(), Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks.md");
    let page = fs::read_to_string(&path)?;
    let marks = [
        format!("<!-- begin {section} -->\n"),
        format!("<!-- end {section} -->\n"),
    ];
    let begin = page
        .find(&marks[0])
        .ok_or_else(|| format!("docs/benchmarks.md has no {}", marks[0]))?
        + marks[0].len();
    let end = page
        .find(&marks[1])
        .ok_or_else(|| format!("docs/benchmarks.md has no {}", marks[1]))?;
    fs::write(
        path,
        format!("{}\n{text}\n{}", &page[..begin], &page[end..]),
    )?;
    Ok(())
}
