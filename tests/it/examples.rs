//! What the README tells people to type first.

use std::path::Path;

use serde_json::Value;

use crate::sluice::{self, Run};

fn scan(path: &str) -> Run {
    sluice::run(Path::new(env!("CARGO_MANIFEST_DIR")), ["scan", "--format", "json", path])
}

/// Paths of the subjects that have a finding, and of all subjects.
fn paths(report: &Value) -> (Vec<String>, Vec<String>) {
    let subjects = report["subjects"].as_array().expect("subjects");
    let path = |subject: &Value| subject["name"]["path"].as_str().expect("a path").to_owned();
    let found = |subject: &&Value| {
        subject["runs"].as_array().is_some_and(|runs| runs.iter().any(|run| run["outcome"].get("found").is_some()))
    };
    (subjects.iter().filter(found).map(path).collect(), subjects.iter().map(path).collect())
}

#[test]
fn quickstart_holds_because_of_its_bad_model_alone() {
    let run = scan("examples/quickstart");
    assert_eq!(run.code, 1, "{}", run.stderr);
    let (found, all) = paths(&run.json());
    assert!(found.iter().all(|path| path.ends_with("bad/model.pkl")) && !found.is_empty(), "{found:?}");
    for path in ["good/model.pkl", "good/weights.npz", "good/config.json"] {
        assert!(all.iter().any(|subject| subject.ends_with(path)), "{path} was not looked at: {all:?}");
    }
    assert!(run.stdout.contains("posix.getpid"), "the report names what would be called");
}

#[test]
fn quickstart_good_passes() {
    let run = scan("examples/quickstart/good");
    assert_eq!(run.code, 0, "{}", run.stdout);
}

#[test]
fn the_bad_model_is_the_good_one_with_one_more_entry() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
    let read = |name| std::fs::read(folder.join(name)).expect("a model");
    let (good, bad) = (read("good/model.pkl"), read("bad/model.pkl"));
    // Behind the frame's length (opcode FRAME at byte 2, then 8 bytes) both say the same, up to SETITEMS and STOP of the good one.
    let (head, body, end) = (3, 11, good.len() - 2);
    assert_eq!(good[..head], bad[..head]);
    assert_eq!(good[body..end], bad[body..end]);
    assert!(bad.windows(6).any(|bytes| bytes == b"getpid") && !good.windows(6).any(|bytes| bytes == b"getpid"));
}
