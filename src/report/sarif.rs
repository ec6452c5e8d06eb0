//! sarif.
use std::io::{self, Write};

use super::{Printing, Report};

pub(super) fn print(report: &Report, _: &Printing, out: &mut dyn Write) -> io::Result<()> {
    for (_, found) in report.findings() {
        writeln!(out, "{} {} {}: {}", found.finding.severity, found.finding.check, found.finding.subject, found.finding.message)?;
    }
    Ok(())
}
