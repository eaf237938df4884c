//! The program. Everything is in the library, where it can be tested.

use std::process::ExitCode;

fn main() -> ExitCode {
    provision::cli::main()
}
