//! Compiles templates while a playbook is loaded and renders them while it runs. After loading it is shared
//! between all hosts and never changes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use tera::{Context, Kwargs, State, Tera, TeraResult};

use super::document::{self, condition, has_templates, is_one_expression};
use super::failure::{Failure, boolean_failure};
use super::lookup::{HOSTVARS, Lookup, NameUse};
use super::lookups::{self, Answers};
use super::strict::{BOOLEAN, BOUNDED, DEFINED, Rewriter, Strict};
use super::{TemplateError, Trimming, bounds, derived, filters};
use crate::secret::Secrets;
use crate::value::{Value, ValueKind};

/// The most that one rendering may give.
pub(super) const MAX_OUTPUT: usize = 16 << 20;

/// The filter that takes an expression's value out of Tera, which itself only gives text.
const CAPTURE: &str = "__capture";
const CAPTURED: (&str, &str) = ("(", ") | __capture");
const CAPTURED_CONDITION: (&str, &str) = ("{{ (", ") | __capture }}");

/// Tera checks all its templates again whenever one is added, and each `Tera` holds the table of filters: 2,000
/// texts take 4 s in one, 130 ms and twice the memory in 2,000, and 50 ms in groups of 8.
const GROUP: usize = 8;

/// How many lookups of templates may stand in each other.
const MAX_DEPTH: usize = 8;

thread_local! {
    /// Tera's rendering is synchronous and never nested, not even by lookups, so that each thread needs one place
    /// only.
    static VALUE: RefCell<Option<Value>> = const { RefCell::new(None) };
}

/// Every template of a run.
pub struct Templates {
    /// Has the filters, tests and functions; each group begins as a copy of it.
    base: Tera,
    groups: Vec<Tera>,
    in_last_group: usize,
    texts: HashMap<Arc<str>, Text>,
    conditions: HashMap<Arc<str>, Condition>,
    secrets: Secrets,
    /// Whether `lookup('pipe', ...)` may run programs on the controller.
    pipe: bool,
    /// In how many lookups of templates this one is.
    depth: usize,
}

/// A text of a playbook or variable; what it renders to depends on its form.
#[derive(Clone, Debug)]
pub enum Text {
    /// No template: itself.
    Literal(Arc<str>),
    /// Exactly one `{{ }}`: the value of the expression, whatever its type.
    Expression(Compiled),
    /// Text with templates in it: a string.
    Mixed(Compiled),
}

/// A compiled text.
#[derive(Clone, Debug)]
pub struct Compiled(Arc<Unit>);

/// A compiled condition: an expression without braces that must give a boolean, and so must each operand of its
/// `and`, `or` and `not`.
#[derive(Clone, Debug)]
pub struct Condition(Arc<Unit>);

/// A compiled template file.
#[derive(Clone, Debug)]
pub struct FileTemplate {
    name: Arc<str>,
    /// Whether the file was encrypted, so that what it renders to is secret.
    secret: bool,
    unit: Arc<Unit>,
}

/// One template as Tera has it.
#[derive(Debug)]
pub(super) struct Unit {
    group: usize,
    name: String,
    pub(super) source: Arc<str>,
    pub(super) strict: Strict,
    /// The variables to look up, each once.
    roots: Vec<Root>,
    /// Whether it is an expression of one path only, which needs no engine as long as it is defined.
    is_path: bool,
}

#[derive(Debug)]
struct Root {
    name: Arc<str>,
    at: Range<usize>,
    guarded: bool,
    /// Of `hostvars`: all of its fields that the template uses, if they are known.
    fields: Option<Vec<Arc<str>>>,
}

impl Root {
    fn add(&mut self, used: &NameUse) {
        self.guarded |= used.guarded;
        match (&mut self.fields, &used.fields) {
            (Some(fields), Some(more)) => {
                for field in more {
                    if !fields.contains(field) {
                        fields.push(field.clone());
                    }
                }
            }
            (fields, _) => *fields = None,
        }
    }

    fn value(&self, lookup: &dyn Lookup) -> Result<Option<Value>, TemplateError> {
        if &*self.name == HOSTVARS {
            lookup.hostvars(self.fields.as_deref())
        } else {
            lookup.get(&self.name)
        }
    }
}

impl Text {
    /// The variables that it uses.
    pub fn names(&self) -> &[NameUse] {
        match self {
            Self::Literal(_) => &[],
            Self::Expression(Compiled(unit)) | Self::Mixed(Compiled(unit)) => &unit.strict.uses,
        }
    }

    /// Whether it calls `lookup`: then it may depend on anything, as a template that it looks up may.
    pub fn looks_up(&self) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Expression(Compiled(unit)) | Self::Mixed(Compiled(unit)) => {
                !unit.strict.lookups.is_empty()
            }
        }
    }

    /// The text as it was written.
    pub fn source(&self) -> &Arc<str> {
        match self {
            Self::Literal(text) => text,
            Self::Expression(Compiled(unit)) | Self::Mixed(Compiled(unit)) => &unit.source,
        }
    }

    /// The text if it has no template.
    pub fn as_literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            _ => None,
        }
    }
}

impl Condition {
    /// The variables that it uses.
    pub fn names(&self) -> &[NameUse] {
        &self.0.strict.uses
    }

    /// Whether it calls `lookup`: then it may depend on anything.
    pub fn looks_up(&self) -> bool {
        !self.0.strict.lookups.is_empty()
    }

    /// The condition as it was written.
    pub fn source(&self) -> &Arc<str> {
        &self.0.source
    }
}

impl FileTemplate {
    /// The variables that it uses.
    pub fn names(&self) -> &[NameUse] {
        &self.unit.strict.uses
    }

    /// Whether it calls `lookup`: then it may depend on anything.
    pub fn looks_up(&self) -> bool {
        !self.unit.strict.lookups.is_empty()
    }

    /// The file's text.
    pub fn source(&self) -> &Arc<str> {
        &self.unit.source
    }

    /// The template of a file that is encrypted.
    #[must_use]
    pub fn secret(mut self, secret: bool) -> Self {
        self.secret = secret;
        self
    }

    /// The path that the file is shown with.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self::new()
    }
}

impl Templates {
    /// No templates yet, but all filters, tests and functions.
    pub fn new() -> Self {
        Self::with_secrets(Secrets::default())
    }

    /// Templates that make what filters make of these secrets known as secret too.
    pub fn with_secrets(secrets: Secrets) -> Self {
        let mut base = Tera::new();
        base.autoescape_on(Vec::<&str>::new());
        filters::register(&mut base);
        base.register_filter(DEFINED, defined);
        base.register_filter(BOOLEAN, boolean);
        base.register_filter(BOUNDED, bounds::bounded);
        base.register_filter(CAPTURE, capture);
        derived::register(&mut base, &secrets);
        Self {
            base,
            groups: Vec::new(),
            in_last_group: 0,
            texts: HashMap::new(),
            conditions: HashMap::new(),
            secrets,
            pipe: false,
            depth: 0,
        }
    }

    /// What is known as secret.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Whether `lookup('pipe', ...)` may run programs on the controller; it must not unless it is allowed here.
    pub fn allow_pipe(&mut self, allowed: bool) {
        self.pipe = allowed;
    }

    pub(super) fn allows_pipe(&self) -> bool {
        self.pipe
    }

    /// No templates, but the same filters and permissions, for a file that a template looks up.
    pub(super) fn inner(&self) -> Option<Self> {
        (self.depth < MAX_DEPTH).then(|| Self {
            base: self.base.clone(),
            groups: Vec::new(),
            in_last_group: 0,
            texts: HashMap::new(),
            conditions: HashMap::new(),
            secrets: self.secrets.clone(),
            pipe: self.pipe,
            depth: self.depth + 1,
        })
    }

    /// Compiles a text of a playbook or variable. The same text is compiled once.
    pub fn compile_text(&mut self, text: &str) -> Result<Text, TemplateError> {
        if !has_templates(text) {
            return Ok(Text::Literal(Arc::from(text)));
        }
        if let Some(known) = self.texts.get(text) {
            return Ok(known.clone());
        }
        let mut rewriter = Rewriter::new(text);
        let compiled = if is_one_expression(text) {
            document::expression(text, 0, &mut rewriter, Some(CAPTURED))?;
            Text::Expression(Compiled(self.add(text, rewriter.finish())?))
        } else {
            document::document(text, &mut rewriter)?;
            Text::Mixed(Compiled(self.add(text, rewriter.finish())?))
        };
        self.texts
            .insert(compiled.source().clone(), compiled.clone());
        Ok(compiled)
    }

    /// Compiles a condition, such as that of `when`: an expression without braces.
    pub fn compile_condition(&mut self, text: &str) -> Result<Condition, TemplateError> {
        if let Some(known) = self.conditions.get(text) {
            return Ok(known.clone());
        }
        let mut rewriter = Rewriter::new(text);
        condition(text, &mut rewriter, CAPTURED_CONDITION)?;
        let compiled = Condition(self.add(text, rewriter.finish())?);
        self.conditions
            .insert(compiled.source().clone(), compiled.clone());
        Ok(compiled)
    }

    /// Compiles a template file; `name` is the path that it is shown with.
    pub fn compile_file(
        &mut self,
        name: &str,
        text: &str,
        trimming: Trimming,
    ) -> Result<FileTemplate, TemplateError> {
        let text = &*trimming.apply(text)?;
        let mut rewriter = Rewriter::new(text);
        document::document(text, &mut rewriter)?;
        Ok(FileTemplate {
            name: Arc::from(name),
            secret: false,
            unit: self.add(text, rewriter.finish())?,
        })
    }

    fn add(&mut self, source: &str, strict: Strict) -> Result<Arc<Unit>, TemplateError> {
        lookups::check(&strict.lookups, self.pipe)?;
        if self.groups.is_empty() || self.in_last_group == GROUP {
            self.groups.push(self.base.clone());
            self.in_last_group = 0;
        }
        let group = self.groups.len() - 1;
        let name = self.in_last_group.to_string();
        let added = self.groups[group].add_raw_template(&name, &strict.text);
        let mut roots: IndexMap<Arc<str>, Root> = IndexMap::new();
        for used in &strict.uses {
            let root = roots.entry(used.name.clone()).or_insert_with(|| Root {
                name: used.name.clone(),
                at: used.at.clone(),
                guarded: used.guarded,
                fields: used.fields.clone(),
            });
            root.add(used);
        }
        let roots = roots.into_values().collect();
        let is_path = match strict.paths.as_slice() {
            [path] => path.is_whole(source),
            _ => false,
        };
        let unit = Unit {
            group,
            name,
            is_path,
            source: Arc::from(source),
            strict,
            roots,
        };
        match added {
            Ok(()) => {
                self.in_last_group += 1;
                Ok(Arc::new(unit))
            }
            Err(error) => Err(Failure::of_compiling(&unit).explain(&error)),
        }
    }

    /// What a text renders to.
    pub fn render_text(&self, text: &Text, lookup: &dyn Lookup) -> Result<Value, TemplateError> {
        match text {
            Text::Literal(text) => Ok(Value::from(&**text)),
            Text::Expression(Compiled(unit)) => match Self::plain(unit, lookup) {
                Some(value) => Ok(value),
                None => self.evaluate(unit, lookup),
            },
            Text::Mixed(Compiled(unit)) => Ok(Value::from(self.render(unit, lookup)?)),
        }
    }

    /// What a file renders to.
    pub fn render_file(
        &self,
        file: &FileTemplate,
        lookup: &dyn Lookup,
    ) -> Result<String, TemplateError> {
        let text = self.render(&file.unit, lookup)?;
        if file.secret {
            self.secrets.add_lines(&text);
        }
        Ok(text)
    }

    /// Whether a condition holds.
    pub fn evaluate_condition(
        &self,
        condition: &Condition,
        lookup: &dyn Lookup,
    ) -> Result<bool, TemplateError> {
        let unit = &condition.0;
        if let Some(holds) = Self::plain(unit, lookup).and_then(|value| value.as_bool()) {
            return Ok(holds);
        }
        let value = self.evaluate(unit, lookup)?;
        value
            .as_bool()
            .ok_or_else(|| boolean_failure(&unit.source, 0..unit.source.len(), &kind_word(&value)))
    }

    /// The value of an expression that needs no engine: one path that is defined.
    fn plain(unit: &Unit, lookup: &dyn Lookup) -> Option<Value> {
        if !unit.is_path {
            return None;
        }
        // An error comes again, and is explained, when the engine is asked.
        let root = unit.roots[0].value(lookup).ok()??;
        unit.strict.paths[0].follow(&root).cloned()
    }

    fn evaluate(&self, unit: &Unit, lookup: &dyn Lookup) -> Result<Value, TemplateError> {
        VALUE.take();
        self.run(unit, lookup, &mut Limited(Vec::new()))?;
        let value = VALUE.take().unwrap_or_else(Value::undefined);
        if value.is_undefined() {
            // Only what the author made optional comes this far.
            let error =
                TemplateError::new("the expression gives nothing: its value is not defined");
            return Err(TemplateError {
                undefined: Some(unit.source.to_string()),
                ..error
                    .at(0..unit.source.len())
                    .with_help("end it in `| default(value=...)`")
            });
        }
        Ok(value)
    }

    fn render(&self, unit: &Unit, lookup: &dyn Lookup) -> Result<String, TemplateError> {
        let mut output = Limited(Vec::with_capacity(unit.source.len()));
        self.run(unit, lookup, &mut output)?;
        String::from_utf8(output.0)
            .map_err(|_| TemplateError::new("the rendered text is not UTF-8"))
    }

    fn run(
        &self,
        unit: &Unit,
        lookup: &dyn Lookup,
        output: &mut Limited,
    ) -> Result<(), TemplateError> {
        let mut context = Context::new();
        let mut failed = Vec::new();
        derived::forget();
        for root in &unit.roots {
            match root.value(lookup) {
                Ok(Some(value)) => context.insert_value(root.name.to_string(), value),
                Ok(None) => {}
                // It may stand on a way that is not taken; but `is defined` must not take it for undefined.
                Err(error) => {
                    let error = error.of_variable(root.name.clone(), Some(root.at.clone()));
                    if root.guarded {
                        return Err(error);
                    }
                    failed.push((root.name.clone(), error));
                }
            }
        }
        let tera = &self.groups[unit.group];
        if unit.strict.lookups.is_empty() {
            return tera
                .render_to(&unit.name, &context, output)
                .map_err(|error| {
                    Failure::of_rendering(unit, &context, failed, lookup).explain(&error)
                });
        }
        let mut answers = Answers::default();
        loop {
            output.0.clear();
            let (rendered, asked) =
                answers.during(|| tera.render_to(&unit.name, &context, &mut *output));
            let Err(error) = rendered else {
                return Ok(());
            };
            let explained =
                Failure::of_rendering(unit, &context, failed.clone(), lookup).explain(&error);
            let Some(asked) = asked else {
                return Err(explained);
            };
            let answer = asked.answer(self, lookup).map_err(|error| TemplateError {
                at: explained.at,
                ..error
            })?;
            answers.add(&asked, answer)?;
        }
    }
}

/// A buffer that refuses to grow too far.
struct Limited(Vec<u8>);

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn capture(value: &Value, _: Kwargs, _: &State) -> &'static str {
    // Arithmetic gives 128-bit integers, which few readers of values expect.
    let value = match (value.kind(), value.as_i64()) {
        (ValueKind::I128, Some(small)) => Value::from(small),
        _ => value.clone(),
    };
    VALUE.set(Some(value));
    ""
}

// The messages of these two are recognised when a failure is explained.

fn defined(value: &Value, _: Kwargs, _: &State) -> TeraResult<Value> {
    if value.is_undefined() {
        return Err(tera::Error::message(DEFINED));
    }
    Ok(value.clone())
}

fn boolean(value: &Value, _: Kwargs, _: &State) -> TeraResult<Value> {
    if value.is_bool() {
        return Ok(value.clone());
    }
    Err(tera::Error::message(BOOLEAN.to_owned() + &kind_word(value)))
}

/// What a value is, without showing it, except for the strings that people take for booleans.
fn kind_word(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined => "not defined".into(),
        ValueKind::None => "null".into(),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            match text.to_ascii_lowercase().as_str() {
                "yes" | "no" | "true" | "false" | "on" | "off" | "" => {
                    format!("the string `{text}`")
                }
                _ => "a string".into(),
            }
        }
        ValueKind::Array => "a list".into(),
        ValueKind::Map => "a mapping".into(),
        ValueKind::Bool => "a boolean".into(),
        ValueKind::Bytes => "bytes".into(),
        _ => "a number".into(),
    }
}
