//! `provision schema`: the JSON schemas for editors.

use super::args::SchemaArgs;
use super::print::print;

/// Prints what was asked for.
pub(super) fn run(args: &SchemaArgs) -> u8 {
    print(&args.document.text())
}
