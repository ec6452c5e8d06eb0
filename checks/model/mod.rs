//! Checks on models: what would run, or lead astray, when one is loaded.

use crate::{Check, Content, Cx, Name, Role, formats::Kind};

/// All checks of this family, sorted by id.
pub const CHECKS: &[Check] = &[];

/// What one pickle file would do, judged by the name tables.
#[derive(Clone, Debug)]
pub struct PickleFacts {
    /// `Kind::Pickle`, or the container that its opcodes show (joblib, PyTorch legacy).
    pub kind: Kind,
    /// How PyTorch's restricted loader would take it.
    pub weights_only: WeightsOnly,
    /// Bytes that the pickle hands to another loader, to be examined in their turn.
    pub nested: Vec<Nested>,
}

/// What `torch.load(weights_only=True)` would say.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    /// The bytes, where the pickle came as a stream and they cannot be read again.
    pub bytes: Option<Vec<u8>>,
    /// The loader's name, for the member's name.
    pub loader: String,
}

/// Reads a pickle, if the bytes are one by the rules of its role; `None` says that no loader would take them for one.
pub fn read_pickle(_content: Content<'_>, _name: &Name, _role: Role, _cx: &Cx) -> Option<PickleFacts> {
    None
}
