//! One verb, one file. Only `main` calls them, and nothing else knows them.

pub(crate) mod action;
pub(crate) mod checks;
pub(crate) mod explain;
pub(crate) mod manual;
pub(crate) mod output;
pub(crate) mod progress;
pub(crate) mod reprint;
pub(crate) mod scan;
