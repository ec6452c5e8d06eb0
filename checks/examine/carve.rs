//! Looks for a pickle behind bytes that are none, where a loader begins that skips a header or seeks.

use super::probe;
use crate::model::denied;
use crate::{Budget, Window};

/// Bytes that are searched.
pub(super) const SEARCHED: usize = 1 << 20;
/// Work for one search. It finds what no loader reads by itself, so that its end is no gap.
const WORK: u64 = 4_000_000;
/// Work that a place is counted as, beside the opcodes read from it.
const PLACE: u64 = 256;
/// Places told.
const PLACES: usize = 16;
/// Longest name of a module or an attribute that is looked at.
const NAME: usize = 128;

/// Offsets behind the first byte at which a pickle begins that imports and calls something.
pub(super) fn places(window: Window<'_>) -> Vec<u64> {
    let Ok(bytes) = window.bytes(0, SEARCHED) else { return Vec::new() };
    let budget = Budget::new(WORK);
    let mut found = Vec::new();
    for at in 1..bytes.len() {
        let Some(rest) = bytes.get(at..) else { break };
        if !begins(rest) {
            continue;
        }
        if found.len() >= PLACES || budget.spend(PLACE).is_err() {
            break;
        }
        if probe::runs(window.slice(at as u64, u64::MAX), &budget) {
            found.push(at as u64);
        }
    }
    found
}

/// A PROTO of a protocol that has binary opcodes, or the text of an import that no pickle should make.
fn begins(bytes: &[u8]) -> bool {
    match bytes {
        [0x80, 2..=5, ..] => true,
        [b'c', rest @ ..] => name(rest)
            .and_then(|(module, rest)| Some((module, name(rest)?.0)))
            .is_some_and(|(module, name)| denied(&format!("{module}.{name}")).is_some()),
        _ => false,
    }
}

/// A line that could be a name, and what follows it.
fn name(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let length = bytes.iter().take(NAME).position(|byte| *byte == b'\n')?;
    let (name, rest) = bytes.split_at_checked(length)?;
    let plain = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    Some((std::str::from_utf8(name).ok().filter(|_| plain)?, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> Vec<u64> {
        let bytes = bytes.to_vec();
        places(Window::memory(&bytes))
    }

    #[test]
    fn finds_pickles_behind_anything() {
        let text = b"cos\ngetpid\n(tR.";
        let binary = b"\x80\x04\x8c\x04evil\x8c\x03run\x93)R.";
        for pickle in [&text[..], binary] {
            for junk in [&b"\0"[..], b"header\n", b"\x80\x03", &[0xff; 5000]] {
                assert_eq!(found(&[junk, pickle].concat()), [junk.len() as u64], "{junk:?}");
                // What follows it may be anything.
                assert_eq!(
                    found(&[junk, pickle.split_last().unwrap().1, b"\xff\xff"].concat()).len(),
                    usize::from(pickle == text)
                );
            }
        }
    }

    #[test]
    fn nothing_is_found_in_data_and_text() {
        assert!(found(&b"cosmic\nrays\nand cos\nsine\n".repeat(2000)).is_empty());
        assert!(
            found(&(0..1_u32 << 16).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect::<Vec<_>>()).is_empty()
        );
        assert!(found(&b"\x80\x02".repeat(100_000)).is_empty());
        assert!(found(b"").is_empty());
    }
}
