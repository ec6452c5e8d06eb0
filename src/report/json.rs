//! json stub
use std::io::{self, Write};
use super::{Printing, Report};
pub(super) fn print(report: &Report, _: &Printing, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(out, report)?; Ok(())
}
