//! Whole archives, one right behind the other: how PyTorch's distributed checkpoints keep many tensors in one file.
//!
//! `torch/distributed/checkpoint/filesystem.py` writes each item by `torch.save`; the place of each stands in `.metadata`.

use super::Reader;
use super::records::{self, EndRecord};
use crate::{Cx, Window};

/// Archives in one file; a shard of a large model holds some thousands.
const ARCHIVES: usize = 100_000;

/// Offset and size of each archive, in order, if the whole file is nothing but two or more of them.
pub(crate) fn joined(file: Window<'_>, cx: &Cx<'_>) -> Option<Vec<(u64, u64)>> {
    let reader = Reader::new(file, cx);
    let mut archives = Vec::new();
    let mut end = file.size();
    while end > 0 && archives.len() < ARCHIVES {
        let start = begin(&reader, end)?;
        archives.push((start, end - start));
        end = start;
    }
    archives.reverse();
    (end == 0 && archives.len() > 1).then_some(archives)
}

/// Where the archive begins that ends here with an end record without a comment: in front of its directory lie as many
/// bytes as the directory's offset says.
fn begin(reader: &Reader<'_, '_>, end: u64) -> Option<u64> {
    let at = end.checked_sub(records::END_SIZE as u64)?;
    let record = EndRecord::read(&reader.bytes(at, records::END_SIZE).ok()?)?;
    let locator_at = at.checked_sub(records::LOCATOR64_SIZE as u64)?;
    let (extent, limit) = if reader.bytes(locator_at, 4).ok()?.starts_with(records::LOCATOR64) {
        let wide_at = locator_at.checked_sub(records::END64_SIZE as u64)?;
        (records::end64(&reader.bytes(wide_at, records::END64_SIZE).ok()?)?, wide_at)
    } else {
        (record.extent, at)
    };
    let start = limit.checked_sub(extent.size)?.checked_sub(extent.offset)?;
    let whole = record.comment == 0 && start < end && reader.bytes(start, 4).ok()?.starts_with(records::LOCAL);
    whole.then_some(start)
}
