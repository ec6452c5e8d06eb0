//! Central directories: every one that some reader would find, and the headers in each.
//!
//! Readers look for the end record from the end of the file. CPython and miniz take the last signature there is,
//! others the last one whose comment ends with the file; with a zip64 record in front some ask it always, some only for
//! saturated fields; and CPython alone moves all offsets by the bytes in front of the archive. Where these give
//! different directories, each one is read.

use memchr::memmem;

use super::Reader;
use super::records::{self, EndRecord, Extent, Header};
use crate::formats::archive::What;
use crate::{Gap, Why};

/// Directories read of one archive; an honest one has one.
const VIEWS: usize = 8;

/// One central directory as some reader finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) start: u64,
    /// What is to be added to offsets, because the archive does not begin with the file.
    pub(super) shift: u64,
    size: u64,
    count: u64,
    /// Where its headers must end at the latest: the end record, or the zip64 end record.
    limit: u64,
}

/// An end record that some reader takes.
pub(super) struct End {
    pub(super) at: u64,
    pub(super) record: EndRecord,
    /// Its comment ends with the file, as careful readers demand.
    exact: bool,
}

impl Reader<'_, '_> {
    /// Finds all directories, notes where readers differ, and reads the headers of each.
    pub(super) fn read_directories(&mut self) -> Result<(), Gap> {
        let ends = self.ends()?;
        let mut views: Vec<View> = Vec::new();
        let mut with_views = 0;
        for end in &ends {
            // An end record inside of a member, most often an archive in the archive, is nobody's but the member's;
            // unless its comment reaches to the end of the file, which no honest one does.
            if with_views > 0 && !end.exact && self.is_claimed(end.at) {
                continue;
            }
            let found = self.views(end, with_views == 0)?;
            with_views += usize::from(!found.is_empty() || with_views == 0);
            for view in found {
                if views.iter().any(|seen| (seen.start, seen.shift) == (view.start, view.shift)) {
                    continue;
                }
                if views.len() == VIEWS {
                    return Err(Gap { why: Why::OverLimit, detail: format!("more than {VIEWS} central directories") });
                }
                views.push(view);
                self.read_view(view, views.len() - 1)?;
            }
        }
        if let [first, .., last] = &views[..] {
            self.facts.note(
                What::Ambiguous,
                first.start.max(last.start),
                format!(
                    "{} different central directories: readers that look for them differently see different members.",
                    views.len()
                ),
            );
        }
        if ends.is_empty() {
            self.facts.note(What::Irregular, 0, "There is no end of central directory record: most readers refuse the archive.");
        }
        Ok(())
    }

    /// Whether any end record leads to a directory with a member in it.
    pub(super) fn has_directory(&mut self) -> bool {
        let ends = self.ends().unwrap_or_default();
        ends.iter().take(VIEWS).any(|end| self.views(end, false).is_ok_and(|views| views.iter().any(|view| view.count > 0)))
    }

    /// End records in the order in which readers take them: the last signature first, then those whose comment ends with
    /// the file, then any other.
    pub(super) fn ends(&self) -> Result<Vec<End>, Gap> {
        let size = self.archive.size();
        let tail_at = size.saturating_sub((records::END_SIZE + usize::from(u16::MAX)) as u64);
        let tail = self.bytes(tail_at, records::END_SIZE + usize::from(u16::MAX))?;
        let mut ends = Vec::new();
        for at in memmem::rfind_iter(&tail, records::END) {
            if let Some(record) = tail.get(at..).and_then(EndRecord::read) {
                let at = tail_at + at as u64;
                ends.push(End { at, exact: at + records::END_SIZE as u64 + record.comment == size, record });
            }
        }
        // A stable sort: the last signature stays in front among its like.
        let last = ends.first().map(|end| end.at);
        ends.sort_by_key(|end| (Some(end.at) != last, !end.exact));
        Ok(ends)
    }

    /// The directories that this end record leads to. Only the `first` one is blamed for leading nowhere.
    fn views(&mut self, end: &End, first: bool) -> Result<Vec<View>, Gap> {
        let mut extents: Vec<(Extent, u64)> = Vec::new();
        let mut record_length = records::END_SIZE as u64 + end.record.comment;
        let mut record_at = end.at;
        let locator_at = end.at.checked_sub(records::LOCATOR64_SIZE as u64);
        let locator = match locator_at {
            Some(at) => self.bytes(at, records::LOCATOR64_SIZE)?,
            None => Vec::new(),
        };
        if let (Some(locator_at), true) = (locator_at, locator.starts_with(records::LOCATOR64)) {
            // miniz goes where the locator points, CPython to the record right in front of the locator.
            let pointed = records::le64(&locator, 8);
            let before = locator_at.checked_sub(records::END64_SIZE as u64);
            for at in [before, pointed.filter(|at| Some(*at) != before)].into_iter().flatten() {
                let bytes = self.bytes(at, records::END64_SIZE)?;
                if let Some(wide) = records::end64(&bytes) {
                    extents.push((wide, at));
                    if Some(at) == before || extents.len() == 1 {
                        record_at = record_at.min(at);
                    }
                }
            }
            if let [(wide, at), ..] = &extents[..]
                && !end.record.agrees_with(wide)
            {
                let message = "The zip64 end record and the end record disagree about the central directory.";
                self.facts.note(What::Ambiguous, *at, message);
            }
        }
        if extents.is_empty() || end.record.is_complete() {
            extents.push((end.record.extent, if extents.is_empty() { end.at } else { record_at }));
        }
        let mut views = Vec::new();
        for (extent, limit) in extents {
            if !extent.one_disk && first {
                self.facts.note(What::Irregular, end.at, "The end record speaks of several disks.");
            }
            self.resolve(&extent, limit, &mut views)?;
        }
        if first || !views.is_empty() {
            record_length += end.at - record_at;
            self.claim(record_at, record_at.saturating_add(record_length));
        }
        if views.is_empty() && first {
            self.facts.note(What::Irregular, end.at, "The end record leads to no central directory.");
        }
        Ok(views)
    }

    /// Where the directory of this extent is: at its offset, and where CPython looks, right in front of the end record.
    fn resolve(&mut self, extent: &Extent, limit: u64, views: &mut Vec<View>) -> Result<(), Gap> {
        let as_said = (extent.offset <= limit).then_some((extent.offset, 0));
        let moved = limit.checked_sub(extent.size).and_then(|start| Some((start, start.checked_sub(extent.offset)?)));
        for (start, shift) in [as_said, moved].into_iter().flatten() {
            let empty = extent.count == 0 && extent.size == 0;
            let view = View { start, shift, size: extent.size, count: extent.count, limit };
            if views.contains(&view) {
                continue;
            }
            if empty || self.bytes(start, 4)?.starts_with(records::CENTRAL) {
                views.push(view);
                if empty {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Reads the headers of one directory as far as there are any, and compares their number and size with what was said.
    fn read_view(&mut self, view: View, number: usize) -> Result<(), Gap> {
        let resident = self.cx.settings.limits.resident;
        let length = (view.limit - view.start).min(resident);
        let bytes = self.bytes(view.start, usize::try_from(length).unwrap_or(usize::MAX))?;
        let mut rest = &bytes[..];
        let mut count = 0;
        while let Some(header) = Header::central(rest) {
            rest = rest.get(usize::try_from(header.length).unwrap_or(usize::MAX)..).unwrap_or_default();
            count += 1;
            let over = self.readings.len() as u64 >= self.cx.settings.limits.members;
            if over {
                let limit = self.cx.settings.limits.members;
                return Err(Gap { why: Why::OverLimit, detail: format!("more than {limit} members") });
            }
            self.add_central(&header, view, number)?;
        }
        let mut read = (bytes.len() - rest.len()) as u64;
        self.claim(view.start, view.start.saturating_add(read));
        if length < view.limit - view.start && rest.starts_with(records::CENTRAL) {
            return Err(Gap { why: Why::OverLimit, detail: format!("a central directory of more than {resident} bytes") });
        }
        // A digital signature of the directory (4.3.13) may follow, and nobody checks it.
        if rest.starts_with(b"PK\x05\x05")
            && let Some(signature) = records::le16(rest, 4)
        {
            self.claim(view.start + read, (view.start + read + 6).saturating_add(signature.into()));
            if view.size > read {
                read = view.size;
            }
        }
        // Writers without zip64 let the count wrap; the size decides for every reader but miniz.
        if count != view.count || read != view.size {
            let message = format!(
                "The end record promises {} members in {} bytes, the central directory holds {count} in {read}.",
                view.count, view.size
            );
            let what = if count & 0xFFFF == view.count && read == view.size { What::Irregular } else { What::Ambiguous };
            self.facts.note(what, view.start, message);
        }
        Ok(())
    }
}
