//! `sluice`: parse, call, exit.

mod cli;
mod collect;
mod commands;
mod config;
mod engine;
mod outcome;
mod report;
mod spelling;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};

use cli::{Cli, Command};
use commands::output::{Failure, Outputs};
use outcome::Outcome;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let done = match Cli::from_arg_matches(&matches) {
        Ok(cli) => run(cli.command, matches.subcommand().map(|(_, matches)| matches)),
        Err(error) => error.exit(),
    };
    let outcome = done.unwrap_or_else(|failure| {
        eprintln!("sluice: {failure}");
        failure.outcome
    });
    outcome.into()
}

fn run(command: Command, matches: Option<&ArgMatches>) -> Result<Outcome, Failure> {
    let matches = matches.ok_or_else(|| Failure::usage("no command"))?;
    match command {
        Command::Scan(arguments) => {
            let outputs = Outputs::new(&arguments.printing, matches)?;
            return commands::scan::run(&arguments, &outputs);
        }
        Command::Report(arguments) => {
            let outputs = Outputs::new(&arguments.printing, matches)?;
            return commands::reprint::run(&arguments.file, &arguments.printing, &outputs);
        }
        Command::Checks { format } => print!("{}", commands::checks::run(format)),
        Command::Explain { id } => print!("{}", commands::explain::run(&id)?),
        Command::Completions { shell } => commands::manual::completions(shell),
        Command::Man { folder } => {
            let written = commands::manual::man(folder.as_deref());
            written.map_err(|error| Failure::undecided(format!("cannot write the man page: {error}")))?;
        }
        Command::Action => return Ok(commands::action::run()),
        Command::Worker => {
            engine::work().map_err(|error| Failure::undecided(format!("worker: {error}")))?;
        }
    }
    Ok(Outcome::Passed)
}
