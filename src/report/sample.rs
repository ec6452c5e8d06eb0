//! A hand-built report for the printers' tests: binary and text findings, waivers, gaps, and names made to cause trouble.

use std::collections::BTreeMap;

use sluicegate_checks::model::WeightsOnly;
use sluicegate_checks::{Confidence, Finding, Gap, Kind, Name, Place, Severity, Step, Why};

use super::{CheckRun, EVERY_CHECK, Outcome, Report, Reported, SubjectRecord, WaiverRecord, WaiverState};

/// A name that tries every printer: spaces, `%`, a table bar, a line break with a workflow command, markup, a mention.
pub(super) const ODD: &str = "my models/ünï|co%20de\n::error::pwn <b>`@octo` \u{202e}x.pkl";

pub(super) fn bytes(offset: u64) -> Place {
    Place::Bytes { offset, length: 12, in_file: None }
}

pub(super) fn in_file(offset: u64, in_file: u64) -> Place {
    Place::Bytes { offset, length: 12, in_file: Some(in_file) }
}

pub(super) fn finding(check: &str, path: &str, members: &[&str], place: Place, detail: &str) -> Finding {
    Finding {
        check: check.to_owned(),
        severity: sluicegate_checks::find(check).map_or(Severity::Medium, |check| check.severity),
        confidence: Confidence::High,
        subject: Name { path: path.to_owned(), members: members.iter().map(|&member| member.to_owned()).collect() },
        place,
        message: format!("Loading this file calls {detail}."),
        detail: detail.to_owned(),
        trail: Vec::new(),
        count: 1,
        more_offsets: Vec::new(),
    }
}

pub(super) fn found(findings: Vec<Finding>) -> CheckRun {
    let check = findings.first().map(|it| it.check.clone()).unwrap_or_default();
    CheckRun {
        check,
        outcome: Outcome::Found(findings.into_iter().map(|finding| Reported { finding, waived_by: None }).collect()),
    }
}

pub(super) fn subject(path: &str, members: &[&str], runs: Vec<CheckRun>) -> SubjectRecord {
    let name = Name { path: path.to_owned(), members: members.iter().map(|&member| member.to_owned()).collect() };
    SubjectRecord { name, kind: Kind::Unknown, size: 4096, sha256: None, weights_only: None, runs }
}

fn gap(why: Why, detail: &str) -> Gap {
    Gap { why, detail: detail.to_owned() }
}

fn waiver(check: &str, state: WaiverState, used: u64, line: u64) -> WaiverRecord {
    WaiverRecord {
        check: check.to_owned(),
        path: Some("models/*".to_owned()),
        sha256: None,
        reason: "our own loader | reviewed".to_owned(),
        owner: "ml-platform".to_owned(),
        until: "2027-01-31".to_owned(),
        file: "sluice.toml".to_owned(),
        line,
        state,
        used,
    }
}

/// A run that found things, waived one, skipped two and failed on one.
pub(super) fn report() -> Report {
    let torch = "models/resnet.pt";
    let member = ["archive/data.pkl"];
    let mut system = finding("pickle-dangerous-call", torch, &member, in_file(137, 237), "posix.system");
    system.trail = vec![
        Step { at: 130, what: "imports posix.system".to_owned() },
        Step { at: 137, what: "calls posix.system('id')".to_owned() },
    ];
    system.count = 3;
    system.more_offsets = vec![412, 500];
    let open = finding("pickle-dangerous-call", torch, &member, in_file(90, 190), "builtins.open");
    let mut waived = found(vec![finding("pickle-unknown-call", "models/own.pkl", &[], in_file(8, 8), "acme.restore")]);
    if let Outcome::Found(list) = &mut waived.outcome {
        for it in list {
            it.waived_by = Some(0);
        }
    }
    let odd = finding("pickle-unknown-call", ODD, &["a\nb|c"], bytes(3), "x.y\n::warning::z @me [l](https://e.org)");
    let script = |line, column| {
        let place = Place::Line { line, column };
        finding("torchscript-side-effect", "code/model.py", &[], place, "aten::from_file")
    };
    let mut subjects = vec![
        subject("code/model.py", &[], vec![found(vec![script(9, 5), script(3, 1)])]),
        subject("models/resnet.pt", &member, vec![found(vec![system, open])]),
        subject("models/own.pkl", &[], vec![waived]),
        subject(ODD, &["a\nb|c"], vec![found(vec![odd])]),
        subject(
            "sk.pkl",
            &[],
            vec![
                found(vec![finding("pickle-unknown-class", "sk.pkl", &[], in_file(4, 4), "acme.Ranker")]),
                found(vec![finding("pickle-unknown-import", "sk.pkl", &[], in_file(2, 2), "acme.helper")]),
            ],
        ),
        subject(
            "huge.bin",
            &[],
            vec![
                CheckRun { check: "archive-bomb".into(), outcome: Outcome::Skipped(gap(Why::OverLimit, "9 levels deep")) },
                CheckRun { check: "pickle-broken".into(), outcome: Outcome::Skipped(gap(Why::OverLimit, "9 levels deep")) },
            ],
        ),
        subject(
            "llm.gguf",
            &[],
            vec![CheckRun {
                check: EVERY_CHECK.into(),
                outcome: Outcome::Skipped(gap(Why::NoReader, "recognised as GGUF, not examined")),
            }],
        ),
        subject(
            "crash.pkl",
            &[],
            vec![CheckRun {
                check: EVERY_CHECK.into(),
                outcome: Outcome::Failed(gap(Why::Failed, "the worker stalled\x1b[31m")),
            }],
        ),
        subject("notes.txt", &[], vec![CheckRun { check: "pickle-broken".into(), outcome: Outcome::Clean }]),
    ];
    if let [_, torch, own, _, sk, ..] = subjects.as_mut_slice() {
        torch.weights_only = Some(WeightsOnly::No { because: "it calls posix.system".into() });
        own.weights_only = Some(WeightsOnly::Yes);
        sk.weights_only = Some(WeightsOnly::Needs { safe_globals: vec!["acme.Ranker".into(), "acme.helper".into()] });
    }
    let waivers = vec![
        waiver("pickle-unknown-call", WaiverState::Active, 1, 12),
        waiver("pickle-broken", WaiverState::Active, 0, 20),
        waiver("pickle-dangerous-call", WaiverState::Expired, 0, 28),
        waiver("archive-bomb", WaiverState::Proposed, 0, 36),
    ];
    Report {
        version: "0.1.0".into(),
        roots: vec![".".into()],
        configuration: None,
        stage: None,
        fail_on: Some(Severity::High),
        min_severity: Severity::Low,
        checks: sluicegate_checks::all().map(|check| check.id.to_owned()).collect(),
        subjects,
        excluded: BTreeMap::from([(".gitignore".to_owned(), 5)]),
        waivers,
        notes: vec!["sluice.toml of the base commit is used".into()],
        seconds: 1.5,
    }
}

/// A run over one file, with nothing to say.
pub(super) fn clean() -> Report {
    let notes = subject("notes.txt", &[], vec![CheckRun { check: "pickle-broken".into(), outcome: Outcome::Clean }]);
    Report { subjects: vec![notes], excluded: BTreeMap::new(), waivers: Vec::new(), notes: Vec::new(), seconds: 0.0, ..report() }
}

/// A run with `count` files that each hold one finding, cycling through all checks.
pub(super) fn many(count: usize) -> Report {
    let checks: Vec<_> = sluicegate_checks::all().collect();
    let subjects = (0..count)
        .zip(checks.iter().cycle())
        .map(|(index, check)| {
            let path = format!("models/{index:06}.pkl");
            subject(&path, &[], vec![found(vec![finding(check.id, &path, &[], in_file(2, 2), "acme.helper")])])
        })
        .collect();
    Report { subjects, ..clean() }
}

/// What a printer writes, as text.
pub(super) fn printed(report: &Report, format: super::Format, printing: &super::Printing) -> String {
    let mut out = Vec::new();
    super::print(report, format, printing, &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("printers write UTF-8")
}
