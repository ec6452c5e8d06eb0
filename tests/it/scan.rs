//! `sluice scan`: what it says, and the exit code that never depends on how it says it.

use std::fs;

use crate::sluice::{BAD_PICKLE, GOOD_PICKLE, command, finish, folder, found, gaps, names, run, scan_json};

const FORMATS: [&str; 6] = ["text", "json", "sarif", "gitlab-codequality", "markdown", "github-annotations"];
/// A pickle that imports a name on no list and stores it: `pickle-unknown-import`, low.
const LOW_PICKLE: &[u8] = b"\x80\x02cacme.models\nRanker\nq\x00.";

#[test]
fn the_exit_code_is_the_same_in_every_format() {
    let bad = folder(&[("w.pkl", BAD_PICKLE)]);
    let good = folder(&[("w.pkl", GOOD_PICKLE)]);
    // A pickle whose import stands behind the end of what a 7-Zip archive lets be seen: recognised, not examined.
    let unknown = folder(&[("w.7z", b"7z\xbc\xaf\x27\x1c\x00\x04 and so on".as_slice())]);
    for format in FORMATS {
        for (folder, code) in [(&bad, 1), (&good, 0), (&unknown, 0)] {
            let run = run(folder.path(), ["scan", "--format", format]);
            assert_eq!(run.code, code, "{format}: {}", run.stderr);
        }
    }
}

#[test]
fn each_threshold_holds_from_its_severity_on() {
    let low = folder(&[("w.pkl", LOW_PICKLE)]);
    let critical = folder(&[("w.pkl", BAD_PICKLE)]);
    for (fail_on, on_low, on_critical) in [("low", 1, 1), ("medium", 0, 1), ("high", 0, 1), ("critical", 0, 1), ("never", 0, 0)] {
        for (folder, code) in [(&low, on_low), (&critical, on_critical)] {
            assert_eq!(run(folder.path(), ["scan", "--fail-on", fail_on]).code, code, "{fail_on}");
        }
    }
}

#[test]
fn what_is_below_the_minimum_is_counted_and_still_holds() {
    let folder = folder(&[("w.pkl", LOW_PICKLE)]);
    let all = run(folder.path(), ["scan", "--fail-on", "low"]);
    let few = run(folder.path(), ["scan", "--fail-on", "low", "--min-severity", "high"]);
    assert_eq!((all.code, few.code), (1, 1));
    assert!(all.stdout.contains("pickle-unknown-import") && !few.stdout.contains("pickle-unknown-import"), "{}", few.stdout);
    assert!(few.stdout.contains("1 low"), "{}", few.stdout);
}

#[test]
fn checks_are_chosen_by_id_and_stage() {
    let folder = folder(&[("w.pkl", BAD_PICKLE)]);
    let (report, code) = scan_json(folder.path(), &["--only", "pickle-broken"]);
    assert_eq!((report["checks"].as_array().unwrap().len(), code), (1, 0));
    let (report, code) = scan_json(folder.path(), &["--skip", "pickle-dangerous-call"]);
    assert!(!report["checks"].as_array().unwrap().iter().any(|it| it == "pickle-dangerous-call"));
    assert_eq!(code, 0);
    for stage in ["train", "evaluate", "deploy"] {
        let (report, code) = scan_json(folder.path(), &["--stage", stage]);
        assert_eq!((report["stage"].as_str(), code), (Some(stage), 1));
    }
    let run = run(folder.path(), ["scan", "--only", "pickle-borken"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`pickle-broken`"), "{}", run.stderr);
}

#[test]
fn standard_input_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, code) in [(BAD_PICKLE, 1), (GOOD_PICKLE, 0)] {
        let run = finish(command(folder.path()).args(["scan", "-", "--format", "json"]), bytes);
        assert_eq!((names(&run.json()), run.code), (vec!["<stdin>".to_owned()], code));
    }
    assert_eq!(run(folder.path(), ["scan", "-", "."]).code, 2);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = folder(&[("a.pkl", BAD_PICKLE), ("b/c.bin", BAD_PICKLE), ("d.pkl", LOW_PICKLE), ("e.txt", b"text".as_slice())]);
    for format in FORMATS {
        let outputs = ["1", "2", "2"].map(|jobs| {
            let run = run(folder.path(), ["scan", "--format", format, "--jobs", jobs]);
            // The only thing that may differ is how long it took.
            run.stdout
                .lines()
                .filter(|line| !line.contains("seconds"))
                .map(|line| line.replace(char::is_numeric, ""))
                .collect::<String>()
        });
        assert!(outputs.windows(2).all(|pair| pair[0] == pair[1]), "{format}");
    }
}

#[test]
fn several_reports_are_written_at_once() {
    let folder = folder(&[("w.pkl", BAD_PICKLE)]);
    let arguments = [
        "scan",
        "--format",
        "sarif",
        "--output",
        "out/r.sarif",
        "--format",
        "json",
        "--output",
        "out/r.json",
        "--format",
        "text",
        "w.pkl",
    ];
    let run = run(folder.path(), arguments);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("posix.getpid"), "{}", run.stdout);
    for file in ["out/r.sarif", "out/r.json"] {
        let text = fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{file}");
    }
}

#[test]
fn a_saved_report_prints_and_decides_again() {
    let folder = folder(&[("w.pkl", BAD_PICKLE)]);
    assert_eq!(run(folder.path(), ["scan", "--format", "json", "--output", "r.json", "--fail-on", "never", "w.pkl"]).code, 0);
    let again = run(folder.path(), ["report", "r.json", "--fail-on", "high"]);
    let directly = run(folder.path(), ["scan", "w.pkl"]);
    assert_eq!((again.code, directly.code), (1, 1));
    let body = |text: &str| text.lines().filter(|line| !line.contains(" s")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(body(&again.stdout), body(&directly.stdout));
    assert_eq!(run(folder.path(), ["report", "r.json"]).code, 0, "the report's own threshold");
    fs::write(folder.path().join("wrong.json"), "{}").unwrap();
    assert_eq!(run(folder.path(), ["report", "wrong.json"]).code, 2);
    assert_eq!(run(folder.path(), ["report", "missing.json"]).code, 2);
}

#[test]
fn digests_are_taken_only_when_asked_for() {
    let folder = folder(&[("abc", b"abc".as_slice())]);
    let (report, _) = scan_json(folder.path(), &[]);
    assert!(report["subjects"][0].get("sha256").is_none());
    let (report, _) = scan_json(folder.path(), &["--digests"]);
    // FIPS 180-4, example B.1.
    assert_eq!(report["subjects"][0]["sha256"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn what_is_not_examined_is_named_in_every_report() {
    let folder = folder(&[("w.7z", b"7z\xbc\xaf\x27\x1c\x00\x04 and so on".as_slice())]);
    for format in ["text", "json", "sarif", "markdown", "github-annotations"] {
        let run = run(folder.path(), ["scan", "--format", format]);
        assert!(run.stdout.contains("w.7z") && run.stdout.contains("not examined"), "{format}: {}", run.stdout);
    }
    let (report, code) = scan_json(folder.path(), &[]);
    assert_eq!(gaps(&report)[0].1, "no-reader");
    assert_eq!(code, 0, "counted and shown; it holds only under a policy");
}

#[test]
fn a_report_that_cannot_be_written_is_no_pass() {
    let folder = folder(&[("w.pkl", GOOD_PICKLE)]);
    let run = run(folder.path(), ["scan", "w.pkl", "--format", "json", "--output", "w.pkl/r.json"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("w.pkl/r.json"), "{}", run.stderr);
}

#[test]
fn names_cannot_write_on_the_terminal() {
    let folder = folder(&[("a\x1b[2J\u{202e}.pkl", BAD_PICKLE)]);
    let run = run(folder.path(), ["scan"]);
    assert!(found(&scan_json(folder.path(), &[]).0).len() == 1 && !run.stdout.contains(['\x1b', '\u{202e}']), "{}", run.stdout);
}
