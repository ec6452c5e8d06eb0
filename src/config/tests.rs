//! From files, real git clones and the variables of CI systems to the configuration that counts.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::*;
use crate::report::WaiverState;

const STRICT: &str = "[scan]\nfail-on = 'low'\n";
const LOOSE: &str = "[scan]\nfail-on = 'never'\n";
const WAIVER: &str =
    "[[waiver]]\ncheck = 'pickle-dangerous-call'\npath = '**'\nreason = 'trust me'\nowner = 'a stranger'\nuntil = 2030-01-01\n";

/// A folder that is gone with the test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), arguments)
    }

    fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A repository whose first commit holds these files; the commit is returned.
    fn repository(files: &[(&str, &str)]) -> (Self, String) {
        let folder = Self::new();
        folder.git(&["init", "-q"]);
        for (path, text) in files {
            folder.write(path, text);
        }
        let commit = folder.commit();
        (folder, commit)
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false", "-c", "gc.auto=0"])
        .args(["-c", "protocol.file.allow=always", "-c", "safe.directory=*"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("these tests need the `git` command");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Loads with the variables of a CI system, in `folder`.
fn load_with(choice: &Choice, folder: &Path, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    let get = |name: &str| variables.get(name).map(|&value| value.to_owned());
    load_in(choice, &Environment { variables: &get, folder, today: jiff::civil::date(2026, 6, 15) })
}

/// Loads for a scan of `.` in `folder`, of a change that is based on `base`.
fn review(folder: &Path, base: &str) -> Result<Config, ConfigError> {
    load_with(&Choice { roots: vec![".".into()], base: Some(base.into()), ..Choice::default() }, folder, &[])
}

fn plain(folder: &Path, roots: &[&str]) -> Result<Config, ConfigError> {
    load_with(&Choice { roots: roots.iter().map(Into::into).collect(), ..Choice::default() }, folder, &[])
}

fn invalid(result: Result<Config, ConfigError>) -> String {
    match result {
        Err(ConfigError::Invalid(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn unreadable(result: Result<Config, ConfigError>) -> String {
    match result {
        Err(ConfigError::Unreadable(why)) => why,
        other => panic!("{other:?}"),
    }
}

// Where the file is read from.

#[test]
fn the_root_has_the_word_and_no_folder_below_it() {
    let folder = Folder::new();
    folder.write("models/deep/sluice.toml", LOOSE);
    assert_eq!(plain(folder.path(), &["."]).unwrap().origin, None);
    assert_eq!(plain(folder.path(), &["models"]).unwrap().origin, None);
    folder.write("sluice.toml", STRICT);
    let config = plain(folder.path(), &["."]).unwrap();
    assert_eq!((config.origin.as_deref(), config.scan.fail_on), (Some("sluice.toml"), Some(FailOn::Low)));
    // The root is what was given, not the folder around it.
    assert_eq!(plain(folder.path(), &["models"]).unwrap().origin, None);
    let config = plain(folder.path(), &["models/deep"]).unwrap();
    assert_eq!(config.origin.as_deref(), Some("models/deep/sluice.toml"));
}

#[test]
fn the_first_folder_among_the_roots_has_the_word() {
    let folder = Folder::new();
    folder.write("a/sluice.toml", STRICT);
    folder.write("b/sluice.toml", LOOSE);
    folder.write("m.pkl", "");
    assert_eq!(plain(folder.path(), &["m.pkl", "a", "b"]).unwrap().scan.fail_on, Some(FailOn::Low));
    assert_eq!(plain(folder.path(), &["b", "a"]).unwrap().scan.fail_on, Some(FailOn::Never));
}

#[test]
fn beside_a_single_file_nothing_is_read_but_in_the_current_folder() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    folder.write("hub/sluice.toml", LOOSE);
    folder.write("hub/m.pkl", "");
    let outside = elsewhere.write("m.pkl", "");
    elsewhere.write("sluice.toml", LOOSE);
    assert_eq!(plain(folder.path(), &["hub/m.pkl"]).unwrap().origin, None);
    folder.write("sluice.toml", STRICT);
    for roots in [["hub/m.pkl"], ["-"], ["./hub/../hub/m.pkl"]] {
        assert_eq!(plain(folder.path(), &roots).unwrap().scan.fail_on, Some(FailOn::Low), "{roots:?}");
    }
    assert_eq!(plain(folder.path(), &[outside.to_str().unwrap()]).unwrap().origin, None);
}

#[test]
fn what_was_found_must_be_a_regular_file() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let outside = elsewhere.write("evil.toml", LOOSE);
    let path = folder.path().join("sluice.toml");
    symlink(&outside, &path).unwrap();
    assert!(invalid(plain(folder.path(), &["."])).contains("symbolic link"));
    fs::remove_file(&path).unwrap();
    symlink("nowhere", &path).unwrap();
    assert!(invalid(plain(folder.path(), &["."])).contains("symbolic link"));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(invalid(plain(folder.path(), &["."])).contains("not a regular file"));
    fs::remove_dir(&path).unwrap();
    // Opening a pipe that nobody writes to must not wait.
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(invalid(plain(folder.path(), &["."])).contains("not a regular file"));
}

#[test]
fn size_and_encoding_have_limits() {
    let folder = Folder::new();
    let path = folder.path().join("sluice.toml");
    fs::write(&path, b"a\n\xff").unwrap();
    assert!(invalid(plain(folder.path(), &["."])).contains("not UTF-8 at byte 2, in line 2"));
    fs::write(&path, format!("#{}", " ".repeat(1 << 20))).unwrap();
    assert!(invalid(plain(folder.path(), &["."])).contains("larger than 1024 KiB"));
    fs::write(&path, format!("#{}", " ".repeat((1 << 20) - 1))).unwrap();
    assert!(plain(folder.path(), &["."]).is_ok());
}

#[test]
fn a_named_file_must_exist_and_may_be_a_link() {
    let folder = Folder::new();
    let choice = |file: &str| Choice { file: Some(file.into()), ..Choice::default() };
    assert!(invalid(load_with(&choice("my.toml"), folder.path(), &[])).contains("cannot read my.toml: No such file"));
    folder.write("real.toml", STRICT);
    symlink("real.toml", folder.path().join("my.toml")).unwrap();
    assert_eq!(load_with(&choice("my.toml"), folder.path(), &[]).unwrap().scan.fail_on, Some(FailOn::Low));
}

#[test]
fn mistakes_show_the_file_as_it_was_named() {
    let folder = Folder::new();
    folder.write("a/sluice.toml", "[scna]\n");
    let why = invalid(plain(folder.path(), &["a"]));
    assert_eq!(
        why,
        "error: unknown key `scna`\n --> a/sluice.toml:1:2\n  |\n1 | [scna]\n  |  ^^^^ the nearest known key is `scan`"
    );
}

// A change under review.

#[test]
fn the_base_counts_and_what_the_change_adds_is_shown() {
    let (folder, base) = Folder::repository(&[("sluice.toml", STRICT)]);
    folder.write("sluice.toml", &format!("{LOOSE}[limits]\ndepth = 9\n[[allow]]\nname = 'evil.run'\nreason = 'mine'\n{WAIVER}"));
    folder.commit();
    let config = review(folder.path(), &base).unwrap();
    assert_eq!(config.scan.fail_on, Some(FailOn::Low));
    assert_eq!(config.settings, Settings::default());
    assert_eq!(config.origin.as_deref(), Some(&*format!("sluice.toml at base commit {}", &base[..12])));
    let [waiver] = config.waivers.as_slice() else { panic!("{:?}", config.waivers) };
    assert_eq!((waiver.state, waiver.file.as_str(), waiver.line), (WaiverState::Proposed, "sluice.toml", 8));
    assert_eq!(
        config.notes,
        [
            "proposed, without effect: allows evil.run (mine)",
            "proposed, without effect: changes `scan.fail-on` from low to never",
            "proposed, without effect: changes `limits.depth` from 8 to 9",
        ]
    );
}

#[test]
fn what_the_change_removes_still_counts() {
    let (folder, base) = Folder::repository(&[("sluice.toml", &format!("{STRICT}{WAIVER}"))]);
    folder.write("sluice.toml", &WAIVER.replace("2030", "2031"));
    let config = review(folder.path(), &base).unwrap();
    assert_eq!(config.scan.fail_on, Some(FailOn::Low));
    let states: Vec<_> = config.waivers.iter().map(|waiver| (waiver.until.as_str(), waiver.state)).collect();
    assert_eq!(states, [("2030-01-01", WaiverState::Active), ("2031-01-01", WaiverState::Proposed)]);
    assert!(config.notes[0].contains("removes or changes the waiver of pickle-dangerous-call for **"), "{:?}", config.notes);

    fs::remove_file(folder.path().join("sluice.toml")).unwrap();
    folder.commit();
    let config = review(folder.path(), &base).unwrap();
    assert_eq!((config.scan.fail_on, config.waivers.len()), (Some(FailOn::Low), 1));
    assert_eq!(config.notes, ["proposed, without effect: removes sluice.toml"]);
}

#[test]
fn a_first_configuration_has_no_effect_before_it_is_accepted() {
    let (folder, base) = Folder::repository(&[("README", "")]);
    assert!(review(folder.path(), &base).unwrap().notes.is_empty());
    folder.write("sluice.toml", &format!("{LOOSE}{WAIVER}"));
    let config = review(folder.path(), &base).unwrap();
    assert_eq!((config.origin, config.scan.fail_on), (None, None));
    assert_eq!(config.waivers[0].state, WaiverState::Proposed);
    assert_eq!(config.notes[0], "proposed, without effect: adds sluice.toml");
}

#[test]
fn a_change_that_breaks_the_file_is_a_note() {
    let (folder, base) = Folder::repository(&[("sluice.toml", STRICT)]);
    for text in ["wavier = 1", "[", "a = \"\u{1b}[2J\""] {
        folder.write("sluice.toml", text);
        let config = review(folder.path(), &base).unwrap();
        assert_eq!(config.scan.fail_on, Some(FailOn::Low));
        assert!(config.notes[0].starts_with("proposed, without effect: makes sluice.toml invalid: "), "{:?}", config.notes);
        assert!(!config.notes[0].contains(char::is_control));
    }
    fs::remove_file(folder.path().join("sluice.toml")).unwrap();
    symlink("/etc/passwd", folder.path().join("sluice.toml")).unwrap();
    assert!(review(folder.path(), &base).unwrap().notes[0].contains("symbolic link"));
}

#[test]
fn a_base_that_is_wrong_is_an_error_of_the_base() {
    let (folder, base) = Folder::repository(&[("sluice.toml", "wavier = 1")]);
    folder.write("sluice.toml", STRICT);
    assert!(invalid(review(folder.path(), &base)).contains(&format!("--> sluice.toml at base commit {}:1:1", &base[..12])));
}

#[test]
fn the_file_of_a_root_below_the_worktree_is_found_in_the_base() {
    let (folder, base) = Folder::repository(&[("ml/serving/sluice.toml", STRICT), ("sluice.toml", LOOSE)]);
    folder.write("ml/serving/sluice.toml", LOOSE);
    for root in ["ml/serving", "./ml/../ml/serving/"] {
        let choice = Choice { roots: vec![root.into()], base: Some(base.clone()), ..Choice::default() };
        assert_eq!(load_with(&choice, folder.path(), &[]).unwrap().scan.fail_on, Some(FailOn::Low), "{root}");
    }
}

#[test]
fn a_shallow_clone_cannot_tell_and_says_how_to_help_it() {
    let (origin, base) = Folder::repository(&[("sluice.toml", STRICT)]);
    origin.write("sluice.toml", LOOSE);
    origin.commit();
    let clones = Folder::new();
    let url = format!("file://{}", origin.path().display());
    clones.git(&["clone", "-q", "--depth=1", &url, "clone"]);
    let clone = clones.path().join("clone");
    let why = unreadable(review(&clone, &base));
    assert!(why.contains(&format!("the commit {base} is not in this clone")), "{why}");
    assert!(why.contains(&format!("git fetch --depth=1 origin {base}")), "{why}");
    // The remedy is one.
    git(&clone, &["fetch", "-q", "--depth=1", "origin", &base]);
    assert_eq!(review(&clone, &base).unwrap().scan.fail_on, Some(FailOn::Low));
}

#[test]
fn a_clone_without_blobs_cannot_tell() {
    let (origin, base) = Folder::repository(&[("sluice.toml", STRICT)]);
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    origin.write("sluice.toml", LOOSE);
    origin.commit();
    let clones = Folder::new();
    let url = format!("file://{}", origin.path().display());
    clones.git(&["clone", "-q", "--filter=blob:none", &url, "clone"]);
    let why = unreadable(review(&clones.path().join("clone"), &base));
    assert!(why.contains("the blob"), "{why}");
}

#[test]
fn packed_objects_are_read() {
    let (folder, base) = Folder::repository(&[("a/sluice.toml", STRICT), ("a/b", "x"), ("b/c", "y")]);
    // Long and alike, so that the pack stores a delta.
    let long = (0..2000).map(|line| format!("# {line}")).collect::<Vec<_>>().join("\n");
    folder.write("a/sluice.toml", &format!("{long}\n{STRICT}"));
    let middle = folder.commit();
    folder.write("a/sluice.toml", &format!("{long}\n{LOOSE}"));
    folder.commit();
    folder.git(&["gc", "-q", "--aggressive", "--prune=now"]);
    assert_eq!(fs::read_dir(folder.path().join(".git/objects/pack")).unwrap().filter(is_pack).count(), 1);
    for commit in [base, middle] {
        let choice = Choice { roots: vec!["a".into()], base: Some(commit), ..Choice::default() };
        assert_eq!(load_with(&choice, folder.path(), &[]).unwrap().scan.fail_on, Some(FailOn::Low));
    }
}

fn is_pack(entry: &std::io::Result<fs::DirEntry>) -> bool {
    entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "pack")
}

#[test]
fn linked_worktrees_and_borrowed_objects_are_followed() {
    let (folder, base) = Folder::repository(&[("sluice.toml", STRICT)]);
    let others = Folder::new();
    folder.git(&["worktree", "add", "-q", "--detach", others.path().join("linked").to_str().unwrap()]);
    others.git(&["clone", "-q", "--shared", folder.path().to_str().unwrap(), "borrowing"]);
    for name in ["linked", "borrowing"] {
        others.write(&format!("{name}/sluice.toml"), LOOSE);
        assert_eq!(review(&others.path().join(name), &base).unwrap().scan.fail_on, Some(FailOn::Low), "{name}");
    }
}

#[test]
fn the_clone_may_belong_to_someone_else_and_its_configuration_is_not_believed() {
    let (folder, base) = Folder::repository(&[("sluice.toml", STRICT)]);
    let marker = folder.path().join("ran");
    let run = format!("touch {}", marker.display());
    for key in ["core.fsmonitor", "core.sshCommand", "core.hooksPath", "core.alternateRefsCommand", "core.editor", "core.pager"] {
        folder.git(&["config", key, &run]);
    }
    folder.git(&["config", "include.path", "/nowhere/at/all"]);
    folder.git(&["config", "core.worktree", "/"]);
    folder.write("sluice.toml", LOOSE);
    if rustix::process::geteuid().is_root() {
        let status = Command::new("chown").args(["-R", "12345:12345"]).arg(folder.path()).status().unwrap();
        assert!(status.success());
    }
    assert_eq!(review(folder.path(), &base).unwrap().scan.fail_on, Some(FailOn::Low));
    assert!(!marker.exists());
}

/// A replacement, or an object under a false name, would let the clone say what the base is.
#[test]
fn an_object_must_be_what_its_id_says() {
    let (folder, base) = Folder::repository(&[("sluice.toml", STRICT)]);
    folder.write("sluice.toml", LOOSE);
    let evil = folder.commit();
    folder.git(&["replace", &base, &evil]);
    assert_eq!(review(folder.path(), &base).unwrap().scan.fail_on, Some(FailOn::Low));

    let object = |id: &str| folder.path().join(".git/objects").join(&id[..2]).join(&id[2..]);
    fs::remove_file(object(&base)).unwrap();
    fs::copy(object(&evil), object(&base)).unwrap();
    assert!(unreadable(review(folder.path(), &base)).contains("its content has another id"));
}

/// A folder that looks like a bare repository can be checked in; its content must not answer for the repository around it.
#[test]
fn a_repository_in_the_tree_is_not_asked() {
    let (folder, base) = Folder::repository(&[("models/sluice.toml", STRICT)]);
    let empty = Folder::new();
    empty.git(&["init", "-q", "--bare", "."]);
    for name in ["HEAD", "config"] {
        fs::copy(empty.path().join(name), folder.path().join("models").join(name)).unwrap();
    }
    for name in ["objects/info", "objects/pack", "refs/heads"] {
        fs::create_dir_all(folder.path().join("models").join(name)).unwrap();
    }
    folder.write("models/sluice.toml", LOOSE);
    let choice = Choice { roots: vec!["models".into()], base: Some(base), ..Choice::default() };
    assert_eq!(load_with(&choice, folder.path(), &[]).unwrap().scan.fail_on, Some(FailOn::Low));
}

#[test]
fn a_base_commit_that_is_none_is_refused() {
    let (folder, base) = Folder::repository(&[("sluice.toml", STRICT)]);
    let tree = folder.git(&["rev-parse", "HEAD^{tree}"]);
    assert!(unreadable(review(folder.path(), &tree)).contains("it is a tree"));
    for commit in ["", "main", "HEAD~1", &base[..39], &"0".repeat(40), &"g".repeat(40), "\u{1b}[2J"] {
        let why = unreadable(review(folder.path(), commit));
        assert!(why.contains("must be a full hexadecimal id") && !why.contains('\u{1b}'), "{commit}: {why}");
    }
    assert!(unreadable(review(folder.path(), &"1".repeat(40))).contains("is not in this clone"));
    assert!(unreadable(review(folder.path(), &"1".repeat(64))).contains("object ids are not of 64 digits"));
    assert_eq!(review(folder.path(), &base.to_uppercase()).unwrap().scan.fail_on, Some(FailOn::Low));
}

#[test]
fn a_link_or_a_folder_at_the_base_is_not_followed() {
    let (folder, _) = Folder::repository(&[("real.toml", LOOSE)]);
    symlink("real.toml", folder.path().join("sluice.toml")).unwrap();
    let base = folder.commit();
    assert!(unreadable(review(folder.path(), &base)).contains("`sluice.toml` is not a regular file"));
    fs::remove_file(folder.path().join("sluice.toml")).unwrap();
    folder.write("sluice.toml/x", "");
    let base = folder.commit();
    assert!(unreadable(review(folder.path(), &base)).contains("`sluice.toml` is not a regular file"));
    // Nor on the way to it.
    folder.write("real/sluice.toml", LOOSE);
    symlink("real", folder.path().join("conf")).unwrap();
    let base = folder.commit();
    let choice = Choice { file: Some("conf/sluice.toml".into()), base: Some(base), ..Choice::default() };
    assert!(unreadable(load_with(&choice, folder.path(), &[])).contains("`conf` is not a regular file"));
}

#[test]
fn the_base_file_has_the_limits_of_any_other() {
    let (folder, base) = Folder::repository(&[("sluice.toml", &format!("#{}", " ".repeat(1 << 20)))]);
    assert!(unreadable(review(folder.path(), &base)).contains("is too large"));
    fs::write(folder.path().join("sluice.toml"), b"\xff").unwrap();
    let base = folder.commit();
    assert!(invalid(review(folder.path(), &base)).contains("not UTF-8"));
}

#[test]
fn a_named_file_outside_of_the_change_counts_as_it_stands() {
    let (folder, base) = Folder::repository(&[("sluice.toml", STRICT)]);
    let elsewhere = Folder::new();
    let outside = elsewhere.write("policy.toml", "[scan]\nfail-on = 'medium'\n");
    let choice = |file: &Path| Choice { file: Some(file.to_owned()), base: Some(base.clone()), ..Choice::default() };
    assert_eq!(load_with(&choice(&outside), folder.path(), &[]).unwrap().scan.fail_on, Some(FailOn::Medium));
    // A link from outside into the change, or from the change to outside, does not get around it.
    folder.write("sluice.toml", LOOSE);
    let link = elsewhere.path().join("link.toml");
    symlink(folder.path().join("sluice.toml"), &link).unwrap();
    assert_eq!(load_with(&choice(&link), folder.path(), &[]).unwrap().scan.fail_on, Some(FailOn::Low));
    symlink(elsewhere.path(), folder.path().join("conf")).unwrap();
    assert_eq!(load_with(&choice(Path::new("conf/policy.toml")), folder.path(), &[]).unwrap().scan.fail_on, None);
}

#[test]
fn a_named_file_that_nobody_has_is_an_error_under_review_too() {
    let (folder, base) = Folder::repository(&[("sluice.toml", STRICT)]);
    let choice = Choice { file: Some("typo.toml".into()), base: Some(base), ..Choice::default() };
    assert!(invalid(load_with(&choice, folder.path(), &[])).contains("neither the base commit"));
    folder.write("typo.toml", LOOSE);
    let config = load_with(&choice, folder.path(), &[]).unwrap();
    assert_eq!((config.scan.fail_on, config.notes[0].as_str()), (None, "proposed, without effect: adds typo.toml"));
}

#[test]
fn a_sha_256_repository_cannot_tell() {
    let folder = Folder::new();
    folder.git(&["init", "-q", "--object-format=sha256"]);
    folder.write("sluice.toml", STRICT);
    let base = folder.commit();
    assert_eq!(base.len(), 64);
    assert!(unreadable(review(folder.path(), &base)).contains("cannot be opened"));
}

/// The way leads into the change only by a link, and the change has removed the file.
#[test]
fn a_removed_file_behind_a_link_is_still_the_base_file() {
    let (folder, base) = Folder::repository(&[("a/sluice.toml", STRICT)]);
    let elsewhere = Folder::new();
    symlink(folder.path().join("a"), elsewhere.path().join("link")).unwrap();
    fs::remove_file(folder.path().join("a/sluice.toml")).unwrap();
    let file = elsewhere.path().join("link/sluice.toml");
    let choice = Choice { file: Some(file), base: Some(base), ..Choice::default() };
    assert_eq!(load_with(&choice, folder.path(), &[]).unwrap().scan.fail_on, Some(FailOn::Low));
}

#[test]
fn a_checkout_without_git_cannot_tell() {
    let folder = Folder::new();
    folder.write("sluice.toml", LOOSE);
    assert!(unreadable(review(folder.path(), &"1".repeat(40))).contains("not in a git repository"));
    let event = folder.write("event.json", &format!("{{\"pull_request\":{{\"base\":{{\"sha\":\"{}\"}}}}}}", "1".repeat(40)));
    let workspace = folder.path().to_str().unwrap();
    let variables =
        [("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_EVENT_PATH", event.to_str().unwrap()), ("GITHUB_WORKSPACE", workspace)];
    for choice in [
        Choice { roots: vec![".".into()], ..Choice::default() },
        Choice { file: Some("sluice.toml".into()), ..Choice::default() },
    ] {
        assert!(unreadable(load_with(&choice, folder.path(), &variables)).contains("not in a git repository"));
    }
}

// How CI systems say what the base is.

#[test]
fn github_says_the_base_in_its_event() {
    let (folder, base) = Folder::repository(&[("sluice.toml", STRICT)]);
    folder.write("sluice.toml", LOOSE);
    let elsewhere = Folder::new();
    let load = |name: &str, text: &str| {
        let event = elsewhere.write("event.json", text);
        let choice = Choice { roots: vec![".".into()], ..Choice::default() };
        load_with(&choice, folder.path(), &[("GITHUB_EVENT_NAME", name), ("GITHUB_EVENT_PATH", event.to_str().unwrap())])
    };
    let pull = format!(
        r#"{{"action":"opened","pull_request":{{"number":7,"base":{{"ref":"main","sha":"{base}"}},"head":{{"sha":"x"}}}}}}"#
    );
    for name in ["pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"] {
        assert_eq!(load(name, &pull).unwrap().scan.fail_on, Some(FailOn::Low), "{name}");
    }
    let group = format!(r#"{{"merge_group":{{"base_sha":"{base}","head_sha":"x"}}}}"#);
    assert_eq!(load("merge_group", &group).unwrap().scan.fail_on, Some(FailOn::Low));
    // Accepted commits speak for themselves.
    assert_eq!(load("push", &pull).unwrap().scan.fail_on, Some(FailOn::Never));
    for text in ["", "{}", "[", r#"{"pull_request":{}}"#, r#"{"pull_request":{"base":{"sha":7}}}"#, &group, &"[".repeat(100_000)]
    {
        assert!(unreadable(load("pull_request", text)).contains("GITHUB_EVENT_PATH"), "{text:.80}");
    }
    let short = pull.replace(&base, "abc");
    assert!(unreadable(load("pull_request", &short)).contains("must be a full hexadecimal id"));
    let absent = pull.replace(&base, &"1".repeat(40));
    assert!(unreadable(load("pull_request", &absent)).contains("fetch-depth: 0"));
}

#[test]
fn a_github_event_that_cannot_be_read_ends_the_run() {
    let (folder, _) = Folder::repository(&[("sluice.toml", STRICT)]);
    let root = folder.path().to_str().unwrap();
    for path in [None, Some(""), Some("/nowhere/event.json"), Some("/dev/null"), Some(root)] {
        let mut variables = vec![("GITHUB_EVENT_NAME", "pull_request")];
        variables.extend(path.map(|path| ("GITHUB_EVENT_PATH", path)));
        let choice = Choice { roots: vec![".".into()], ..Choice::default() };
        assert!(unreadable(load_with(&choice, folder.path(), &variables)).contains("GITHUB_EVENT_PATH"), "{path:?}");
    }
}

#[test]
fn gitlab_says_the_base_in_its_variables() {
    let (folder, old) = Folder::repository(&[("sluice.toml", "[scan]\nfail-on = 'medium'\n")]);
    folder.write("sluice.toml", STRICT);
    let target = folder.commit();
    folder.write("sluice.toml", LOOSE);
    let load = |variables: &[(&str, &str)]| {
        load_with(&Choice { roots: vec![".".into()], ..Choice::default() }, folder.path(), variables)
    };
    let request = ("CI_MERGE_REQUEST_IID", "3");
    let (diff, tip) = (("CI_MERGE_REQUEST_DIFF_BASE_SHA", old.as_str()), ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", target.as_str()));
    // Merged results: the tip of the target branch. Else that variable is empty.
    assert_eq!(load(&[request, diff, tip]).unwrap().scan.fail_on, Some(FailOn::Low));
    assert_eq!(load(&[request, diff, (tip.0, "")]).unwrap().scan.fail_on, Some(FailOn::Medium));
    assert!(unreadable(load(&[request])).contains("CI_MERGE_REQUEST_DIFF_BASE_SHA"));
    let absent = "1".repeat(40);
    assert!(unreadable(load(&[request, (diff.0, &absent)])).contains("GIT_DEPTH: 0"));
    let external = [("CI_EXTERNAL_PULL_REQUEST_IID", "4"), ("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA", &target)];
    assert_eq!(load(&external).unwrap().scan.fail_on, Some(FailOn::Low));
    // A branch pipeline.
    assert_eq!(load(&[(diff.0, ""), ("CI_COMMIT_SHA", &old)]).unwrap().scan.fail_on, Some(FailOn::Never));
}
