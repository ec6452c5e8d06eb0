//! Whole archives as pieces of a file: one right behind the other, or as members of a tar.
//!
//! PyTorch's distributed checkpoints keep many tensors in one file: `torch/distributed/checkpoint/filesystem.py` writes each item by `torch.save`; the place of each stands in `.metadata`.

use super::Reader;
use super::directory::End;
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

/// Whether each archive that a reader of the whole file could find lies in one of these pieces of it, is the whole piece,
/// and says the same there as to a reader of the piece.
pub(crate) fn only_inside(file: Window<'_>, pieces: &[(u64, u64)], cx: &Cx<'_>) -> bool {
    let reader = Reader::new(file, cx);
    let Ok(ends) = reader.ends() else { return false };
    ends.iter().all(|end| {
        let piece = pieces.iter().find(|(at, size)| *at <= end.at && end.at - at < *size);
        piece.is_some_and(|&(at, size)| {
            begin(&Reader::new(file.slice(at, size), cx), size) == Some(0) && !leads_elsewhere(&reader, end)
        })
    })
}

/// Whether the offsets of an end record, counted from the beginning of the file, hit a record too.
fn leads_elsewhere(reader: &Reader<'_, '_>, end: &End) -> bool {
    let starts = |at: u64, signature: &[u8]| reader.bytes(at, 4).map_or(true, |bytes| bytes.starts_with(signature));
    let wide = |at: u64| {
        let record = reader.bytes(at, records::END64_SIZE).ok().and_then(|bytes| records::end64(&bytes));
        record.is_some_and(|wide| starts(wide.offset, records::CENTRAL))
    };
    let locator = end.at.checked_sub(records::LOCATOR64_SIZE as u64).and_then(|at| {
        let bytes = reader.bytes(at, records::LOCATOR64_SIZE).ok()?;
        bytes.starts_with(records::LOCATOR64).then(|| (at, records::le64(&bytes, 8).unwrap_or_default()))
    });
    starts(end.record.extent.offset, records::CENTRAL)
        || locator.is_some_and(|(at, pointed)| {
            starts(pointed, records::END64) || at.checked_sub(records::END64_SIZE as u64).is_some_and(wide)
        })
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
