//! A zip archive as all readers of it could see it: both views, every member of either, and what they disagree about.
//!
//! One view is the central directory, which CPython, PyTorch (miniz) and most tools read; the other are the local headers
//! in front of the data, which streaming readers follow from the beginning. Sizes come from the directory where a
//! local header leaves them open, so that half a gigabyte of tensors costs one small read for each member.

mod compare;
mod directory;
mod joined;
mod member;
mod names;
mod records;
mod regions;
mod verify;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::formats::archive::ArchiveFacts;
use crate::{Cx, Gap, Why, Window};

pub(crate) use joined::{joined, only_inside};
pub(crate) use member::Member;

/// What can be said of an archive without unpacking it.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    pub facts: ArchiveFacts,
    /// Every reading of every member, by offset; the same reading stands here once, whoever has it.
    pub members: Vec<Member>,
    /// Offset and size of what belongs to no member and no record: in front, between, behind.
    pub outside: Vec<(u64, u64)>,
    pub gaps: Vec<Gap>,
}

/// Whether some reader would open these bytes as an archive: they begin with one, or an end record behind whatever else
/// they are leads to a central directory.
pub(crate) fn is_zip(archive: Window<'_>, cx: &Cx<'_>) -> bool {
    let head = archive.bytes(0, 4).unwrap_or_default();
    head.starts_with(records::LOCAL) || head.starts_with(records::END) || Reader::new(archive, cx).has_directory()
}

/// Reads both views of an archive. What a limit or a read error cut off is a gap, and what was read until then stands.
pub(crate) fn open(archive: Window<'_>, cx: &Cx<'_>) -> Opened {
    let mut reader = Reader::new(archive, cx);
    let mut gaps = Vec::new();
    let directories = reader.read_directories();
    gaps.extend(reader.verify());
    // Behind a limit nobody knows what belongs to whom.
    let regions = if directories.is_ok() { reader.read_regions() } else { Ok(()) };
    gaps.extend([directories, regions].into_iter().filter_map(Result::err));
    let Reader { facts, mut readings, outside, .. } = reader;
    readings.sort_by(|a, b| a.member.at.cmp(&b.member.at).then_with(|| a.view.cmp(&b.view)));
    let mut members: Vec<Member> = Vec::with_capacity(readings.len());
    for reading in readings {
        // Readings of one place stand side by side, and only an archive made for it has more than a few of them.
        let same_place = members.iter().rev().take_while(|seen| seen.at == reading.member.at).take(MANY);
        if !same_place.into_iter().any(|seen| *seen == reading.member) {
            members.push(reading.member);
        }
    }
    Opened { facts, members, outside, gaps }
}

/// Readings of one place that are compared with each other.
const MANY: usize = 64;
/// Extra fields are shorter than this in practice, and then one read brings the whole local header.
const EXTRA: usize = 96;

/// One member as one header tells it.
struct Reading {
    member: Member,
    /// The directory it stands in; `None` for what only a local header, or another spelling of the name, says.
    view: Option<usize>,
    /// Flagged in a way that makes strict readers refuse it.
    flagged: bool,
}

/// What a piece of the archive belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Member,
    Record,
}

struct Reader<'a, 'c> {
    archive: Window<'a>,
    cx: &'a Cx<'c>,
    facts: ArchiveFacts,
    readings: Vec<Reading>,
    /// Pieces that belong to something: start → end, owner.
    claims: BTreeMap<u64, (u64, Owner)>,
    /// Folded names of each directory → the name as it was first spelled.
    names: HashMap<(usize, String), String>,
    /// Offsets that each directory named.
    offsets: HashSet<(usize, u64)>,
    /// Places where a reader that trusts local headers goes on and one that trusts the directory does not.
    leads: Vec<u64>,
    /// Bytes searched for hidden headers so far.
    searched: u64,
    outside: Vec<(u64, u64)>,
}

impl<'a, 'c> Reader<'a, 'c> {
    fn new(archive: Window<'a>, cx: &'a Cx<'c>) -> Self {
        Self {
            archive,
            cx,
            facts: ArchiveFacts::default(),
            readings: Vec::new(),
            claims: BTreeMap::new(),
            names: HashMap::new(),
            offsets: HashSet::new(),
            leads: Vec::new(),
            searched: 0,
            outside: Vec::new(),
        }
    }

    /// A bounded read that is paid for.
    fn bytes(&self, at: u64, size: usize) -> Result<Vec<u8>, Gap> {
        let over =
            |_| Gap { why: Why::OverLimit, detail: "reading the archive's structure: limit on the work for one file".into() };
        let there = self.archive.size().saturating_sub(at).min(size as u64);
        self.cx.budget.spend(1 + there / 64).map_err(over)?;
        self.archive.bytes(at, size).map_err(|error| Gap { why: Why::Unreadable, detail: error.to_string() })
    }

    fn claim(&mut self, from: u64, to: u64) {
        self.claim_for(from, to, Owner::Record);
    }

    fn claim_for(&mut self, from: u64, to: u64, owner: Owner) {
        let claim = self.claims.entry(from).or_insert((to, owner));
        claim.0 = claim.0.max(to);
    }

    fn is_claimed(&self, at: u64) -> bool {
        self.claims.range(..=at).next_back().is_some_and(|(_, (end, _))| at < *end)
    }

    /// The local header at this offset, with its name and extra field, whatever its signature.
    fn local_bytes(&self, at: u64, name: usize) -> Result<Vec<u8>, Gap> {
        let bytes = self.bytes(at, records::LOCAL_SIZE + name + EXTRA)?;
        let [name, extra] = [26, 28].map(|at| records::le16(&bytes, at).map_or(0, usize::from));
        let whole = records::LOCAL_SIZE + name + extra;
        if whole <= bytes.len() { Ok(bytes) } else { self.bytes(at, whole) }
    }
}
