//! What a change under review would make of the configuration: shown, without effect.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::problem::printable;
use super::rules::Rules;
use crate::report::{WaiverRecord, WaiverState};

/// The waivers that only the change has, and a line for everything else it changes.
pub(super) fn compare(base: &Rules, change: &Rules) -> (Vec<WaiverRecord>, Vec<String>) {
    let same = |a: &WaiverRecord, b: &WaiverRecord| {
        (&a.check, &a.path, &a.sha256, &a.reason, &a.owner, &a.until)
            == (&b.check, &b.path, &b.sha256, &b.reason, &b.owner, &b.until)
    };
    let added = change.waivers.iter().filter(|waiver| !base.waivers.iter().any(|known| same(waiver, known)));
    let added = added.map(|waiver| WaiverRecord { state: WaiverState::Proposed, ..waiver.clone() }).collect();
    let mut notes = Vec::new();
    for waiver in base.waivers.iter().filter(|known| !change.waivers.iter().any(|waiver| same(waiver, known))) {
        let files =
            [waiver.path.as_deref(), waiver.sha256.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" with SHA-256 ");
        notes.push(note(&format!(
            "removes or changes the waiver of {} for {files}, which counts until {}",
            waiver.check, waiver.until
        )));
    }
    allowed(base, change, &mut notes);
    settings(base, change, &mut notes);
    (added, notes)
}

/// A line about the change.
pub(super) fn note(what: &str) -> String {
    printable(&format!("proposed, without effect: {what}"))
}

fn allowed(base: &Rules, change: &Rules, notes: &mut Vec<String>) {
    let names = |rules: &Rules| -> BTreeMap<String, String> {
        rules.settings.allow.iter().map(|allow| (allow.name.clone(), allow.reason.clone())).collect()
    };
    let (before, after) = (names(base), names(change));
    for (name, reason) in &after {
        match before.get(name) {
            None => notes.push(note(&format!("allows {name} ({reason})"))),
            Some(known) if known != reason => notes.push(note(&format!("changes the reason to allow {name} ({reason})"))),
            Some(_) => {}
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        notes.push(note(&format!("no longer allows {name}")));
    }
}

fn settings(base: &Rules, change: &Rules, notes: &mut Vec<String>) {
    let severity = |value: Option<sluicegate_checks::Severity>| value.map_or("the default", |value| value.as_str());
    let fail_on = |rules: &Rules| match rules.scan.fail_on {
        None => "the default",
        Some(value) => value.severity().map_or("never", sluicegate_checks::Severity::as_str),
    };
    let skip = |rules: &Rules| {
        let mut ids = rules.scan.skip.clone();
        ids.sort();
        if ids.is_empty() { "nothing".to_owned() } else { ids.join(", ") }
    };
    changed("scan.fail-on", &fail_on(base), &fail_on(change), notes);
    changed("scan.min-severity", &severity(base.scan.min_severity), &severity(change.scan.min_severity), notes);
    changed("scan.skip", &skip(base), &skip(change), notes);
    let (old, new) = (&base.settings.limits, &change.settings.limits);
    changed("limits.depth", &old.depth, &new.depth, notes);
    changed("limits.members", &old.members, &new.members, notes);
    changed("limits.unpacked", &old.unpacked, &new.unpacked, notes);
    changed("limits.ratio", &old.ratio, &new.ratio, notes);
    changed("limits.resident", &old.resident, &new.resident, notes);
    changed("limits.work", &old.work, &new.work, notes);
}

fn changed<T: PartialEq + Display>(key: &str, before: &T, after: &T, notes: &mut Vec<String>) {
    if before != after {
        notes.push(note(&format!("changes `{key}` from {before} to {after}")));
    }
}
