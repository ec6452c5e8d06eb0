//! What a central header says of a member against what its local header, its descriptor and its other names say.

use std::collections::hash_map::Entry;

use super::directory::View;
use super::member::{Member, Method};
use super::records::{self, Header};
use super::{Owner, Reader, Reading, names};
use crate::Gap;
use crate::formats::archive::What;

/// Unix file types (`st_mode`).
const TYPE: u32 = 0o170_000;
const LINK: u32 = 0o120_000;

impl Reader<'_, '_> {
    /// One header of a central directory: looks at the local header it leads to, and keeps what either says.
    pub(super) fn add_central(&mut self, header: &Header, view: View, number: usize) -> Result<(), Gap> {
        let at = header.at.saturating_add(view.shift);
        let bytes = self.local_bytes(at, header.name.len())?;
        let data = Header::local_whatever_its_signature(&bytes).map(|local| at + local.length);
        let member = member(header, at, data);
        self.note_twins(&member, number);
        if header.disk > 1 {
            self.facts.note(What::Irregular, at, format!("Member {:?} is said to be on disk {}.", member.name, header.disk));
        }
        let mut end = data.unwrap_or(at).saturating_add(header.packed);
        let mut flags = header.flags;
        if let Some(local) = Header::local(&bytes) {
            flags |= local.flags;
            if local.has_descriptor() {
                end = end.saturating_add(self.descriptor(header, &member, end)?);
            }
            self.compare(header, &member, &local, flags);
        } else {
            let message =
                format!("Member {:?} stands in the central directory only: its offset leads to no local header.", member.name);
            self.facts.note(What::Ambiguous, at, message);
        }
        self.claim_for(at, end, Owner::Member);
        self.keep_with_other_names(header, member, Some(number), flags);
        Ok(())
    }

    /// Two members of one directory under one name, or under one header.
    fn note_twins(&mut self, member: &Member, number: usize) {
        let Member { name, at, .. } = member;
        if !self.offsets.insert((number, *at)) {
            let message = format!("Member {name:?} and another member of the same directory share their bytes.");
            self.facts.note(What::Bomb, *at, message);
        }
        // A folder holds no bytes that could differ, and merged archives name one folder often.
        if member.is_folder() {
            return;
        }
        match self.names.entry((number, names::folded(name))) {
            Entry::Vacant(entry) => {
                entry.insert(name.clone());
            }
            Entry::Occupied(first) if first.get() == name => {
                let message = format!("Two members are called {name:?}: some readers take the first, some the last.");
                self.facts.note(What::Ambiguous, *at, message);
            }
            // A class loader reads classes out of the archive by their exact names, and tools that shorten names use both cases.
            Entry::Occupied(first) if [first.get(), name].iter().all(|name| name.as_bytes().ends_with(b".class")) => {}
            Entry::Occupied(first) => {
                let message =
                    format!("Members {:?} and {name:?} fall on one file where case or spelling does not count.", first.get());
                self.facts.note(What::Ambiguous, *at, message);
            }
        }
    }

    /// Notes where the two headers differ, and keeps the local reading if it is another one.
    fn compare(&mut self, header: &Header, seen: &Member, local: &Header, flags: u16) {
        let Member { name, at, .. } = seen;
        let mut reading = member(local, *at, seen.data);
        reading.link = seen.link;
        if local.name != header.name {
            let message = format!("Member {name:?} of the central directory is called {:?} in its local header.", reading.name);
            self.facts.note(What::Ambiguous, *at, message);
        }
        if local.method != header.method {
            let message = format!(
                "Member {name:?} is packed by method {} in the central directory and by method {} in its local header.",
                header.method, local.method
            );
            self.facts.note(What::Ambiguous, *at, message);
        }
        if local.leaves_sizes_open() {
            (reading.packed, reading.size, reading.crc) = (seen.packed, seen.size, seen.crc);
        } else {
            if (local.packed, local.size) != (header.packed, header.size) {
                let message = format!(
                    "Member {name:?} has {} bytes packed in {} in the central directory, {} in {} in its local header.",
                    header.size, header.packed, local.size, local.packed
                );
                self.facts.note(What::Ambiguous, *at, message);
                self.leads.extend(seen.data.map(|data| data.saturating_add(local.packed)));
            }
            if local.has_descriptor() {
                reading.crc = seen.crc;
            } else if local.crc != header.crc {
                let message =
                    format!("The checksums of member {name:?} differ between the central directory and its local header.");
                self.facts.note(What::Irregular, *at, message);
            }
        }
        if reading != *seen {
            self.keep_with_other_names(local, reading, None, flags);
        }
    }

    /// Bytes of the data descriptor that stands at `at`, compared with what the directory says.
    fn descriptor(&mut self, header: &Header, member: &Member, at: u64) -> Result<u64, Gap> {
        let bytes = self.bytes(at, 24)?;
        let name = &member.name;
        if let Some(size) = records::descriptor_size(&bytes, header.crc, header.packed, header.size) {
            return Ok(size);
        }
        if !bytes.starts_with(records::DESCRIPTOR) {
            if header.packed > 0 {
                self.facts.note(
                    What::Irregular,
                    at,
                    format!("Member {name:?} has no data descriptor where its flags promise one."),
                );
            }
            return Ok(0);
        }
        let crc = records::le32(&bytes, 4).unwrap_or_default();
        if let Some(size) = records::descriptor_size(&bytes, crc, header.packed, header.size) {
            let message =
                format!("The checksums of member {name:?} differ between the central directory and its data descriptor.");
            self.facts.note(What::Irregular, at, message);
            return Ok(size);
        }
        let message = format!("The sizes of member {name:?} differ between the central directory and its data descriptor.");
        self.facts.note(What::Ambiguous, at, message);
        Ok(16)
    }

    /// Keeps a reading, and one more for each other name that its header gives to the same bytes.
    pub(super) fn keep_with_other_names(&mut self, header: &Header, member: Member, view: Option<usize>, flags: u16) {
        let Member { name, at, .. } = &member;
        let mut others = Vec::new();
        if let Some(cut) = names::cut_at_nul(&header.name) {
            let message = format!("The name {name:?} holds a NUL, at which some readers cut it.");
            self.facts.note(What::Ambiguous, *at, message);
            others.push(names::text(cut));
        }
        if let Some(unicode) = header.unicode.as_ref().filter(|unicode| !names::spells(&header.name, unicode)) {
            let other = names::text(unicode);
            let message = format!("Member {name:?} is called {other:?} by its Unicode path field, which some readers prefer.");
            self.facts.note(What::Ambiguous, *at, message);
            others.push(other);
        }
        let flagged = flags & records::UNREADABLE != 0;
        for name in others {
            self.keep(Reading { member: Member { name, ..member.clone() }, view: None, flagged });
        }
        self.keep(Reading { member, view, flagged });
    }

    fn keep(&mut self, reading: Reading) {
        let Member { name, at, .. } = &reading.member;
        if let Some(why) = names::escape(name) {
            self.facts.note(What::Escapes, *at, format!("The name of member {name:?} {why}."));
        }
        if name.contains('\\') {
            let message = format!("The name of member {name:?} has a backslash, which some readers take for a folder.");
            self.facts.note(What::Irregular, *at, message);
        }
        let ratio = self.cx.settings.limits.ratio;
        if reading.member.is_bomb(ratio) {
            let Member { size, packed, .. } = reading.member;
            let message = format!("Member {name:?} unpacks from {packed} to {size} bytes, more than {ratio} times its size.");
            self.facts.note(What::Bomb, *at, message);
        }
        self.readings.push(reading);
    }
}

/// The member that a header at this place describes.
pub(super) fn member(header: &Header, at: u64, data: Option<u64>) -> Member {
    let name = names::text(&header.name);
    Member {
        name,
        at,
        data,
        size: header.size,
        packed: header.packed,
        method: Method::from(header.method),
        crc: header.crc,
        link: header.mode & TYPE == LINK,
        encrypted: false,
    }
}
