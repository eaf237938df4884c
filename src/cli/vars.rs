//! `provision vars`: what the variables of a host are, and where each was set.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::args::VarsArgs;
use super::inventory::known_host;
use super::print::print;
use super::{exit_code, hosts, input, run};
use crate::engine::{Run, magic_of};
use crate::inventory::{HostName, Inventory};
use crate::playbook::{self, Play};
use crate::source::{Diagnostic, Diagnostics, SourceMap, Span};
use crate::template::{Lookup, Templates};
use crate::value::to_json;
use crate::vars::{Definitions, Layer, Scope, ScopeLayer, Values};

/// The longest text as it was written that is shown.
const SHOWN: usize = 100;

/// Shows the variables.
pub(super) fn run(args: &VarsArgs) -> u8 {
    let mut sources = SourceMap::with_keys(args.keys.keyring());
    let mut diagnostics = Diagnostics::new();
    let text = shown(args, &mut sources, &mut diagnostics);
    run::show(&diagnostics, &sources);
    match text {
        Some(text) if !diagnostics.has_errors() => print(&sources.secrets().redact(&text)),
        _ => exit_code::BAD_INPUT,
    }
}

fn shown(
    args: &VarsArgs,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let mut templates = Templates::with_secrets(sources.secrets().clone());
    templates.allow_pipe(args.allow_pipe);
    let inventory = Inventory::load_all(&args.inventory, &args.playbook, sources, diagnostics);
    let vars = Run::host_vars(&inventory, &mut templates, diagnostics);
    let extra = input::extra_vars(&args.extra_vars, sources, &mut templates, diagnostics);
    let options = input::load_options(&args.roles_path);
    let loaded = playbook::load(
        &args.playbook,
        &options,
        sources,
        &mut templates,
        diagnostics,
    );
    let host = known_host(&args.host, &inventory, diagnostics)?;
    if diagnostics.has_errors() {
        return None;
    }
    let directory = hosts::directory(&args.inventory);
    let magic = magic_of(&inventory, &host, &directory);
    let known = Known {
        sources,
        templates: &templates,
        inventory: &inventory,
        host: &host,
        magic: &magic,
        vars: &vars[&host],
        extra: &extra,
    };
    let mut plays: Vec<Option<&Play>> = Vec::new();
    for play in loaded.plays() {
        let picked = play.hosts.pick(&inventory);
        if picked.is_ok_and(|(hosts, _)| hosts.contains(&host)) {
            plays.push(Some(play));
        }
    }
    if plays.is_empty() {
        if !args.playbook.is_empty() {
            let warning = Diagnostic::warning(format!("no play is for the host `{host}`"));
            diagnostics.push(warning.note("only the inventory's variables are shown"));
        }
        plays.push(None);
    }
    let mut text = String::new();
    let (mut found, mut all) = (false, BTreeSet::new());
    for play in plays {
        if let Some(play) = play {
            let _ = writeln!(text, "play {} ({})\n", play.name, known.place(play.span));
        }
        let names = known.names(play);
        let one = args.name.iter().filter(|name| names.contains(*name));
        let one: BTreeSet<String> = one.cloned().collect();
        found |= args.name.is_none() || !one.is_empty();
        known.show(
            play,
            if args.name.is_some() { &one } else { &names },
            &mut text,
        );
        all.extend(names);
    }
    if let (false, Some(name)) = (found, &args.name) {
        let error = Diagnostic::error(format!("nothing sets the variable `{name}` for `{host}`"));
        diagnostics.push(error.suggest(name, all.iter().map(String::as_str)));
    }
    Some(text)
}

/// All that is known of a host before a run.
struct Known<'a> {
    sources: &'a SourceMap,
    templates: &'a Templates,
    inventory: &'a Inventory,
    host: &'a HostName,
    magic: &'a Values,
    vars: &'a Definitions,
    extra: &'a Definitions,
}

impl<'a> Known<'a> {
    /// The layers of a play, but for the inventory, the weakest first.
    fn layers(&self, play: Option<&'a Play>) -> Vec<(Layer, &'a Definitions)> {
        let mut layers = vec![(Layer::Extra, self.extra)];
        if let Some(play) = play {
            for role in &play.roles {
                layers.push((Layer::RoleDefaults, &role.defaults));
                layers.push((Layer::Role, &role.vars));
            }
            layers.push((Layer::Play, &play.vars));
            layers.extend(play.vars_files.iter().map(|file| (Layer::PlayFiles, file)));
        }
        layers.sort_by_key(|(layer, _)| *layer);
        layers
    }

    fn names(&self, play: Option<&'a Play>) -> BTreeSet<String> {
        let layers = self.layers(play);
        let layers = layers.iter().map(|(_, definitions)| *definitions);
        let names = layers.chain([self.vars]).flat_map(Definitions::keys);
        names.map(ToString::to_string).collect()
    }

    // Writing to a string cannot fail.

    fn show(&self, play: Option<&'a Play>, names: &BTreeSet<String>, text: &mut String) {
        let layers = self.layers(play);
        let mut scope = vec![
            ScopeLayer::definitions(Layer::Inventory, self.vars),
            ScopeLayer::values(Layer::Magic, self.magic),
        ];
        let written = layers.iter();
        let written =
            written.map(|(layer, definitions)| ScopeLayer::definitions(*layer, definitions));
        scope.extend(written);
        let scope = Scope::new(self.templates, self.sources, scope);
        for name in names {
            let value = match scope.get(name) {
                Ok(value) => {
                    let value = value.map(|value| self.templates.secrets().redact_value(&value));
                    value.map_or_else(String::new, |value| to_json(&value).to_string())
                }
                Err(error) => format!("(only a run can tell: {})", error.message),
            };
            let _ = writeln!(text, "{name}: {value}");
            let mut origins = self.origins(name, &layers);
            origins.reverse();
            for (number, (label, span)) in origins.into_iter().enumerate() {
                let mark = if number == 0 { '*' } else { ' ' };
                let (place, raw) = (self.place(span), self.raw(span));
                let _ = writeln!(text, "  {mark} {label} ({place}): {raw}");
            }
        }
        text.push('\n');
    }

    /// All that sets a variable, the weakest first.
    fn origins(&self, name: &str, layers: &[(Layer, &'a Definitions)]) -> Vec<(String, Span)> {
        let mut origins = Vec::new();
        let of = |wanted: &dyn Fn(Layer) -> bool, origins: &mut Vec<(String, Span)>| {
            for (layer, definitions) in layers.iter().filter(|(layer, _)| wanted(*layer)) {
                if let Some(definition) = definitions.get(name) {
                    origins.push((layer.label().to_owned(), definition.span));
                }
            }
        };
        of(&|layer| layer < Layer::Inventory, &mut origins);
        for layer in self.inventory.layers_for(self.host) {
            if let Some(node) = layer.entries.get(name) {
                origins.push((layer.kind.to_string(), node.span));
            }
        }
        of(&|layer| layer > Layer::Inventory, &mut origins);
        origins
    }

    fn place(&self, span: Span) -> String {
        let (line, _) = self.sources.line_column(span);
        format!("{}:{line}", self.sources.path(span.file).display())
    }

    /// The text as it was written, in one line.
    fn raw(&self, span: Span) -> String {
        if self.sources.is_secret(span.file) {
            return "********".into();
        }
        let written = self.sources.slice(span).trim();
        let mut line: String = written.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() > SHOWN {
            line = line.chars().take(SHOWN).collect::<String>() + "...";
        }
        line
    }
}
