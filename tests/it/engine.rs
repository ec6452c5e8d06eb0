//! What `catch_unwind` cannot survive costs one file, and the rest is scanned.
//!
//! The faults are built into debug builds only (`src/engine/faults.rs`), so these tests are too.
#![cfg(debug_assertions)]

use std::fs::OpenOptions;
use std::time::{Duration, Instant};

use crate::sluice::{BAD_PICKLE, GOOD_PICKLE, command, finish, folder, found, gaps};

/// Files around the faulty one, so that a worker has others in hand when it dies.
fn scan_with(fault: &str, stall: &str) -> Vec<(String, String, String)> {
    let files: Vec<_> = (0..40).map(|n| (format!("f{n:02}.pkl"), if n == 39 { BAD_PICKLE } else { GOOD_PICKLE })).collect();
    let folder = folder(&files);
    let mut scan = command(folder.path());
    scan.args(["scan", "--format", "json", "--jobs", "2"]);
    scan.env("SLUICE_TEST_FAULT", format!("{fault}:f07.pkl")).env("SLUICE_TEST_STALL_SECONDS", stall);
    let run = finish(&mut scan, b"");
    let report = run.json();
    assert_eq!(report["subjects"].as_array().unwrap().len(), 40);
    assert_eq!(found(&report), [("f39.pkl".to_owned(), "pickle-dangerous-call".to_owned())], "the rest is scanned");
    assert_eq!(run.code, 1, "a finding outweighs a failure");
    gaps(&report)
}

#[track_caller]
fn assert_failed(gaps: &[(String, String, String)], cause: &str) {
    assert!(matches!(gaps, [(name, why, detail)] if name == "f07.pkl" && why == "failed" && detail.contains(cause)), "{gaps:?}");
}

#[test]
fn a_panic() {
    assert_failed(&scan_with("panic", "60"), "a defect of this program: panicked at");
}

#[test]
fn an_overflowing_stack() {
    assert_failed(&scan_with("stack", "60"), "overflowed the stack");
}

#[test]
fn an_endless_loop() {
    assert_failed(&scan_with("loop", "2"), "made no progress for 2 s");
}

#[test]
fn memory_without_end() {
    assert_failed(&scan_with("memory", "60"), "needed more memory than a worker may have");
}

#[test]
fn a_file_that_shrinks_while_it_is_read() {
    // A pickle whose bytes at the end are looked at only after the pause.
    let mut pickle = b"\x80\x04B\x00\x00\x10\x00".to_vec();
    pickle.resize(pickle.len() + (1 << 20), b'x');
    pickle.push(b'.');
    let folder = folder(&[("shrinks.pkl", &pickle[..])]);
    let path = folder.path().join("shrinks.pkl");
    let cut = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        OpenOptions::new().write(true).open(path).unwrap().set_len(100).unwrap();
    });
    let mut scan = command(folder.path());
    scan.args(["scan", "--format", "json"]).env("SLUICE_TEST_FAULT", "slow:shrinks.pkl");
    let run = finish(&mut scan, b"");
    cut.join().unwrap();
    let gaps = gaps(&run.json());
    assert!(matches!(&gaps[..], [(_, why, detail)] if why == "unreadable" && detail.contains("shorter")), "{gaps:?}");
    assert_eq!(run.code, 3);
}

#[test]
fn the_watchdog_leaves_alone_what_works() {
    let folder = folder(&[("slow.pkl", GOOD_PICKLE)]);
    let started = Instant::now();
    let mut scan = command(folder.path());
    scan.args(["scan"]).env("SLUICE_TEST_FAULT", "slow:slow.pkl").env("SLUICE_TEST_STALL_SECONDS", "30");
    assert_eq!(finish(&mut scan, b"").code, 0);
    assert!(started.elapsed() >= Duration::from_secs(2), "the fault was not there");
}
