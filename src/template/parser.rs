//! Reads an expression as Tera reads it (same precedences), and says in this project's words what is wrong
//! with it. What it accepts, Tera compiles.

use std::ops::Range;

use super::TemplateError;
use super::hints;
use super::lexer::{Kind, Lexed, Token};
use super::reference::{self, DocumentedKind};
use super::syntax::{Argument, Expr, Node, Path, Step, StepKey};

type Parsed<T> = Result<T, TemplateError>;

/// Deeper nesting is refused; Tera's own limit is lower.
const MAX_DEPTH: usize = 64;

/// A longer chain of operators is refused: each makes the tree that Tera walks through one higher.
const MAX_HEIGHT: usize = 100;

/// A path with more steps is refused for the same reason.
const MAX_STEPS: usize = 64;
/// How many operators and fields one expression may have: each is one more call within others for whoever walks
/// through it, and the stack is not without end.
const MAX_OPERATORS: usize = 1000;

// How strongly operators bind, after Tera's own table.
const CHOICE: u8 = 0;
const NOT: u8 = 5;
const COMPARISON: u8 = 7;
const MINUS: u8 = 20;
const PIPE: u8 = 17;

/// A reader of one expression or tag.
pub(super) struct Parser<'s> {
    pub(super) source: &'s str,
    lexed: Lexed,
    next: usize,
    depth: usize,
    operators: usize,
}

impl<'s> Parser<'s> {
    /// A reader of these tokens of `source`.
    pub(super) fn new(source: &'s str, lexed: Lexed) -> Self {
        Self {
            source,
            lexed,
            next: 0,
            depth: 0,
            operators: 0,
        }
    }

    /// The one expression that the tokens make.
    pub(super) fn whole(mut self) -> Parsed<Expr> {
        let expr = self.expression(CHOICE)?;
        self.end()?;
        Ok(expr)
    }

    /// Fails unless all tokens are read.
    pub(super) fn end(&self) -> Parsed<()> {
        match self.peek_token() {
            None => Ok(()),
            Some(token) => Err(hints::unexpected(self.source, token.kind, &token.at)),
        }
    }

    /// The text of the next token.
    pub(super) fn peek(&self) -> Option<&'s str> {
        self.peek_token()
            .map(|token| &self.source[token.at.clone()])
    }

    pub(super) fn peek_token(&self) -> Option<&Token> {
        self.lexed.tokens.get(self.next)
    }

    pub(super) fn peek_second(&self) -> Option<&'s str> {
        let token = self.lexed.tokens.get(self.next + 1)?;
        Some(&self.source[token.at.clone()])
    }

    /// The place of the next token, or of the end.
    pub(super) fn here(&self) -> Range<usize> {
        self.peek_token()
            .map_or(self.lexed.end..self.lexed.end, |token| token.at.clone())
    }

    /// Where the last token that was read ends.
    pub(super) fn read_to(&self) -> usize {
        match self
            .next
            .checked_sub(1)
            .and_then(|last| self.lexed.tokens.get(last))
        {
            Some(token) => token.at.end,
            None => self.lexed.end,
        }
    }

    /// Reads the next token if it is this word or symbol.
    pub(super) fn accept(&mut self, text: &str) -> bool {
        let found = self.peek() == Some(text);
        self.next += usize::from(found);
        found
    }

    /// Reads this word or symbol.
    pub(super) fn expect(&mut self, text: &str, after: &str) -> Parsed<()> {
        if self.accept(text) {
            return Ok(());
        }
        let found = self.found();
        Err(TemplateError::new(format!("expected `{text}` {after}, found {found}")).at(self.here()))
    }

    /// Reads a name.
    pub(super) fn name(&mut self, what: &str) -> Parsed<Range<usize>> {
        match self.peek_token() {
            Some(token) if token.kind == Kind::Name => {
                let at = token.at.clone();
                self.next += 1;
                Ok(at)
            }
            _ => {
                let found = self.found();
                Err(TemplateError::new(format!("expected {what}, found {found}")).at(self.here()))
            }
        }
    }

    fn found(&self) -> String {
        self.peek().map_or_else(
            || "the end of the expression".into(),
            |text| format!("`{text}`"),
        )
    }

    /// Reads an expression whose operators all bind at least as strongly as `least`.
    pub(super) fn expression(&mut self, least: u8) -> Parsed<Expr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(TemplateError::new("the expression is nested too deeply").at(self.here()));
        }
        let mut left = self.operand()?;
        while let Some(operator) = self.peek() {
            let start = left.at.start;
            let negated = operator == "not";
            let operator = if negated { "in" } else { operator };
            let Some((binds, right)) = strength(operator) else {
                break;
            };
            if binds < least {
                break;
            }
            let place = self.here();
            self.count_operator()?;
            self.next += 1;
            if negated {
                self.expect("in", "after `not`")?;
            }
            let node = match operator {
                "|" => self.filter(left)?,
                "is" => self.test(left)?,
                "[" => {
                    let step = self.subscript(place)?;
                    let mut parts = vec![left];
                    if let StepKey::Computed(inner) = step.key {
                        parts.extend(inner);
                    }
                    Node::Other(parts)
                }
                "if" => {
                    let condition = self.expression(CHOICE)?;
                    if self.peek() != Some("else") {
                        return Err(hints::choice_without_else(self.here()));
                    }
                    self.next += 1;
                    let otherwise = self.expression(CHOICE)?;
                    Node::Other(vec![left, condition, otherwise])
                }
                _ => {
                    if binds == COMPARISON
                        && matches!(left.node, Node::Comparison(_))
                        && !left.enclosed
                    {
                        return Err(hints::chained_comparison(place));
                    }
                    let right = self.expression(right)?;
                    match operator {
                        "and" | "or" => Node::Logic(Box::new([left, right])),
                        _ if binds <= COMPARISON => Node::Comparison(Box::new([left, right])),
                        _ => Node::Other(vec![left, right]),
                    }
                }
            };
            left = Expr::new(node, start..self.read_to());
            if left.height > MAX_HEIGHT {
                return Err(hints::long_chain(self.here()));
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    fn count_operator(&mut self) -> Parsed<()> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            let long = format!("the expression has more than {MAX_OPERATORS} operators and fields");
            return Err(TemplateError::new(long).at(self.here()));
        }
        Ok(())
    }

    fn operand(&mut self) -> Parsed<Expr> {
        let at = self.here();
        let Some(token) = self.peek_token().cloned() else {
            return Err(TemplateError::new("expected an expression, found the end").at(at));
        };
        let text = &self.source[at.clone()];
        self.next += 1;
        let node = match (token.kind, text) {
            (Kind::Number | Kind::Text, _) | (Kind::Name, "none" | "None" | "null") => {
                Node::Literal
            }
            (Kind::Name, "true" | "True" | "false" | "False") => Node::Boolean,
            (Kind::Name, "not") => Node::Not(Box::new(self.expression(NOT)?)),
            (Kind::Name, "and" | "or" | "is" | "in" | "if" | "else" | "for") => {
                return Err(hints::unexpected(self.source, token.kind, &at));
            }
            (Kind::Name, _) if self.peek() == Some("(") => {
                let function = reference::find(DocumentedKind::Function, text)
                    .ok_or_else(|| hints::unknown_function(text, at.clone()))?;
                Node::Call {
                    arguments: self.arguments(function, &at)?,
                    name: at.clone(),
                }
            }
            (Kind::Name, _) => Node::Path(self.path(at.clone())?),
            (Kind::Symbol, "-") => Node::Other(vec![self.expression(MINUS)?]),
            (Kind::Symbol, "(") => {
                let mut inner = self.expression(CHOICE)?;
                self.expect(")", "after what stands in parentheses")?;
                inner.at = at.start..self.read_to();
                inner.enclosed = true;
                return Ok(inner);
            }
            (Kind::Symbol, "[") => self.list()?,
            (Kind::Symbol, "{") => self.mapping()?,
            _ => return Err(hints::unexpected(self.source, token.kind, &at)),
        };
        Ok(Expr::new(node, at.start..self.read_to()))
    }

    fn path(&mut self, root: Range<usize>) -> Parsed<Path> {
        let mut steps = Vec::new();
        while let Some(symbol) = self.peek() {
            let place = self.here();
            if steps.len() > MAX_STEPS {
                return Err(TemplateError::new("the path is too long").at(place));
            }
            if matches!(symbol, "." | "?." | "[" | "?[") {
                self.count_operator()?;
            }
            match symbol {
                "." | "?." => {
                    self.next += 1;
                    if self
                        .peek_token()
                        .is_some_and(|token| token.kind == Kind::Number)
                    {
                        return Err(hints::numbered_field(self.source, self.here()));
                    }
                    let name = self.name("the name of a field")?;
                    steps.push(Step {
                        at: place.start..name.end,
                        optional: symbol == "?.",
                        key: StepKey::Field(self.source[name].to_owned()),
                    });
                }
                "[" | "?[" => {
                    self.next += 1;
                    steps.push(self.subscript(place)?);
                }
                "(" => return Err(hints::method(self.source, &root, steps.last(), place)),
                _ => break,
            }
        }
        Ok(Path { root, steps })
    }

    /// Reads from behind the opening bracket to the closing one.
    fn subscript(&mut self, open: Range<usize>) -> Parsed<Step> {
        let mut parts = Vec::new();
        let mut sliced = false;
        loop {
            match self.peek() {
                Some(":") => {
                    self.next += 1;
                    sliced = true;
                }
                Some("]") if !parts.is_empty() || sliced => break,
                _ if parts.is_empty() || sliced => parts.push(self.expression(CHOICE)?),
                _ => break,
            }
        }
        self.expect("]", "after an index")?;
        let key = match parts.as_slice() {
            [only] if !sliced => self.literal_key(only),
            _ => None,
        };
        Ok(Step {
            optional: open.len() == 2,
            at: open.start..self.read_to(),
            key: key.unwrap_or(StepKey::Computed(parts)),
        })
    }

    fn literal_key(&self, expr: &Expr) -> Option<StepKey> {
        let text = &self.source[expr.at.clone()];
        if let Ok(index) = text.parse() {
            return Some(StepKey::Index(index));
        }
        let quote = text
            .chars()
            .next()
            .filter(|c| matches!(c, '\'' | '"' | '`'))?;
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (matches!(expr.node, Node::Literal) && !inner.contains('\\'))
            .then(|| StepKey::Field(inner.to_owned()))
    }

    fn filter(&mut self, on: Expr) -> Parsed<Node> {
        let name = self.name("the name of a filter")?;
        let arguments = self.filter_arguments(&name)?;
        Ok(Node::Filter {
            on: Box::new(on),
            name,
            arguments,
        })
    }

    /// Reads the arguments of the filter whose name was just read.
    pub(super) fn filter_arguments(&mut self, name: &Range<usize>) -> Parsed<Vec<Argument>> {
        let text = &self.source[name.clone()];
        let filter = reference::find(DocumentedKind::Filter, text)
            .ok_or_else(|| hints::unknown_filter(text, name.clone()))?;
        self.arguments(filter, name)
    }

    fn test(&mut self, on: Expr) -> Parsed<Node> {
        self.accept("not");
        let name = self.name("the name of a test")?;
        let text = &self.source[name.clone()];
        if text == "in" {
            return Err(hints::test_in(name));
        }
        let known = reference::find(DocumentedKind::Test, text)
            .ok_or_else(|| hints::unknown_test(text, name.clone()))?;
        if let Some(token) = self.peek_token()
            && matches!(token.kind, Kind::Text | Kind::Number)
            && !known.arguments.is_empty()
        {
            return Err(hints::bare_argument(self.source, text, token.at.clone()));
        }
        let arguments = self.arguments(known, &name)?;
        Ok(Node::Test {
            on: Box::new(on),
            name,
            arguments,
        })
    }

    fn list(&mut self) -> Parsed<Node> {
        let mut items = Vec::new();
        while !self.accept("]") {
            if !items.is_empty() {
                self.expect(",", "between the items of a list")?;
                if self.accept("]") {
                    break;
                }
            }
            self.accept("...");
            // A comprehension's `if` is no choice, so that its item must bind more strongly.
            items.push(self.expression(CHOICE)?);
            if items.len() == 1 && self.accept("for") {
                return self.comprehension(items);
            }
        }
        Ok(Node::Other(items))
    }

    fn comprehension(&mut self, mut inner: Vec<Expr>) -> Parsed<Node> {
        let locals = self.locals()?;
        let source = Box::new(self.expression(CHOICE + 1)?);
        if self.accept("if") {
            inner.push(self.expression(CHOICE + 1)?);
        }
        self.expect("]", "after a list made with `for`")?;
        Ok(Node::Comprehension {
            locals,
            source,
            inner,
        })
    }

    /// Reads `item in` or `key, value in`.
    pub(super) fn locals(&mut self) -> Parsed<Vec<Range<usize>>> {
        let mut locals = vec![self.name("a name for the item")?];
        if self.accept(",") {
            locals.push(self.name("a name for the value")?);
        }
        self.expect("in", "after the names of a loop")?;
        Ok(locals)
    }

    fn mapping(&mut self) -> Parsed<Node> {
        let mut values = Vec::new();
        while !self.accept("}") {
            if !values.is_empty() {
                self.expect(",", "between the entries of a mapping")?;
                if self.accept("}") {
                    break;
                }
            }
            if self.accept("...") {
                values.push(self.expression(CHOICE)?);
                continue;
            }
            match self.peek_token().map(|token| token.kind) {
                Some(Kind::Text | Kind::Number) => self.next += 1,
                Some(Kind::Name)
                    if matches!(self.peek(), Some("true" | "True" | "false" | "False")) =>
                {
                    self.next += 1;
                }
                _ => return Err(hints::mapping_key(self.peek(), self.here())),
            }
            self.expect(":", "after a key")?;
            values.push(self.expression(CHOICE)?);
        }
        Ok(Node::Other(values))
    }
}

/// How strongly an operator binds to its left and to its right.
fn strength(operator: &str) -> Option<(u8, u8)> {
    Some(match operator {
        "if" => (CHOICE, CHOICE),
        "or" => (1, 2),
        "and" => (3, 4),
        "in" | "is" => (NOT, 6),
        "==" | "!=" | "<" | "<=" | ">" | ">=" => (COMPARISON, 8),
        "+" | "-" => (11, 12),
        "*" | "/" | "%" | "~" | "//" => (13, 14),
        "**" => (16, 15),
        "|" => (PIPE, 18),
        "[" => (u8::MAX, u8::MAX),
        _ => return None,
    })
}
