//! The command line: what the user asks for, and in which order the rest is called. The only folder that
//! may use everything, and the only one beside the reporters that prints.

mod args;
mod doc;
pub mod exit_code;
mod hosts;
mod input;
mod inspect;
mod inventory;
mod keys;
mod keywords;
mod passwords;
mod past;
mod print;
mod prompt;
mod questions;
mod report;
mod run;
mod schema;
mod vars;
mod vault;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
pub use doc::manual;
pub use keywords::keywords;

/// Runs the program as the command line says.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            // There is nobody to tell that printing has failed. Help and the version are errors to clap.
            let _ = told.print();
            let wrong = told.use_stderr();
            return ExitCode::from(if wrong { exit_code::BAD_INPUT } else { 0 });
        }
    };
    let code = match &cli.command {
        Some(Command::Doc(doc)) => doc::run(doc),
        Some(Command::Inventory(args)) => inventory::run(args),
        Some(Command::Vars(args)) => vars::run(args),
        Some(Command::Report(report)) => report::run(report),
        Some(Command::Schema(schema)) => schema::run(schema),
        Some(Command::Vault(vault)) => vault::run(vault),
        None => run::run(&cli.run),
    };
    ExitCode::from(code)
}
