//! Runs the real binary, and builds what it is run on.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A harmless pickle that calls `os.getpid()` when it is loaded (protocol 0, as `pickletools` prints it:
/// GLOBAL 'posix getpid', EMPTY_TUPLE, REDUCE, STOP).
pub(crate) const BAD_PICKLE: &[u8] = b"cposix\ngetpid\n)R.";
/// `pickle.dumps({}, protocol=2)`.
pub(crate) const GOOD_PICKLE: &[u8] = b"\x80\x02}q\x00.";

/// What a run did.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The JSON report on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }
}

/// `sluice` with a clean environment, in `folder`.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command.current_dir(folder).env_clear();
    command
}

/// Runs `sluice` in `folder`.
pub(crate) fn run<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Run {
    finish(command(folder).args(arguments), b"")
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command, stdin: &[u8]) -> Run {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut into = child.stdin.take().unwrap();
    let bytes = stdin.to_vec();
    let writer = std::thread::spawn(move || _ = into.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Scans a folder and returns the JSON report with the exit code.
pub(crate) fn scan_json(folder: &Path, more: &[&str]) -> (Value, i32) {
    let run = run(folder, ["scan", "--format", "json"].iter().chain(more));
    (run.json(), run.code)
}

/// A folder with these files.
pub(crate) fn folder<P: AsRef<Path>>(files: &[(P, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        write(folder.path(), name, bytes);
    }
    folder
}

pub(crate) fn write(folder: &Path, name: impl AsRef<Path>, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// Name of each subject with its gap, `(why, detail)`, sorted.
pub(crate) fn gaps(report: &Value) -> Vec<(String, String, String)> {
    let mut gaps = Vec::new();
    for subject in report["subjects"].as_array().unwrap() {
        for run in subject["runs"].as_array().into_iter().flatten() {
            for kind in ["skipped", "failed"] {
                if let Some(gap) = run["outcome"].get(kind) {
                    let text = |key: &str| gap[key].as_str().unwrap().to_owned();
                    gaps.push((shown(subject), text("why"), text("detail")));
                }
            }
        }
    }
    gaps
}

/// Name of each subject with the check that found something.
pub(crate) fn found(report: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for subject in report["subjects"].as_array().unwrap() {
        for run in subject["runs"].as_array().into_iter().flatten() {
            for _ in run["outcome"]["found"].as_array().into_iter().flatten() {
                found.push((shown(subject), run["check"].as_str().unwrap().to_owned()));
            }
        }
    }
    found
}

pub(crate) fn names(report: &Value) -> Vec<String> {
    report["subjects"].as_array().unwrap().iter().map(shown).collect()
}

fn shown(subject: &Value) -> String {
    let mut name = subject["name"]["path"].as_str().unwrap().to_owned();
    for member in subject["name"]["members"].as_array().into_iter().flatten() {
        name = name + "!" + member.as_str().unwrap();
    }
    name
}
