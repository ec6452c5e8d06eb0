//! The inputs of the action, read into the arguments of a scan.

use std::ffi::OsString;
use std::path::{Component, Path};

use clap::ValueEnum;

use crate::report::Format;

/// Where reports go if nothing else is said, relative to the workspace.
const OUTPUT_DIR: &str = "sluice-report";
/// Inputs that have one value, which `scan` judges.
const VALUES: [&str; 8] = ["stage", "fail-on", "min-severity", "config", "base", "jobs", "category", "sarif-for"];
/// Inputs that are lists of such values, and the option that each item is given with.
const LISTS: [&str; 2] = ["only", "skip"];
/// Inputs that are an option of `scan` without a value.
const SWITCHES: [&str; 2] = ["respect-ignore", "digests"];
/// Inputs that are read here.
const OWN: [&str; 5] = ["paths", "formats", "output-dir", "summary", "annotations"];
/// What the runner itself adds where an action is used as `docker://…`.
const OF_THE_RUNNER: [&str; 2] = ["args", "entrypoint"];

/// What the inputs ask for.
#[derive(Debug, PartialEq)]
pub(super) struct Plan {
    /// Behind `sluice scan`.
    pub(super) arguments: Vec<OsString>,
    pub(super) output_dir: String,
    /// Reports to write, each with its path relative to the workspace; JSON is always there.
    pub(super) files: Vec<(Format, String)>,
    pub(super) summary: bool,
    pub(super) annotations: bool,
}

/// A misspelt input must not pass for one that was not given: the gate would be another than its author thinks.
pub(super) fn known(variables: impl Iterator<Item = String>) -> Result<(), String> {
    let known = || VALUES.iter().chain(&LISTS).chain(&SWITCHES).chain(&OWN).chain(&OF_THE_RUNNER);
    for variable in variables {
        let Some(name) = variable.strip_prefix("INPUT_") else { continue };
        let name = name.to_lowercase();
        if !known().any(|known| *known == name) {
            let mut names: Vec<_> = VALUES.iter().chain(&LISTS).chain(&SWITCHES).chain(&OWN).copied().collect();
            names.sort_unstable();
            return Err(format!("there is no input `{name}`; there are {}", names.join(", ")));
        }
    }
    Ok(())
}

impl Plan {
    /// A pure function of the inputs. What `scan` can judge by itself, such as the names of severities, is left to it.
    pub(super) fn read(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        // The runner cannot tell an input that is not set from an empty one, so neither does this.
        let value = |name: &str| get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let switch = |name: &str| match value(name).as_deref() {
            None => Ok(None),
            Some("true" | "True" | "TRUE") => Ok(Some(true)),
            Some("false" | "False" | "FALSE") => Ok(Some(false)),
            Some(other) => Err(format!("input `{name}` is true or false, not `{other}`")),
        };

        // A value stays in one argument with its option, or a value that begins with a hyphen would be an option itself.
        let mut arguments: Vec<OsString> = vec!["--no-progress".into()];
        for name in VALUES {
            match value(name) {
                Some(value) => arguments.push(format!("--{name}={value}").into()),
                // Code scanning shows a waived finding as open; the JSON report keeps it.
                None if name == "sarif-for" => arguments.push("--sarif-for=github".into()),
                None => {}
            }
        }
        for name in LISTS {
            arguments.extend(items(&value(name).unwrap_or_default()).map(|item| format!("--{name}={item}").into()));
        }
        for name in SWITCHES {
            if switch(name)? == Some(true) {
                arguments.push(format!("--{name}").into());
            }
        }

        let output_dir = relative(&value("output-dir").unwrap_or_else(|| OUTPUT_DIR.to_owned()))?;
        let mut formats = vec![Format::Json];
        for name in items(&value("formats").unwrap_or_else(|| "sarif".to_owned())) {
            let format = Format::from_str(name, false).map_err(|_| format!("input `formats`: there is no format `{name}`"))?;
            if format == Format::GithubAnnotations {
                return Err(
                    "input `formats`: github-annotations is not a file; the input `annotations` turns them on and off".into()
                );
            }
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        let files: Vec<_> = formats.into_iter().map(|format| (format, format!("{output_dir}/{}", file_name(format)))).collect();
        arguments.push("--format=text".into());
        for (format, path) in &files {
            let name = format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            arguments.extend([format!("--format={name}").into(), format!("--output={path}").into()]);
        }

        arguments.push("--".into());
        let paths = get("paths").unwrap_or_default();
        let before = arguments.len();
        for path in items(&paths) {
            if path == "-" {
                return Err("input `paths`: an action has no standard input to scan".into());
            }
            arguments.push(path.into());
        }
        if arguments.len() == before {
            arguments.push(".".into());
        }
        let (summary, annotations) = (switch("summary")?.unwrap_or(true), switch("annotations")?.unwrap_or(true));
        Ok(Self { arguments, output_dir, files, summary, annotations })
    }
}

/// The items of a list: its lines if it has line breaks, so that an item can have a space in it, else its words.
fn items(list: &str) -> impl Iterator<Item = &str> {
    let lines = list.contains('\n');
    list.split(move |at: char| if lines { at == '\n' } else { at.is_whitespace() }).map(str::trim).filter(|item| !item.is_empty())
}

fn file_name(format: Format) -> &'static str {
    match format {
        Format::Text | Format::GithubAnnotations => "report.txt",
        Format::Json => "report.json",
        Format::Sarif => "report.sarif",
        Format::Markdown => "report.md",
        Format::GitlabCodequality => "gl-code-quality-report.json",
    }
}

/// A folder below the workspace: later steps see nothing else of this container.
fn relative(folder: &str) -> Result<String, String> {
    let parts: Option<Vec<_>> = Path::new(folder)
        .components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| if let Component::Normal(part) = part { part.to_str() } else { None })
        .collect();
    match parts {
        Some(parts) if !parts.is_empty() => Ok(parts.join("/")),
        _ => Err(format!("input `output-dir` must be a folder below the workspace, not `{folder}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inputs: &[(&str, &str)]) -> Result<Plan, String> {
        Plan::read(&|name| inputs.iter().find(|(input, _)| *input == name).map(|(_, value)| (*value).to_owned()))
    }

    fn arguments(inputs: &[(&str, &str)]) -> Vec<String> {
        read(inputs).expect("a plan").arguments.into_iter().map(|argument| argument.into_string().unwrap()).collect()
    }

    #[test]
    fn nothing_set_scans_the_workspace_for_github() {
        let reports =
            ["--format=json", "--output=sluice-report/report.json", "--format=sarif", "--output=sluice-report/report.sarif"];
        let mut expected = vec!["--no-progress", "--sarif-for=github", "--format=text"];
        expected.extend(reports);
        expected.extend(["--", "."]);
        assert_eq!(arguments(&[]), expected);
        // The runner hands over an input that is not set as an empty one.
        assert_eq!(arguments(&[("fail-on", ""), ("paths", "\n"), ("digests", ""), ("formats", " ")]), expected);
    }

    #[test]
    fn a_value_never_becomes_an_option_or_a_second_argument() {
        let given = arguments(&[("config", "--fail-on=never"), ("category", "a b; $(id)"), ("paths", "--quiet")]);
        assert!(given.contains(&"--config=--fail-on=never".to_owned()));
        assert!(given.contains(&"--category=a b; $(id)".to_owned()));
        assert_eq!(given[given.len() - 2..], ["--", "--quiet"]);
    }

    #[test]
    fn lists_are_words_or_lines() {
        let last =
            |paths| arguments(&[("paths", paths)]).into_iter().skip_while(|given| given != "--").skip(1).collect::<Vec<_>>();
        assert_eq!(last("models  data/x.pkl"), ["models", "data/x.pkl"]);
        assert_eq!(last("my models\n  data\n\n"), ["my models", "data"]);
        assert_eq!(last("my models\n"), ["my models"], "one item with a space needs its line break");
        let given = arguments(&[("only", "pickle-broken pickle-unknown-call"), ("skip", "archive-bomb")]);
        assert!(given.contains(&"--only=pickle-broken".to_owned()) && given.contains(&"--only=pickle-unknown-call".to_owned()));
        assert!(given.contains(&"--skip=archive-bomb".to_owned()));
    }

    #[test]
    fn switches_say_true_or_false() {
        assert!(arguments(&[("digests", "true")]).contains(&"--digests".to_owned()));
        assert!(!arguments(&[("digests", "false")]).contains(&"--digests".to_owned()));
        assert!(!read(&[("summary", "False")]).unwrap().summary);
        assert!(read(&[("annotations", "TRUE")]).unwrap().annotations);
        assert!(read(&[("respect-ignore", "yes")]).unwrap_err().contains("`respect-ignore` is true or false"));
    }

    #[test]
    fn json_is_always_written_and_no_format_twice() {
        let files = |formats| read(&[("formats", formats), ("output-dir", "./out/ci/")]).map(|plan| plan.files);
        assert_eq!(
            files("json gitlab-codequality json").unwrap(),
            [
                (Format::Json, "out/ci/report.json".to_owned()),
                (Format::GitlabCodequality, "out/ci/gl-code-quality-report.json".to_owned())
            ]
        );
        assert!(files("xml").unwrap_err().contains("no format `xml`"));
        assert!(files("github-annotations").unwrap_err().contains("`annotations`"));
    }

    #[test]
    fn reports_stay_below_the_workspace() {
        for folder in ["/tmp/out", "..", "a/../../b", ".", "./"] {
            assert!(read(&[("output-dir", folder)]).unwrap_err().contains("below the workspace"), "{folder}");
        }
    }

    #[test]
    fn standard_input_is_refused() {
        assert!(read(&[("paths", "models -")]).is_err());
    }

    #[test]
    fn an_input_that_is_misspelt_is_refused() {
        let with = |name: &str| known([name.to_owned(), "PATH".to_owned()].into_iter());
        assert_eq!(with("INPUT_FAIL-ON"), Ok(()));
        assert_eq!(with("INPUT_ENTRYPOINT"), Ok(()));
        assert!(with("INPUT_FAIL_ON").unwrap_err().starts_with("there is no input `fail_on`; there are annotations, base, "));
    }
}
