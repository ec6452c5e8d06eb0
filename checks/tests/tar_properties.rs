//! What holds for all tar archives: they end without a panic, hide no member from one of the two ways to read them, and
//! give out the bytes that were put in.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "fuzz/mod.rs"]
mod fuzz;

use proptest::prelude::*;
use sluicegate_checks::{Content, Role, Stream, Window};

/// A ustar archive of these members, as POSIX lays it out.
fn archive(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, bytes) in members {
        let mut block = [0_u8; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        block[148..156].copy_from_slice(b"        ");
        block[156] = b'0';
        block[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&block);
        archive.extend_from_slice(bytes);
        archive.resize(archive.len().div_ceil(512) * 512, 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

fn told(content: Content<'_>) -> Vec<(String, u64)> {
    let subjects = fuzz::examined(content, "x.tar", Role::Unknown, &fuzz::settings());
    let mut told: Vec<_> = subjects.iter().map(|subject| (subject.name.to_string(), subject.size)).collect();
    told.sort();
    told
}

fn members() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    prop::collection::vec(("[a-z]{1,8}(/[a-z]{1,8}){0,2}", prop::collection::vec(b'a'..=b'z', 0..1200)), 1..8)
}

proptest! {
    #[test]
    fn any_blocks_end_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        fuzz::tar(&bytes);
    }

    #[test]
    fn damaged_archives_end_without_a_panic(members in members(), at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut bytes = archive(&members);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        fuzz::tar(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        fuzz::tar(&bytes);
        fuzz::anything(&bytes);
    }

    /// As a file, and as a stream that comes once.
    #[test]
    fn every_member_is_a_subject_with_its_size(members in members()) {
        let bytes = archive(&members);
        let mut expected: Vec<_> =
            members.iter().map(|(name, bytes)| (format!("x.tar!{name}"), bytes.len() as u64)).collect();
        expected.push(("x.tar".to_owned(), bytes.len() as u64));
        expected.sort();
        prop_assert_eq!(told(Content::Window(Window::file(&bytes))), expected.clone());
        let mut streamed = told(Content::Stream(Stream::new(Box::new(&bytes[..])).unwrap()));
        // A stream's own size is what was read of it.
        streamed.retain(|(name, _)| name != "x.tar");
        expected.retain(|(name, _)| name != "x.tar");
        prop_assert_eq!(streamed, expected);
    }

    #[test]
    fn a_pickle_is_found_behind_any_members(members in members(), streamed: bool) {
        let mut members = members;
        members.push(("zz".to_owned(), b"\x80\x02cposix\ngetpid\n)R.".to_vec()));
        let bytes = archive(&members);
        let subjects = if streamed {
            fuzz::examined(Content::Stream(Stream::new(Box::new(&bytes[..])).unwrap()), "x", Role::Unknown, &fuzz::settings())
        } else {
            fuzz::examined(Content::Window(Window::file(&bytes)), "x", Role::Unknown, &fuzz::settings())
        };
        prop_assert!(subjects.iter().any(|subject| subject.name.last() == "zz" && !subject.forms.is_empty()));
    }
}
