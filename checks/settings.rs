//! What a user may set: names a project trusts, and the limits within which hostile bytes are read.

use serde::{Deserialize, Serialize};

/// Settings of all checks, already validated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Names that the project's own pickles may use, beside the built-in packs.
    pub allow: Vec<AllowedName>,
    pub limits: Limits,
}

/// One name a project trusts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedName {
    /// Full dotted name, exact: `acme.models.Ranker`.
    pub name: String,
    pub reason: String,
}

/// Unpacked bytes below which no ratio makes a bomb: zeros are an ordinary thing to compress.
pub(crate) const NO_BOMB: u64 = 64 << 20;

/// Limits on work and memory. Reaching one is a gap in the report, never silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Containers inside containers.
    pub depth: u32,
    /// Members of one archive.
    pub members: u64,
    /// Bytes unpacked from one file, all levels together.
    pub unpacked: u64,
    /// Unpacked ÷ packed beyond which a member larger than 64 MiB counts as a bomb. Deflate reaches 1,032 at most.
    pub ratio: u64,
    /// Bytes held in memory to read a compressed member that needs random access (an archive in an archive).
    pub resident: u64,
    /// Work units for one file; about one per opcode or 64 bytes read.
    pub work: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 8, members: 1_000_000, unpacked: 64 << 30, ratio: 1_000, resident: 256 << 20, work: 4_000_000_000 }
    }
}
