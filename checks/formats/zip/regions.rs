//! What lies where: pieces that members share, bytes that belong to nothing, and local headers hidden in those.

use memchr::memmem;

use super::records::{self, Header};
use super::{Owner, Reader, compare};
use crate::formats::archive::What;
use crate::{Gap, Why};

/// Bytes searched for hidden headers in one archive.
const SEARCHED: u64 = 64 << 20;
/// Bytes read at once for it, at first and at most.
const FIRST_PIECE: usize = 4 << 10;
const PIECE: usize = 256 << 10;

impl Reader<'_, '_> {
    /// Follows the local headers to wherever the directory does not lead, and accounts for every byte.
    pub(super) fn read_regions(&mut self) -> Result<(), Gap> {
        self.follow_leads()?;
        for (from, to) in self.free_regions() {
            self.search(from, to)?;
        }
        self.note_overlaps();
        self.note_outside();
        Ok(())
    }

    /// Where local sizes are others than the directory's, a streaming reader goes on at another place.
    fn follow_leads(&mut self) -> Result<(), Gap> {
        while let Some(at) = self.leads.pop() {
            if self.claims.contains_key(&at) {
                continue;
            }
            // The reader may have to skip a descriptor first.
            for skip in [0, 12, 16, 20, 24] {
                let at = at.saturating_add(skip);
                if !self.claims.contains_key(&at)
                    && let Some(end) = self.add_hidden(at, self.archive.size())?
                {
                    self.leads.push(end);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Pieces that nothing claims, in order.
    fn free_regions(&self) -> Vec<(u64, u64)> {
        let mut free = Vec::new();
        let mut covered = 0;
        for (from, (to, _)) in &self.claims {
            if *from > covered {
                free.push((covered, *from));
            }
            covered = covered.max(*to);
        }
        if covered < self.archive.size() {
            free.push((covered, self.archive.size()));
        }
        free
    }

    /// Searches free bytes for local headers that no directory names.
    fn search(&mut self, from: u64, to: u64) -> Result<(), Gap> {
        let (mut at, mut start, mut piece) = (from, from, Vec::new());
        // Behind a member the next header is expected at once: little is read there, and more where it is missing.
        let mut step = FIRST_PIECE;
        while at < to {
            let skip = usize::try_from(at - start).unwrap_or(usize::MAX);
            let rest = piece.get(skip..).unwrap_or_default();
            if let Some(found) = memmem::find(rest, records::LOCAL) {
                at += found as u64;
                let fixed = rest.get(found..found + records::LOCAL_SIZE);
                let hidden = if fixed.is_none_or(records::is_plausible_local) { self.add_hidden(at, to)? } else { None };
                step = if hidden.is_some() { FIRST_PIECE } else { step };
                at = hidden.unwrap_or(at + 4);
                continue;
            }
            if !rest.is_empty() {
                // The last three bytes may begin a signature.
                at += rest.len() as u64;
                if at >= to {
                    break;
                }
                at -= rest.len().min(3) as u64;
            }
            start = at;
            piece = self.search_piece(at, to, step)?;
            step = PIECE.min(step * 2);
        }
        Ok(())
    }

    /// Bytes to search in, of which an archive has only so many.
    fn search_piece(&mut self, at: u64, to: u64, size: usize) -> Result<Vec<u8>, Gap> {
        let size = usize::try_from(to - at).unwrap_or(size).min(size);
        self.searched += size as u64;
        if self.searched > SEARCHED {
            let detail = format!("more than {SEARCHED} bytes outside of all members, not searched for hidden members");
            return Err(Gap { why: Why::OverLimit, detail });
        }
        self.bytes(at, size)
    }

    /// The member of a local header that no directory led to; gives its end. `limit` is where the free bytes end.
    fn add_hidden(&mut self, at: u64, limit: u64) -> Result<Option<u64>, Gap> {
        if !records::is_plausible_local(&self.bytes(at, records::LOCAL_SIZE)?) {
            return Ok(None);
        }
        let bytes = self.local_bytes(at, 0)?;
        let Some(mut header) = Header::local(&bytes) else { return Ok(None) };
        if self.readings.len() as u64 >= self.cx.settings.limits.members {
            let limit = self.cx.settings.limits.members;
            return Err(Gap { why: Why::OverLimit, detail: format!("more than {limit} members") });
        }
        let data = at + header.length;
        let mut end = data.saturating_add(header.packed);
        if header.leaves_sizes_open() {
            end = self.end_of_open(&mut header, data, limit.max(data))?;
        } else if header.has_descriptor() {
            let bytes = self.bytes(end, 24)?;
            let crc = records::le32(&bytes, if bytes.starts_with(records::DESCRIPTOR) { 4 } else { 0 }).unwrap_or_default();
            end = end.saturating_add(records::descriptor_size(&bytes, crc, header.packed, header.size).unwrap_or(0));
        }
        let end = end.min(self.archive.size());
        let member = compare::member(&header, at, Some(data));
        // Without any directory the local headers are all there is, and nobody can see anything else.
        if !self.offsets.is_empty() {
            let message =
                format!("Member {:?} stands only among the local headers: the central directory does not know it.", member.name);
            self.facts.note(What::Ambiguous, at, message);
        }
        self.claim_for(at, end, Owner::Member);
        self.keep_with_other_names(&header, member, None, header.flags);
        Ok(Some(end.max(at + 1)))
    }

    /// Sizes that only the descriptor knows: the first one whose packed size is its distance, else all up to `limit`.
    fn end_of_open(&mut self, header: &mut Header, data: u64, limit: u64) -> Result<u64, Gap> {
        let mut at = data;
        while at < limit {
            let piece = self.search_piece(at, limit, PIECE)?;
            for found in memmem::find_iter(&piece, records::DESCRIPTOR) {
                let place = at + found as u64;
                let bytes = match piece.get(found..found + 24) {
                    Some(inside) => inside.to_vec(),
                    None => self.bytes(place, 24)?,
                };
                let distance = place - data;
                let narrow = records::le32(&bytes, 8).map(u64::from) == Some(distance);
                let wide = records::le64(&bytes, 8) == Some(distance);
                if narrow || wide {
                    header.crc = records::le32(&bytes, 4).unwrap_or_default();
                    header.size =
                        if wide { records::le64(&bytes, 16) } else { records::le32(&bytes, 12).map(u64::from) }.unwrap_or(0);
                    header.packed = distance;
                    return Ok(place + if wide { 24 } else { 16 });
                }
            }
            let end = at + piece.len() as u64;
            if end >= limit || piece.len() < 4 {
                break;
            }
            at = end - 3;
        }
        header.packed = limit - data;
        header.size = if header.method == 0 { header.packed } else { header.size };
        Ok(limit)
    }

    /// Two members over one piece of the archive: unpacked once for each of them.
    fn note_overlaps(&mut self) {
        let mut covered = (0, Owner::Record);
        let mut overlaps = Vec::new();
        for (from, (to, owner)) in &self.claims {
            if *from < covered.0 && (*owner, covered.1) != (Owner::Record, Owner::Record) {
                overlaps.push((*from, *owner == covered.1));
            }
            if *to > covered.0 {
                covered = (*to, *owner);
            }
        }
        for (at, members) in overlaps {
            if members {
                self.facts.note(What::Bomb, at, "Two members share the same bytes of the archive.");
            } else {
                self.facts.note(What::Irregular, at, "A member reaches into the records of the archive.");
            }
        }
        let size = self.archive.size();
        if covered.0 > size {
            self.facts.note(What::Irregular, size, "The archive ends before its last piece does.");
        }
    }

    fn note_outside(&mut self) {
        let (first, last) = (self.claims.keys().next().copied(), self.claims.keys().next_back().copied());
        for (from, to) in self.free_regions() {
            let place = if first.is_none_or(|first| from < first) {
                "in front of the first member"
            } else if last.is_some_and(|last| from > last) {
                "behind the end of the archive"
            } else {
                "between members, which belong to none"
            };
            self.facts.note(What::Irregular, from, format!("There are {} bytes {place}.", to - from));
            // Where nothing was found at all there is no outside.
            if !self.claims.is_empty() {
                self.outside.push((from, to - from));
            }
        }
    }
}
