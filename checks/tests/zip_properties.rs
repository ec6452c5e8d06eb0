//! What holds for all bytes: the zip reader ends and panics never, and whatever CPython would see in an archive is examined.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test may panic, and its archives are small")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use sluicegate_checks::formats::archive::What;
use sluicegate_checks::{Content, Cx, Form, Name, Role, Settings, Window, examine};

/// Names of all subjects inside of the archive that were examined, and what was said about its structure.
fn examined(bytes: &[u8]) -> (BTreeSet<String>, Vec<(What, String)>) {
    let settings = Settings::default();
    let owned = bytes.to_vec();
    let (mut names, mut oddities) = (BTreeSet::new(), Vec::new());
    let cx = Cx::new(&settings);
    examine(Content::Window(Window::file(&owned)), &Name::new("x.zip"), Role::Unknown, &cx, &mut |subject| {
        names.extend(subject.name.members.first().cloned());
        for form in &subject.forms {
            if let Form::Archive(facts) = form {
                oddities.extend(facts.oddities.iter().map(|oddity| (oddity.what, oddity.message.clone())));
            }
        }
    });
    (names, oddities)
}

/// A pickle, so that every member that is read is a subject of its own.
const PICKLE: &[u8] = b"\x80\x02cposix\ngetpid\n)R.";

/// How one member is written.
#[derive(Clone, Debug)]
struct Written {
    name: String,
    deflated: bool,
    descriptor: bool,
    extra: u8,
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

/// Deflate without compression: one stored block (RFC 1951, 3.2.4).
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let size = bytes.len() as u16;
    [&[1][..], &size.to_le_bytes(), &(!size).to_le_bytes(), bytes].concat()
}

/// Writes an archive by the book (APPNOTE 4.3), with `front` in front of it and offsets that do not know of it.
fn archive(members: &[Written], front: &[u8], comment: &[u8], zip64: bool) -> Vec<u8> {
    let mut out = front.to_vec();
    let mut directory = Vec::new();
    for member in members {
        let data = if member.deflated { deflated(PICKLE) } else { PICKLE.to_vec() };
        let (flags, method) = (u16::from(member.descriptor) << 3, u16::from(member.deflated) << 3);
        let sizes: Vec<u8> = [crc(PICKLE), data.len() as u32, PICKLE.len() as u32].iter().flat_map(|n| n.to_le_bytes()).collect();
        let at = (out.len() - front.len()) as u32;
        let fields = [20, flags, method, 0, 33].map(u16::to_le_bytes).concat();
        let name = (member.name.len() as u16).to_le_bytes();
        let padding = [&b"FB"[..], &u16::from(member.extra).to_le_bytes(), &vec![b'Z'; member.extra.into()]].concat();
        out.extend([&b"PK\x03\x04"[..], &fields, if member.descriptor { &[0; 12] } else { &sizes }, &name].concat());
        out.extend([&(padding.len() as u16).to_le_bytes()[..], member.name.as_bytes(), &padding, &data].concat());
        if member.descriptor {
            out.extend([&b"PK\x07\x08"[..], &sizes[..]].concat());
        }
        directory.extend([&b"PK\x01\x02\x14\x03"[..], &fields[..], &sizes, &name, &[0; 12], &at.to_le_bytes()].concat());
        directory.extend(member.name.as_bytes());
    }
    let (start, count) = ((out.len() - front.len()) as u64, members.len() as u16);
    let size = directory.len() as u64;
    out.extend(&directory);
    if zip64 {
        let at = (out.len() - front.len()) as u64;
        out.extend([&b"PK\x06\x06"[..], &44_u64.to_le_bytes()[..], &[45, 0, 45, 0], &[0; 8]].concat());
        out.extend([u64::from(count), u64::from(count), size, start].iter().flat_map(|number| number.to_le_bytes()));
        out.extend([&b"PK\x06\x07"[..], &[0; 4][..], &at.to_le_bytes(), &1_u32.to_le_bytes()].concat());
    }
    out.extend([&b"PK\x05\x06"[..], &[0; 4][..], &count.to_le_bytes(), &count.to_le_bytes()].concat());
    out.extend([&(size as u32).to_le_bytes()[..], &(start as u32).to_le_bytes(), &(comment.len() as u16).to_le_bytes()].concat());
    out.extend(comment);
    out
}

fn members() -> impl Strategy<Value = Vec<Written>> {
    let one = ("[a-z]{1,8}(/[a-z0-9]{1,8}){0,2}", any::<bool>(), any::<bool>(), any::<u8>());
    let member = one.prop_map(|(name, deflated, descriptor, extra)| Written { name, deflated, descriptor, extra });
    prop::collection::vec(member, 1..8).prop_map(|mut members| {
        let mut seen = BTreeSet::new();
        members.retain(|member| seen.insert(member.name.clone()));
        members
    })
}

fn names(members: &[Written]) -> BTreeSet<String> {
    members.iter().map(|member| member.name.clone()).collect()
}

proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), signature in 0..4_usize) {
        bytes.splice(0..0, [*b"PK\x03\x04", *b"PK\x05\x06", *b"PK\x01\x02", *b"PK\x06\x06"][signature]);
        examined(&bytes);
    }

    /// What honest writers vary makes no difference: every member is there, and nothing is odd.
    #[test]
    fn an_honest_archive_is_read_whole_and_is_not_odd(members in members(), comment in "[a-z]{0,40}", zip64: bool) {
        let (seen, oddities) = examined(&archive(&members, b"", comment.as_bytes(), zip64));
        prop_assert_eq!(seen, names(&members));
        prop_assert_eq!(oddities, vec![]);
    }

    /// CPython's reader finds the members behind any bytes; so must this one, and say so.
    #[test]
    fn bytes_in_front_hide_nothing(members in members(), front in prop::collection::vec(0_u8..b'P', 1..200), zip64: bool) {
        let (seen, oddities) = examined(&archive(&members, &front, b"", zip64));
        prop_assert!(seen.is_superset(&names(&members)));
        prop_assert!(oddities.iter().any(|(what, _)| *what == What::Irregular), "{:?}", oddities);
        prop_assert!(oddities.iter().all(|(what, _)| *what == What::Irregular), "{:?}", oddities);
    }

    /// Without its directory an archive is what its local headers say, which streaming readers read.
    #[test]
    fn local_headers_suffice(members in members()) {
        let whole = archive(&members, b"", b"", false);
        let directory = memchr::memmem::find(&whole, b"PK\x01\x02").unwrap();
        let (seen, _) = examined(&whole[..directory]);
        prop_assert!(seen.is_superset(&names(&members)));
    }

    /// Without its local signatures nothing of the directory is lost either (PyTorch does not look at them).
    #[test]
    fn the_directory_suffices(members in members()) {
        let mut whole = archive(&members, b"", b"", false);
        while let Some(at) = memchr::memmem::find(&whole, b"PK\x03\x04") {
            whole[at] = b'p';
        }
        let (seen, oddities) = examined(&whole);
        prop_assert!(seen.is_superset(&names(&members)));
        prop_assert_eq!(oddities.iter().filter(|(what, _)| *what == What::Ambiguous).count(), members.len());
    }

    #[test]
    fn damaged_archives_end_without_a_panic(
        members in members(), zip64: bool, at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>(), twice: bool,
    ) {
        let mut bytes = archive(&members, b"", b"comment", zip64);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let cut = cut.index(bytes.len());
        examined(&bytes);
        examined(&bytes[..cut]);
        if twice {
            bytes.extend_from_within(cut..);
            examined(&bytes);
        }
    }

    /// One archive behind another: whoever reads from the beginning sees the first, whoever reads from the end the second.
    #[test]
    fn two_archives_in_one_file_are_both_read(first in members(), second in members()) {
        let bytes = archive(&second, &archive(&first, b"", b"", false), b"", false);
        let (seen, oddities) = examined(&bytes);
        prop_assert!(seen.is_superset(&names(&first)) && seen.is_superset(&names(&second)));
        prop_assert!(oddities.iter().any(|(what, _)| *what == What::Ambiguous));
    }
}
