//! What holds for all bytes: the pickle reader ends, panics never, and takes no ordinary data for a pickle.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a test may panic")]

use proptest::prelude::*;
use sluicegate_checks::model::{PickleFacts, read_pickle};
use sluicegate_checks::{Content, Cx, Role, Settings, Stream, Window};

fn read(bytes: &[u8], role: Role) -> Option<PickleFacts> {
    let settings = Settings::default();
    let owned = bytes.to_vec();
    read_pickle(Content::Window(Window::file(&owned)), role, &Cx::new(&settings))
}

/// A small generator of its own, so that the same bytes come out on every machine (xorshift64*, Vigna 2016).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }
}

/// Words that begin lines with the letters that are opcodes, so that the test is hard on purpose.
const WORDS: &[&str] = &[
    "cat", "class", "import", "int", "it", "in", "is", "a", "and", "be", "been", "I", "It", "If", "Go", "G", "Python", "Put",
    "Quite", "Run", "Some", "That", "Use", "Very", "X", "list", "let", "loop", "not", "no", "of", "or", "put", "quiet", "read",
    "some", "that", "use", "very", "well", "os", "system", "torch", "nn", "(", ")", ".", "(i", "(it", "c", "R", "0", "1", "2",
    "F", "L", "N", "S'x'", "Vx", "b", "e", "g1", "p1", "}", "]", "posix",
];

#[test]
fn a_hundred_thousand_texts_random_blobs_and_float_members_are_no_pickles() {
    let mut random = Random(0x5eed);
    for round in 0..100_000 {
        let bytes = match round % 3 {
            0 => (0..random.below(400)).map(|_| (random.next() >> 24) as u8).collect(),
            1 => {
                let mut text = String::new();
                for _ in 0..random.below(120) {
                    text.push_str(WORDS[random.below(WORDS.len())]);
                    text.push(if random.below(4) == 0 { '\n' } else { ' ' });
                }
                text.into_bytes()
            }
            _ => (0..random.below(100)).flat_map(|_| ((random.next() % 2_000_000) as f32 / 1e6 - 1.0).to_le_bytes()).collect(),
        };
        assert!(read(&bytes, Role::Unknown).is_none(), "round {round}: {:?}", String::from_utf8_lossy(&bytes));
    }
}

/// Opcodes that need nothing, one after the other: a tensor of one repeated value.
#[test]
fn constant_members_are_no_pickles() {
    for byte in *b"()]}N\x8f\x88" {
        assert!(read(&vec![byte; 5 << 20], Role::Unknown).is_none(), "{byte:#x}");
    }
}

/// A STRING operand of any length is read to its end, whatever of it is kept.
#[test]
fn a_call_behind_a_long_text_is_found() {
    for size in [4_096, 65_534, 65_535, 70_000, 17 << 20] {
        for end in ["'", "'  "] {
            let bytes = ["S'", &"a".repeat(size), end, "\np1\n0cposix\ngetpid\n(tR."].concat().into_bytes();
            let facts = read(&bytes, Role::Named).unwrap_or_else(|| panic!("{size} {end}: no pickle"));
            assert!(!facts.dangerous_calls.is_empty() && facts.breaks.is_empty(), "{size} {end}");
        }
    }
}

/// A pickle with most opcodes in it, to be damaged.
fn sample() -> Vec<u8> {
    let mut bytes = b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94K\x01\x8c\x01b\x94]\x94(G?\xf0\0\0\0\0\0\0\x8a\x01\x05e\x8f\x94(NM\x01\x02\x90".to_vec();
    bytes.extend(b"ccollections\nOrderedDict\nq\x09)Rq\x0aX\x01\0\0\0kK\x02sh\x09(I1\nL2L\nF1.5\nS'x'\nVy\ntR(iargparse\nNamespace\n}b\x85\x86\x87u.");
    bytes
}

proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for role in [Role::Unknown, Role::Named, Role::Pickle] {
            read(&bytes, role);
        }
    }

    #[test]
    fn damaged_pickles_end_without_a_panic(at in 0..200_usize, byte: u8, cut in 0..200_usize, twice: bool) {
        let mut bytes = sample();
        let len = bytes.len();
        bytes[at % len] = byte;
        bytes.truncate(cut.max(1));
        if twice {
            bytes.extend_from_within(..);
        }
        prop_assert!(read(&bytes, Role::Pickle).is_some());
    }

    /// Whether bytes come in pieces or all at once changes nothing but the offsets in the file.
    #[test]
    fn a_stream_is_read_like_a_window(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0..200_usize) {
        let mut whole = sample();
        whole.truncate(cut);
        whole.extend(bytes);
        let settings = Settings::default();
        let window = read(&whole, Role::Pickle).unwrap();
        let stream = Stream::new(Box::new(&whole[..])).unwrap();
        let stream = read_pickle(Content::Stream(stream), Role::Pickle, &Cx::new(&settings)).unwrap();
        let told = |facts: &PickleFacts| facts.breaks.iter().chain(facts.unknown_calls.iter()).map(|seen| (seen.at, seen.message.clone())).collect::<Vec<_>>();
        prop_assert_eq!(told(&window), told(&stream));
        prop_assert_eq!(window.opcodes, stream.opcodes);
    }
}
