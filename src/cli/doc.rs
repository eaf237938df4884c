//! `provision doc`: the manuals, which are the modules' own declarations.

use std::fmt::Write;

use provision_worker::module::Module;
use provision_worker::modules::MODULES;

use super::args::DocArgs;
use super::exit_code;
use super::print::print;
use crate::inventory::LayerKind;
use crate::playbook::control::CONTROLS;
use crate::source::suggest;
use crate::template::{DocumentedKind, documented};
use crate::vars::Layer;

/// Prints what was asked for.
#[expect(clippy::print_stderr, reason = "errors are for the user")]
pub(super) fn run(args: &DocArgs) -> u8 {
    match &args.module {
        _ if args.keywords => print(&super::keywords()),
        _ if args.filters => print(&filters()),
        _ if args.precedence => print(&precedence()),
        None => print(&list()),
        Some(name) => match all().find(|module| module.name == name) {
            Some(module) => print(&manual(module)),
            None => {
                let near = suggest(name, all().map(|module| module.name));
                let help = near
                    .map(|near| format!("; did you mean `{near}`?"))
                    .unwrap_or_default();
                eprintln!("error: there is no module `{name}`{help}");
                exit_code::BAD_INPUT
            }
        },
    }
}

fn all() -> impl Iterator<Item = &'static Module> {
    MODULES.iter().chain(CONTROLS).copied()
}

// Writing to a string cannot fail, below here.

fn list() -> String {
    let mut modules: Vec<&Module> = all().collect();
    modules.sort_unstable_by_key(|module| module.name);
    let mut text = String::new();
    for module in modules {
        let _ = writeln!(
            text,
            "{:<16} {}",
            module.name,
            first_sentence(module.manual)
        );
    }
    text
}

fn first_sentence(manual: &str) -> String {
    let lines = manual
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty());
    let paragraph = lines.collect::<Vec<_>>().join(" ");
    match paragraph.find(". ") {
        Some(end) => paragraph[..=end].to_owned(),
        None => paragraph,
    }
}

/// The manual page of a module in Markdown.
pub fn manual(module: &Module) -> String {
    let body: String = module
        .manual
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        // The page's own title is the only one of its level.
        .map(|line| {
            if line.starts_with("# ") {
                format!("#{line}\n")
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    let (summary, rest) = body.split_at(body.find("\n## ").map_or(body.len(), |at| at + 1));
    let mut text = format!("# {}\n\n{}\n", module.name, summary.trim_end());
    if !module.fields.is_empty() {
        text.push_str("\n## Arguments\n\n");
        for field in module.fields {
            let need = match (field.required, field.default) {
                (true, _) => ", required".to_owned(),
                (false, Some(default)) => format!(", default `{}`", as_written(default)),
                (false, None) => String::new(),
            };
            let _ = writeln!(text, "- `{}` ({}{need})", field.name, field.kind);
            if !field.aliases.is_empty() {
                let _ = writeln!(text, "  also: `{}`", field.aliases.join("`, `"));
            }
            for line in field.manual.lines() {
                let _ = writeln!(text, "  {}", line.trim());
            }
        }
        text.push('\n');
    }
    text.push_str(rest);
    text
}

/// A default as a playbook would write it: a variant's name is the word that stands for it.
fn as_written(default: &str) -> String {
    let Some((_, variant)) = default.rsplit_once("::") else {
        return default.to_owned();
    };
    let mut word = String::new();
    for (at, letter) in variant.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

/// Where variables can be set, numbered; the inventory's own order in its place.
fn precedence() -> String {
    let mut places = Vec::new();
    for layer in Layer::ALL {
        match layer {
            Layer::Inventory => places.extend(LayerKind::DESCRIPTIONS.iter().copied()),
            other => places.push(other.describe()),
        }
    }
    let mut text = String::new();
    for (number, place) in places.iter().enumerate() {
        let _ = writeln!(text, "{:>2}. {place}", number + 1);
    }
    text
}

fn filters() -> String {
    let mut text = String::new();
    for entry in documented() {
        let kind = match entry.kind {
            DocumentedKind::Filter => "filter",
            DocumentedKind::Test => "test",
            DocumentedKind::Function => "function",
        };
        let arguments = entry.arguments.join(", ");
        let _ = writeln!(text, "{kind} {}({arguments})", entry.name);
        let _ = writeln!(text, "    {}", entry.doc);
        let _ = writeln!(text, "    {} -> {}", entry.example, entry.gives);
    }
    text
}
