//! `sluice`: parse, call, exit.

mod config;
mod outcome;
mod report;

use std::process::ExitCode;

fn main() -> ExitCode {
    outcome::Outcome::Passed.into()
}
