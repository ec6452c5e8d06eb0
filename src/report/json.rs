//! The report as JSON with a version: for programs, and for `sluice` itself to read again.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Printing, Report, Totals, sanitise};
use crate::outcome::Outcome;

/// Name and version of the form. A change that an older reader would misunderstand gets a new number.
pub(crate) const SCHEMA: &str = "sluice-report/1";

/// A report with what can be worked out from it, so that a script need not.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Report of a sluice run")]
struct Document {
    /// Name and version of this form.
    #[schemars(extend("const" = SCHEMA))]
    schema: String,
    /// How the run ended, as the exit code says it too.
    outcome: Ending,
    totals: Totals,
    #[serde(flatten)]
    report: Report,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Ending {
    /// Exit code 0.
    Passed,
    /// Exit code 1: findings at or above the threshold.
    Held,
    /// Exit code 2.
    Usage,
    /// Exit code 3: something in scope could not be examined.
    Undecided,
}

impl Ending {
    fn of(report: &Report) -> Self {
        match Outcome::of(report) {
            Outcome::Passed => Self::Passed,
            Outcome::Held => Self::Held,
            Outcome::Usage => Self::Usage,
            Outcome::Undecided => Self::Undecided,
        }
    }
}

pub(super) fn print(report: &Report, _: &Printing, out: &mut dyn Write) -> io::Result<()> {
    let document =
        Document { schema: SCHEMA.to_owned(), outcome: Ending::of(report), totals: report.totals(), report: report.clone() };
    let text = serde_json::to_string_pretty(&document)?;
    writeln!(out, "{}", sanitise::json(&text))
}

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("not a report of sluice: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("not a report of sluice: it does not say `\"schema\": \"{SCHEMA}\"`")]
    NoVersion,
    #[error("this report is `{found}`; this version of sluice reads `{SCHEMA}`")]
    OtherVersion { found: String },
    /// It was edited, or made by something else.
    #[error("the report contradicts itself: {0}")]
    Inconsistent(&'static str),
}

/// Reads what [`print`] wrote.
pub(crate) fn read(text: &str) -> Result<Report, ReadError> {
    /// Only the version, so that another version is told from a broken file.
    #[derive(Deserialize)]
    struct Head {
        schema: Option<String>,
    }
    match serde_json::from_str::<Head>(text)?.schema {
        None => return Err(ReadError::NoVersion),
        Some(found) if found != SCHEMA => return Err(ReadError::OtherVersion { found: sanitise::short(&found, 100) }),
        Some(_) => {}
    }
    let Document { outcome, totals, report, .. } = serde_json::from_str(text)?;
    if report.findings().any(|(_, it)| it.waived_by.is_some_and(|index| index >= report.waivers.len())) {
        return Err(ReadError::Inconsistent("a finding names a waiver that is not there"));
    }
    if totals != report.totals() {
        return Err(ReadError::Inconsistent("the totals are not those of its findings"));
    }
    if outcome != Ending::of(&report) {
        return Err(ReadError::Inconsistent("the outcome does not follow from its findings"));
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::{Format, sample};

    fn printed(report: &Report) -> String {
        sample::printed(report, Format::Json, &Printing::default())
    }

    #[test]
    fn reads_what_it_wrote() {
        for report in [sample::report(), sample::clean(), sample::many(50)] {
            let text = printed(&report);
            let again = read(&text).unwrap();
            assert_eq!(format!("{again:?}"), format!("{report:?}"));
            assert_eq!(printed(&again), text);
        }
    }

    #[test]
    fn says_version_totals_and_outcome() {
        let value: Value = serde_json::from_str(&printed(&sample::report())).unwrap();
        assert_eq!(value["schema"], SCHEMA);
        assert_eq!(value["outcome"], "held");
        assert_eq!(value["totals"]["critical"], 2);
        assert_eq!(value["totals"]["waived"], 1);
        assert_eq!(value["subjects"][3]["name"]["path"], sample::ODD);
    }

    #[test]
    fn refuses_what_is_not_this_form() {
        let text = printed(&sample::report());
        let error = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(
            error(&text.replace("sluice-report/1", "sluice-report/2")),
            "this report is `sluice-report/2`; this version of sluice reads `sluice-report/1`"
        );
        assert_eq!(error("{}"), "not a report of sluice: it does not say `\"schema\": \"sluice-report/1\"`");
        assert!(error("").starts_with("not a report of sluice: "));
        assert!(error(r#"{"schema":"sluice-report/1"}"#).starts_with("not a report of sluice: missing field"));
        assert!(error(&text.replace("\"outcome\": \"held\"", "\"outcome\": \"passed\"")).contains("the outcome does not follow"));
        assert!(error(&text.replace("\"critical\": 2", "\"critical\": 0")).contains("the totals"));
        assert!(error(&text.replace("\"waived_by\": 0", "\"waived_by\": 7")).contains("a waiver that is not there"));
    }

    #[test]
    fn keeps_to_the_committed_schema() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json");
        let schema = serde_json::to_value(schemars::schema_for!(Document)).unwrap();
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("SLUICE_BLESS").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == text, "{path} is out of date: run `SLUICE_BLESS=1 cargo test keeps_to_the_committed_schema`");

        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        for report in [sample::report(), sample::clean()] {
            let value: Value = serde_json::from_str(&printed(&report)).unwrap();
            let errors: Vec<_> =
                validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
        assert!(!validator.is_valid(&serde_json::json!({"schema": SCHEMA})));
        let mut other: Value = serde_json::from_str(&printed(&sample::clean())).unwrap();
        other["schema"] = "sluice-report/2".into();
        assert!(!validator.is_valid(&other));
    }
}
