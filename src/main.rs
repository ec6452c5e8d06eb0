//! `sluice`: parse, call, exit.

mod report;

fn main() {}
