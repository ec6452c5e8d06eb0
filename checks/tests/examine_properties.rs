//! What holds for all artefacts: examining ends, nothing in scope vanishes, and a payload is found however it is wrapped.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "fuzz/mod.rs"]
mod fuzz;

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};
use proptest::prelude::*;
use sluicegate_checks::{Content, Form, Kind, Reader, Role, Settings, Subject, Why, Window};

const PAYLOAD: &[u8] = b"\x80\x02cposix\ngetpid\n)R.";

fn subjects(bytes: &[u8], name: &str, settings: &Settings) -> Vec<Subject> {
    let owned = bytes.to_vec();
    fuzz::examined(Content::Window(Window::file(&owned)), name, Role::Unknown, settings)
}

fn dangerous(subjects: &[Subject]) -> bool {
    subjects
        .iter()
        .flat_map(|subject| &subject.forms)
        .any(|form| matches!(form, Form::Pickle(it) if !it.dangerous_calls.is_empty()))
}

/// Ways to put bytes into other bytes.
#[derive(Clone, Copy, Debug)]
enum Wrap {
    Gzip,
    Zlib,
    Tar,
    ObjectArray,
    Lz4,
}

fn wrap(how: Wrap, bytes: &[u8]) -> Vec<u8> {
    match how {
        Wrap::Gzip => {
            let mut packer = GzEncoder::new(Vec::new(), Compression::default());
            packer.write_all(bytes).unwrap();
            packer.finish().unwrap()
        }
        Wrap::Zlib => {
            let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
            packer.write_all(bytes).unwrap();
            packer.finish().unwrap()
        }
        Wrap::Lz4 => {
            let mut packer = lz4_flex::frame::FrameEncoder::new(Vec::new());
            packer.write_all(bytes).unwrap();
            packer.finish().unwrap()
        }
        Wrap::ObjectArray => {
            let header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n";
            let length = u16::try_from(header.len()).unwrap().to_le_bytes();
            [&b"\x93NUMPY\x01\0"[..], &length, header.as_bytes(), bytes].concat()
        }
        Wrap::Tar => {
            let mut block = [0_u8; 512];
            block[..6].copy_from_slice(b"member");
            block[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
            block[148..156].copy_from_slice(b"        ");
            block[156] = b'0';
            let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            let mut archive = [&block[..], bytes].concat();
            archive.resize(archive.len().div_ceil(512) * 512 + 1024, 0);
            archive
        }
    }
}

fn container() -> impl Strategy<Value = Wrap> {
    prop_oneof![Just(Wrap::Gzip), Just(Wrap::Zlib), Just(Wrap::Tar), Just(Wrap::Lz4)]
}

proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        fuzz::anything(&bytes);
        fuzz::pickle(&bytes);
    }

    /// A payload is found inside up to as many containers as the limit allows, and a gap stands where it ends.
    #[test]
    fn containers_in_containers(wraps in prop::collection::vec(container(), 0..8), objects: bool) {
        let mut settings = Settings::default();
        settings.limits.depth = 5;
        let mut bytes = PAYLOAD.to_vec();
        if objects {
            bytes = wrap(Wrap::ObjectArray, &bytes);
        }
        for how in &wraps {
            bytes = wrap(*how, &bytes);
        }
        let depth = wraps.len() + usize::from(objects);
        let subjects = subjects(&bytes, "x", &settings);
        let over = subjects.iter().flat_map(|subject| &subject.gaps).any(|gap| gap.why == Why::OverLimit);
        prop_assert_eq!((dangerous(&subjects), over), (depth <= 5, depth > 5), "{:?}", wraps);
    }

    /// What has no reader and is no text, picture or the like leaves a gap.
    #[test]
    fn nothing_unknown_is_silent(head in prop::collection::vec(any::<u8>(), 1..64), tail in prop::collection::vec(any::<u8>(), 0..64)) {
        let bytes = [head, tail].concat();
        for subject in subjects(&bytes, "x", &Settings::default()) {
            let silent = subject.gaps.is_empty() && subject.forms.is_empty();
            prop_assert!(!silent || subject.kind.reader() != Reader::Missing, "{}", subject.kind);
        }
    }

    /// Protocol-0 text is found under any name; the same text behind a sentence is none.
    #[test]
    fn text_pickles_under_any_name(name in "[a-z]{1,8}\\.(txt|md|json|py|png|bin|weights)", sentence in "[A-Z][a-z ]{5,40}\\.\n") {
        let text = b"cposix\ngetpid\n(tR.";
        prop_assert!(dangerous(&subjects(text, &name, &Settings::default())));
        let behind = [b"# ", sentence.as_bytes(), text].concat();
        prop_assert!(!dangerous(&subjects(&behind, "x.txt", &Settings::default())));
    }
}

#[test]
fn a_gap_names_the_format() {
    let subjects = subjects(b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0", "m.gguf", &Settings::default());
    let [subject] = subjects.as_slice() else { panic!() };
    assert_eq!((subject.kind, subject.gaps[0].why), (Kind::Gguf, Why::NoReader));
    assert_eq!(subject.gaps[0].detail, "recognised as GGUF, not examined");
}

#[test]
fn plain_files_are_subjects_without_a_gap() {
    for (bytes, kind) in
        [(&b"text\n"[..], Kind::Text), (b"", Kind::Empty), (b"{\"a\": 1}", Kind::Json), (b"\x89PNG\r\n\x1a\n\0", Kind::Png)]
    {
        let subjects = subjects(bytes, "x", &Settings::default());
        let [subject] = subjects.as_slice() else { panic!() };
        assert_eq!((subject.kind, subject.size, subject.gaps.len()), (kind, bytes.len() as u64, 0));
    }
}

#[test]
fn an_array_that_is_cut_off_is_a_gap() {
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n";
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    for (body, gaps) in [(24, 0), (23, 1), (30, 0)] {
        let bytes = [&b"\x93NUMPY\x01\0"[..], &length, header.as_bytes(), &vec![0; body]].concat();
        assert_eq!(subjects(&bytes, "x.npy", &Settings::default())[0].gaps.len(), gaps, "{body}");
    }
}

/// A compressed pickle that is cut off: what came before is judged, the rest is a gap.
#[test]
fn a_cut_stream_is_judged_up_to_the_cut() {
    let packed = wrap(Wrap::Gzip, &[PAYLOAD, &[0x80, 4]].concat());
    let subjects = subjects(&packed[..packed.len() - 9], "x.pkl.gz", &Settings::default());
    assert!(dangerous(&subjects));
    assert!(subjects.iter().flat_map(|subject| &subject.gaps).any(|gap| gap.why == Why::Unreadable));
}

/// A text file is read once, a page at most; the same holds for the storages of a model.
#[test]
fn text_is_read_once() {
    struct Counting(Vec<u8>, std::cell::Cell<u64>, std::cell::Cell<u64>);
    impl sluicegate_checks::Source for Counting {
        fn size(&self) -> u64 {
            self.0.len() as u64
        }
        fn read_at(&self, at: u64, into: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.read_at(at, into)?;
            self.1.set(self.1.get() + 1);
            self.2.set(self.2.get() + count as u64);
            Ok(count)
        }
    }
    for size in [10, 4000, 4096, 100_000] {
        let text = b"It was the best of times, it was the worst of times.\n".iter().copied().cycle().take(size).collect();
        let source = Counting(text, 0.into(), 0.into());
        fuzz::examined(Content::Window(Window::file(&source)), "notes.txt", Role::Unknown, &Settings::default());
        assert_eq!((source.1.get(), source.2.get()), (1, size.min(4096) as u64));
    }
}
