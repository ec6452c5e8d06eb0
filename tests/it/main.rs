//! The binary and its promises, end to end: one file per capability.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod action;
mod bombs;
mod command_line;
mod docs;
mod engine;
mod examples;
mod house;
mod packaging;
mod scan;
mod sluice;
mod walk;
