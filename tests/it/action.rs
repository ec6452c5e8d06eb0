//! `sluice action` as GitHub's runner sees it: inputs in the environment, results in its files, and no way for what is
//! scanned to give the runner commands.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::sluice::{BAD_PICKLE as BAD, GOOD_PICKLE as GOOD, command, finish};

struct Run {
    code: i32,
    log: String,
    outputs: BTreeMap<String, String>,
    summary: String,
}

/// Runs the action in `workspace`, outside of which the runner's files are.
fn action(workspace: &Path, inputs: &[(&str, &str)]) -> Run {
    let runner = tempfile::tempdir().unwrap();
    let (output, summary) = (runner.path().join("output"), runner.path().join("summary"));
    let mut command = command(workspace);
    command.arg("action").env("GITHUB_ACTIONS", "true").env("NO_COLOR", "1");
    command.env("GITHUB_OUTPUT", &output).env("GITHUB_STEP_SUMMARY", &summary);
    command.envs(inputs.iter().map(|(name, value)| (format!("INPUT_{name}"), value)));
    let done = finish(&mut command, b"");
    let text = fs::read_to_string(output).unwrap_or_default();
    let mut lines = text.lines();
    let mut outputs = BTreeMap::new();
    while let Some((name, delimiter)) = lines.next().map(|head| head.split_once("<<").expect("a head")) {
        let value: Vec<_> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        outputs.insert(name.to_owned(), value.join("\n"));
    }
    Run { code: done.code, log: done.stdout + &done.stderr, outputs, summary: fs::read_to_string(summary).unwrap_or_default() }
}

fn workspace(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// Lines that the runner would take as commands: all that begin with `::` while commands are not stopped.
fn commands(log: &str) -> Vec<&str> {
    let mut stopped = None;
    let mut commands = Vec::new();
    for line in log.lines() {
        if let Some(token) = &stopped {
            if line == format!("::{token}::") {
                stopped = None;
            }
        } else if let Some(token) = line.strip_prefix("::stop-commands::") {
            stopped = Some(token.to_owned());
        } else if line.trim_start().starts_with("::") || line.contains("##[") {
            commands.push(line);
        }
    }
    assert_eq!(stopped, None, "commands are never allowed again: {log}");
    commands
}

#[test]
fn a_bad_model_holds_and_the_runner_is_told() {
    let workspace = workspace(&[("bad.pkl", BAD), ("good.pkl", GOOD)]);
    let run = action(workspace.path(), &[("FAIL-ON", ""), ("PATHS", "")]);
    assert_eq!(run.code, 1, "{}", run.log);
    let output = |name: &str| run.outputs.get(name).map(String::as_str);
    assert_eq!(output("verdict"), Some("held"));
    assert_eq!(output("exit-code"), Some("1"));
    assert_eq!(output("findings-critical"), Some("1"));
    assert_eq!(output("findings-total"), Some("1"));
    for file in ["report-file", "sarif-file"] {
        let report = fs::read_to_string(workspace.path().join(output(file).unwrap())).unwrap();
        assert!(report.contains("bad.pkl"), "{file}");
    }
    assert!(run.summary.contains("bad.pkl"), "{}", run.summary);
    assert!(commands(&run.log).iter().any(|line| line.starts_with("::error ") && line.contains("file=bad.pkl")), "{}", run.log);
}

#[test]
fn a_good_model_passes_and_what_is_not_wanted_is_not_written() {
    let workspace = workspace(&[("bad.pkl", BAD), ("good.pkl", GOOD)]);
    let inputs = [("PATHS", "good.pkl"), ("SUMMARY", "false"), ("FORMATS", "markdown"), ("OUTPUT-DIR", "out/ci")];
    let run = action(workspace.path(), &inputs);
    assert_eq!(run.code, 0, "{}", run.log);
    assert_eq!(run.outputs.get("verdict").map(String::as_str), Some("passed"));
    assert_eq!(run.outputs.get("sarif-file"), None);
    assert_eq!(run.summary, "");
    let mut written: Vec<_> =
        fs::read_dir(workspace.path().join("out/ci")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    written.sort();
    assert_eq!(written, ["report.json", "report.md"]);
}

#[test]
fn names_of_files_give_the_runner_no_commands() {
    let plain = workspace(&[("plain.pkl", BAD)]);
    let expected = commands(&action(plain.path(), &[]).log).len();
    let hostile = workspace(&[("x\n::add-mask::all\n##[add-mask]all\r::warning::.pkl", BAD)]);
    let run = action(hostile.path(), &[]);
    let given = commands(&run.log);
    assert!(given.iter().all(|line| line.starts_with("::error ") || line.starts_with("::notice ")), "{given:?}");
    assert_eq!(given.len(), expected, "{given:?}");
    assert!(run.outputs.values().all(|value| !value.contains("add-mask")));
}

#[test]
fn a_wrong_input_is_a_wrong_command_line() {
    let workspace = workspace(&[("good.pkl", GOOD)]);
    for (input, said) in [
        (("FAIL-ON", "sometimes"), "sometimes"),
        (("FAIL_ON", "never"), "there is no input `fail_on`"),
        (("DIGESTS", "maybe"), "true or false"),
        (("OUTPUT-DIR", "../out"), "below the workspace"),
        (("ONLY", "no-such-check"), "no-such-check"),
    ] {
        let run = action(workspace.path(), &[input]);
        assert_eq!(run.code, 2, "{input:?}: {}", run.log);
        assert!(run.log.contains(said), "{input:?}: {}", run.log);
        assert!(run.summary.is_empty());
    }
}
