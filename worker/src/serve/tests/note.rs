//! `note`: a module for tests, which writes a text into a file and can be told to fail.
#![expect(
    unreachable_pub,
    reason = "the macro declares what a module shows to all"
)]

use std::path::Path;

use crate::arg::{AbsPath, Source};
use crate::host::{Attributes, Host, Writer};
use crate::module;
use crate::plan::{Diff, Failure, Output, Plan};

module! {
    /// Writes a note.
    note {
        /// The file that has the note.
        path: AbsPath,
        /// The note.
        text: Option<String>,
        /// A file of the controller that is the note.
        src: Option<Source>,
        /// Whether to fail before anything is written.
        fail: bool = false,
        /// Whether to fail after it is written.
        fail_late: bool = false,
        /// Whether to say that nobody knows what it writes.
        blind: bool = false,
    }
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    if args.fail {
        return Err(Failure::new("asked to fail"));
    }
    let path = args.path.to_path_buf();
    let what = format!("note in {}", path.display());
    let found = host.read_text(&path)?;
    let mut plan = Plan::new();
    plan.output("length", found.as_ref().map(String::len));
    if found.is_some() && found == args.text {
        return Ok(plan);
    }
    let diff = Diff {
        before: found,
        after: args.text.clone(),
    };
    let wanted = args.clone();
    let effect = move |writer: &Writer<'_>| write(&wanted, &path, writer);
    if args.blind {
        return Ok(Plan::unpredictable(
            "nobody knows what it writes",
            what,
            effect,
        ));
    }
    plan.change(what, diff, effect);
    if args.fail_late {
        plan.change("failure", Diff::default(), |_| {
            Err(Failure::new("asked to fail late"))
        });
    }
    Ok(plan)
}

fn write(args: &Args, path: &Path, writer: &Writer<'_>) -> Result<Output, Failure> {
    if let Some(Source::Controller(content)) = &args.src {
        writer.write_content(path, content, Attributes::default())?;
    } else {
        let text = args.text.clone().unwrap_or_default();
        writer.write_file(path, text.as_bytes(), Attributes::default())?;
    }
    Ok(Output::from_iter([("written".to_owned(), true.into())]))
}
