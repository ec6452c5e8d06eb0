//! What is under the roots of a scan: files to examine, and what must be named instead of examined.

mod ignored;
mod links;
mod name;
mod walk;

use std::path::PathBuf;

use sluicegate_checks::Gap;

pub(crate) use ignored::Excluded;
pub(crate) use walk::walk;

/// One thing found under a root.
#[derive(Debug)]
pub(crate) enum Item {
    /// A regular file. `path` holds no link in its last part.
    File { path: PathBuf, name: String },
    /// Something that is not opened, and why.
    Gap { name: String, gap: Gap },
}
