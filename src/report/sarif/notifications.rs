//! What was not examined or not listed, so that a degraded run does not look like a clean one.

use serde_json::json;
use serde_sarif::sarif::{
    Location, MultiformatMessageString, Notification, PhysicalLocation, ReportingDescriptor, ReportingDescriptorReference,
};

use super::super::Report;
use super::super::listing::unexamined;
use super::super::summary::number;
use super::{location, message, text};

/// Notifications listed one by one; the rest is counted for each reason.
const MAX_LISTED: usize = 200;

/// Kinds of notification, in the order of the driver's list.
const KINDS: [(&str, &str); 3] = [
    ("not-examined", "Something was not, or not wholly, examined."),
    ("left-out", "Files were left out by rule."),
    ("not-listed", "Results were left out of this file."),
];

/// The driver's list of notifications.
pub(super) fn descriptors() -> Vec<ReportingDescriptor> {
    KINDS
        .iter()
        .map(|(id, words)| {
            let words = MultiformatMessageString::builder().text(*words).build();
            ReportingDescriptor::builder().id(*id).short_description(words).build()
        })
        .collect()
}

fn notification(kind: usize, level: &str, words: &str) -> Notification {
    let (id, _) = KINDS.get(kind).copied().unwrap_or_default();
    let descriptor = ReportingDescriptorReference::builder().id(id).index(kind as i64).build();
    Notification::builder().descriptor(descriptor).level(json!(level)).message(message(words)).build()
}

/// Worst first; `omitted` results did not fit.
pub(super) fn notifications(report: &Report, omitted: u64) -> Vec<Notification> {
    let mut list = Vec::new();
    if omitted > 0 {
        let results = number(omitted, "more result", "more results");
        list.push(notification(2, "warning", &format!("{results} did not fit into this file. The report as JSON lists all.")));
    }
    let mut room = MAX_LISTED;
    for (reason, gaps) in unexamined(report) {
        let level = match (reason.failed(), reason.undecided()) {
            (true, _) => "error",
            (false, true) => "warning",
            (false, false) => "note",
        };
        for gap in gaps.iter().take(room) {
            let words = text(&format!("{}: {}: {}", gap.name, reason.words(), gap.detail));
            let mut notification = notification(0, level, &words);
            let place = PhysicalLocation::builder().artifact_location(location(&gap.name.path)).build();
            notification.locations = Some(vec![Location::builder().physical_location(place).build()]);
            list.push(notification);
        }
        if gaps.len() > room {
            let words = format!("{} more: {}.", gaps.len() - room, reason.words());
            list.push(notification(0, level, &words));
        }
        room = room.saturating_sub(gaps.len());
    }
    for (rule, count) in report.excluded.iter().take(MAX_LISTED) {
        let words = text(&format!("{} left out by {rule}", number(*count, "file", "files")));
        list.push(notification(1, "note", &words));
    }
    if report.excluded.len() > MAX_LISTED {
        let words = format!("{} more rules left files out.", report.excluded.len() - MAX_LISTED);
        list.push(notification(1, "note", &words));
    }
    list
}
