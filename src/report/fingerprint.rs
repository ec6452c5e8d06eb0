//! What makes a finding the same finding in the next run: its rule, its file and its details, never a line or an offset.

use std::collections::HashMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};
use sluicegate_checks::Finding;

/// Identity of one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a result that joins these findings of one rule in one file, in any order.
    pub(super) fn of<'a>(rule: &str, path: &str, findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut details: Vec<(&[String], &str)> =
            findings.into_iter().map(|it| (it.subject.members.as_slice(), it.detail.as_str())).collect();
        details.sort_unstable();
        // JSON, because a member's name may hold any separator.
        let details = serde_json::to_vec(&details).unwrap_or_default();
        let digest = Sha256::new()
            .chain_update(rule)
            .chain_update([0])
            .chain_update(path)
            .chain_update([0])
            .chain_update(details)
            .finalize();
        Self(digest.into())
    }

    /// All of it, 64 hex digits.
    pub(super) fn long(self) -> String {
        hex(&self.0)
    }

    /// The first eight bytes, 16 hex digits: the size of the hash that GitHub computes for lines of text.
    pub(super) fn short(self) -> String {
        let (first, _) = self.0.split_at(8);
        hex(first)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Tells equal results apart: the same thing twice in a file is two results.
#[derive(Default)]
pub(super) struct Ordinals(HashMap<Fingerprint, u64>);

impl Ordinals {
    /// 1 for the first result with this fingerprint, 2 for the second, and so on.
    pub(super) fn next(&mut self, fingerprint: Fingerprint) -> u64 {
        let count = self.0.entry(fingerprint).or_default();
        *count += 1;
        *count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{bytes, finding};

    #[test]
    fn follows_the_documented_form() {
        let one = finding("pickle-dangerous-call", "a.pkl", &["data.pkl"], bytes(137), "posix.system");
        let expected = Sha256::digest(b"pickle-dangerous-call\0a.pkl\0[[[\"data.pkl\"],\"posix.system\"]]");
        let got = Fingerprint::of(&one.check, &one.subject.path, [&one]);
        assert_eq!(got.long(), hex(&expected));
        assert_eq!(got.short(), got.long()[..16]);
    }

    #[test]
    fn offsets_and_order_do_not_matter_and_all_else_does() {
        let at = |place, detail, member: &str| finding("c", "a.pkl", &[member], place, detail);
        let of = |path: &str, list: &[&Finding]| Fingerprint::of("c", path, list.iter().copied());
        let (x, y) = (at(bytes(1), "x", "m"), at(bytes(2), "y", "m"));
        assert_eq!(of("a", &[&x, &y]), of("a", &[&y, &at(bytes(99), "x", "m")]));
        assert_ne!(of("a", &[&x]), of("b", &[&x]));
        assert_ne!(of("a", &[&x]), of("a", &[&y]));
        assert_ne!(of("a", &[&x]), of("a", &[&x, &y]));
        assert_ne!(of("a", &[&x]), of("a", &[&at(bytes(1), "x", "n")]));
        assert_ne!(of("a", &[&at(bytes(1), "x", "m\0n")]), of("a", &[&finding("c", "a", &["m", "n"], bytes(1), "x")]));
    }

    #[test]
    fn equal_results_are_counted() {
        let one = finding("c", "a", &[], bytes(1), "x");
        let two = finding("c", "b", &[], bytes(1), "x");
        let mut ordinals = Ordinals::default();
        let mut next = |it: &Finding| ordinals.next(Fingerprint::of(&it.check, &it.subject.path, [it]));
        assert_eq!([next(&one), next(&two), next(&one)], [1, 1, 2]);
    }
}
