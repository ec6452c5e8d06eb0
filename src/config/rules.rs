//! From what `sluice.toml` says to what it means: every value checked, every mistake reported at its place.

use std::collections::HashSet;
use std::ops::Range;

use globset::{GlobBuilder, GlobSet};
use jiff::civil::Date;
use sluicegate_checks::{AllowedName, Settings, Severity};
use toml::Spanned;

use super::file::{self, Allow, FailOn, Field, File, Waiver};
use super::problem::{self, Problem};
use crate::report::{WaiverRecord, WaiverState};
use crate::spelling::nearest;

/// Longest glob; each is compiled, and the file may come from a stranger.
const MAX_GLOB: usize = 1024;

/// Defaults of `sluice scan`; the command line wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) fail_on: Option<FailOn>,
    pub(crate) min_severity: Option<Severity>,
    /// Ids of checks.
    pub(crate) skip: Vec<String>,
}

/// What a valid file means.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    pub(super) scan: Scan,
    pub(super) settings: Settings,
    pub(super) waivers: Vec<WaiverRecord>,
}

/// Reads and checks the text of the file `name`; the error is all problems, rendered.
pub(super) fn read(name: &str, text: &str, today: Date) -> Result<Rules, String> {
    let (file, problems) = file::parse(text);
    let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
    let mut reader = Reader { name, newlines, today, problems };
    let rules = reader.file(&file);
    if reader.problems.is_empty() { Ok(rules) } else { Err(problem::render(name, text, reader.problems)) }
}

struct Reader<'a> {
    name: &'a str,
    newlines: Vec<usize>,
    today: Date,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn file(&mut self, file: &File) -> Rules {
        let scan = Scan {
            fail_on: self.value(file.scan.fail_on.as_ref()).copied(),
            min_severity: self.value(file.scan.min_severity.as_ref()).map(|&level| level.into()),
            skip: file.scan.skip.iter().filter_map(|id| self.check_id(Some(id))).collect(),
        };
        let mut settings = Settings::default();
        let (given, limits) = (&file.limits, &mut settings.limits);
        if let Some(depth) = self.limit(given.depth.as_ref(), file::DEPTH) {
            limits.depth = u32::try_from(depth).unwrap_or(u32::MAX);
        }
        for (field, max, target) in [
            (&given.members, file::MEMBERS, &mut limits.members),
            (&given.unpacked, file::UNPACKED, &mut limits.unpacked),
            (&given.ratio, file::RATIO, &mut limits.ratio),
            (&given.resident, file::RESIDENT, &mut limits.resident),
            (&given.work, file::WORK, &mut limits.work),
        ] {
            if let Some(value) = self.limit(field.as_ref(), max) {
                *target = value;
            }
        }
        let mut names = HashSet::new();
        settings.allow = file.allow.iter().filter_map(|allow| self.allow(allow, &mut names)).collect();
        Rules { scan, settings, waivers: file.waiver.iter().filter_map(|waiver| self.waiver(waiver)).collect() }
    }

    fn allow(&mut self, entry: &Spanned<Allow>, before: &mut HashSet<String>) -> Option<AllowedName> {
        let allow = entry.get_ref();
        self.complete(entry.span(), "allow", &[("name", allow.name.is_some()), ("reason", allow.reason.is_some())]);
        let reason = self.words(allow.reason.as_ref(), "say why the name is safe");
        let (name, span) = (self.value(allow.name.as_ref())?, allow.name.as_ref()?.span());
        let identifier = |part: &str| {
            part.starts_with(|c: char| c == '_' || c.is_alphabetic()) && part.chars().all(|c| c == '_' || c.is_alphanumeric())
        };
        if !name.contains('.') || !name.split('.').all(identifier) {
            let help = "write it in full: module, dot, name; wildcards are not known";
            self.problem(span, format!("`{name}` is not a full dotted name"), help);
        } else if let Some(harm) = sluicegate_checks::model::denied(name) {
            let help = "such names cannot be allowed; a waiver can accept one file";
            self.problem(span, format!("`{name}` {harm}"), help);
        } else if !before.insert(name.clone()) {
            self.problem(span, format!("`{name}` is allowed twice"), "remove one");
        } else {
            return Some(AllowedName { name: name.clone(), reason: reason? });
        }
        None
    }

    fn waiver(&mut self, entry: &Spanned<Waiver>) -> Option<WaiverRecord> {
        let waiver = entry.get_ref();
        let keys = [
            ("check", waiver.check.is_some()),
            ("reason", waiver.reason.is_some()),
            ("owner", waiver.owner.is_some()),
            ("until", waiver.until.is_some()),
        ];
        self.complete(entry.span(), "waiver", &keys);
        if waiver.path.is_none() && waiver.sha256.is_none() {
            let help = "add `path`, `sha256`, or both";
            self.problem(entry.span(), "this waiver does not say which files it covers", help);
        }
        // All fields are read before the first missing one ends it, so that every mistake is reported.
        let check = self.check_id(waiver.check.as_ref());
        let path = self.glob(waiver.path.as_ref());
        let sha256 = self.sha256(waiver.sha256.as_ref());
        let reason = self.words(waiver.reason.as_ref(), "say why the findings are acceptable");
        let owner = self.words(waiver.owner.as_ref(), "name who answers for it");
        let until = self.date(waiver.until.as_ref())?;
        Some(WaiverRecord {
            check: check?,
            path,
            sha256,
            reason: reason?,
            owner: owner?,
            until: until.to_string(),
            file: self.name.to_owned(),
            line: self.newlines.partition_point(|&newline| newline < entry.span().start) as u64 + 1,
            state: if until < self.today { WaiverState::Expired } else { WaiverState::Active },
            used: 0,
        })
    }

    fn problem(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem::new(span, message, help));
    }

    /// The value, unless the file has none or one of the wrong type.
    fn value<'f, T>(&mut self, field: Option<&'f Field<T>>) -> Option<&'f T> {
        let field = field?;
        match &field.get_ref().0 {
            Ok(value) => Some(value),
            Err(why) => {
                self.problem(field.span(), why, "");
                None
            }
        }
    }

    fn complete(&mut self, span: Range<usize>, table: &str, keys: &[(&str, bool)]) {
        let missing: Vec<_> = keys.iter().filter(|(_, present)| !present).map(|(key, _)| format!("`{key}`")).collect();
        if !missing.is_empty() {
            self.problem(span, format!("this {table} lacks {}", missing.join(" and ")), "");
        }
    }

    fn limit(&mut self, field: Option<&Field<u64>>, max: u64) -> Option<u64> {
        let value = *self.value(field)?;
        if !(1..=max).contains(&value) {
            self.problem(field?.span(), format!("{value} is out of bounds"), format!("allowed are 1 to {max}"));
            return None;
        }
        Some(value)
    }

    fn words(&mut self, field: Option<&Field<String>>, help: &str) -> Option<String> {
        let words = self.value(field)?;
        if words.trim().is_empty() {
            self.problem(field?.span(), "this is empty", help);
            return None;
        }
        Some(words.trim().to_owned())
    }

    fn check_id(&mut self, field: Option<&Field<String>>) -> Option<String> {
        let id = self.value(field)?;
        if sluicegate_checks::find(id).is_none() {
            let near = nearest(id, sluicegate_checks::all().map(|check| check.id)).unwrap_or_default();
            self.problem(field?.span(), format!("there is no check `{id}`"), format!("the nearest one is `{near}`"));
            return None;
        }
        Some(id.clone())
    }

    fn glob(&mut self, field: Option<&Field<String>>) -> Option<String> {
        let pattern = self.value(field)?;
        let odd = pattern.is_empty() || pattern.starts_with('/') || pattern.split('/').any(|part| matches!(part, "." | ".."));
        if odd {
            self.problem(
                field?.span(),
                "this path matches no file",
                "paths start below the root of the scan, as reports show them",
            );
            return None;
        }
        if let Err(why) = compile(pattern) {
            self.problem(field?.span(), format!("this glob is wrong: {why}"), "");
            return None;
        }
        Some(pattern.clone())
    }

    fn sha256(&mut self, field: Option<&Field<String>>) -> Option<String> {
        let digest = self.value(field)?;
        if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            self.problem(field?.span(), "this is not a SHA-256 digest", "64 hexadecimal digits, as `sha256sum` prints them");
            return None;
        }
        Some(digest.to_ascii_lowercase())
    }

    fn date(&mut self, field: Option<&Field<toml::Value>>) -> Option<Date> {
        let date = match self.value(field)? {
            toml::Value::String(text) => calendar_date(text),
            toml::Value::Datetime(value) => calendar_date(&value.to_string()),
            _ => None,
        };
        if date.is_none() {
            self.problem(field?.span(), "this is not a date", "write year, month and day: 2026-12-31");
        }
        date
    }
}

/// `YYYY-MM-DD` and no other of the many ways to write a date.
fn calendar_date(text: &str) -> Option<Date> {
    let date: Date = text.parse().ok()?;
    (date.to_string() == text).then_some(date)
}

/// The files that a waiver's glob covers: `*` does not cross `/`, letter case counts.
pub(super) fn compile(pattern: &str) -> Result<GlobSet, String> {
    if pattern.len() > MAX_GLOB {
        return Err(format!("it is longer than {MAX_GLOB} bytes"));
    }
    let glob = GlobBuilder::new(pattern).literal_separator(true).case_insensitive(false).backslash_escape(true).build();
    // A set of one, because a single matcher panics where the pattern is too large to compile.
    glob.and_then(|glob| GlobSet::builder().add(glob).build()).map_err(|error| error.kind().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 6, 15);

    fn good(text: &str) -> Rules {
        read("sluice.toml", text, TODAY).unwrap_or_else(|problems| panic!("{problems}"))
    }

    fn bad(text: &str) -> String {
        read("sluice.toml", text, TODAY).expect_err("this text is wrong")
    }

    fn waiver(lines: &str) -> String {
        format!("[[waiver]]\ncheck = 'pickle-unknown-call'\nreason = 'r'\nowner = 'o'\n{lines}\n")
    }

    #[test]
    fn a_whole_file_is_read() {
        let digest = "ABCDEF0123456789".repeat(4);
        let rules = good(&format!(
            "[scan]\nfail-on = 'medium'\nmin-severity = 'low'\nskip = ['pickle-unknown-import']\n\
             [limits]\ndepth = 3\nwork = 17\n\
             [[allow]]\nname = 'acme.models.Ranker'\nreason = ' ours '\n\
             [[waiver]]\ncheck = 'pickle-unknown-call'\npath = 'models/**'\nsha256 = '{digest}'\nreason = 'legacy'\nowner = 'ml'\nuntil = 2026-06-15\n"
        ));
        let scan =
            Scan { fail_on: Some(FailOn::Medium), min_severity: Some(Severity::Low), skip: vec!["pickle-unknown-import".into()] };
        assert_eq!(rules.scan, scan);
        let default = sluicegate_checks::Limits::default();
        assert_eq!(rules.settings.limits, sluicegate_checks::Limits { depth: 3, work: 17, ..default });
        assert_eq!(rules.settings.allow, [AllowedName { name: "acme.models.Ranker".into(), reason: "ours".into() }]);
        let [waiver] = rules.waivers.as_slice() else { panic!("{:?}", rules.waivers) };
        assert_eq!((waiver.path.as_deref(), waiver.sha256.as_deref()), (Some("models/**"), Some(&*digest.to_lowercase())));
        assert_eq!((waiver.file.as_str(), waiver.line, waiver.until.as_str()), ("sluice.toml", 11, "2026-06-15"));
        assert_eq!(waiver.state, WaiverState::Active);
    }

    #[test]
    fn a_waiver_holds_to_the_end_of_its_last_day() {
        for (until, state) in [
            ("2026-06-14", WaiverState::Expired),
            ("2026-06-15", WaiverState::Active),
            ("2026-06-16", WaiverState::Active),
            ("1999-12-31", WaiverState::Expired),
        ] {
            for quote in ["", "'"] {
                let rules = good(&waiver(&format!("path = 'a'\nuntil = {quote}{until}{quote}")));
                assert_eq!(rules.waivers[0].state, state, "{until}");
            }
        }
    }

    #[test]
    fn only_calendar_dates_are_dates() {
        for until in [
            "2026-12-31T00:00:00Z",
            "2026-12-31 10:00:00",
            "10:00:00",
            "'20261231'",
            "'2026-1-1'",
            "'tomorrow'",
            "true",
            "'2026-W01-1'",
        ] {
            let problems = bad(&waiver(&format!("path = 'a'\nuntil = {until}")));
            assert!(problems.contains("this is not a date"), "{until}: {problems}");
        }
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let problems = bad("[scan]\nfail-on = 'hihg'\nskip = ['pickle-unknown-imprt', 3]\n[limits]\ndepth = 0\nmembers = -1\n\
             [[allow]]\nname = 'os.system'\nreason = ''\n[[allow]]\n\
             [[waiver]]\ncheck = 'pickle-unknown-cal'\npath = '/abs'\nreason = ' '\nowner = 3\n\
             [[waiver]]\n");
        for wanted in [
            "unknown variant `hihg`",
            "there is no check `pickle-unknown-imprt`",
            "the nearest one is `pickle-unknown-import`",
            "invalid type: integer `3`, expected a string\n --> sluice.toml:3:",
            "0 is out of bounds",
            "invalid value: integer `-1`",
            "`os.system` starts or controls a process",
            "this is empty\n --> sluice.toml:9:10",
            "this allow lacks `name` and `reason`\n  --> sluice.toml:10:1",
            "the nearest one is `pickle-unknown-call`",
            "this path matches no file",
            "say why the findings are acceptable",
            "this waiver lacks `until`\n  --> sluice.toml:11:1",
            "this waiver lacks `check` and `reason` and `owner` and `until`\n  --> sluice.toml:16:1",
            "this waiver does not say which files it covers\n  --> sluice.toml:16:1",
        ] {
            assert!(problems.contains(wanted), "{wanted:?} is missing in:\n{problems}");
        }
    }

    #[test]
    fn a_name_is_exact_and_harmless() {
        for (name, problem) in [
            ("acme", "not a full dotted name"),
            ("acme.*", "not a full dotted name"),
            ("acme.models.", "not a full dotted name"),
            ("acme models.Ranker", "not a full dotted name"),
            ("acme.3d.Ranker", "not a full dotted name"),
            ("builtins.eval", "runs code"),
            ("subprocess.Popen", "starts or controls a process"),
            ("acme.os.system", "starts or controls a process"),
        ] {
            let problems = bad(&format!("[[allow]]\nname = '{name}'\nreason = 'r'"));
            assert!(problems.contains(problem), "{name}: {problems}");
        }
        for name in ["acme.code.Model", "acme._private.Größe", "acme.file.Kernel"] {
            assert_eq!(good(&format!("[[allow]]\nname = '{name}'\nreason = 'r'")).settings.allow[0].name, name);
        }
        let twice = "[[allow]]\nname = 'a.b'\nreason = 'r'\n".repeat(2);
        assert!(bad(&twice).contains("`a.b` is allowed twice"));
    }

    #[test]
    fn a_glob_that_is_wrong_or_too_large_is_a_problem() {
        for path in [
            "",
            "/models",
            "../models",
            "models/../x",
            "./a",
            "a[",
            "{a",
            &"a".repeat(MAX_GLOB + 1),
            &"[^a]".repeat(MAX_GLOB / 4),
        ] {
            let text = waiver(&format!("path = '{path}'\nuntil = 2030-01-01"));
            if path.starts_with("[^a]") {
                // Compiles or not, but never ends the process.
                _ = read("f", &text, TODAY);
            } else {
                assert!(bad(&text).contains("sluice.toml:5:8"), "{path}");
            }
        }
    }

    #[test]
    fn an_empty_file_changes_nothing() {
        let rules = good("# only a comment\n");
        assert_eq!((rules.scan, rules.settings), (Scan::default(), Settings::default()));
    }
}
