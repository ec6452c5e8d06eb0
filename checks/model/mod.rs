//! Checks on models: what would run, or lead astray, when one is loaded.

mod names;
mod pickle;

mod archive_ambiguous;
mod archive_bomb;
mod archive_escaping_path;
mod archive_irregular;
mod pickle_broken;
mod pickle_dangerous_call;
mod pickle_dangerous_import;
mod pickle_misleading_structure;
mod pickle_state_overwrite;
mod pickle_trailing_bytes;
mod pickle_unknown_call;
mod pickle_unknown_class;
mod pickle_unknown_import;
mod pickle_unresolvable_call;
mod torchscript_side_effect;

use crate::Check;

pub use names::denied;
pub use pickle::{List, Nested, PickleFacts, Seen, WeightsOnly, read_pickle};

/// All checks of this family, sorted by id.
pub const CHECKS: &[Check] = &[
    archive_ambiguous::CHECK,
    archive_bomb::CHECK,
    archive_escaping_path::CHECK,
    archive_irregular::CHECK,
    pickle_broken::CHECK,
    pickle_dangerous_call::CHECK,
    pickle_dangerous_import::CHECK,
    pickle_misleading_structure::CHECK,
    pickle_state_overwrite::CHECK,
    pickle_trailing_bytes::CHECK,
    pickle_unknown_call::CHECK,
    pickle_unknown_class::CHECK,
    pickle_unknown_import::CHECK,
    pickle_unresolvable_call::CHECK,
    torchscript_side_effect::CHECK,
];
