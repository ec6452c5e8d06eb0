//! `sluice report`: prints a saved JSON report again, in any format, and exits by what it says.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use super::output::{Failure, Outputs};
use crate::cli;
use crate::outcome::Outcome;
use crate::report;

/// Longest report read.
const SIZE: u64 = 1 << 30;

pub(crate) fn run(file: &PathBuf, arguments: &cli::Printing, outputs: &Outputs) -> Result<Outcome, Failure> {
    let mut text = String::new();
    let read = File::open(file).and_then(|open| open.take(SIZE).read_to_string(&mut text));
    read.map_err(|error| Failure::usage(format!("cannot read the report {}: {error}", file.display())))?;
    let mut report = report::read(&text).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    if let Some(fail_on) = arguments.fail_on {
        report.fail_on = fail_on.severity();
    }
    if let Some(min_severity) = arguments.min_severity {
        report.min_severity = min_severity.into();
    }
    outputs.write(&report)?;
    Ok(Outcome::of(&report))
}
