//! The binary and its promises, end to end: one file per capability.
mod action;
mod examples;
mod packaging;
