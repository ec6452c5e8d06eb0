//! What was not examined or not listed, so that a degraded run does not look like a clean one.

use serde_json::json;
use serde_sarif::sarif::{
    Location, MultiformatMessageString, Notification, PhysicalLocation, ReportingDescriptor, ReportingDescriptorReference,
};

use super::super::listing::unexamined;
use super::super::summary::number;
use super::super::{Report, sanitise};
use super::{location, message, text};

/// Notifications listed one by one; the rest is counted for each reason.
const MAX_LISTED: usize = 100;
/// Characters of one: together they must leave room for the results.
const MAX_WORDS: usize = 300;

/// Kinds of notification, in the order of the driver's list: id, name, what it says, what to do.
const KINDS: [(&str, &str, &str, &str); 3] = [
    (
        "not-examined",
        "NotExamined",
        "Something was not, or not wholly, examined.",
        "No finding in such a file means nothing. Raise the limit that is named, make the file readable, or judge it by other means.",
    ),
    (
        "left-out",
        "LeftOut",
        "Files were left out by rule.",
        "Ignore files or the configuration exclude them. Scan without that rule if they matter.",
    ),
    (
        "not-listed",
        "NotListed",
        "Results were left out of this file.",
        "Code scanning takes a limited number of results. The report as JSON or text lists all.",
    ),
];

/// Places in [`KINDS`].
const NOT_EXAMINED: usize = 0;
const LEFT_OUT: usize = 1;
const NOT_LISTED: usize = 2;

/// The driver's list of notifications.
pub(super) fn descriptors() -> Vec<ReportingDescriptor> {
    KINDS
        .iter()
        .map(|(id, name, says, help)| {
            let words = |text: &str| MultiformatMessageString::builder().text(text).build();
            ReportingDescriptor::builder()
                .id(*id)
                .name(*name)
                .short_description(words(says))
                .full_description(words(says))
                .help(words(help))
                .build()
        })
        .collect()
}

/// One of [`KINDS`].
fn notification(kind: usize, level: &str, words: &str) -> Notification {
    let (id, ..) = KINDS.get(kind).copied().unwrap_or_default();
    let mut descriptor = ReportingDescriptorReference::builder().id(id).build();
    descriptor.index = i64::try_from(kind).ok();
    Notification::builder().descriptor(descriptor).level(json!(level)).message(message(words)).build()
}

/// Worst first; `omitted` results did not fit.
pub(super) fn notifications(report: &Report, omitted: u64) -> Vec<Notification> {
    let mut list = Vec::new();
    if omitted > 0 {
        let results = number(omitted, "more result", "more results");
        list.push(notification(
            NOT_LISTED,
            "warning",
            &format!("{results} did not fit into this file. The report as JSON lists all."),
        ));
    }
    let mut room = MAX_LISTED;
    for (reason, gaps) in unexamined(report) {
        let level = match (reason.failed(), reason.undecided()) {
            (true, _) => "error",
            (false, true) => "warning",
            (false, false) => "note",
        };
        for gap in gaps.iter().take(room) {
            let words = sanitise::cut(text(&format!("{}: {}: {}", gap.name, reason.words(), gap.detail)), MAX_WORDS);
            let mut notification = notification(NOT_EXAMINED, level, &words);
            let place = PhysicalLocation::builder().artifact_location(location(&gap.name.path)).build();
            notification.locations = Some(vec![Location::builder().physical_location(place).build()]);
            list.push(notification);
        }
        if gaps.len() > room {
            let words = format!("{} more: {}.", gaps.len() - room, reason.words());
            list.push(notification(NOT_EXAMINED, level, &words));
        }
        room = room.saturating_sub(gaps.len());
    }
    for (rule, count) in report.excluded.iter().take(MAX_LISTED) {
        let words = sanitise::cut(text(&format!("{} left out by {rule}", number(*count, "file", "files"))), MAX_WORDS);
        list.push(notification(LEFT_OUT, "note", &words));
    }
    if report.excluded.len() > MAX_LISTED {
        let words = format!("{} more rules left files out.", report.excluded.len() - MAX_LISTED);
        list.push(notification(LEFT_OUT, "note", &words));
    }
    list
}
