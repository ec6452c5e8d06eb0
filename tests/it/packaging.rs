//! The action, the GitLab template, the Dockerfile and the papers say what is so.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::sluice;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Options of a scan that have no place in a pipeline's inputs.
const NOT_AN_INPUT: [(&str, &str); 5] = [
    ("help", "for people"),
    ("version", "for people"),
    ("color", "CI logs have colour, and NO_COLOR turns it off"),
    ("quiet", "a log that nobody reads live may be long"),
    ("no-progress", "there is no terminal"),
];

/// Long options of `sluice scan`, as its own help lists them.
fn options() -> BTreeSet<String> {
    let help = sluice::run(root(), ["scan", "--help"]).stdout;
    let long = |line: &str| {
        let option = line.split_whitespace().take(2).find_map(|word| word.strip_prefix("--"))?;
        Some(option.trim_end_matches(['.', ',']).to_owned())
    };
    let options: BTreeSet<_> = help.lines().filter(|line| line.trim_start().starts_with('-')).filter_map(long).collect();
    assert!(options.contains("fail-on") && options.len() > 10, "{options:?}");
    options.into_iter().filter(|option| NOT_AN_INPUT.iter().all(|(name, _)| name != option)).collect()
}

/// Keys at `indent` between the line `from` and the next line that is less indented.
fn keys(yaml: &str, from: &str, indent: usize) -> BTreeSet<String> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    yaml.lines()
        .skip_while(|line| line.trim() != from)
        .skip(1)
        .take_while(|line| line.is_empty() || depth(line) >= indent)
        .filter(|line| depth(line) == indent && !line.trim_start().starts_with('#'))
        .filter_map(|line| Some(line.trim().split_once(':')?.0.to_owned()))
        .collect()
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

#[test]
fn every_option_of_a_scan_is_an_input_of_the_action() {
    let mut wanted: BTreeSet<_> = options().into_iter().filter(|option| option != "format" && option != "output").collect();
    wanted.extend(set(["paths", "formats", "output-dir", "summary", "annotations"]));
    assert_eq!(keys(&read("action.yml"), "inputs:", 2), wanted);
}

#[test]
fn every_option_of_a_scan_is_an_input_of_the_gitlab_template() {
    let mut wanted: BTreeSet<_> = options().into_iter().filter(|option| option != "format" && option != "output").collect();
    wanted.extend(set(["paths", "image", "security-report", "job-prefix", "ci-stage", "ci-gate-stage"]));
    let template = read("gitlab-ci-template.yml");
    let inputs = keys(&template, "inputs:", 4);
    assert_eq!(inputs, wanted);
    for input in inputs {
        assert!(template.contains(&format!("$[[ inputs.{input} ]]")), "the input {input} is not used");
    }
}

#[test]
fn inputs_never_become_text_of_a_script() {
    let template = read("gitlab-ci-template.yml");
    let scripts: Vec<_> = template.split("  script:\n").skip(1).collect();
    assert_eq!(scripts.len(), 2);
    for script in scripts {
        let script: String = script.lines().take_while(|line| line.starts_with("    ") || line.is_empty()).collect();
        assert!(script.contains("sluice ") && !script.contains("$[["), "{script}");
    }
}

#[test]
fn the_component_is_the_template() {
    assert_eq!(read("templates/sluice.yml"), read("gitlab-ci-template.yml"));
}

#[test]
fn bases_of_the_image_are_named_by_digest_and_compile_with_our_toolchain() {
    let dockerfile = read("Dockerfile");
    let bases: Vec<_> = dockerfile.lines().filter_map(|line| line.strip_prefix("ARG ")?.split_once('=')).collect();
    let base = |name| bases.iter().find(|(base, _)| *base == name).expect(name).1;
    for name in ["BASE", "RUST_IMAGE"] {
        let (_, digest) = base(name).split_once("@sha256:").expect("a digest");
        assert!(digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{digest}");
    }
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).expect("a channel").trim_matches('"');
    assert!(base("RUST_IMAGE").contains(&format!("rust:{channel}-")));
    assert!(dockerfile.contains(&format!("ENV RUSTUP_TOOLCHAIN={channel}\n")));
}

#[test]
fn links_in_the_papers_lead_somewhere() {
    let mut papers = Vec::new();
    let mut folders = vec![root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if entry.is_dir() && !matches!(name.as_str(), "target" | "node_modules" | "dist") && !name.starts_with('.') {
                folders.push(entry);
            } else if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                papers.push(entry);
            }
        }
    }
    assert!(papers.iter().any(|paper| paper.ends_with("README.md")), "{papers:?}");
    let broken: Vec<_> = papers.iter().flat_map(broken_links).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

fn broken_links(paper: &PathBuf) -> Vec<String> {
    let text = fs::read_to_string(paper).expect("text");
    let folder = paper.parent().expect("a folder");
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .filter(|target| !folder.join(target.split('#').next().unwrap_or_default()).exists())
        .map(|target| format!("{}: {target}", paper.display()))
        .collect()
}
