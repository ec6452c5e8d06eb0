//! Readers of hostile bytes, one format a file: total, bounded, and silent about nothing.

pub mod archive;
pub mod pickle;
pub mod torchscript;
pub(crate) mod zip;

use serde::{Deserialize, Serialize};

/// What an artefact is, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Pickle,
    Joblib,
    PytorchLegacy,
    Text,
    Unknown,
}
