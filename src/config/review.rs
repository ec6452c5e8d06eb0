//! Whether this run judges a change that is not accepted yet, and which commit that change is based on.

use std::fs::File;
use std::io::Read;

use serde::Deserialize;

use super::Environment;

/// GitHub sends at most 25 MB.
const MAX_EVENT: u64 = 32 << 20;

/// The accepted state that a change under review is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    /// Full hexadecimal id of a commit.
    pub(super) commit: String,
    /// How to get the commit into the clone.
    pub(super) remedy: String,
}

/// The base of the change under review; `None` where there is no change under review. The error says what is wrong.
pub(super) fn base(given: Option<&str>, env: &Environment) -> Result<Option<Base>, String> {
    if let Some(commit) = given {
        return checked("--base", commit, |commit| format!("run `git fetch --depth=1 origin {commit}` before `sluice`"))
            .map(Some);
    }
    let event = env.variable("GITHUB_EVENT_NAME").unwrap_or_default();
    if matches!(
        event.as_str(),
        "pull_request" | "pull_request_target" | "pull_request_review" | "pull_request_review_comment" | "merge_group"
    ) {
        let commit = github(&event, env)?;
        let remedy = |commit: &str| {
            format!("set `fetch-depth: 0` on actions/checkout, or run `git fetch --depth=1 origin {commit}` before `sluice`")
        };
        return checked("the event that GitHub describes", &commit, remedy).map(Some);
    }
    // In a merged-results pipeline the checkout is the target branch's tip with the change merged into it, and the tip is the base.
    // In other merge-request pipelines GitLab leaves that variable empty, and the change is based on where the branches part.
    let gitlab = [
        ("CI_MERGE_REQUEST_IID", ["CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "CI_MERGE_REQUEST_DIFF_BASE_SHA"].as_slice()),
        ("CI_EXTERNAL_PULL_REQUEST_IID", ["CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA"].as_slice()),
    ];
    let Some((_, names)) = gitlab.into_iter().find(|(request, _)| env.variable(request).is_some()) else { return Ok(None) };
    let Some((name, commit)) = names.iter().find_map(|name| Some((*name, env.variable(name)?))) else {
        return Err(format!("GitLab does not say which commit the merge request is based on: {} is empty", names.join(" and ")));
    };
    let remedy = |commit: &str| {
        format!("set the variable `GIT_DEPTH: 0` for this job, or run `git fetch --depth=1 origin {commit}` before `sluice`")
    };
    checked(name, &commit, remedy).map(Some)
}

fn checked(source: &str, commit: &str, remedy: impl Fn(&str) -> String) -> Result<Base, String> {
    let hex = commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hex || !matches!(commit.len(), 40 | 64) || commit.bytes().all(|byte| byte == b'0') {
        let shown: String = commit.chars().take(80).collect();
        return Err(format!(
            "the base commit from {source} must be a full hexadecimal id, as `git rev-parse` prints it; it is {shown:?}"
        ));
    }
    Ok(Base { remedy: remedy(commit), commit: commit.to_ascii_lowercase() })
}

/// The parts of a webhook event that are asked for.
#[derive(Deserialize)]
struct Event {
    pull_request: Option<PullRequest>,
    merge_group: Option<MergeGroup>,
}

#[derive(Deserialize)]
struct PullRequest {
    base: Branch,
}

#[derive(Deserialize)]
struct Branch {
    sha: String,
}

#[derive(Deserialize)]
struct MergeGroup {
    base_sha: String,
}

fn github(name: &str, env: &Environment) -> Result<String, String> {
    let fault = |why: &str| format!("cannot read from GITHUB_EVENT_PATH which commit the change is based on: {why}");
    let path = env.variable("GITHUB_EVENT_PATH").ok_or_else(|| fault("the variable is empty"))?;
    let path = env.folder.join(path);
    let regular = path.metadata().map_err(|error| fault(&error.to_string()))?.is_file();
    if !regular {
        return Err(fault("it does not name a file"));
    }
    let mut text = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(MAX_EVENT + 1).read_to_end(&mut text))
        .map_err(|error| fault(&error.to_string()))?;
    if text.len() as u64 > MAX_EVENT {
        return Err(fault("the file is too large"));
    }
    let event: Event = serde_json::from_slice(&text).map_err(|error| fault(&error.to_string()))?;
    let commit = if name == "merge_group" {
        event.merge_group.map(|group| group.base_sha)
    } else {
        event.pull_request.map(|request| request.base.sha)
    };
    commit.ok_or_else(|| fault(&format!("the event `{name}` does not say it")))
}
