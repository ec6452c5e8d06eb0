//! From bytes to findings: the readers and checks of Sluicegate.
//!
//! Nothing in this package opens a file, a socket or the clock, starts a thread or prints. Bytes come in
//! through [`Source`], what was found goes out through [`Sink`], and the world in between is [`Cx`].
#![warn(unreachable_pub, clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "tests may panic, and read the project's own files"
    )
)]

mod artifact;
mod check;
mod cx;
mod examine;
mod finding;
pub mod formats;
pub mod model;
mod settings;

pub use artifact::{Content, Name, ReadError, Role, Source, Stream, Window};
pub use check::{Check, Fact, Ref, Run, Severity, Stage};
pub use cx::{Budget, Cx, OverBudget};
pub use examine::{Form, Subject, examine};
pub use finding::{Confidence, Finding, Gap, Place, Sink, Step, Why};
pub use formats::{Kind, Reader};
pub use settings::{AllowedName, Limits, Settings};

/// Every check of every family, sorted by id.
pub fn all() -> impl Iterator<Item = &'static Check> {
    let mut all: Vec<_> = model::CHECKS.iter().collect();
    all.sort_by_key(|check| check.id);
    all.into_iter()
}

/// The check with this id.
pub fn find(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id == id)
}
