//! A name with templates in it, as a pattern for the files that it can mean.

use std::path::{Path, PathBuf};

use regex_lite::Regex;

/// How deep below a directory files are looked for.
const DEPTH: usize = 4;

/// A name in which each template stands for any text.
pub(super) struct Wildcard {
    /// The literal parts; between two of them there is a template.
    parts: Vec<String>,
}

impl Wildcard {
    pub(super) fn new(text: &str) -> Self {
        let mut parts = vec![String::new()];
        let mut rest = text;
        while let Some(begin) = ["{{", "{%"].iter().filter_map(|open| rest.find(open)).min() {
            let close = if rest[begin..].starts_with("{{") {
                "}}"
            } else {
                "%}"
            };
            let end = rest[begin..]
                .find(close)
                .map_or(rest.len(), |end| begin + end + close.len());
            if let Some(last) = parts.last_mut() {
                last.push_str(&rest[..begin]);
            }
            parts.push(String::new());
            rest = &rest[end..];
        }
        if let Some(last) = parts.last_mut() {
            last.push_str(rest);
        }
        Self { parts }
    }

    /// Whether there is no template in it.
    pub(super) fn is_literal(&self) -> bool {
        self.parts.len() == 1
    }

    /// Whether its literal parts say more than what kind of file it is.
    pub(super) fn is_specific(&self) -> bool {
        let known: String = self.parts.concat();
        let known = known.trim_end_matches(".yaml").trim_end_matches(".yml");
        known.chars().any(char::is_alphanumeric)
    }

    /// The YAML files that it can mean; of a literal name, the first.
    pub(super) fn find_files(&self, directories: &[PathBuf]) -> Vec<PathBuf> {
        if let [name] = self.parts.as_slice() {
            let paths = directories.iter().map(|directory| directory.join(name));
            return paths.filter(|path| path.is_file()).take(1).collect();
        }
        self.search(directories, &|path| {
            let suffix = path.extension().and_then(|suffix| suffix.to_str());
            path.is_file() && matches!(suffix, Some("yaml" | "yml"))
        })
    }

    /// The directories that it can mean and that look like roles; of a literal name, the first.
    pub(super) fn find_directories(&self, directories: &[PathBuf]) -> Vec<PathBuf> {
        if let [name] = self.parts.as_slice() {
            let paths = directories.iter().map(|directory| directory.join(name));
            return paths.filter(|path| path.is_dir()).take(1).collect();
        }
        self.search(directories, &|path| {
            ["tasks", "handlers", "defaults", "vars", "meta"]
                .iter()
                .any(|part| path.join(part).is_dir())
        })
    }

    fn search(&self, directories: &[PathBuf], wanted: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
        let escaped: Vec<String> = self
            .parts
            .iter()
            .map(|part| regex_lite::escape(part))
            .collect();
        let Ok(pattern) = Regex::new(&format!("^{}$", escaped.join(".*"))) else {
            return Vec::new();
        };
        let mut found: Vec<PathBuf> = Vec::new();
        for directory in directories {
            let mut inside = Vec::new();
            walk(directory, DEPTH, &mut inside);
            for path in inside {
                let relative = path.strip_prefix(directory).ok().and_then(Path::to_str);
                let fits = relative.is_some_and(|relative| pattern.is_match(relative));
                if fits && wanted(&path) && !found.contains(&path) {
                    found.push(path);
                }
            }
        }
        found
    }
}

fn walk(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    // A playbook of the working directory has no directory before its name.
    let here = Path::new(".");
    let is_here = directory.as_os_str().is_empty();
    let entries = if is_here { here } else { directory }.read_dir();
    let entries = entries.into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| directory.join(entry.file_name()))
        .collect();
    paths.sort_unstable();
    for path in paths {
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if depth > 1 && path.is_dir() {
            walk(&path, depth - 1, found);
        }
        found.push(path);
    }
}

#[cfg(test)]
mod tests {
    use super::Wildcard;

    #[test]
    fn a_template_stands_for_any_text() {
        let wildcard = Wildcard::new("setup-{{ facts.os.id }}.yaml");
        assert_eq!(wildcard.parts, ["setup-", ".yaml"]);
        assert!(wildcard.is_specific() && !wildcard.is_literal());
        assert!(!Wildcard::new("{{ name }}.yml").is_specific());
        assert!(Wildcard::new("main.yaml").is_literal());
        assert_eq!(Wildcard::new("{{ a").parts, ["", ""]);
    }

    #[test]
    fn files_are_found_below_directories() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().to_owned();
        std::fs::create_dir(root.join("os")).expect("a directory");
        for name in [
            "os/debian.yaml",
            "os/alpine.yml",
            "os/notes.txt",
            "main.yaml",
        ] {
            std::fs::write(root.join(name), "[]").expect("written");
        }
        let found = Wildcard::new("os/{{ x }}.yaml").find_files(std::slice::from_ref(&root));
        assert_eq!(found, [root.join("os/debian.yaml")]);
        let found = Wildcard::new("{{ x }}").find_files(std::slice::from_ref(&root));
        assert_eq!(found.len(), 3);
        let found = Wildcard::new("main.yaml").find_files(std::slice::from_ref(&root));
        assert_eq!(found, [root.join("main.yaml")]);
    }
}
