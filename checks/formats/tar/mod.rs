//! A tar archive, member after member, over bytes that can be read anywhere or that come once.
//!
//! Where tarfile, GNU tar and other readers would see different members or different bytes, that is an oddity.

mod header;
mod input;
mod names;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read;

use super::archive::{ArchiveFacts, Oddity, What};
use crate::{Content, Cx, Gap, ReadError, Stream, Why, Window};

use input::Input;
use names::{escapes, is_absolute, shown, text};

use header::{BLOCK, Header, Pax, Size, Type};

pub(crate) use header::is_header;

/// Longest name, and longest set of pax records, that is read. GNU tar and tarfile read any; real ones are short.
const RECORDS: u64 = 1 << 20;
/// Blocks looked at to find the next header where one is missing.
const LOST: u32 = 2048;
/// Oddities kept.
const ODDITIES: usize = 1000;
/// Octal sizes end here; larger ones need base-256 or pax.
const OCTAL_END: u64 = 8 << 30;

/// A regular file in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Where its bytes begin in the archive.
    pub(crate) at: u64,
    pub(crate) size: u64,
}

impl Member {
    /// Its bytes, where those of the archive can be read again.
    pub(crate) fn window<'a>(&self, archive: Window<'a>) -> Window<'a> {
        archive.slice(self.at, self.size)
    }
}

/// Reads headers in order.
pub(crate) struct Reader<'a, 'c> {
    input: Input<'a>,
    cx: &'a Cx<'c>,
    pub(crate) facts: ArchiveFacts,
    pub(crate) gaps: Vec<Gap>,
    /// Hashes of the names seen, so that a million members take few bytes each. Two names with one hash would be told
    /// to be the same: it takes about 2³² members until that happens.
    names: HashSet<u64>,
    members: u64,
    global: Pax,
    /// A zero block was seen: tarfile stops here.
    ended: bool,
    done: bool,
    /// Bytes from here to the next header belong to the member that was given out last.
    next: u64,
}

impl<'a, 'c> Reader<'a, 'c> {
    pub(crate) fn new(content: Content<'a>, cx: &'a Cx<'c>) -> Self {
        Self {
            input: Input::new(content),
            cx,
            facts: ArchiveFacts::default(),
            gaps: Vec::new(),
            names: HashSet::new(),
            members: 0,
            global: Pax::default(),
            ended: false,
            done: false,
            next: 0,
        }
    }

    /// The bytes of the member that [`Self::next`] gave last, where the archive itself comes as a stream.
    pub(crate) fn stream(&mut self, member: &Member) -> Result<Stream<'_>, ReadError> {
        let left = (member.at + member.size).saturating_sub(self.input.at);
        Stream::new(Box::new((&mut self.input).take(left)))
    }

    /// The next regular file. Everything else is looked at for oddities on the way.
    pub(crate) fn next(&mut self) -> Option<Member> {
        while !self.done {
            match self.step() {
                Ok(Some(member)) => return Some(member),
                Ok(None) => {}
                Err(gap) => {
                    self.gaps.push(gap);
                    self.done = true;
                }
            }
        }
        None
    }

    fn note(&mut self, what: What, at: u64, message: String) {
        if self.facts.oddities.len() < ODDITIES {
            self.facts.oddities.push(Oddity { what, at, message });
        }
    }

    fn spend(&self, units: u64) -> Result<(), Gap> {
        let detail = || "the archive was not read to its end: limit on work".to_owned();
        self.cx.budget.spend(units).map_err(|_| Gap { why: Why::OverLimit, detail: detail() })
    }

    fn step(&mut self) -> Result<Option<Member>, Gap> {
        let mut local = Pax::default();
        let mut named = (None, None);
        self.input.skip_to(self.next)?;
        // Records for one member come in front of it.
        loop {
            let Some((at, header)) = self.header()? else {
                self.done = true;
                return Ok(None);
            };
            let size = self.size(at, &header);
            let data = at + BLOCK as u64;
            match header.kind {
                Type::LongName | Type::LongLink | Type::Pax { .. } => {
                    let records = self.records(at, data, size)?;
                    match header.kind {
                        Type::LongName => named.0 = Some(until_zero(records)),
                        Type::LongLink => named.1 = Some(until_zero(records)),
                        _ => {
                            let pax = Pax::read(&records);
                            if pax.broken {
                                self.note(What::Irregular, at, "The pax records of a member do not parse.".to_owned());
                            }
                            if header.kind == (Type::Pax { global: true }) { self.global = pax } else { local = pax }
                        }
                    }
                    continue;
                }
                _ => {}
            }
            return self.member(at, &header, size, local.over(&self.global), named);
        }
    }

    fn size(&mut self, at: u64, header: &Header) -> u64 {
        match header.size {
            Size::Is(size) => size,
            Size::Invalid => {
                self.note(What::Irregular, at, format!("The size of {} is no number.", shown(&header.name)));
                0
            }
        }
    }

    /// The next block that is a header, and its place. Zero blocks and what is neither are passed over.
    fn header(&mut self) -> Result<Option<(u64, Header)>, Gap> {
        let mut lost = 0;
        loop {
            self.spend(8)?;
            let at = self.input.at;
            let mut block = [0; BLOCK];
            let count = self.input.fill(&mut block)?;
            if count < BLOCK {
                if count > 0 && !self.ended {
                    self.note(What::Irregular, at, "The archive ends within a header.".to_owned());
                }
                return Ok(None);
            }
            if block.iter().all(|&byte| byte == 0) {
                self.ended = true;
                continue;
            }
            let header = Header::read(&block);
            if header.checksum || (at == 0 && header::is_header(&block)) {
                if !header.checksum {
                    self.note(What::Irregular, at, "The checksum of the first header is wrong.".to_owned());
                }
                if self.ended {
                    let message =
                        "Members follow the end mark of the archive: Python's tarfile stops there, other readers go on.";
                    self.note(What::Ambiguous, at, message.to_owned());
                    self.ended = false;
                }
                return Ok(Some((at, header)));
            }
            if lost == 0 {
                let what =
                    if self.ended { "Bytes that are no header follow the archive." } else { "A header's checksum is wrong." };
                self.note(What::Irregular, at, what.to_owned());
            }
            lost += 1;
            if lost > LOST {
                self.gaps
                    .push(Gap { why: Why::Unreadable, detail: format!("no tar header in the {LOST} blocks before byte {at}") });
                return Ok(None);
            }
        }
    }

    /// The data of a header that only speaks about the next one.
    fn records(&mut self, at: u64, data: u64, size: u64) -> Result<Vec<u8>, Gap> {
        if size > RECORDS {
            let detail = format!("the tar header at byte {at} announces {size} bytes of names");
            return Err(Gap { why: Why::OverLimit, detail });
        }
        self.spend(size / 64)?;
        let mut records = vec![0; usize::try_from(size).unwrap_or(0)];
        let count = self.input.fill(&mut records)?;
        if count < records.len() {
            self.note(What::Irregular, at, "The archive ends within the records of a member.".to_owned());
        }
        records.truncate(count);
        self.input.skip_to(data + padded(size))?;
        Ok(records)
    }

    fn member(
        &mut self,
        at: u64,
        header: &Header,
        size: u64,
        pax: Pax,
        (long_name, long_link): (Option<Vec<u8>>, Option<Vec<u8>>),
    ) -> Result<Option<Member>, Gap> {
        self.members += 1;
        if self.members > self.cx.settings.limits.members {
            let detail = format!("more than {} members", self.cx.settings.limits.members);
            return Err(Gap { why: Why::OverLimit, detail });
        }
        let written = pax.path.or(long_name).unwrap_or_else(|| header.name.clone());
        let name = text(&written);
        let link = text(&pax.link.or(long_link).unwrap_or_else(|| header.link.clone()));
        let data = at + BLOCK as u64;
        let has_data = matches!(header.kind, Type::File | Type::Sparse);
        let size = match pax.size {
            Some(Size::Is(said)) => {
                if said != size && has_data && said < OCTAL_END {
                    let message = format!("Header and pax record give {name} different sizes ({size} and {said}).");
                    self.note(What::Ambiguous, at, message);
                }
                said
            }
            Some(Size::Invalid) => {
                self.note(What::Irregular, at, format!("The size of {name} in its pax record is no number."));
                size
            }
            None => size,
        };
        if escapes(&name) {
            self.note(What::Escapes, at, format!("The name of {name} leads out of the folder that the archive is unpacked to."));
        }
        let target = match header.kind {
            // A hard link names a member, a symbolic link a path from its own folder.
            Type::HardLink => Some(link.clone()),
            Type::SymbolicLink if is_absolute(&link) => Some(link.clone()),
            Type::SymbolicLink => Some(format!("{}{link}", name.rfind('/').map_or("", |at| name.get(..=at).unwrap_or_default()))),
            _ => None,
        };
        if target.is_some_and(|target| escapes(&target)) {
            self.note(
                What::Escapes,
                at,
                format!("The link {name} leads to {link}, out of the folder that the archive is unpacked to."),
            );
        }
        self.next = data;
        if !has_data {
            if size > 0 && header.kind != Type::Other {
                let message =
                    format!("The link {name} claims {size} bytes, which some readers skip and others take for headers.");
                self.note(What::Ambiguous, at, message);
            }
            return Ok(None);
        }
        self.next = data.saturating_add(padded(size));
        let mut hasher = DefaultHasher::new();
        name.trim_start_matches("./").hash(&mut hasher);
        if !self.names.insert(hasher.finish()) {
            let message = format!("There are several members called {name}: some readers take the first, others the last.");
            self.note(What::Ambiguous, at, message);
        }
        if header.kind == Type::Sparse || pax.sparse {
            self.gaps.push(Gap { why: Why::NoReader, detail: format!("{name} is stored with holes, not examined") });
            return Ok(None);
        }
        if self.input.left().is_some_and(|left| size > left) {
            self.note(What::Irregular, at, format!("{name} claims {size} bytes, more than there are."));
        }
        Ok(Some(Member { name, at: data, size }))
    }
}

fn padded(size: u64) -> u64 {
    size.div_ceil(BLOCK as u64).saturating_mul(BLOCK as u64)
}

fn until_zero(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len()));
    bytes
}

#[cfg(test)]
mod tests;
