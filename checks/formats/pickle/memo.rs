//! The pickle machine's memo: bounded, whatever indices a pickle names.

use std::collections::HashMap;

use super::value::Value;

/// Memo entries that are held; what a larger memo holds beyond them is unknown.
const ENTRIES: usize = 24 << 20;
/// Memo indices up to this are held densely; a pickle may name any index up to 2³².
const DENSE: usize = 1 << 20;

/// The memo: dense for the small indices that picklers write, sparse for whatever else a pickle may name.
#[derive(Default)]
pub(super) struct Memo {
    dense: Vec<Option<Value>>,
    sparse: HashMap<u64, Value>,
    /// Entries, which is the index that MEMOIZE takes next.
    pub(super) len: usize,
    /// Entries that were not kept for lack of room: what stands at an index that is not held cannot be known.
    pub(super) lost: bool,
}

impl Memo {
    pub(super) fn get(&self, index: u64) -> Option<&Value> {
        match usize::try_from(index).ok().and_then(|index| self.dense.get(index)) {
            Some(slot) => slot.as_ref(),
            None => self.sparse.get(&index),
        }
    }

    /// A full memo keeps nothing new.
    pub(super) fn put(&mut self, index: u64, value: Value) {
        // Indices that follow on are dense at any size; a jump is dense only within the first million.
        let next = self.dense.len() as u64;
        let dense = index < next || (index == next && self.sparse.is_empty()) || index < DENSE as u64;
        let old = if dense {
            let Ok(slot) = usize::try_from(index) else { return };
            if slot >= ENTRIES {
                return self.lose();
            }
            if slot >= self.dense.len() {
                let grown = (slot + 1).max(self.dense.len().saturating_mul(2).min(DENSE).min(slot + 64));
                self.dense.resize_with(grown, || None);
                // What stood sparse below the new end moves, so that each index lives in one place.
                if !self.sparse.is_empty() {
                    for (at, slot) in self.dense.iter_mut().enumerate().skip(usize::try_from(next).unwrap_or(0)) {
                        *slot = self.sparse.remove(&(at as u64));
                    }
                }
            }
            self.dense.get_mut(slot).and_then(|slot| slot.replace(value))
        } else {
            if self.sparse.len() >= ENTRIES {
                return self.lose();
            }
            self.sparse.insert(index, value)
        };
        self.len += usize::from(old.is_none());
    }

    fn lose(&mut self) {
        self.lost = true;
        self.len += 1;
    }
}
