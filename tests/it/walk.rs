//! What is under a path, whatever it is called, hidden by, or linked to: examined or named.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::sluice::{BAD_PICKLE, GOOD_PICKLE, command, finish, folder, found, gaps, names, run, scan_json, write};

const FOUND: &str = "pickle-dangerous-call";

#[test]
fn hidden_and_ignored_files_are_scanned_and_git_itself_is_not() {
    let folder = folder(&[
        (".hidden/w.pkl", BAD_PICKLE),
        ("ignored.pkl", BAD_PICKLE),
        (".gitignore", b"ignored.pkl\n"),
        (".git/HEAD", b"ref: refs/heads/main\n"),
        (".git/objects/w.pkl", BAD_PICKLE),
        (".git/refs/x", b""),
        ("only-called/.git/w.pkl", BAD_PICKLE),
    ]);
    let (report, code) = scan_json(folder.path(), &[]);
    let files: Vec<_> = found(&report).into_iter().map(|(file, _)| file).collect();
    assert_eq!(files, [".hidden/w.pkl", "ignored.pkl", "only-called/.git/w.pkl"]);
    assert_eq!(report["excluded"][".git/"], 3);
    assert_eq!(code, 1);
}

#[test]
fn ignore_files_count_when_asked_for_and_every_exclusion_is_counted() {
    let folder = folder(&[
        (".git/HEAD", b"ref: refs/heads/main\n".as_slice()),
        (".git/objects/x", b""),
        (".git/refs/x", b""),
        (".gitignore", b"*.pkl\nbuild/\n"),
        ("a.pkl", BAD_PICKLE),
        ("b.pkl", BAD_PICKLE),
        ("build/x/c.bin", BAD_PICKLE),
        ("build/d.bin", BAD_PICKLE),
        ("keep/.gitignore", b"!kept.pkl\n"),
        ("keep/kept.pkl", BAD_PICKLE),
        ("keep/other.pkl", BAD_PICKLE),
    ]);
    let (report, _) = scan_json(folder.path(), &["--respect-ignore"]);
    assert_eq!(found(&report), [("keep/kept.pkl".to_owned(), FOUND.to_owned())]);
    assert_eq!(report["excluded"][".gitignore: *.pkl"], 3);
    assert_eq!(report["excluded"][".gitignore: build/"], 2);
    // The rules of the folders above count for a part of the repository too.
    let (report, _) = scan_json(folder.path(), &["--respect-ignore", "keep"]);
    assert_eq!(found(&report), [("keep/kept.pkl".to_owned(), FOUND.to_owned())]);
}

#[test]
fn links_are_followed_inside_and_named_outside() {
    let outside = folder(&[("w.pkl", BAD_PICKLE)]);
    let folder = folder(&[("real/w.bin", BAD_PICKLE)]);
    let at = |name: &str| folder.path().join(name);
    symlink("real/w.bin", at("inside.pkl")).unwrap();
    symlink(outside.path().join("w.pkl"), at("outside.pkl")).unwrap();
    symlink(outside.path(), at("outside-folder")).unwrap();
    symlink("nothing", at("dangling.pkl")).unwrap();
    symlink(".", at("circle")).unwrap();
    symlink("self", at("self")).unwrap();
    let (report, code) = scan_json(folder.path(), &[]);
    let files: Vec<_> = found(&report).into_iter().map(|(file, _)| file).collect();
    assert_eq!(files, ["inside.pkl", "real/w.bin"]);
    let named: Vec<_> = gaps(&report).into_iter().map(|(file, why, _)| (file, why)).collect();
    let expected = ["dangling.pkl", "outside-folder", "outside.pkl", "self"].map(|it| (it.to_owned(), "out-of-scope".to_owned()));
    assert_eq!(named, expected);
    assert_eq!(code, 1);
}

#[test]
fn a_link_into_git_is_looked_at() {
    let folder = folder(&[
        (".git/HEAD", b"ref: refs/heads/main\n".as_slice()),
        (".git/refs/x", b""),
        (".git/objects/x", b""),
        (".git/models/w.pkl", BAD_PICKLE),
    ]);
    symlink(".git/models", folder.path().join("models")).unwrap();
    let (report, _) = scan_json(folder.path(), &[]);
    assert_eq!(found(&report), [("models/w.pkl".to_owned(), FOUND.to_owned())]);
}

#[test]
fn links_of_a_hugging_face_cache_lead_to_its_own_blobs_only() {
    let cache = folder(&[
        ("models--a--b/blobs/1234", BAD_PICKLE),
        ("models--a--b/snapshots/rev/config.json", b"{}".as_slice()),
        ("models--c--d/blobs/5678", BAD_PICKLE),
    ]);
    let snapshot = cache.path().join("models--a--b/snapshots/rev");
    symlink("../../blobs/1234", snapshot.join("pytorch_model.bin")).unwrap();
    symlink("../../../models--c--d/blobs/5678", snapshot.join("foreign.bin")).unwrap();
    let (report, _) = scan_json(&snapshot, &[]);
    assert_eq!(found(&report), [("pytorch_model.bin".to_owned(), FOUND.to_owned())]);
    assert_eq!(gaps(&report).len(), 1);
    assert_eq!(gaps(&report)[0].0, "foreign.bin");
}

#[test]
fn pipes_sockets_and_odd_names() {
    let odd = OsStr::from_bytes(b"m\xffdel\n.pkl");
    let folder = folder(&[(Path::new(odd), BAD_PICKLE)]);
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe.pkl")).status().unwrap().success());
    let _socket = UnixListener::bind(folder.path().join("socket.pkl")).unwrap();
    let (report, code) = scan_json(folder.path(), &[]);
    assert_eq!(found(&report), [("m\\xffdel\n.pkl".to_owned(), FOUND.to_owned())]);
    let gaps = gaps(&report);
    assert!(gaps[0].2.contains("named pipe") && gaps[1].2.contains("socket"), "{gaps:?}");
    assert_eq!(code, 1);
}

#[test]
fn what_cannot_be_read_is_named_and_leaves_the_run_undecided() {
    let folder = folder(&[("closed.pkl", BAD_PICKLE), ("closed/w.pkl", BAD_PICKLE), ("open.pkl", GOOD_PICKLE)]);
    let mode = |path: &str, mode| fs::set_permissions(folder.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    mode("closed.pkl", 0);
    mode("closed", 0);
    mode(".", 0o755);
    let mut scan = command(folder.path());
    scan.args(["scan", "--format", "json"]);
    if rustix::process::geteuid().is_root() {
        // Nothing is closed to root; nobody is somebody else everywhere. The binary's own folder may be closed to
        // nobody, so a copy is run.
        let copy = folder.path().join("sluice");
        fs::copy(env!("CARGO_BIN_EXE_sluice"), &copy).unwrap();
        scan = Command::new(copy);
        scan.args(["scan", "--format", "json", "."]).current_dir(folder.path()).env_clear().uid(65534).gid(65534);
    }
    let run = finish(&mut scan, b"");
    mode("closed", 0o755);
    let gaps: Vec<_> = gaps(&run.json()).into_iter().filter(|(file, ..)| file != "sluice").collect();
    assert_eq!(
        gaps.iter().map(|(file, why, _)| (&**file, &**why)).collect::<Vec<_>>(),
        [("closed", "unreadable"), ("closed.pkl", "unreadable")]
    );
    assert_eq!(run.code, 3);
}

#[test]
fn several_roots_keep_their_names_and_nothing_is_scanned_twice() {
    let folder = folder(&[("a/x.pkl", GOOD_PICKLE), ("a/b/y.pkl", GOOD_PICKLE), ("c.pkl", GOOD_PICKLE)]);
    let (report, _) = scan_json(folder.path(), &["a", "a/b", "c.pkl"]);
    assert_eq!(names(&report), ["a/b/y.pkl", "a/x.pkl", "c.pkl"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let (report, _) = scan_json(elsewhere.path(), &[folder.path().join("a").to_str().unwrap()]);
    assert_eq!(names(&report), ["b/y.pkl", "x.pkl"]);
}

#[test]
fn a_hundred_thousand_small_files_are_all_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    for shelf in 0..100 {
        let shelf = folder.path().join(format!("{shelf:02}"));
        fs::create_dir(&shelf).unwrap();
        for file in 0..1000 {
            fs::write(shelf.join(format!("{file:03}.txt")), b"text").unwrap();
        }
    }
    write(folder.path(), "57/one.pkl", BAD_PICKLE);
    let (report, code) = scan_json(folder.path(), &[]);
    assert_eq!(report["subjects"].as_array().unwrap().len(), 100_001);
    assert_eq!(found(&report), [("57/one.pkl".to_owned(), FOUND.to_owned())]);
    assert_eq!(code, 1);
}

#[test]
fn a_path_that_does_not_exist_is_a_wrong_command() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), ["scan", "nothing-here"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("nothing-here"), "{}", run.stderr);
}
