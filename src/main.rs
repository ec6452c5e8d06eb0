//! `sluice`: parse, call, exit.
#![allow(dead_code, unused_imports, reason = "until the commands call it")]

mod config;
mod outcome;
mod report;

use std::process::ExitCode;

fn main() -> ExitCode {
    outcome::Outcome::Passed.into()
}
