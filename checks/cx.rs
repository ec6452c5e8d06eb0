//! The world as a check sees it: settings, and a budget of work that always ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Settings;

/// Everything a check or a reader may know beside its bytes.
pub struct Cx<'a> {
    pub settings: &'a Settings,
    pub budget: Budget,
    /// Bytes that may still be unpacked, all levels of containers together.
    pub unpacked: Budget,
}

impl<'a> Cx<'a> {
    pub fn new(settings: &'a Settings) -> Self {
        Self::with_budget(settings, Budget::new(settings.limits.work))
    }

    /// With a budget whose meter somebody watches.
    pub fn with_budget(settings: &'a Settings, budget: Budget) -> Self {
        Self { settings, budget, unpacked: Budget::new(settings.limits.unpacked) }
    }
}

/// Work left for one file. It makes endless loops impossible by construction: readers spend before they work.
///
/// One thread spends; another may watch the meter to see that work goes on.
#[derive(Clone)]
pub struct Budget(Arc<AtomicU64>);

/// The file asked for more work than its limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverBudget;

impl Budget {
    pub fn new(units: u64) -> Self {
        Self(Arc::new(AtomicU64::new(units)))
    }

    pub fn spend(&self, units: u64) -> Result<(), OverBudget> {
        let left = self.0.load(Ordering::Relaxed).checked_sub(units).ok_or(OverBudget);
        self.0.store(left.unwrap_or(0), Ordering::Relaxed);
        left.map(|_| ())
    }

    /// Sets what is left, for the next file.
    pub fn refill(&self, units: u64) {
        self.0.store(units, Ordering::Relaxed);
    }

    /// What is left, to be watched from elsewhere.
    pub fn meter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0)
    }
}
