//! What each fuzz target does with its bytes. Shared by `fuzz/` (libFuzzer, needs nightly) and by `fuzz_smoke.rs` (stable).
//!
//! A body fails by a panic. What it asserts holds for all bytes.
#![allow(dead_code, clippy::unwrap_used, reason = "each user takes some of these; a panic is the result")]

use sluicegate_checks::formats::pickle::observer::{Call, Import, Observer, Oddity, RawArray, Write};
use sluicegate_checks::formats::pickle::trace;
use sluicegate_checks::formats::pickle::value::Value;
use sluicegate_checks::model::read_pickle;
use sluicegate_checks::{Budget, Content, Cx, Limits, Name, Role, Settings, Sink, Stream, Subject, Window, all, examine};

pub type Target = fn(&[u8]);

/// Each target with the name of its file under `fuzz/fuzz_targets`.
pub const TARGETS: &[(&str, Target)] = &[("pickle", pickle), ("zip", zip), ("tar", tar), ("npy", npy), ("examine", anything)];

/// Small, so that thousands of runs a second reach all of them.
pub fn settings() -> Settings {
    let limits = Limits { depth: 4, members: 200, unpacked: 4 << 20, ratio: 500, resident: 1 << 20, work: 2_000_000 };
    Settings { limits, ..Settings::default() }
}

/// Examines and asks every check, as the engine does.
pub fn examined(content: Content<'_>, name: &str, role: Role, settings: &Settings) -> Vec<Subject> {
    let cx = Cx::new(settings);
    let mut subjects = Vec::new();
    examine(content, &Name::new(name), role, &cx, &mut |subject| {
        for check in all() {
            let mut sink = Sink::new(check, &subject.name);
            for form in &subject.forms {
                check.run.on(form, &cx, &mut sink);
            }
            for finding in sink.into_findings() {
                assert!(!finding.message.is_empty() && !finding.detail.is_empty() && finding.count > 0);
            }
        }
        subjects.push(subject);
    });
    assert!(!subjects.is_empty(), "an artefact that is no subject would be silence");
    for subject in &subjects {
        assert_eq!(subject.name.path, name);
        assert!(subject.name.members.len() <= 2 * settings.limits.depth as usize + 4, "{}", subject.name);
    }
    subjects
}

/// Watches without judging.
struct Nothing;
impl Observer for Nothing {
    fn import(&mut self, _: &Import) -> Value {
        Value::Unknown
    }
    fn call(&mut self, _: &Call) -> Value {
        Value::Unknown
    }
    fn write(&mut self, _: &Write) {}
    fn persistent(&mut self, _: u64, _: &Value) -> Option<Value> {
        None
    }
    fn oddity(&mut self, _: u64, _: Oddity) {}
    fn raw_array(&mut self) -> Option<RawArray> {
        None
    }
    fn opcode(&mut self, _: u64, _: u8) {}
}

pub fn pickle(bytes: &[u8]) {
    let settings = settings();
    let owned = bytes.to_vec();
    for role in [Role::Unknown, Role::Named, Role::Pickle, Role::Joblib] {
        let window = read_pickle(Content::Window(Window::file(&owned)), role, &Cx::new(&settings));
        let stream = Stream::new(Box::new(bytes)).unwrap();
        let stream = read_pickle(Content::Stream(stream), role, &Cx::new(&settings));
        assert_eq!(window.map(|facts| facts.opcodes), stream.map(|facts| facts.opcodes));
    }
    _ = trace(Content::Window(Window::file(&owned)), &mut Nothing, &Budget::new(100_000));
}

pub fn zip(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    if let Some(start) = bytes.first_chunk_mut::<4>() {
        *start = *b"PK\x03\x04";
    }
    window_and_stream(&bytes, "archive.pt");
}

/// Every block that could be a header gets the checksum that makes it one.
pub fn tar(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    for block in bytes.as_chunks_mut::<512>().0 {
        if block.first().is_some_and(|&first| first != 0 && first < 0x80) {
            let (front, rest) = block.split_at_mut(148);
            let (sum, back) = rest.split_at_mut(8);
            let total: u32 = front.iter().chain(back.iter()).map(|&byte| u32::from(byte)).sum::<u32>() + 8 * 32;
            sum.copy_from_slice(format!("{total:06o}\0 ").as_bytes());
        }
    }
    window_and_stream(&bytes, "model.tar");
}

pub fn npy(bytes: &[u8]) {
    let mut whole = b"\x93NUMPY".to_vec();
    whole.extend_from_slice(bytes);
    window_and_stream(&whole, "array.npy");
    if let Ok(length) = u16::try_from(bytes.len()) {
        let header = [&b"\x93NUMPY\x01\0"[..], &length.to_le_bytes(), bytes, b"cposix\ngetpid\n)R."].concat();
        window_and_stream(&header, "array.npy");
    }
}

pub fn anything(bytes: &[u8]) {
    for name in ["file", "model.pkl", "model.joblib", "notes.txt"] {
        window_and_stream(bytes, name);
    }
}

fn window_and_stream(bytes: &[u8], name: &str) {
    let settings = settings();
    let owned = bytes.to_vec();
    for role in [Role::Unknown, Role::Pickle] {
        examined(Content::Window(Window::file(&owned)), name, role, &settings);
    }
    examined(Content::Stream(Stream::new(Box::new(bytes)).unwrap()), name, Role::Unknown, &settings);
}
