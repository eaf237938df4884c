//! The page of keywords, made from the table that loading uses.

use std::fmt::Write;

use crate::playbook::keywords::{
    ARGUMENT, BLOCK, HANDLER, IMPORT_PLAYBOOK, META, PLAY, Place, ROLE, ROLE_IMPORT, TASK,
    TASKS_IMPORT,
};

/// The page, in Markdown. What plays, blocks, imports and tasks share is listed for each of them.
pub fn keywords() -> String {
    let mut page = String::from(
        "# Keywords\n\nWhat may stand where, and what it takes. `provision doc --keywords` shows this page.\n",
    );
    for (title, place) in [
        ("Plays", &PLAY),
        ("Imports of playbooks", &IMPORT_PLAYBOOK),
        ("Entries of `roles`", &ROLE),
        ("Tasks", &TASK),
        ("Blocks", &BLOCK),
        ("Imports of tasks", &TASKS_IMPORT),
        ("Imports of roles", &ROLE_IMPORT),
        ("A role's `meta/main.yaml`", &META),
        ("Arguments of a role, in `meta/args.yaml`", &ARGUMENT),
    ] {
        // Writing to a string cannot fail.
        let _ = write!(page, "\n## {title}\n\n{}", table(place));
        if title == "Tasks" {
            page.push_str("\nAnd the module: [modules](modules).\n\n## Handlers\n\n");
            page.push_str("A handler can have all that a task can have, and:\n\n");
            let listen = HANDLER.keywords();
            let listen = listen.filter(|keyword| TASK.find(keyword.name).is_none());
            page.push_str(&rows(listen));
        }
    }
    page
}

fn table(place: &Place) -> String {
    rows(place.keywords())
}

fn rows(keywords: impl Iterator<Item = &'static crate::playbook::keywords::Keyword>) -> String {
    let mut rows = String::from("| keyword | takes | meaning |\n|---|---|---|\n");
    for keyword in keywords {
        let names: Vec<String> = keyword.names().map(|name| format!("`{name}`")).collect();
        let required = if keyword.required { " Required." } else { "" };
        let (kind, doc) = (keyword.kind, keyword.doc);
        let _ = writeln!(rows, "| {} | {kind} | {doc}{required} |", names.join(", "));
    }
    rows
}
