//! The other commands: checks, explain, completions, man, and wrong command lines.

use std::fs;

use crate::sluice::run;

fn here() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn checks_are_listed_for_people_and_programs() {
    let json = run(here().path(), ["checks", "--format", "json"]).json();
    let ids: Vec<_> = json.as_array().unwrap().iter().map(|check| check["id"].as_str().unwrap().to_owned()).collect();
    let text = run(here().path(), ["checks"]);
    assert_eq!(text.code, 0);
    let listed: Vec<_> = text.stdout.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(ids, listed);
    assert!(ids.contains(&"pickle-dangerous-call".to_owned()));
    assert!(json.as_array().unwrap().iter().all(|check| check["help"].as_str().unwrap().contains("## What to do")));
}

#[test]
fn every_check_is_explained() {
    let json = run(here().path(), ["checks", "--format", "json"]).json();
    for check in json.as_array().unwrap() {
        let run = run(here().path(), ["explain", check["id"].as_str().unwrap()]);
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains(check["title"].as_str().unwrap()) && run.stdout.contains("## What to do"));
        assert!(check["references"].as_array().unwrap().iter().all(|it| run.stdout.contains(it["url"].as_str().unwrap())));
    }
    let run = run(here().path(), ["explain", "no-such-check"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("no-such-check"));
}

#[test]
fn completions_and_man_pages_come_from_the_command_line_itself() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = run(here().path(), ["completions", shell]);
        assert!(run.code == 0 && run.stdout.contains("fail-on"), "{shell}");
    }
    let page = run(here().path(), ["man"]);
    assert!(page.code == 0 && page.stdout.contains(".TH sluice 1"), "{}", page.stdout);
    let folder = here();
    assert_eq!(run(folder.path(), ["man", "pages"]).code, 0);
    let scan = fs::read_to_string(folder.path().join("pages/sluice-scan.1")).unwrap();
    assert!(scan.contains("respect"), "{scan}");
}

#[test]
fn a_wrong_command_line_is_2() {
    for arguments in [
        &["scan", "--fail-on", "sometimes"][..],
        &["scan", "--no-such-option"],
        &["scan", "--jobs", "0"],
        &["scan", "--format", "yaml"],
        &["scan", "--output", "a"],
        &["no-such-command"],
        &[],
    ] {
        assert_eq!(run(here().path(), arguments).code, 2, "{arguments:?}");
    }
}
