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
        let by_path = self.glob.as_ref().is_none_or(|glob| glob.is_match(path));
        let by_digest = self.waiver.sha256.as_deref().is_none_or(|wanted| digest == Some(wanted));
        let says_something = self.glob.is_some() || self.waiver.sha256.is_some();
        self.waiver.check == check && by_path && by_digest && says_something
    }
}
