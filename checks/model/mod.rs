//! Checks on models: what would run, or lead astray, when one is loaded.

mod names;
mod pickle;

use crate::Check;

pub use pickle::{List, Nested, PickleFacts, Seen, WeightsOnly, read_pickle};

/// All checks of this family, sorted by id.
pub const CHECKS: &[Check] = &[];
