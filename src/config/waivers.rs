//! Which findings a waiver covers.

use std::collections::HashMap;

use globset::GlobSet;

use super::{Config, rules};
use crate::report::{Outcome, Report, WaiverRecord, WaiverState};

impl Config {
    /// Whether a waiver asks for the digest of files in which this check finds something.
    pub(crate) fn wants_digest(&self, check: &str) -> bool {
        self.waivers.iter().any(|waiver| waiver.sha256.is_some() && waiver.check == check)
    }

    /// Marks every finding that an active waiver covers, and moves the waivers into the report.
    ///
    /// `used` counts what a waiver matches whatever its state: an expired one shows what came back with it,
    /// a proposed one what it would hide.
    pub(crate) fn waive(&self, report: &mut Report) {
        let covers: Vec<Cover> = self.waivers.iter().map(Cover::new).collect();
        let mut used = vec![0; covers.len()];
        let digests = digests(report);
        for subject in &mut report.subjects {
            let path = &subject.name.path;
            let digest = digests.get(path).and_then(Option::as_deref);
            let found = subject
                .runs
                .iter_mut()
                .filter_map(|run| if let Outcome::Found(found) = &mut run.outcome { Some(found) } else { None });
            for reported in found.flatten() {
                reported.waived_by = None;
                for (index, cover) in covers.iter().enumerate() {
                    if cover.covers(&reported.finding.check, path, digest) {
                        used[index] += 1;
                        if cover.waiver.state == WaiverState::Active {
                            reported.waived_by.get_or_insert(index);
                        }
                    }
                }
            }
        }
        report.waivers = self.waivers.iter().zip(used).map(|(waiver, used)| WaiverRecord { used, ..waiver.clone() }).collect();
    }
}

/// Digests of files by path; `None` where two files go by one name, so that neither answers for the other.
fn digests(report: &Report) -> HashMap<String, Option<String>> {
    let mut digests = HashMap::new();
    for file in report.subjects.iter().filter(|subject| subject.name.members.is_empty()) {
        digests
            .entry(file.name.path.clone())
            .and_modify(|known| {
                if *known != file.sha256 {
                    *known = None;
                }
            })
            .or_insert_with(|| file.sha256.clone());
    }
    digests
}

/// A waiver, ready to match.
struct Cover<'a> {
    waiver: &'a WaiverRecord,
    glob: Option<GlobSet>,
}

impl<'a> Cover<'a> {
    fn new(waiver: &'a WaiverRecord) -> Self {
        // A glob that does not compile was refused when the file was read; an empty set covers nothing.
        let glob = waiver.path.as_deref().map(|path| rules::compile(path).unwrap_or_default());
        Self { waiver, glob }
    }

    /// Everything the waiver says must hold, and it must say something.
    fn covers(&self, check: &str, path: &str, digest: Option<&str>) -> bool {
        let sha256 = self.waiver.sha256.as_deref();
        self.waiver.check == check
            && (self.glob.is_some() || sha256.is_some())
            && sha256.is_none_or(|wanted| digest == Some(wanted))
            && self.glob.as_ref().is_none_or(|glob| glob.is_match(path))
    }
}

#[cfg(test)]
mod tests {
    use sluicegate_checks::{Confidence, Finding, Kind, Name, Place, Severity};

    use super::*;
    use crate::report::{CheckRun, Reported, SubjectRecord};

    const CALL: &str = "pickle-unknown-call";
    const CLASS: &str = "pickle-unknown-class";

    fn waiver(check: &str, path: Option<&str>, sha256: Option<&str>, state: WaiverState) -> WaiverRecord {
        WaiverRecord {
            check: check.into(),
            path: path.map(Into::into),
            sha256: sha256.map(Into::into),
            reason: "r".into(),
            owner: "o".into(),
            until: "2030-01-01".into(),
            file: "sluice.toml".into(),
            line: 1,
            state,
            used: 0,
        }
    }

    fn subject(name: Name, sha256: Option<&str>, checks: &[&str]) -> SubjectRecord {
        let found = |check: &&str| CheckRun {
            check: (*check).into(),
            outcome: Outcome::Found(vec![Reported {
                finding: Finding {
                    check: (*check).into(),
                    severity: Severity::High,
                    confidence: Confidence::High,
                    subject: name.clone(),
                    place: Place::Whole,
                    message: "m".into(),
                    detail: "d".into(),
                    trail: Vec::new(),
                    count: 1,
                    more_offsets: Vec::new(),
                },
                waived_by: None,
            }]),
        };
        let runs = checks.iter().map(found).collect();
        SubjectRecord { name, kind: Kind::Pickle, size: 1, sha256: sha256.map(Into::into), weights_only: None, runs }
    }

    /// For every finding in order the waiver that covers it, and how often each waiver matched.
    fn waive(waivers: Vec<WaiverRecord>, subjects: Vec<SubjectRecord>) -> (Vec<Option<usize>>, Vec<u64>) {
        let mut report = Report {
            version: "0".into(),
            roots: vec![],
            configuration: None,
            stage: None,
            fail_on: Some(Severity::High),
            min_severity: Severity::Low,
            checks: vec![],
            subjects,
            excluded: std::collections::BTreeMap::new(),
            waivers: vec![],
            notes: vec![],
            seconds: 0.0,
        };
        Config { waivers, ..Config::default() }.waive(&mut report);
        let waived = report.findings().map(|(_, reported)| reported.waived_by).collect();
        (waived, report.waivers.iter().map(|waiver| waiver.used).collect())
    }

    fn by_path(glob: &str, path: &str) -> bool {
        let waivers = vec![waiver(CALL, Some(glob), None, WaiverState::Active)];
        waive(waivers, vec![subject(Name::new(path), None, &[CALL])]).0 == [Some(0)]
    }

    #[test]
    fn a_glob_stays_within_a_folder_and_minds_letter_case() {
        assert!(by_path("models/*.pkl", "models/a.pkl"));
        assert!(!by_path("models/*.pkl", "models/old/a.pkl"));
        assert!(by_path("models/**", "models/old/a.pkl"));
        assert!(by_path("**/a.pkl", "a.pkl"));
        assert!(!by_path("models/*", "Models/a.pkl"));
        assert!(!by_path("models", "models/a.pkl"), "a folder is not its files");
        assert!(!by_path("a.pkl", "xa.pkl"));
    }

    #[test]
    fn a_glob_is_about_the_file_and_never_about_a_member() {
        let waivers = || vec![waiver(CALL, Some("data.pkl"), None, WaiverState::Active)];
        let member = Name::new("evil.pt").member("data.pkl");
        assert_eq!(waive(waivers(), vec![subject(member, None, &[CALL])]).0, [None]);
        let member = Name::new("data.pkl").member("evil");
        assert_eq!(waive(waivers(), vec![subject(member, None, &[CALL])]).0, [Some(0)]);
    }

    #[test]
    fn only_its_own_check_is_waived() {
        let waivers = vec![waiver(CALL, Some("**"), None, WaiverState::Active)];
        assert_eq!(waive(waivers, vec![subject(Name::new("a"), None, &[CALL, CLASS])]), (vec![Some(0), None], vec![1]));
    }

    #[test]
    fn a_digest_is_that_of_the_file_around_the_member() {
        let waivers = || vec![waiver(CALL, None, Some("aa"), WaiverState::Active)];
        let inside = |digest| subject(Name::new("m.pt").member("data.pkl"), digest, &[CALL]);
        let file = |digest| subject(Name::new("m.pt"), digest, &[]);
        assert_eq!(waive(waivers(), vec![file(Some("aa")), inside(None)]), (vec![Some(0)], vec![1]));
        assert_eq!(waive(waivers(), vec![file(Some("bb")), inside(Some("aa"))]).0, [None]);
        assert_eq!(waive(waivers(), vec![file(None), inside(None)]).0, [None]);
        assert_eq!(waive(waivers(), vec![inside(None)]).0, [None]);
    }

    #[test]
    fn two_files_of_one_name_do_not_answer_for_each_other() {
        let waivers = vec![waiver(CALL, None, Some("aa"), WaiverState::Active)];
        let file = |digest| subject(Name::new("m.pkl"), Some(digest), &[CALL]);
        assert_eq!(waive(waivers, vec![file("bb"), file("aa")]).0, [None, None]);
    }

    #[test]
    fn path_and_digest_must_both_match() {
        let waivers = || vec![waiver(CALL, Some("a/*"), Some("aa"), WaiverState::Active)];
        let file = |path: &str, digest| waive(waivers(), vec![subject(Name::new(path), Some(digest), &[CALL])]).0;
        assert_eq!(file("a/m", "aa"), [Some(0)]);
        assert_eq!(file("b/m", "aa"), [None]);
        assert_eq!(file("a/m", "bb"), [None]);
    }

    #[test]
    fn only_active_waivers_count_but_all_say_what_they_match() {
        let all = Some("**");
        let waivers = vec![
            waiver(CALL, all, None, WaiverState::Expired),
            waiver(CALL, all, None, WaiverState::Proposed),
            waiver(CALL, Some("other"), None, WaiverState::Active),
        ];
        assert_eq!(waive(waivers, vec![subject(Name::new("a"), None, &[CALL])]), (vec![None], vec![1, 1, 0]));
        let waivers = vec![
            waiver(CALL, all, None, WaiverState::Expired),
            waiver(CALL, all, None, WaiverState::Active),
            waiver(CALL, all, None, WaiverState::Active),
        ];
        assert_eq!(waive(waivers, vec![subject(Name::new("a"), None, &[CALL])]), (vec![Some(1)], vec![1, 1, 1]));
    }

    #[test]
    fn a_waiver_of_nothing_in_particular_covers_nothing() {
        let waivers = vec![waiver(CALL, None, None, WaiverState::Active), waiver(CALL, Some("a["), None, WaiverState::Active)];
        assert_eq!(waive(waivers, vec![subject(Name::new("a["), None, &[CALL])]).0, [None]);
    }
}
