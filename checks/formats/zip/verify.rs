//! What only the bytes of members tell: whether flagged ones are plain, where links lead, and small checksums.

use std::io::{self, BufReader, Read};

use super::member::{self, Member, Method};
use super::{Reader, names};
use crate::formats::archive::What;
use crate::{Gap, Why};

/// Members up to this size have their checksum verified …
const CHECKED: u64 = 1 << 20;
/// … as long as this many bytes of one archive were not yet unpacked for it. Tensors are not read to verify a sum.
const CHECKED_ALL: u64 = 4 << 20;
/// A longer link target is no path.
const TARGET: u64 = 4096;
/// Plain bytes show themselves within this many …
const PROBE: u64 = 64 << 10;
/// … and that many are unpacked for it, and for link targets, of one archive.
const PROBED_ALL: u64 = 64 << 20;
/// What setting up a decoder costs, in bytes unpacked.
const SET_UP: u64 = 512;

impl Reader<'_, '_> {
    pub(super) fn verify(&mut self) -> Vec<Gap> {
        let mut left = PROBED_ALL;
        let mut gaps = self.unflag(&mut left);
        gaps.extend(self.follow_links(&mut left).err());
        self.verify_checksums();
        gaps
    }

    /// Members flagged as encrypted (or patched, or masked): lenient readers ignore the flag where the bytes are plain.
    fn unflag(&mut self, left: &mut u64) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for index in 0..self.readings.len() {
            let Some(reading) = self.readings.get(index).filter(|reading| reading.flagged) else { continue };
            // What is not tried for want of budget counts as encrypted, and so becomes a gap.
            let plain = spend(left, PROBE) && self.is_plain(&reading.member);
            let (name, at) = (reading.member.name.clone(), reading.member.at);
            if plain {
                let message = format!(
                    "Member {name:?} is flagged as encrypted, and its bytes are plain: readers that ignore the flag load it."
                );
                self.facts.note(What::Ambiguous, at, message);
            } else if let Some(reading) = self.readings.get_mut(index) {
                reading.member.encrypted = true;
                if reading.member.method == Method::Stored {
                    gaps.push(reading.member.gap(Why::Encrypted, "is encrypted"));
                }
            }
        }
        gaps
    }

    /// Whether the bytes read as what the header says without any key.
    fn is_plain(&self, member: &Member) -> bool {
        match member.method {
            // PKWARE's encryption puts 12 bytes in front (APPNOTE 6.1.3), the others more; what only looks longer has
            // the checksum of its beginning.
            Method::Stored => {
                let beginning = Member { packed: member.size, ..member.clone() };
                member.packed <= member.size
                    || (member.size <= CHECKED && self.sum(&beginning).is_ok_and(|sum| sum.crc == member.crc))
            }
            Method::Other(_) => false,
            _ => {
                let want = member.size.min(PROBE);
                let read = self.decoder(member).and_then(|decoder| io::copy(&mut decoder.take(want), &mut io::sink()));
                read.is_ok_and(|count| count == want)
            }
        }
    }

    fn decoder(&self, member: &Member) -> io::Result<Box<dyn Read + '_>> {
        let data = member.data.ok_or(io::ErrorKind::UnexpectedEof)?;
        member::decoder(self.archive.slice(data, member.packed), member.method, member.size, self.cx)
    }

    /// Links whose target lies outside. The target is the member's content.
    fn follow_links(&mut self, left: &mut u64) -> Result<(), Gap> {
        for index in 0..self.readings.len() {
            let Some(member) = self.readings.get(index).map(|reading| &reading.member) else { continue };
            if !member.link || member.encrypted {
                continue;
            }
            if !spend(left, TARGET) {
                return Err(Gap { why: Why::OverLimit, detail: "so many links that not every target was read".into() });
            }
            let mut target = Vec::new();
            let read = self.decoder(member).and_then(|decoder| decoder.take(TARGET).read_to_end(&mut target));
            let (name, at, target) = (member.name.clone(), member.at, names::text(&target));
            if read.is_err() {
                self.facts.note(What::Irregular, at, format!("The target of link {name:?} cannot be read."));
            } else if names::link_escapes(&name, &target) {
                self.facts.note(What::Escapes, at, format!("Member {name:?} is a link to {target:?}, outside of the archive."));
            }
        }
        Ok(())
    }

    /// Small members first: structure and code, which are what a checksum was ever used against.
    fn verify_checksums(&mut self) {
        let mut small: Vec<usize> = (0..self.readings.len()).filter(|index| self.is_checked(*index)).collect();
        small.sort_by_key(|index| self.readings.get(*index).map(|reading| reading.member.size));
        let mut left = CHECKED_ALL;
        for index in small {
            let Some(member) = self.readings.get(index).map(|reading| reading.member.clone()) else { continue };
            // The packed size counts too: a decoder may read much and give nothing.
            if !spend(&mut left, SET_UP + member.size.max(member.packed)) {
                break;
            }
            let Member { name, at, .. } = &member;
            let sum = self.sum(&member);
            match &sum {
                Ok(sum) if sum.size != member.size => {
                    let there = if sum.size > member.size { "more" } else { "less" };
                    let message = format!("Member {name:?} unpacks to {there} than the {} bytes it declares.", member.size);
                    self.facts.note(What::Irregular, *at, message);
                }
                Ok(sum) if sum.crc != member.crc => {
                    let message =
                        format!("The checksum of member {name:?} is wrong: strict readers refuse it, PyTorch loads it.");
                    self.facts.note(What::Irregular, *at, message);
                }
                Ok(_) => {}
                Err(error) => {
                    self.facts.note(What::Irregular, *at, format!("Member {name:?} cannot be unpacked: {error}."));
                }
            }
            if let Ok(Sum { consumed: Some(consumed), .. }) = sum
                && consumed < member.packed
            {
                let message = format!("Member {name:?} ends before its packed bytes do.");
                self.facts.note(What::Irregular, *at, message);
                self.leads.extend(member.data.map(|data| data.saturating_add(consumed)));
            }
        }
    }

    fn is_checked(&self, index: usize) -> bool {
        self.readings.get(index).is_some_and(|reading| {
            let member = &reading.member;
            let known = !matches!(member.method, Method::Other(_));
            known && !member.encrypted && member.data.is_some() && member.size <= CHECKED && member.packed <= CHECKED
        })
    }

    /// Size and checksum of a member as it unpacks, at most one byte more than it declares.
    fn sum(&self, member: &Member) -> io::Result<Sum> {
        let mut crc = flate2::Crc::new();
        let mut size = 0;
        let mut count = |decoder: &mut dyn Read| -> io::Result<()> {
            let mut piece = vec![0; 32 << 10];
            let mut decoder = decoder.take(member.size.saturating_add(1));
            loop {
                let count = decoder.read(&mut piece)?;
                let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else { return Ok(()) };
                crc.update(read);
                size += count as u64;
            }
        };
        let mut consumed = None;
        if member.method == Method::Deflate {
            let data = member.data.ok_or(io::ErrorKind::UnexpectedEof)?;
            let packed = member::Packed::new(self.archive.slice(data, member.packed), self.cx);
            let mut decoder = flate2::bufread::DeflateDecoder::new(BufReader::new(packed));
            count(&mut decoder)?;
            consumed = Some(decoder.total_in());
        } else {
            count(&mut *self.decoder(member)?)?;
        }
        Ok(Sum { size, crc: crc.sum(), consumed })
    }
}

/// Takes from a budget if it suffices.
fn spend(left: &mut u64, count: u64) -> bool {
    let rest = left.checked_sub(count);
    *left = rest.unwrap_or(*left);
    rest.is_some()
}

/// What unpacking a member showed.
struct Sum {
    size: u64,
    crc: u32,
    /// Packed bytes that the decoder took, where it has an end of its own.
    consumed: Option<u64>,
}
