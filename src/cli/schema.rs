//! `provision schema`: the JSON schemas for editors.

use super::args::SchemaArgs;
use super::exit_code;

/// Prints what was asked for.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub(super) fn run(args: &SchemaArgs) -> u8 {
    print!("{}", args.document.text());
    exit_code::SUCCESS
}
