//! Makes a template strict before Tera compiles it: Tera takes an undefined variable for false in conditions and
//! comparisons, so that a misspelt name would go unnoticed.
//!
//! Every path becomes `(path | __defined)`, which fails at the moment when it is evaluated and undefined: short
//! circuits, choices and loops keep their meaning. Where the author is prepared (`is defined`, `default`), the
//! path becomes optional (`a?.b`) in all its steps. Operands of a condition become `((x) | __boolean)`. Only
//! insertions are made, so that a place in the strict text has one in the author's.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::arguments::INNER;
use super::filters::field;
use super::lookup::{HOSTVARS, NameUse};
use super::lookups::{LOOKUPS, kind_of_lookup};
use super::syntax::{Argument, Expr, Node, Path, StepKey};
use crate::value::Value;

/// The filter that lets pass what is defined.
pub(super) const DEFINED: &str = "__defined";
/// The filter that lets pass what is a boolean.
pub(super) const BOOLEAN: &str = "__boolean";

/// The filter that lets pass what is not too large: a value that is set can double with each turn of a loop.
pub(super) const BOUNDED: &str = "__bounded";

/// The filters around each filter that the author wrote: what goes in as its value and as an argument, and what comes
/// out of it. They change nothing; what is made of a secret becomes one by them.
pub(super) const TAKEN: &str = "__taken";
pub(super) const ALSO: &str = "__also";
pub(super) const MADE: &str = "__made";

/// Tests and filters that accept an undefined value.
const TOLERANT: [&str; 5] = ["defined", "undefined", "default", "d", "mandatory"];

/// The strict text and what it is made from.
#[derive(Debug, Default)]
pub(super) struct Strict {
    pub(super) text: String,
    /// In the order of their places.
    pub(super) insertions: Vec<Insertion>,
    pub(super) uses: Vec<NameUse>,
    /// The paths that must be defined.
    pub(super) paths: Vec<CheckedPath>,
    /// The lookups that it calls: their type, if it is known, and where that stands.
    pub(super) lookups: Vec<(Option<String>, Range<usize>)>,
}

/// What was put into the author's text.
#[derive(Debug)]
pub(super) struct Insertion {
    /// Where, in the author's text.
    pub(super) at: usize,
    /// Its length.
    length: usize,
    /// What it checks.
    pub(super) checks: Option<Check>,
}

/// What an inserted filter is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// The path of this number.
    Defined(usize),
    /// The operand of a condition.
    Boolean(Range<usize>),
    /// What a filter is given, or gives: it checks nothing, but is where the value comes from.
    Value(Range<usize>),
}

/// A path that must be defined when it is evaluated.
#[derive(Debug)]
pub(super) struct CheckedPath {
    pub(super) root: Range<usize>,
    /// The keys as far as they are known before rendering, with the end of their step.
    pub(super) keys: Vec<(Key, usize)>,
    pub(super) at: Range<usize>,
    /// Whether its root is a name of the template's own.
    pub(super) local: bool,
}

/// A key that is known before rendering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Field(String),
    Index(i64),
}

impl CheckedPath {
    /// Whether the whole of the text is this path, apart from what surrounds an expression, and all of its keys
    /// are known.
    pub(super) fn is_whole(&self, source: &str) -> bool {
        let before = &source[..self.at.start];
        let before = before
            .strip_prefix("{{")
            .map_or(before, |inner| inner.strip_prefix('-').unwrap_or(inner));
        let after = &source[self.at.end..];
        let after = after
            .strip_suffix("}}")
            .map_or(after, |inner| inner.strip_suffix('-').unwrap_or(inner));
        self.keys.last().map_or(self.root.end, |(_, end)| *end) == self.at.end
            && before.trim_ascii().is_empty()
            && after.trim_ascii().is_empty()
    }

    /// What the known keys lead to.
    pub(super) fn follow<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.keys
            .iter()
            .try_fold(root, |value, (key, _)| key.take(value))
    }
}

impl Key {
    /// What this key takes from a value.
    pub(super) fn take<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Field(name) => field(value.as_map()?, name),
            Self::Index(index) => match value.as_array() {
                Some(items) => {
                    let length = i64::try_from(items.len()).ok()?;
                    let index = if *index < 0 { index + length } else { *index };
                    items.get(usize::try_from(index).ok()?)
                }
                None => value.as_map()?.get(&crate::value::Key::I64(*index)),
            },
        }
    }
}

/// Collects what is to be inserted into `source`.
pub(super) struct Rewriter<'s> {
    source: &'s str,
    pending: Vec<(usize, String, Option<Check>)>,
    uses: Vec<NameUse>,
    paths: Vec<CheckedPath>,
    /// The names of the loops around, innermost last.
    pub(super) loops: Vec<Vec<String>>,
    /// How many `elif` each `if` around has so far.
    pub(super) elifs: Vec<usize>,
    /// The names that were set so far, some perhaps only on a way not taken.
    pub(super) set: HashSet<String>,
    lookups: Vec<(Option<String>, Range<usize>)>,
}

impl<'s> Rewriter<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self {
            source,
            pending: Vec::new(),
            uses: Vec::new(),
            paths: Vec::new(),
            loops: Vec::new(),
            elifs: Vec::new(),
            set: HashSet::new(),
            lookups: Vec::new(),
        }
    }

    /// Puts a text at a place of the author's.
    pub(super) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.pending.push((at, text.into(), None));
    }

    fn values(&mut self, parts: &[Expr]) {
        for part in parts {
            self.value(part);
        }
    }

    /// Makes arguments strict, and gives those their names that have none.
    pub(super) fn arguments(&mut self, arguments: &[Argument]) {
        for argument in arguments {
            if !argument.before.is_empty() {
                self.insert(argument.start, argument.before.clone());
            }
            self.value(&argument.value);
        }
    }

    /// `extract` takes one variable from each host of `hostvars`; says so of the use that was found in its
    /// arguments.
    fn extracted(&mut self, from: usize, arguments: &[Argument]) {
        let named = |name: &str| {
            let bare = |argument: &&Argument| argument.name.trim_start_matches(INNER) == name;
            arguments.iter().find(bare)
        };
        let (Some(container), Some(keys)) = (named("container"), named("morekeys")) else {
            return;
        };
        let key = match &keys.value.node {
            Node::Other(items) if self.source[keys.value.at.clone()].starts_with('[') => {
                items.first()
            }
            _ => Some(&keys.value),
        };
        let key = key.filter(|key| matches!(key.node, Node::Literal));
        let text = key.map_or("", |key| &self.source[key.at.clone()]);
        let inner = text
            .strip_prefix(['\'', '"', '`'])
            .and_then(|text| text.strip_suffix(['\'', '"', '`']));
        if let Some(inner) = inner.filter(|inner| !inner.contains('\\'))
            && let Node::Path(path) = &container.value.node
            && path.steps.is_empty()
            && let Some(found) = self.uses[from..]
                .iter_mut()
                .find(|found| &*found.name == HOSTVARS && found.at == path.root)
        {
            found.fields = Some(vec![Arc::from(inner)]);
        }
    }

    /// Makes all that an expression evaluates strict.
    pub(super) fn value(&mut self, expr: &Expr) {
        match &expr.node {
            Node::Literal | Node::Boolean => {}
            Node::Path(path) => self.path(path, false),
            Node::Not(inner) => self.value(inner),
            Node::Logic(parts) | Node::Comparison(parts) => self.values(&**parts),
            Node::Other(parts) => self.values(parts),
            Node::Test {
                on,
                name,
                arguments,
            } => {
                self.subject(on, name, true);
                self.arguments(arguments);
            }
            Node::Filter {
                on,
                name,
                arguments,
            } => {
                // These give what they got, and what they got may be undefined.
                if TOLERANT.contains(&&self.source[name.clone()]) {
                    self.subject(on, name, false);
                    self.arguments(arguments);
                    return;
                }
                if expr.enclosed {
                    self.insert(expr.at.start, "(");
                }
                self.subject(on, name, false);
                self.watch(on.at.clone(), format!(" | {TAKEN}"));
                let uses = self.uses.len();
                self.watched_arguments(arguments);
                self.extracted(uses, arguments);
                let close = if expr.enclosed { ")" } else { "" };
                self.watch(expr.at.clone(), format!(" | {MADE}{close}"));
            }
            Node::Call { name, arguments } => {
                if LOOKUPS.contains(&&self.source[name.clone()]) {
                    self.lookups.push(kind_of_lookup(self.source, arguments));
                }
                self.arguments(arguments);
            }
            Node::Comprehension {
                locals,
                source,
                inner,
            } => {
                self.value(source);
                let names = locals
                    .iter()
                    .map(|local| self.source[local.clone()].to_owned())
                    .collect();
                self.loops.push(names);
                self.values(inner);
                self.loops.pop();
            }
        }
    }

    /// What a test or filter is applied to.
    fn subject(&mut self, on: &Expr, name: &Range<usize>, asks: bool) {
        let Node::Path(path) = &on.node else {
            return self.value(on);
        };
        if !TOLERANT.contains(&&self.source[name.clone()]) {
            return self.value(on);
        }
        let uses = self.uses.len();
        self.path(path, true);
        // Whether a host is there needs none of its variables.
        if asks
            && path.steps.len() <= 1
            && let Some(root) = self.uses.get_mut(uses)
            && &*root.name == HOSTVARS
        {
            root.fields = Some(Vec::new());
        }
    }

    /// Makes the arguments of a filter strict, and has it seen what they are.
    pub(super) fn watched_arguments(&mut self, arguments: &[Argument]) {
        for argument in arguments {
            if !argument.before.is_empty() {
                self.insert(argument.start, argument.before.clone());
            }
            let value = &argument.value;
            if matches!(value.node, Node::Literal | Node::Boolean) {
                continue;
            }
            self.insert(value.at.start, "((");
            self.value(value);
            self.watch(value.at.clone(), format!(") | {ALSO})"));
        }
    }

    /// Puts a text behind the value at `at`.
    fn watch(&mut self, at: Range<usize>, text: String) {
        self.pending.push((at.end, text, Some(Check::Value(at))));
    }

    /// Makes an expression strict of which each operand must be a boolean.
    pub(super) fn condition(&mut self, expr: &Expr) {
        match &expr.node {
            Node::Not(inner) => self.condition(inner),
            Node::Logic(parts) => parts.iter().for_each(|part| self.condition(part)),
            Node::Boolean | Node::Comparison(_) | Node::Test { .. } => self.value(expr),
            _ => {
                self.insert(expr.at.start, "((");
                self.value(expr);
                let check = Check::Boolean(expr.at.clone());
                self.pending
                    .push((expr.at.end, format!(") | {BOOLEAN})"), Some(check)));
            }
        }
    }

    fn path(&mut self, path: &Path, tolerated: bool) {
        let name = &self.source[path.root.clone()];
        let in_loop = name == "loop" && !self.loops.is_empty()
            || self.loops.iter().flatten().any(|local| local == name);
        let set = self.set.contains(name);
        let guarded = tolerated || path.is_optional();
        if !in_loop {
            self.uses.push(NameUse {
                name: Arc::from(name),
                at: path.root.clone(),
                guarded: guarded || set,
                fields: (name == HOSTVARS).then(|| host_fields(path)).flatten(),
            });
        }
        let strict = !guarded && !(in_loop && (path.steps.is_empty() || name == "loop"));
        if strict {
            self.insert(path.root.start, "(");
        }
        for step in &path.steps {
            if tolerated && !step.optional {
                self.insert(step.at.start, "?");
            }
            if let StepKey::Computed(parts) = &step.key {
                self.values(parts);
            }
        }
        if strict {
            let check = Check::Defined(self.paths.len());
            self.pending
                .push((path.at().end, format!(" | {DEFINED})"), Some(check)));
            self.paths.push(CheckedPath {
                root: path.root.clone(),
                keys: known_keys(path),
                at: path.at(),
                local: in_loop || set,
            });
        }
    }

    /// The strict text.
    pub(super) fn finish(mut self) -> Strict {
        // Stable: at one place, what was put first stands first.
        self.pending.sort_by_key(|(at, _, _)| *at);
        let mut text = String::with_capacity(self.source.len() + 16 * self.pending.len());
        let mut insertions = Vec::with_capacity(self.pending.len());
        let mut copied = 0;
        for (at, inserted, checks) in self.pending {
            text.push_str(&self.source[copied..at]);
            text.push_str(&inserted);
            copied = at;
            insertions.push(Insertion {
                at,
                length: inserted.len(),
                checks,
            });
        }
        text.push_str(&self.source[copied..]);
        Strict {
            text,
            insertions,
            uses: self.uses,
            paths: self.paths,
            lookups: self.lookups,
        }
    }
}

impl Strict {
    /// The place in the author's text of a byte of the strict text, and the insertion that it is in.
    pub(super) fn author_place(&self, at: usize) -> (usize, Option<&Insertion>) {
        let mut inserted = 0;
        for insertion in &self.insertions {
            let start = insertion.at + inserted;
            if at < start {
                break;
            }
            if at < start + insertion.length {
                return (insertion.at, Some(insertion));
            }
            inserted += insertion.length;
        }
        (at - inserted, None)
    }
}

/// Which variable a path takes from the hosts of `hostvars`, if that is known.
fn host_fields(path: &Path) -> Option<Vec<Arc<str>>> {
    match &path.steps.get(1)?.key {
        StepKey::Field(name) => Some(vec![Arc::from(name.as_str())]),
        _ => None,
    }
}

/// The keys up to the first that must be computed.
fn known_keys(path: &Path) -> Vec<(Key, usize)> {
    path.steps
        .iter()
        .map_while(|step| match &step.key {
            StepKey::Field(name) => Some((Key::Field(name.clone()), step.at.end)),
            StepKey::Index(index) => Some((Key::Index(*index), step.at.end)),
            StepKey::Computed(_) => None,
        })
        .collect()
}
