//! What the user is asked before and during a run: the variables of `vars_prompt`, and with `--step` each task.

use std::io::IsTerminal;
use std::sync::Arc;

use super::prompt::TerminalPrompt;
use crate::engine::{Ask, Choice, Run};
use crate::event::TaskName;
use crate::playbook::Prompt as Question;
use crate::source::{Diagnostic, Diagnostics};
use crate::transport::Prompt;
use crate::vars::Values;

/// Asks for every variable that no `-e` has given.
pub(super) fn answers(run: &Run, diagnostics: &mut Diagnostics) -> Values {
    let mut answers = Values::new();
    for question in run.loaded.plays().flat_map(|play| &play.prompts) {
        let known = run.extra.contains_key(&question.name) || answers.contains_key(&question.name);
        if known {
            continue;
        }
        match answer(question) {
            Some(text) => {
                if question.private {
                    run.sources.secrets().add(&text);
                }
                answers.insert(question.name.clone(), text.into());
            }
            None => diagnostics.push(
                Diagnostic::error(format!("nobody answers the prompt for `{}`", question.name))
                    .help(format!(
                        "give it on the command line: `-e {}=...`",
                        question.name
                    )),
            ),
        }
    }
    answers
}

fn answer(question: &Question) -> Option<String> {
    let default = question.default.as_deref();
    let shown = match default {
        Some(default) if !question.private => format!("{} [{default}]: ", question.question),
        _ => format!("{}: ", question.question),
    };
    let terminal = console::Term::stderr();
    if !terminal.is_term() || !std::io::stdin().is_terminal() {
        return default.map(str::to_owned);
    }
    loop {
        let read = |text: &str| {
            if question.private {
                return TerminalPrompt.secret(text);
            }
            terminal.write_str(text).ok()?;
            terminal.read_line().ok()
        };
        let text = read(&shown)?;
        if question.confirm && read(&format!("confirm {shown}"))? != text {
            terminal.write_line("the answers differ: once more").ok()?;
            continue;
        }
        return match (text.is_empty(), default) {
            (true, Some(default)) => Some(default.to_owned()),
            _ => Some(text),
        };
    }
}

/// Asks before each task. There must be somebody to ask.
pub(super) fn stepper(diagnostics: &mut Diagnostics) -> Option<Ask> {
    let terminal = console::Term::stderr();
    if !terminal.is_term() || !std::io::stdin().is_terminal() {
        let wrong = Diagnostic::error("`--step` needs a terminal to ask on");
        diagnostics.push(wrong);
        return None;
    }
    Some(Box::new(move |task: &TaskName| choose(&terminal, task)))
}

fn choose(terminal: &console::Term, task: &TaskName) -> Choice {
    let role = task
        .role
        .as_ref()
        .map(|role: &Arc<str>| format!("{role} : "));
    let name = format!("{}{}", role.unwrap_or_default(), task.name);
    loop {
        let question = format!("{name}? (y)es, (n)o, (c)ontinue without asking: ");
        let asked = terminal.write_str(&question);
        let Some(text) = asked.and_then(|()| terminal.read_line()).ok() else {
            return Choice::Skip;
        };
        match text.trim() {
            "y" | "yes" => return Choice::Do,
            "" | "n" | "no" => return Choice::Skip,
            "c" | "continue" => return Choice::Continue,
            _ => {}
        }
    }
}
