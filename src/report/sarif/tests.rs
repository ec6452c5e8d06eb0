//! The schema, and the contract of GitHub and GitLab beyond it: what validators let pass and uploads are refused for.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;
use sluicegate_checks::{Place, Severity};

use super::super::sample::{self, bytes, finding, found, in_file, subject};
use super::super::{Format, Printing, Report};

fn full() -> Printing {
    Printing { category: "models".into(), ..Printing::default() }
}

fn for_github() -> Printing {
    Printing { sarif_for_github: true, ..full() }
}

/// Prints, and holds every file against the schema and the contract.
fn printed(report: &Report, printing: &Printing) -> Value {
    let text = sample::printed(report, Format::Sarif, printing);
    let value: Value = serde_json::from_str(&text).unwrap();
    let errors = schema_errors(&value);
    assert!(errors.is_empty(), "{errors:#?}");
    let broken = contract(&value);
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(text.len() < 10_000_000, "GitLab takes no more than 10 MB: {}", text.len());
    value
}

fn schema_errors(value: &Value) -> Vec<String> {
    static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let schema = serde_json::from_str(include_str!("../../../tests/schemas/sarif-2.1.0.json")).unwrap();
        jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
    });
    VALIDATOR.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// What the platforms ask for and the schema does not.
fn contract(log: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    let mut ask = |holds: bool, what: String| {
        if !holds {
            broken.push(what);
        }
    };
    let runs = log["runs"].as_array().unwrap();
    ask(runs.len() == 1, format!("{} runs", runs.len()));
    let run = &runs[0];
    let id = run["automationDetails"]["id"].as_str().unwrap_or_default();
    ask(id.len() > 1 && id.ends_with('/'), format!("category {id:?}"));
    ask(run["results"].is_array(), "no list of results, so that alerts never close".into());

    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        let id = rule["id"].as_str().unwrap();
        for field in ["shortDescription", "fullDescription", "help"] {
            let words = rule[field]["text"].as_str().unwrap_or_default();
            ask(!words.trim().is_empty(), format!("{id}: no {field}"));
            ask(field == "help" || words.chars().count() <= 1_000, format!("{id}: long {field}"));
        }
        let score = rule["properties"]["security-severity"].as_str().and_then(|score| score.parse::<f64>().ok());
        ask(score.is_some_and(|score| score > 0.0 && score <= 10.0), format!("{id}: security-severity"));
        let tags = rule["properties"]["tags"].as_array().map_or(0, Vec::len);
        ask((1..=10).contains(&tags), format!("{id}: {tags} tags"));
        let level = rule["defaultConfiguration"]["level"].as_str().unwrap_or_default();
        ask(["note", "warning", "error"].contains(&level), format!("{id}: level {level:?}"));
    }

    let results = run["results"].as_array().map_or(&[][..], Vec::as_slice);
    ask(results.len() <= 5_000, format!("{} results", results.len()));
    let (mut fingerprints, mut identities) = (BTreeSet::new(), BTreeSet::new());
    for result in results {
        let rule = result["ruleId"].as_str().unwrap_or_default();
        let index = result["ruleIndex"].as_u64().and_then(|index| usize::try_from(index).ok());
        ask(index.and_then(|index| rules.get(index)).is_some_and(|it| it["id"] == rule), format!("unknown rule {rule:?}"));
        let words = result["message"]["text"].as_str().unwrap_or_default();
        ask(!words.is_empty() && words.chars().count() <= 1_000, format!("message {words:?}"));
        ask(!words.contains("]("), format!("a link in {words:?}"));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap_or_default();
        ask(relative(uri), format!("uri {uri:?}"));
        let base = &place["artifactLocation"]["uriBaseId"];
        ask(!run["originalUriBaseIds"][base.as_str().unwrap_or_default()].is_null(), format!("unknown base {base}"));
        for field in ["startLine", "startColumn", "endLine", "endColumn"] {
            ask(place["region"][field].as_u64().is_some_and(|number| number > 0), format!("{rule}: no {field}"));
        }
        let hash = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap_or_default();
        let form = hash.split_once(':').is_some_and(|(hash, count)| hash.len() == 16 && count.parse::<u64>().is_ok());
        ask(form, format!("{rule}: fingerprint {hash:?}"));
        ask(fingerprints.insert(hash.to_owned()), format!("{rule}: fingerprint {hash} twice"));
        if result["suppressions"].is_null() {
            let region = &place["region"];
            let identity = format!("{rule} {uri} {} {}", region["startLine"], region["endLine"]);
            ask(identities.insert(identity.clone()), format!("GitLab would join two results: {identity}"));
        }
        let rank = result["rank"].as_f64().unwrap_or(-1.0);
        ask((0.0..=100.0).contains(&rank), format!("{rule}: rank {rank}"));
    }
    broken
}

/// A relative reference that cannot leave the root (RFC 3986, section 4.2).
fn relative(uri: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
    let escapes = uri.split('%').skip(1).all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2);
    !uri.is_empty() && uri.bytes().all(plain) && escapes && uri.split('/').all(|part| !["", ".", ".."].contains(&part))
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

fn of_rule<'a>(log: &'a Value, rule: &str) -> Vec<&'a Value> {
    results(log).iter().filter(|result| result["ruleId"] == rule).collect()
}

#[test]
fn every_kind_of_report_keeps_schema_and_contract() {
    let reports = [sample::report(), sample::clean(), sample::many(200)];
    for report in &reports {
        for printing in [full(), for_github(), Printing::default()] {
            printed(report, &printing);
        }
    }
}

#[test]
fn the_schema_is_asked() {
    let good = printed(&sample::report(), &full());
    let mut bad = good.clone();
    bad["runs"][0]["results"][0]["rank"] = 101.into();
    assert!(schema_errors(&bad).iter().any(|error| error.contains("rank")), "{:?}", schema_errors(&bad));
    let mut bad = good;
    bad["runs"][0]["tool"]["driver"]["rules"][0]["helpUri"] = "not a uri".into();
    assert!(schema_errors(&bad).iter().any(|error| error.contains("helpUri")), "{:?}", schema_errors(&bad));
}

#[test]
fn the_contract_tells_what_is_broken() {
    let good = printed(&sample::report(), &full());
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut log = good.clone();
        change(&mut log["runs"][0]);
        contract(&log).join("; ")
    };
    assert!(broken(&|run| run["results"][0]["partialFingerprints"] = Value::Null).contains("fingerprint"));
    assert!(broken(&|run| run["results"][0]["ruleId"] = "no-such".into()).contains("unknown rule"));
    let score =
        |value: Value| broken(&|run| run["tool"]["driver"]["rules"][0]["properties"]["security-severity"] = value.clone());
    assert!(score(8.0.into()).contains("security-severity"));
    assert!(score("10.1".into()).contains("security-severity"));
    assert!(score("high".into()).contains("security-severity"));
    let tags: Vec<_> = (0..11).map(|tag| format!("t{tag}")).collect();
    assert!(broken(&|run| run["tool"]["driver"]["rules"][0]["properties"]["tags"] = tags.clone().into()).contains("11 tags"));
    let first = results(&good)[0].clone();
    assert!(broken(&|run| run["results"] = vec![first.clone(); 5_001].into()).contains("5001 results"));
    assert!(broken(&|run| run["results"] = vec![first.clone(); 2].into()).contains("GitLab would join"));
    for uri in ["/etc/x", "file:///x", "https://e.org/x", "a b", "a/../b", "", "a%2", "C:\\x"] {
        let text = broken(&|run| run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = uri.into());
        assert!(text.contains("uri"), "{uri}");
    }
    let bytes_only = serde_json::json!({ "byteOffset": 1, "byteLength": 1 });
    assert!(
        broken(&|run| run["results"][0]["locations"][0]["physicalLocation"]["region"] = bytes_only.clone()).contains("startLine")
    );
    assert!(broken(&|run| run["results"][0]["locations"][0]["physicalLocation"] = Value::Null).contains("uri"));
    assert!(broken(&|run| run["automationDetails"] = Value::Null).contains("category"));
    assert!(broken(&|run| run["results"] = Value::Null).contains("never close"));
}

#[test]
fn all_rules_are_declared_whatever_fired() {
    let ids: Vec<_> = sluicegate_checks::all().map(|check| check.id).collect();
    for report in [sample::report(), sample::clean()] {
        let log = printed(&report, &full());
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    }
    let log = printed(&sample::clean(), &full());
    assert_eq!(results(&log).len(), 0);
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for (rule, check) in rules.iter().zip(sluicegate_checks::all()) {
        assert_eq!(rule["help"]["markdown"], check.help);
        assert!(!rule["help"]["text"].as_str().unwrap().contains("## "));
        let tags: Vec<_> = rule["properties"]["tags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(tags.contains(&"security"));
        for reference in check.refs {
            if let sluicegate_checks::Ref::Cwe(number) = reference {
                assert!(tags.contains(&&*format!("cwe-{number}")) && tags.contains(&&*format!("external/cwe/cwe-{number:03}")));
                // GitLab files these under "secret detection", where nobody would look for a model.
                assert!(![798, 259, 321, 522, 312, 319, 256, 257, 540].contains(number), "{}", check.id);
            }
        }
    }
    let scores = |severity: Severity| {
        let of = sluicegate_checks::all().zip(rules).filter(move |(check, _)| check.severity == severity);
        of.map(|(_, rule)| rule["properties"]["security-severity"].as_str().unwrap()).collect::<BTreeSet<_>>()
    };
    let expected = [(Severity::Critical, "9.5"), (Severity::High, "8.0"), (Severity::Medium, "5.5"), (Severity::Low, "2.0")];
    for (severity, score) in expected {
        assert_eq!(scores(severity), BTreeSet::from([score]));
    }
}

#[test]
fn a_rule_of_another_version_is_declared_too() {
    let mut report = sample::clean();
    let mut other = finding("zz-from-the-future", "a.pkl", &[], bytes(1), "x");
    other.severity = Severity::Critical;
    report.subjects = vec![subject("a.pkl", &[], vec![found(vec![other])])];
    let log = printed(&report, &full());
    let rule = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().last().unwrap();
    assert_eq!((&rule["id"], &rule["properties"]["security-severity"]), (&"zz-from-the-future".into(), &"9.5".into()));
}

#[test]
fn a_binary_has_one_result_for_each_rule_with_every_place() {
    let log = printed(&sample::report(), &full());
    let of = of_rule(&log, "pickle-dangerous-call");
    let [result] = of.as_slice() else { panic!("{of:#?}") };
    assert_eq!(
        result["message"]["text"],
        "Loading this file calls builtins.open. Where: byte 90 of archive/data.pkl. \
         Also: posix.system (byte 137 and 2 more times (bytes 412, 500) of archive/data.pkl)."
    );
    assert_eq!(result["level"], "error");
    assert_eq!(result["rank"], 95.0);
    assert_eq!(result["occurrenceCount"], 4);
    let location = &result["locations"][0];
    let region = serde_json::json!({
        "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1, "byteOffset": 190, "byteLength": 12
    });
    assert_eq!(location["physicalLocation"]["region"], region);
    assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], "models/resnet.pt");
    assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], "archive/data.pkl");
    assert_eq!(result["relatedLocations"][0]["physicalLocation"]["region"]["byteOffset"], 237);
    let second = &result["properties"]["occurrences"][1];
    assert_eq!((&second["byteOffset"], &second["byteOffsetInFile"]), (&137.into(), &237.into()));
    assert_eq!(second["moreByteOffsets"], serde_json::json!([412, 500]));
    assert_eq!(second["trail"][1], "at byte 137 calls posix.system('id')");
}

#[test]
fn bytes_of_a_compressed_member_are_not_bytes_of_the_file() {
    let mut report = sample::clean();
    let it = finding("pickle-dangerous-call", "a.npz", &["x.npy"], bytes(80), "posix.system");
    report.subjects = vec![subject("a.npz", &["x.npy"], vec![found(vec![it])])];
    let log = printed(&report, &full());
    let result = &results(&log)[0];
    let region = serde_json::json!({ "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1 });
    assert_eq!(result["locations"][0]["physicalLocation"]["region"], region);
    assert!(result["message"]["text"].as_str().unwrap().contains("byte 80 of x.npy"));
}

#[test]
fn a_text_has_one_result_for_each_line() {
    let log = printed(&sample::report(), &full());
    let of = of_rule(&log, "torchscript-side-effect");
    let lines: Vec<_> = of.iter().map(|it| it["locations"][0]["physicalLocation"]["region"]["startLine"].clone()).collect();
    assert_eq!(lines, [3, 9]);
    assert_eq!(of[1]["locations"][0]["physicalLocation"]["region"]["startColumn"], 5);
    // The same thing twice: the same hash, counted.
    let hash = |it: &Value| it["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().to_owned();
    let (one, two) = (hash(of[0]), hash(of[1]));
    assert_eq!(one.strip_suffix(":1"), two.strip_suffix(":2"));

    // A text inside a container has no lines that a viewer of the file knows.
    let mut report = sample::clean();
    let inside = |line| finding("torchscript-side-effect", "m.pt", &["code/m.py"], Place::Line { line, column: 1 }, "aten::save");
    report.subjects = vec![subject("m.pt", &["code/m.py"], vec![found(vec![inside(3), inside(9)])])];
    let log = printed(&report, &full());
    assert_eq!(results(&log).len(), 1);
    assert_eq!(results(&log)[0]["locations"][0]["physicalLocation"]["region"]["startLine"], 1);
}

#[test]
fn waived_results_are_suppressed_and_left_out_for_github() {
    let report = sample::report();
    let log = printed(&report, &full());
    let waived: Vec<_> = results(&log).iter().filter(|it| !it["suppressions"].is_null()).collect();
    let [only] = waived.as_slice() else { panic!("{waived:#?}") };
    assert_eq!(
        only["suppressions"],
        serde_json::json!([{
            "kind": "external",
            "status": "accepted",
            "justification": "our own loader | reviewed (owner: ml-platform, until 2027-01-31, sluice.toml:12)"
        }])
    );
    let github = printed(&report, &for_github());
    assert!(results(&github).iter().all(|it| it["suppressions"].is_null()));
    let open: Vec<_> = results(&log).iter().filter(|it| it["suppressions"].is_null()).collect();
    assert_eq!(results(&github).iter().collect::<Vec<_>>(), open, "what is not waived is the same in both files");

    // One of two findings of a rule in a binary is waived: the other stays open.
    let mut report = sample::report();
    let torch = report.subjects.iter_mut().find(|it| it.name.path == "models/resnet.pt").unwrap();
    if let super::super::Outcome::Found(list) = &mut torch.runs[0].outcome {
        list[0].waived_by = Some(0);
    }
    let log = printed(&report, &full());
    let suppressed: Vec<_> = of_rule(&log, "pickle-dangerous-call").iter().map(|it| !it["suppressions"].is_null()).collect();
    assert_eq!(suppressed, [false, true]);
}

#[test]
fn odd_names_are_encoded_and_harmless() {
    let log = printed(&sample::report(), &full());
    let result = of_rule(&log, "pickle-unknown-call").into_iter().find(|it| it["suppressions"].is_null()).unwrap();
    let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
    assert_eq!(uri, "my%20models/%C3%BCn%C3%AF%7Cco%2520de%0A%3A%3Aerror%3A%3Apwn%20%3Cb%3E%60%40octo%60%20%E2%80%AEx.pkl");
    let words = result["message"]["text"].as_str().unwrap();
    assert!(!words.contains('\n') && words.contains("[l] (https"), "{words}");
    let text = sample::printed(&sample::report(), Format::Sarif, &full());
    assert_eq!(text.lines().count(), 1);
    assert!(!text.contains('\u{202e}') && !text.contains("##["));

    for path in ["<stdin>", "/etc/x.pkl", "../x.pkl", "C:\\x.pkl", "file:///x", ""] {
        let mut report = sample::clean();
        report.subjects = vec![subject(path, &[], vec![found(vec![finding("pickle-broken", path, &[], bytes(1), "x")])])];
        printed(&report, &full());
    }
}

#[test]
fn fingerprints_survive_moved_bytes_and_nothing_else() {
    let print = |at: u64, name: &str| {
        let mut report = sample::clean();
        report.seconds = 0.1;
        let it = finding("pickle-dangerous-call", "a.pkl", &[], in_file(at, at), name);
        report.subjects = vec![subject("a.pkl", &[], vec![found(vec![it])])];
        results(&printed(&report, &full()))[0]["partialFingerprints"].clone()
    };
    assert_eq!(print(1, "posix.system"), print(999, "posix.system"));
    assert_ne!(print(1, "posix.system"), print(1, "posix.popen"));
}

#[test]
fn the_same_report_gives_the_same_bytes_in_any_order() {
    let mut report = sample::report();
    let one = sample::printed(&report, Format::Sarif, &full());
    assert_eq!(sample::printed(&report, Format::Sarif, &full()), one);
    report.subjects.reverse();
    // Verdicts of the loader stand in the order of the report, which sorts its subjects itself.
    report.subjects.sort_by(|a, b| a.name.cmp(&b.name));
    let sorted = sample::printed(&report, Format::Sarif, &full());
    let results_of = |text: &str| serde_json::from_str::<Value>(text).unwrap()["runs"][0]["results"].clone();
    assert_eq!(results_of(&sorted), results_of(&one));
    report.seconds = 77.0;
    assert_eq!(sample::printed(&report, Format::Sarif, &full()), sorted, "nothing of a single run is in it");
}

#[test]
fn the_category_is_one_and_stable() {
    let id = |category: &str| {
        let log = printed(&sample::clean(), &Printing { category: category.into(), ..Printing::default() });
        log["runs"][0]["automationDetails"]["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(id(""), "sluicegate/");
    assert_eq!(id("models"), "models/");
    assert_eq!(id(" team/models// "), "team/models/");
    assert_eq!(id("/"), "sluicegate/");
}

#[test]
fn a_degraded_run_does_not_look_clean() {
    let notifications = |report: &Report| {
        let log = printed(report, &full());
        let invocation = log["runs"][0]["invocations"][0].clone();
        let told = |it: &Value| format!("{} {}", it["level"].as_str().unwrap(), it["message"]["text"].as_str().unwrap());
        let list = invocation["toolExecutionNotifications"].as_array().unwrap().iter().map(told).collect::<Vec<_>>();
        (invocation["executionSuccessful"].as_bool().unwrap(), invocation["exitCode"].as_i64().unwrap(), list)
    };
    assert_eq!(notifications(&sample::clean()), (true, 0, vec![]));
    let mut report = sample::report();
    let (successful, code, list) = notifications(&report);
    assert_eq!((successful, code), (false, 1));
    assert_eq!(
        list,
        [
            "error crash.pkl: failed: the worker stalled\\u{1b}[31m",
            "warning huge.bin: over a limit: 9 levels deep",
            "note llm.gguf: no reader for this format: recognised as GGUF, not examined",
            "note 5 files left out by .gitignore",
        ]
    );
    report.fail_on = None;
    assert_eq!(notifications(&report).1, 3);

    let gguf = report.subjects.iter().find(|it| it.name.path == "llm.gguf").unwrap().clone();
    report.subjects = (0..500)
        .map(|at| {
            let mut subject = gguf.clone();
            subject.name.path = format!("{at:03}.gguf");
            subject
        })
        .collect();
    let (_, _, list) = notifications(&report);
    assert_eq!(list.len(), 102);
    assert_eq!(list[100], "note 400 more: no reader for this format.");
}

#[test]
fn limits_hold_and_what_is_left_out_is_counted() {
    let log = printed(&sample::many(6_000), &full());
    assert_eq!(results(&log).len(), 5_000);
    let ranks: Vec<_> = results(&log).iter().map(|it| it["rank"].as_f64().unwrap()).collect();
    assert!(ranks.is_sorted_by(|a, b| a >= b), "worst first");
    let told = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert_eq!(told, "1000 more results did not fit into this file. The report as JSON lists all.");

    // Every string as long as it can be, in the characters that take most bytes.
    let mut report = sample::many(700);
    let huge = "𝄞".repeat(1_500);
    for subject in &mut report.subjects {
        for run in &mut subject.runs {
            if let super::super::Outcome::Found(list) = &mut run.outcome {
                list[0].finding.message.clone_from(&huge);
                list[0].finding.detail.push_str(&huge);
                list[0].finding.subject.members = vec![huge.clone()];
            }
        }
    }
    let path = "é".repeat(2_000);
    for at in 0..200 {
        let mut odd = subject(&format!("{path}{at}"), &[&huge], Vec::new());
        let names = vec![huge.clone(); 60];
        odd.weights_only = Some(sluicegate_checks::model::WeightsOnly::Needs { safe_globals: names });
        let gap = sluicegate_checks::Gap { why: sluicegate_checks::Why::NoReader, detail: huge.clone() };
        odd.runs = vec![super::super::CheckRun { check: "*".into(), outcome: super::super::Outcome::Skipped(gap) }];
        report.subjects.push(odd);
        report.excluded.insert(format!("{at}{huge}"), 1);
    }
    let log = printed(&report, &full());
    let (listed, more) = (results(&log).len(), &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]);
    assert!(listed < 700 && more["message"]["text"].as_str().unwrap().starts_with(&format!("{} more results", 700 - listed)));

    // Many things in one file.
    let mut report = sample::many(1);
    let path = report.subjects[0].name.path.clone();
    let list =
        (0..300).map(|at| finding("pickle-unknown-class", &path, &[], in_file(at, at), &format!("acme.Class{at}"))).collect();
    report.subjects[0].runs = vec![found(list)];
    let log = printed(&report, &full());
    let result = &results(&log)[0];
    assert_eq!(result["properties"]["occurrences"].as_array().unwrap().len(), 100);
    assert_eq!(result["properties"]["moreOccurrences"], 200);
    assert_eq!(result["occurrenceCount"], 300);
    let words = result["message"]["text"].as_str().unwrap();
    let also = words.matches(" Also: ").count();
    assert!(also > 5 && words.ends_with(&format!(" {} more.", 299 - also)), "{words}");
}

#[test]
fn lists_nothing_below_the_reporting_threshold() {
    let mut report = sample::report();
    report.min_severity = Severity::High;
    let log = printed(&report, &full());
    assert!(results(&log).iter().all(|it| it["level"] == "error"));
    assert_eq!(log["runs"][0]["properties"]["totals"]["low"], 1);
}

#[test]
fn says_how_pickles_load() {
    let log = printed(&sample::report(), &full());
    assert_eq!(
        log["runs"][0]["properties"]["weightsOnly"],
        serde_json::json!([
            { "path": "models/resnet.pt", "member": "archive/data.pkl", "loads": "no", "because": "it calls posix.system" },
            { "path": "models/own.pkl", "loads": "yes" },
            { "path": "sk.pkl", "loads": "needs", "safeGlobals": ["acme.Ranker", "acme.helper"] },
        ])
    );
}
