//! The world as a check sees it: settings, and a budget of work that always ends.

use std::cell::Cell;

use crate::Settings;

/// Everything a check or a reader may know beside its bytes.
pub struct Cx<'a> {
    pub settings: &'a Settings,
    pub budget: Budget,
    /// Bytes that may still be unpacked, all levels of containers together.
    pub unpacked: Budget,
    /// The limit that ended an unpacking, for whoever opened the stream to take and report: a reader behind it sees
    /// no more than an error.
    pub ended_by: Cell<Option<&'static str>>,
}

impl<'a> Cx<'a> {
    pub fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            budget: Budget::new(settings.limits.work),
            unpacked: Budget::new(settings.limits.unpacked),
            ended_by: Cell::new(None),
        }
    }
}

/// Work left for one file. It makes endless loops impossible by construction: readers spend before they work.
pub struct Budget(Cell<u64>);

/// The file asked for more work than its limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverBudget;

impl Budget {
    pub fn new(units: u64) -> Self {
        Self(Cell::new(units))
    }

    pub fn spend(&self, units: u64) -> Result<(), OverBudget> {
        let left = self.0.get().checked_sub(units).ok_or(OverBudget);
        self.0.set(left.unwrap_or(0));
        left.map(|_| ())
    }
}
