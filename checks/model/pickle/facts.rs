//! What one pickle file would do, judged: the form that the pickle checks read.

use std::collections::HashMap;

use crate::formats::Kind;
use crate::{Confidence, Gap, Place, Sink, Step};

/// Different things of one class that are listed; further ones are counted.
const LISTED: usize = 200;
/// Offsets listed for one thing.
const OFFSETS: usize = 16;

/// Everything that the checks ask about.
#[derive(Clone, Debug)]
pub struct PickleFacts {
    /// `Kind::Pickle`, or the container that its opcodes show (joblib, PyTorch legacy).
    pub kind: Kind,
    /// How PyTorch's restricted loader would take it, as far as the pickle itself decides.
    pub weights_only: WeightsOnly,
    /// Bytes that the pickle hands to another loader, to be examined in their turn.
    pub nested: Vec<Nested>,
    /// What this reader could not look at.
    pub gaps: Vec<Gap>,
    /// Pickles one after the other in the same bytes.
    pub streams: u64,
    pub opcodes: u64,
    pub dangerous_calls: List,
    pub unresolvable_calls: List,
    pub state_writes: List,
    pub dangerous_imports: List,
    pub unknown_calls: List,
    pub unknown_classes: List,
    pub unknown_imports: List,
    pub evasions: List,
    pub breaks: List,
    pub trailing: List,
}

/// What `torch.load(weights_only=True)` would say.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "loads", rename_all = "kebab-case")]
pub enum WeightsOnly {
    Yes,
    /// Loads once these names are registered with `torch.serialization.add_safe_globals`.
    Needs {
        safe_globals: Vec<String>,
    },
    No {
        because: String,
    },
}

/// A byte string inside a pickle that a loader is called with.
#[derive(Clone, Debug)]
pub struct Nested {
    /// Offset of its first byte in the pickle's own bytes.
    pub at: u64,
    pub size: u64,
    /// The bytes, where they are not those of the file or cannot be read again.
    pub bytes: Option<Vec<u8>>,
    /// The loader's name, for the member's name.
    pub loader: String,
    /// The bytes stand in the file as UTF-8 text that the pickle encodes as Latin-1.
    pub(super) latin1: bool,
}

/// One thing seen, possibly many times.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What tells it from others of its class, whatever the offsets: usually a name.
    pub detail: String,
    pub message: String,
    pub trail: Vec<Step>,
    pub at: u64,
    pub in_file: Option<u64>,
    pub confidence: Confidence,
    pub count: u64,
    pub more: Vec<u64>,
}

/// Things of one class, each once.
#[derive(Clone, Debug, Default)]
pub struct List {
    seen: Vec<Seen>,
    index: HashMap<String, usize>,
    /// Things behind [`LISTED`].
    unlisted: u64,
}

impl List {
    /// Counts one occurrence. Message and trail are made only for the first.
    pub(super) fn add(&mut self, detail: &str, at: u64, tell: impl FnOnce() -> (String, Vec<Step>)) {
        if let Some(seen) = self.index.get(detail).and_then(|&index| self.seen.get_mut(index)) {
            seen.count += 1;
            if seen.more.len() < OFFSETS {
                seen.more.push(at);
            }
            return;
        }
        if self.seen.len() >= LISTED {
            self.unlisted += 1;
            return;
        }
        let (message, trail) = tell();
        self.index.insert(detail.to_owned(), self.seen.len());
        let detail = detail.to_owned();
        self.seen.push(Seen {
            detail,
            message,
            trail,
            at,
            in_file: None,
            confidence: Confidence::High,
            count: 1,
            more: Vec::new(),
        });
    }

    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter()
    }

    /// Adds what another list has seen.
    pub(super) fn merge(&mut self, other: Self) {
        for seen in other.seen {
            if let Some(known) = self.index.get(&seen.detail).and_then(|&index| self.seen.get_mut(index)) {
                known.count += seen.count;
                known.more.extend(std::iter::once(seen.at).chain(seen.more));
                known.more.truncate(OFFSETS);
            } else {
                self.index.insert(seen.detail.clone(), self.seen.len());
                self.seen.push(seen);
            }
        }
        self.unlisted += other.unlisted;
    }

    /// Offsets counted from `start` become offsets of the whole.
    pub(super) fn shift(&mut self, start: u64) {
        for seen in &mut self.seen {
            seen.at += start;
            seen.more.iter_mut().chain(seen.trail.iter_mut().map(|step| &mut step.at)).for_each(|at| *at += start);
        }
    }

    /// Gives every offset its place in the file.
    pub(super) fn locate(&mut self, in_file: impl Fn(u64) -> Option<u64>) {
        for seen in &mut self.seen {
            seen.in_file = in_file(seen.at);
        }
    }

    /// One finding for each thing.
    pub fn report(&self, out: &mut Sink) {
        for seen in &self.seen {
            let place = Place::Bytes { offset: seen.at, length: 1, in_file: seen.in_file };
            let finding = out.report(place, seen.message.clone(), seen.detail.clone());
            finding.trail.clone_from(&seen.trail);
            finding.confidence = seen.confidence;
            finding.count = seen.count;
            finding.more_offsets.clone_from(&seen.more);
        }
        if self.unlisted > 0 {
            let message = format!("{} more of this kind in the same pickle are not listed one by one", self.unlisted);
            out.report(Place::Whole, message, "unlisted").count = self.unlisted;
        }
    }
}
