//! Readers of hostile bytes, one format a file: total, bounded, and silent about nothing.

pub mod archive;
pub(crate) mod compression;
pub(crate) mod kind;
pub(crate) mod npy;
pub mod pickle;
pub(crate) mod tar;
pub(crate) mod torch_tar;
pub mod torchscript;
pub(crate) mod zip;

pub use kind::{Kind, Reader};
