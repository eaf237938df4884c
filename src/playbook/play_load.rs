//! Loads plays.

use std::sync::Arc;

use super::common::Level;
use super::keys::{Keys, expected};
use super::keywords::{PLAY, PROMPT};
use super::load::{Loader, Parts};
use super::play::{BatchSize, Connection, Course, Order, Prompt};
use super::{Body, Common, Entry, Play, RoleLayers};
use crate::inventory::HostPattern;
use crate::source::{Diagnostic, Node, Span};
use crate::vars::{Definitions, is_variable_name};

impl Loader<'_> {
    pub(super) fn play(&mut self, node: &Node, outer: &Common) -> Option<Play> {
        let mut keys = Keys::new(node, &PLAY, self.diagnostics)?;
        self.parts = Parts::default();
        let hosts = self.hosts(&mut keys, node.span);
        let name = keys.string("name", self.diagnostics);
        let common = self.common(&mut keys, outer, Level::Play);
        let vars = keys
            .take("vars")
            .map(|node| self.definitions("`vars`", node))
            .unwrap_or_default();
        let vars_files = self.vars_files(&mut keys);
        let prompts = self.prompts(&mut keys);
        let course = self.course(&mut keys);
        let user = keys.take("remote_user");
        let connection = Connection {
            user: user.map(|node| Arc::new(self.definition(node))),
            port: self.port(&mut keys),
        };

        let pre_tasks = self.section("pre_tasks", &mut keys, &common);
        // Handlers run in this order: those of `roles`, the play's own, and those of the roles that tasks import or
        // include.
        let mut late_handlers = std::mem::take(&mut self.parts.handlers);
        let mut tasks = Vec::new();
        if let Some(node) = keys.take("roles") {
            for node in self.list("roles", node) {
                tasks.extend(self.role_entry(node, &common));
            }
        }
        let mut handlers = std::mem::take(&mut self.parts.handlers);
        tasks.extend(self.section("tasks", &mut keys, &common));
        let post_tasks = self.section("post_tasks", &mut keys, &common);
        let own_handlers = keys
            .take("handlers")
            .map(|node| self.handlers(node, &common))
            .unwrap_or_default();
        keys.finish(self.diagnostics);

        let (hosts, pattern_text) = hosts?;
        let mut parts = std::mem::take(&mut self.parts);
        late_handlers.append(&mut parts.handlers);
        handlers.extend(own_handlers);
        handlers.append(&mut late_handlers);
        // A body that could not be read has been complained of.
        let body = |body: Option<Body>| {
            body.unwrap_or(Body {
                name: String::new(),
                entries: Vec::new(),
            })
        };
        Some(Play {
            name: Arc::from(name.unwrap_or(&pattern_text)),
            span: node.span,
            path: self.path.clone(),
            hosts,
            common,
            connection,
            vars,
            prompts,
            vars_files,
            sections: [pre_tasks, tasks, post_tasks],
            bodies: parts.bodies.into_iter().map(body).collect(),
            handlers,
            role_layers: RoleLayers::new(&parts.roles),
            roles: parts.roles,
            course,
        })
    }

    fn section(&mut self, key: &'static str, keys: &mut Keys<'_>, common: &Common) -> Vec<Entry> {
        match keys.take(key) {
            Some(node) => self.entries_of(key, node, common),
            None => Vec::new(),
        }
    }

    fn hosts(&mut self, keys: &mut Keys<'_>, play: Span) -> Option<(HostPattern, String)> {
        let Some(node) = keys.take("hosts") else {
            self.diagnostics.push(
                Diagnostic::error("a play needs `hosts`")
                    .at(
                        Span {
                            end: play.start + 1,
                            ..play
                        },
                        "this play has none",
                    )
                    .help("`hosts: all` runs it on every host of the inventory"),
            );
            return None;
        };
        let parts: Option<Vec<&str>> = match node.as_list() {
            Some(items) => items.iter().map(Node::as_str).collect(),
            None => node.as_str().map(|text| vec![text]),
        };
        let Some(parts) = parts else {
            self.diagnostics
                .push(expected("hosts", "a host pattern or a list of them", node));
            return None;
        };
        let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
        let is_template = |text: &str| text.contains("{{") || text.contains("{%");
        if let Some(at) = parts.iter().position(|text| is_template(text)) {
            let wrong = Diagnostic::error("`hosts` cannot be a template")
                .at(nodes[at].span, "it is read before anything runs")
                .help("name all hosts that it can be, and choose some of them with `--limit`")
                .help("or put hosts into a group with `group_by` in a play before this one");
            self.diagnostics.push(wrong);
            return None;
        }
        let text = parts.join(",");
        let pattern = self
            .diagnostics
            .check(HostPattern::parse(&text, node.span))?;
        Some((pattern, text))
    }

    fn vars_files(&mut self, keys: &mut Keys<'_>) -> Vec<Definitions> {
        let mut files = Vec::new();
        for (node, name) in keys.strings("vars_files", self.diagnostics) {
            let path = self.directory().join(&*name);
            if !path.is_file() {
                self.diagnostics.push(
                    Diagnostic::error(format!("there is no vars file `{name}`"))
                        .at(node.span, format!("looked for {}", path.display())),
                );
                continue;
            }
            for document in self.documents(&path) {
                files.push(self.definitions("a file of variables", &document));
            }
        }
        files
    }

    fn prompts(&mut self, keys: &mut Keys<'_>) -> Vec<Prompt> {
        let Some(node) = keys.take("vars_prompt") else {
            return Vec::new();
        };
        let nodes = self.list("vars_prompt", node);
        nodes.iter().filter_map(|node| self.prompt(node)).collect()
    }

    fn prompt(&mut self, node: &Node) -> Option<Prompt> {
        let mut keys = Keys::new(node, &PROMPT, self.diagnostics)?;
        let name = keys.take("name");
        let question = keys.string("prompt", self.diagnostics);
        let default = keys.take("default").map(|node| match node.as_str() {
            Some(text) => text.to_owned(),
            None => crate::value::to_json(&node.to_value()).to_string(),
        });
        let private = keys.boolean("private", self.diagnostics).unwrap_or(true);
        let confirm = keys.boolean("confirm", self.diagnostics).unwrap_or(false);
        keys.finish(self.diagnostics);
        let Some(name) = name
            .and_then(Node::as_str)
            .filter(|name| is_variable_name(name))
        else {
            let wrong = match name {
                Some(node) => expected("name", "the name of a variable", node),
                None => Diagnostic::error("an entry of `vars_prompt` needs `name`, a variable")
                    .at(node.span, "none is given here"),
            };
            self.diagnostics.push(wrong);
            return None;
        };
        Some(Prompt {
            name: Arc::from(name),
            question: question.unwrap_or(name).to_owned(),
            default,
            private,
            confirm,
        })
    }

    fn port(&mut self, keys: &mut Keys<'_>) -> Option<u16> {
        let node = keys.take("port")?;
        let port = node.as_i64().and_then(|port| u16::try_from(port).ok());
        if port.is_none_or(|port| port == 0) {
            self.diagnostics
                .push(expected("port", "a number from 1 to 65535", node));
        }
        port
    }

    fn course(&mut self, keys: &mut Keys<'_>) -> Course {
        let serial = keys.take("serial").map(|node| self.serial(node));
        let order = self.order(keys);
        let free = match keys.take("strategy") {
            None => false,
            Some(node) => match node.as_str().map(|name| name.trim_start_matches(BUILTIN)) {
                Some("linear") => false,
                Some("free" | "host_pinned") => true,
                _ => {
                    let wrong = expected("strategy", "`linear` or `free`", node).suggest(
                        node.as_str().unwrap_or_default(),
                        ["linear", "free"].into_iter(),
                    );
                    self.diagnostics.push(wrong);
                    false
                }
            },
        };
        let max_fail_percentage = keys
            .take("max_fail_percentage")
            .and_then(|node| self.percentage("max_fail_percentage", node));
        let force_handlers = keys.boolean("force_handlers", self.diagnostics);
        let gather_facts = keys.boolean("gather_facts", self.diagnostics);
        Course {
            serial: serial.unwrap_or_default(),
            order,
            free,
            max_fail_percentage,
            force_handlers: force_handlers.unwrap_or(false),
            no_facts: gather_facts == Some(false),
        }
    }

    fn order(&mut self, keys: &mut Keys<'_>) -> Order {
        let Some(node) = keys.take("order") else {
            return Order::Inventory;
        };
        match node.as_str() {
            Some("inventory") => Order::Inventory,
            Some("reverse_inventory") => Order::ReverseInventory,
            Some("sorted") => Order::Sorted,
            Some("reverse_sorted") => Order::ReverseSorted,
            Some("shuffle") => Order::Shuffle,
            _ => {
                let known =
                    "`inventory`, `reverse_inventory`, `sorted`, `reverse_sorted` or `shuffle`";
                let words = known.split('`').skip(1).step_by(2);
                let wrong = expected("order", known, node)
                    .suggest(node.as_str().unwrap_or_default(), words);
                self.diagnostics.push(wrong);
                Order::Inventory
            }
        }
    }

    fn serial(&mut self, node: &Node) -> Vec<BatchSize> {
        let mut sizes = Vec::new();
        for node in node.as_list().unwrap_or(std::slice::from_ref(node)) {
            let number = node.as_i64().or_else(|| node.as_str()?.trim().parse().ok());
            let size = match number {
                Some(number) => usize::try_from(number).ok().filter(|size| *size > 0),
                None => None,
            };
            match (size, node.as_str().is_some_and(|text| text.ends_with('%'))) {
                (Some(size), _) => sizes.push(BatchSize::Hosts(size)),
                (None, true) => {
                    sizes.extend(self.percentage("serial", node).map(BatchSize::Percent));
                }
                (None, false) => self.diagnostics.push(expected(
                    "serial",
                    "a number of hosts, a percentage such as `25%`, or a list of these",
                    node,
                )),
            }
        }
        sizes
    }

    fn percentage(&mut self, key: &str, node: &Node) -> Option<f64> {
        let text = node
            .as_str()
            .map(|text| text.trim().trim_end_matches('%').to_owned());
        let text = text.or_else(|| Some(crate::value::to_json(&node.to_value()).to_string()));
        let percent = text.and_then(|text| text.parse::<f64>().ok());
        let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
        if percent.is_none() {
            self.diagnostics
                .push(expected(key, "a percentage from 0 to 100", node));
        }
        percent
    }
}

const BUILTIN: &str = "ansible.builtin.";
