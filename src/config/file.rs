//! The keys of `sluice.toml`: one set of types that reads the file and makes its JSON schema.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use sluicegate_checks::Severity;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::problem::Problem;
use crate::spelling::nearest;

/// The largest file that is read.
pub(super) const MAX_SIZE: u64 = 1 << 20;

/// A value and its place, or why it is not one: a wrong value must not hide the problems after it.
pub(super) type Field<T> = Spanned<Tried<T>>;

/// A value that was tried to be read as `T`.
#[derive(Clone, Debug)]
pub(super) struct Tried<T>(pub(super) Result<T, String>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Tried<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = toml::Value::deserialize(from)?;
        Ok(Self(T::deserialize(value).map_err(|error| error.message().trim().to_owned())))
    }
}

/// Configuration of `sluice`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
#[schemars(deny_unknown_fields, title = "sluice.toml", inline)]
pub(super) struct File {
    pub(super) scan: Scan,
    pub(super) limits: Limits,
    /// Names that the project's own pickles may use.
    #[schemars(with = "Vec<Allow>")]
    pub(super) allow: Vec<Spanned<Allow>>,
    /// Findings that are accepted for a time.
    #[schemars(with = "Vec<Waiver>")]
    pub(super) waiver: Vec<Spanned<Waiver>>,
}

/// Defaults of `sluice scan`; the command line wins.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
#[schemars(deny_unknown_fields, inline)]
pub(super) struct Scan {
    /// Findings at or above this severity fail the run.
    #[schemars(with = "FailOn")]
    pub(super) fail_on: Option<Field<FailOn>>,
    /// Findings below this severity are counted, not listed.
    #[schemars(with = "Level")]
    pub(super) min_severity: Option<Field<Level>>,
    /// Ids of checks that are not asked.
    #[schemars(schema_with = "check_ids")]
    pub(super) skip: Vec<Field<String>>,
}

/// Limits on work and memory for one file. Reaching one is reported and ends the run with exit code 3.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
#[schemars(deny_unknown_fields, inline)]
pub(super) struct Limits {
    /// Containers inside containers.
    #[schemars(with = "u64", range(min = 1, max = DEPTH))]
    pub(super) depth: Option<Field<u64>>,
    /// Members of one archive.
    #[schemars(with = "u64", range(min = 1, max = MEMBERS))]
    pub(super) members: Option<Field<u64>>,
    /// Bytes unpacked from one file, all levels together.
    #[schemars(with = "u64", range(min = 1, max = UNPACKED))]
    pub(super) unpacked: Option<Field<u64>>,
    /// Unpacked size divided by packed size beyond which a member counts as a bomb.
    #[schemars(with = "u64", range(min = 1, max = RATIO))]
    pub(super) ratio: Option<Field<u64>>,
    /// Bytes held in memory to read an archive in an archive.
    #[schemars(with = "u64", range(min = 1, max = RESIDENT))]
    pub(super) resident: Option<Field<u64>>,
    /// Work units; about one per opcode or 64 bytes read.
    #[schemars(with = "u64", range(min = 1, max = WORK))]
    pub(super) work: Option<Field<u64>>,
}

/// Beyond these, a limit would not limit: readers go one call deeper per container, and keep a record per member.
pub(super) const DEPTH: u64 = 32;
pub(super) const MEMBERS: u64 = 100_000_000;
pub(super) const UNPACKED: u64 = 1 << 50;
pub(super) const RATIO: u64 = 1_000_000_000;
pub(super) const RESIDENT: u64 = 64 << 30;
pub(super) const WORK: u64 = 1_000_000_000_000_000;

/// One name that the project trusts. A name that is known to do harm cannot be allowed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
#[schemars(deny_unknown_fields, inline)]
#[schemars(extend("required" = ["name", "reason"]))]
pub(super) struct Allow {
    /// Full dotted name, exact: `acme.models.Ranker`.
    #[schemars(with = "String", regex(pattern = r"^[^\s.*?]+(\.[^\s.*?]+)+$"))]
    pub(super) name: Option<Field<String>>,
    /// Why it is safe, for whoever reads this next.
    #[schemars(with = "String", regex(pattern = r"\S"))]
    pub(super) reason: Option<Field<String>>,
}

/// Findings of one check that are accepted for a time, in the files that `path`, `sha256` or both describe.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
#[schemars(deny_unknown_fields, inline)]
#[schemars(extend("required" = ["check", "reason", "owner", "until"]))]
#[schemars(extend("anyOf" = [{ "required": ["path"] }, { "required": ["sha256"] }]))]
pub(super) struct Waiver {
    /// Id of the check.
    #[schemars(schema_with = "check_id")]
    pub(super) check: Option<Field<String>>,
    /// Files, as a glob below the root of the scan: `*` stays within a folder, `**` does not.
    #[schemars(with = "String")]
    pub(super) path: Option<Field<String>>,
    /// SHA-256 of the file, in hex.
    #[schemars(with = "String", regex(pattern = r"^[0-9a-fA-F]{64}$"))]
    pub(super) sha256: Option<Field<String>>,
    /// Why the findings are acceptable.
    #[schemars(with = "String", regex(pattern = r"\S"))]
    pub(super) reason: Option<Field<String>>,
    /// Who answers for it.
    #[schemars(with = "String", regex(pattern = r"\S"))]
    pub(super) owner: Option<Field<String>>,
    /// Last day on which it holds (UTC): `2026-12-31`, with or without quotes.
    #[schemars(with = "String", extend("format" = "date"))]
    pub(super) until: Option<Field<toml::Value>>,
}

/// From which severity findings fail a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum FailOn {
    Critical,
    High,
    Medium,
    Low,
    Never,
}

impl FailOn {
    /// The lowest severity that fails a run; `None` is never.
    pub(crate) fn severity(self) -> Option<Severity> {
        match self {
            Self::Critical => Some(Severity::Critical),
            Self::High => Some(Severity::High),
            Self::Medium => Some(Severity::Medium),
            Self::Low => Some(Severity::Low),
            Self::Never => None,
        }
    }
}

/// A severity as it is written on the command line and in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Level {
    Critical,
    High,
    Medium,
    Low,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Critical => Self::Critical,
            Level::High => Self::High,
            Level::Medium => Self::Medium,
            Level::Low => Self::Low,
        }
    }
}

fn check_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": sluicegate_checks::all().map(|check| check.id).collect::<Vec<_>>() })
}

fn check_ids(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": check_id(generator) })
}

/// JSON schema of the file, for editors.
pub(super) fn schema() -> Json {
    schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<File>()
        .to_value()
}

/// Reads the text. What could be read is returned beside the problems, so that one run shows them all.
pub(super) fn parse(text: &str) -> (File, Vec<Problem>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let at = |error: &toml::de::Error| error.span().unwrap_or(text.len()..text.len());
        return (File::default(), errors.iter().map(|error| Problem::new(at(error), error.message(), "")).collect());
    }
    let mut problems = Vec::new();
    let span = table.span();
    let mut root = Spanned::new(span.clone(), DeValue::Table(table.into_inner()));
    keep_known(&mut root, &schema(), "", &mut problems);
    let DeValue::Table(table) = root.into_inner() else { return (File::default(), problems) };
    match File::deserialize(toml::Deserializer::from(Spanned::new(span, table))) {
        Ok(file) => (file, problems),
        Err(error) => {
            problems.push(Problem::new(error.span().unwrap_or(0..0), error.message(), ""));
            (File::default(), problems)
        }
    }
}

/// Reports and removes what the schema has no place for: keys nobody knows, and values where a table or an array belongs.
/// As deep as the schema, which is three levels.
fn keep_known(value: &mut Spanned<DeValue<'_>>, schema: &Json, key: &str, problems: &mut Vec<Problem>) -> bool {
    let span = value.span();
    match (schema.get("properties").and_then(Json::as_object), schema.get("items"), value.get_mut()) {
        (Some(known), _, DeValue::Table(table)) => {
            for key in table.keys().cloned().collect::<Vec<_>>() {
                let keep = if let Some(schema) = known.get(key.get_ref().as_ref()) {
                    table.get_mut(&key).is_some_and(|value| keep_known(value, schema, key.get_ref(), problems))
                } else {
                    let near = nearest(key.get_ref(), known.keys().map(String::as_str)).unwrap_or_default();
                    let message = format!("unknown key `{}`", key.get_ref());
                    problems.push(Problem::new(key.span(), message, format!("the nearest known key is `{near}`")));
                    false
                };
                if !keep {
                    table.remove(&key);
                }
            }
        }
        (None, Some(items), DeValue::Array(array)) => {
            let mut elements = std::mem::replace(array, DeArray::new()).into_iter().collect::<Vec<_>>();
            elements.retain_mut(|element| keep_known(element, items, key, problems));
            *array = elements.into_iter().collect();
        }
        (Some(_), _, other) => {
            problems.push(Problem::new(
                span,
                format!("`{key}` is a table, not {}", with_article(other)),
                format!("write `[{key}]`"),
            ));
            return false;
        }
        (None, Some(items), other) => {
            let help = if items.get("properties").is_some() {
                format!("write `[[{key}]]`")
            } else {
                format!("write `{key} = [\"…\"]`")
            };
            problems.push(Problem::new(span, format!("`{key}` is a list, not {}", with_article(other)), help));
            return false;
        }
        (None, None, _) => {}
    }
    true
}

fn with_article(value: &DeValue<'_>) -> String {
    let kind = value.type_str();
    format!("{} {kind}", if kind.starts_with(['a', 'i']) { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let (_, mut problems) = parse(text);
        problems.sort_by_key(|problem| problem.span.start);
        problems.into_iter().map(|problem| format!("{}: {} ({})", &text[problem.span], problem.message, problem.help)).collect()
    }

    #[test]
    fn the_committed_schema_is_the_one_of_the_types() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sluice.schema.json");
        let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("SLUICE_BLESS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == made, "{} is out of date; run the tests with SLUICE_BLESS=1", path.display());
    }

    #[test]
    fn unknown_keys_are_named_at_every_level_with_the_nearest_known_one() {
        let text =
            "wavier = 1\n[scan]\nfail_on = 'high'\n[[allow]]\nnmae = 'a.b'\n[limits]\n'ratio ' = 1\n[[waiver]]\nuntl = 1\n";
        assert_eq!(
            messages(text),
            [
                "wavier: unknown key `wavier` (the nearest known key is `waiver`)",
                "fail_on: unknown key `fail_on` (the nearest known key is `fail-on`)",
                "nmae: unknown key `nmae` (the nearest known key is `name`)",
                "'ratio ': unknown key `ratio ` (the nearest known key is `ratio`)",
                "untl: unknown key `untl` (the nearest known key is `until`)",
            ]
        );
    }

    #[test]
    fn what_has_the_wrong_shape_is_named() {
        assert_eq!(messages("scan = 1"), ["1: `scan` is a table, not an integer (write `[scan]`)"]);
        assert_eq!(messages("allow = 'x'"), ["'x': `allow` is a list, not a string (write `[[allow]]`)"]);
        assert_eq!(messages("waiver = [1]"), ["1: `waiver` is a table, not an integer (write `[waiver]`)"]);
        assert_eq!(messages("scan.skip = 'x'"), ["'x': `skip` is a list, not a string (write `skip = [\"…\"]`)"]);
        // One table where a list of tables belongs is the likeliest slip.
        let text = "[waiver]\ncheck = 'x'\n";
        assert!(messages(text)[0].contains("`waiver` is a list, not a table (write `[[waiver]]`)"), "{:?}", messages(text));
    }

    #[test]
    fn every_mistake_in_the_syntax_is_reported() {
        let found = messages("a = \nb = 1\n[scan\nc = 2\nd\n");
        assert!(found.len() >= 3, "{found:?}");
    }

    /// No depth of nesting ends the process: the parser has its own limit.
    #[test]
    fn deep_nesting_is_a_problem_and_no_crash() {
        for text in [
            format!("a = {}", "[".repeat(100_000)),
            format!("a = {}", "{b = ".repeat(100_000)),
            format!("a{} = 1", ".b".repeat(500_000)),
        ] {
            assert!(!parse(&text).1.is_empty());
        }
    }

    /// The schema accepts and refuses the same files as the reader, as far as a schema can know.
    #[test]
    fn schema_and_reader_agree() {
        let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema()).unwrap();
        let today = jiff::civil::date(2026, 1, 1);
        let waiver = "[[waiver]]\ncheck = 'pickle-unknown-call'\nreason = 'r'\nowner = 'o'\n";
        let digest = "0123456789abcdef".repeat(4);
        let good = [
            String::new(),
            "[scan]\nfail-on = 'never'\nmin-severity = 'critical'\nskip = ['pickle-unknown-import']".into(),
            format!(
                "[limits]\ndepth = 1\nmembers = {MEMBERS}\nunpacked = {UNPACKED}\nratio = 1\nresident = {RESIDENT}\nwork = {WORK}"
            ),
            "[[allow]]\nname = 'acme.Ranker'\nreason = 'ours'".into(),
            format!("{waiver}path = '**'\nuntil = '2026-12-31'"),
            format!("{waiver}sha256 = '{digest}'\nuntil = 2026-12-31"),
        ];
        let bad = [
            "[scan]\nfail-on = 'hihg'".into(),
            "[scan]\nmin-severity = 'never'".into(),
            "[scan]\nskip = [1]".into(),
            "[scan]\nskip = ['no-such-check']".into(),
            "[scan]\nextra = 1".into(),
            "[limits]\ndepth = 0".into(),
            format!("[limits]\ndepth = {}", DEPTH + 1),
            "[limits]\nwork = -1".into(),
            "[limits]\nratio = 1.5".into(),
            "[[allow]]\nname = 'acme.Ranker'".into(),
            "[[allow]]\nreason = 'x'".into(),
            "[[allow]]\nname = 'acme.*'\nreason = 'x'".into(),
            "[[allow]]\nname = 'acme'\nreason = 'x'".into(),
            "[[allow]]\nname = 'acme.Ranker'\nreason = ' '".into(),
            format!("{waiver}until = '2026-12-31'"),
            format!("{waiver}path = 'x'"),
            format!("{waiver}path = 'x'\nuntil = '31.12.2026'"),
            format!("{waiver}path = 'x'\nuntil = '2026-02-30'"),
            format!("{waiver}path = 'x'\nuntil = 3"),
            format!("{waiver}sha256 = '{}'\nuntil = '2026-12-31'", &digest[1..]),
            "[waiver]\npath = 'x'".into(),
        ];
        for (texts, wanted) in [(good.as_slice(), true), (bad.as_slice(), false)] {
            for text in texts {
                let value: toml::Value = toml::from_str(text).unwrap();
                assert_eq!(validator.is_valid(&json(&value)), wanted, "schema: {text}");
                let read = super::super::rules::read("f", text, today);
                assert_eq!(read.is_ok(), wanted, "reader: {text}\n{}", read.err().unwrap_or_default());
            }
        }
    }

    /// As editors see the file: a date is its text.
    fn json(value: &toml::Value) -> Json {
        match value {
            toml::Value::Datetime(date) => date.to_string().into(),
            toml::Value::Array(array) => array.iter().map(json).collect(),
            toml::Value::Table(table) => Json::Object(table.iter().map(|(key, value)| (key.clone(), json(value))).collect()),
            other => serde_json::to_value(other).unwrap(),
        }
    }
}
