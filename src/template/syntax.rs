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
    /// How many expressions stand in each other here.
    pub(super) height: usize,
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
        arguments: Vec<Argument>,
    },
    /// `on | name(...)`.
    Filter {
        on: Box<Expr>,
        name: Range<usize>,
        arguments: Vec<Argument>,
    },
    /// `name(...)`.
    Call {
        name: Range<usize>,
        arguments: Vec<Argument>,
    },
    Comprehension {
        locals: Vec<Range<usize>>,
        source: Box<Expr>,
        /// The item and the condition, which see the locals.
        inner: Vec<Expr>,
    },
    /// What gives a value from others: arithmetic, lists, mappings, choices.
    Other(Vec<Expr>),
}

/// An argument of a filter, test or function.
#[derive(Debug)]
pub(super) struct Argument {
    /// The name that the engine knows it by.
    pub(super) name: String,
    /// What must stand before it in the strict text for that: its name where the author gave it by place.
    pub(super) before: String,
    /// Where the author's text of it begins, with the name if there is one.
    pub(super) start: usize,
    pub(super) value: Expr,
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
            height: 1 + node.height(),
            node,
            at,
            enclosed: false,
        }
    }
}

impl Node {
    /// The height of the highest part.
    fn height(&self) -> usize {
        let highest = |parts: &[Expr]| parts.iter().map(|part| part.height).max().unwrap_or(0);
        let among = |arguments: &[Argument]| {
            let heights = arguments.iter().map(|argument| argument.value.height);
            heights.max().unwrap_or(0)
        };
        match self {
            Self::Literal | Self::Boolean => 0,
            Self::Path(path) => {
                let heights = path.steps.iter().map(|step| match &step.key {
                    StepKey::Computed(parts) => highest(parts),
                    _ => 0,
                });
                heights.max().unwrap_or(0)
            }
            Self::Not(inner) => inner.height,
            Self::Logic(parts) | Self::Comparison(parts) => highest(&**parts),
            Self::Test { on, arguments, .. } | Self::Filter { on, arguments, .. } => {
                on.height.max(among(arguments))
            }
            Self::Call { arguments, .. } => among(arguments),
            Self::Comprehension { source, inner, .. } => source.height.max(highest(inner)),
            Self::Other(parts) => highest(parts),
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
