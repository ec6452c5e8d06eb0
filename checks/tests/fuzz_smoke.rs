//! The fuzz targets on a stable toolchain: over every case of every check, then over seeded mutations of them.
//!
//! `SLUICE_FUZZ_ROUNDS` says how many mutations each target gets (default 1,000); `SLUICE_FUZZ_SEED` where they begin.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    reason = "a test may panic, reads the project's own files and its own settings"
)]

#[path = "fuzz/mod.rs"]
mod fuzz;

use std::fs;
use std::panic;
use std::path::Path;

/// xorshift64* (Vigna 2016): the same mutations on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("model")];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            let side = path.parent().and_then(|parent| parent.file_name()).is_some_and(|name| name == "bad" || name == "good");
            if path.is_dir() {
                folders.push(path);
            } else if side {
                files.push(bytes(&path));
            }
        }
    }
    assert!(files.len() > 50);
    files
}

fn bytes(path: &Path) -> Vec<u8> {
    let raw = fs::read(path).unwrap();
    if path.extension().is_none_or(|extension| extension != "hex") {
        return raw;
    }
    let text = String::from_utf8(raw).unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(str::split_whitespace).map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// Values that lengths, counts and offsets are most often wrong with.
const NUMBERS: &[u64] =
    &[0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 40, u64::MAX >> 1, u64::MAX];

fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(8) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => bytes[at] = random.next() as u8,
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..(at + random.below(16)).min(bytes.len()))),
            4 => {
                let end = (at + random.below(64)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, part);
            }
            5 => {
                let number = NUMBERS[random.below(NUMBERS.len())].to_le_bytes();
                let end = (at + (1 << random.below(4))).min(bytes.len());
                bytes[at..end].copy_from_slice(&number[..end - at]);
            }
            6 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len());
                let end = (from + random.below(256)).min(other.len());
                bytes.splice(at..at, other[from..end].iter().copied());
            }
            _ => bytes.extend_from_slice(&corpus[random.below(corpus.len())]),
        }
    }
    bytes.truncate(64 << 10);
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

fn run(name: &str) {
    let target = fuzz::TARGETS.iter().find(|(other, _)| *other == name).unwrap().1;
    let corpus = corpus();
    for bytes in &corpus {
        target(bytes);
    }
    let mut random = Random(setting("SLUICE_FUZZ_SEED", 0x51u64 << 32 | 0x1ce));
    for round in 0..setting("SLUICE_FUZZ_ROUNDS", 1000) {
        let mut bytes = corpus[random.below(corpus.len())].clone();
        mutate(&mut bytes, &corpus, &mut random);
        let ended = panic::catch_unwind(|| target(&bytes)).is_ok();
        assert!(ended, "target {name}, round {round}, bytes {bytes:02x?}");
    }
}

#[test]
fn pickle() {
    run("pickle");
}

#[test]
fn zip() {
    run("zip");
}

#[test]
fn tar() {
    run("tar");
}

#[test]
fn npy() {
    run("npy");
}

#[test]
fn examine() {
    run("examine");
}

/// Every target has its file for libFuzzer, and no file is without a target.
#[test]
fn targets_and_files_are_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let files: Vec<_> = files.iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let mut targets: Vec<_> = fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    targets.sort();
    assert_eq!(files, targets);
}
