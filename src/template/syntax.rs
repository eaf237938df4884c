//! What an expression is made of, as far as strictness needs it: where its paths, tests, filters and boolean
//! operators stand. It is never evaluated; Tera does that.

use std::ops::Range;

/// A part of an expression and where it stands, with the parentheses around it.
#[derive(Debug)]
pub(super) struct Expr {
    pub(super) node: Node,
    pub(super) at: Range<usize>,
    /// Whether it stands in parentheses.
    pub(super) enclosed: bool,
}

/// The sorts of expression.
#[derive(Debug)]
pub(super) enum Node {
    /// A number, a text, a boolean or nothing.
    Literal,
    /// A boolean literal.
    Boolean,
    Path(Path),
    Not(Box<Expr>),
    /// `and`, `or`.
    Logic(Box<[Expr; 2]>),
    /// `==`, `<`, `in`, ...: gives a boolean.
    Comparison(Box<[Expr; 2]>),
    /// `on is name(...)`.
    Test {
        on: Box<Expr>,
        name: Range<usize>,
        arguments: Vec<Expr>,
    },
    /// `on | name(...)`.
    Filter {
        on: Box<Expr>,
        name: Range<usize>,
        arguments: Vec<Expr>,
    },
    Comprehension {
        locals: Vec<Range<usize>>,
        source: Box<Expr>,
        /// The item and the condition, which see the locals.
        inner: Vec<Expr>,
    },
    /// What gives a value from others: arithmetic, lists, mappings, calls, choices.
    Other(Vec<Expr>),
}

/// A variable and what is taken from it: `host.disks[0].name`.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) root: Range<usize>,
    pub(super) steps: Vec<Step>,
}

/// One step of a path.
#[derive(Debug)]
pub(super) struct Step {
    /// From its dot or bracket to its end.
    pub(super) at: Range<usize>,
    /// Whether the author wrote `?.` or `?[`.
    pub(super) optional: bool,
    pub(super) key: StepKey,
}

/// What a step takes.
#[derive(Debug)]
pub(super) enum StepKey {
    Field(String),
    Index(i64),
    /// It depends on these.
    Computed(Vec<Expr>),
}

impl Expr {
    pub(super) fn new(node: Node, at: Range<usize>) -> Self {
        Self {
            node,
            at,
            enclosed: false,
        }
    }
}

impl Path {
    /// Where it stands.
    pub(super) fn at(&self) -> Range<usize> {
        let end = self.steps.last().map_or(self.root.end, |step| step.at.end);
        self.root.start..end
    }

    /// Whether the author has asked for undefined parts to be tolerated.
    pub(super) fn is_optional(&self) -> bool {
        self.steps.iter().any(|step| step.optional)
    }
}
