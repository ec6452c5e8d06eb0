//! Results: one for each rule and file of a binary, one for each rule and line of a text.
//!
//! GitLab knows a result by rule, file and lines. All places in a binary are line 1 there, so that two results of one
//! rule in one binary would silently become one: they are joined here, and the result lists every place.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use serde_sarif::sarif::{Location, LogicalLocation, PhysicalLocation, Region, Result as SarifResult, Suppression};
use sluicegate_checks::{Confidence, Finding, Name, Place, Severity};

use super::super::fingerprint::{Fingerprint, Ordinals};
use super::super::listing::{Listed, listed, place, step};
use super::super::{Report, WaiverRecord, sanitise};
use super::rules::{Rules, level};
use super::{MAX_TEXT, bag, location, message, text};

/// What both platforms keep.
const MAX_RESULTS: usize = 5_000;
/// GitLab refuses a file above 10 MB; the rest is for rules, notifications and properties.
const MAX_BYTES: usize = 7_000_000;
/// Findings of one result that its properties list; the message counts the rest.
const MAX_OCCURRENCES: usize = 100;
const MAX_RELATED: usize = 20;
const MAX_STEPS: usize = 20;
/// Characters of the first sentence, which leaves room for the places.
const MAX_SENTENCE: usize = 600;
/// Characters of one piece of scanned content in the lists.
const MAX_DETAIL: usize = 200;

/// Findings that one result joins.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    severity: Reverse<Severity>,
    path: &'a str,
    rule: &'a str,
    /// The line, in a text.
    line: Option<u64>,
    waived: bool,
}

/// The line of a finding in a file that is itself a text; a text inside a container has no lines that a viewer of the file knows.
fn line(it: &Finding) -> Option<u64> {
    match it.place {
        Place::Line { line, .. } if it.subject.members.is_empty() => Some(line),
        _ => None,
    }
}

/// All results, worst first, and how many did not fit.
pub(super) fn results(report: &Report, rules: &Rules<'_>, for_github: bool) -> (Vec<SarifResult>, u64) {
    let mut joined: BTreeMap<Key<'_>, Vec<Listed<'_>>> = BTreeMap::new();
    for it in listed(report) {
        let key = Key {
            severity: Reverse(it.finding.severity),
            path: &it.finding.subject.path,
            rule: &it.finding.check,
            line: line(it.finding),
            waived: it.waived,
        };
        joined.entry(key).or_default().push(it);
    }
    let indices = rules.indices();
    let mut ordinals = Ordinals::default();
    let (mut results, mut omitted, mut bytes) = (Vec::new(), 0, 0);
    for (key, findings) in &joined {
        let fingerprint = Fingerprint::of(key.rule, key.path, findings.iter().map(|it| it.finding));
        // Counted before waived results are left out, so that the others keep their fingerprints when a waiver ends.
        let ordinal = ordinals.next(fingerprint);
        if key.waived && for_github {
            continue;
        }
        let result = result(key, findings, indices.get(key.rule).copied(), fingerprint, ordinal);
        let size = serde_json::to_string(&result).map_or(0, |text| sanitise::json(&text).len());
        // Once one does not fit none does: nothing lesser takes the place of something worse.
        if omitted > 0 || results.len() >= MAX_RESULTS || bytes + size > MAX_BYTES {
            omitted += 1;
            continue;
        }
        bytes += size;
        results.push(result);
    }
    (results, omitted)
}

fn result(key: &Key<'_>, findings: &[Listed<'_>], index: Option<i64>, fingerprint: Fingerprint, ordinal: u64) -> SarifResult {
    let Reverse(severity) = key.severity;
    let all: Vec<&Finding> = findings.iter().map(|it| it.finding).collect();
    let count = all.iter().fold(0_u64, |sum, it| sum.saturating_add(it.count.max(1)));
    let confidence = all.iter().map(|it| it.confidence).max().unwrap_or(Confidence::High);
    // GitHub's own hash of a line needs the file, which a printer does not have; what GitHub asks of the value is that it
    // is the same in the next run, and rule, path and details are. For a binary, lines mean nothing anyway.
    let fingerprints = BTreeMap::from([
        ("primaryLocationLineHash".to_owned(), format!("{}:{ordinal}", fingerprint.short())),
        ("sluicegate/v1".to_owned(), format!("{}:{ordinal}", fingerprint.long())),
    ]);
    let mut properties = vec![
        ("confidence", json!(confidence)),
        ("occurrences", all.iter().take(MAX_OCCURRENCES).map(|it| occurrence(it)).collect()),
    ];
    if all.len() > MAX_OCCURRENCES {
        properties.push(("moreOccurrences", (all.len() - MAX_OCCURRENCES).into()));
    }
    let mut result = SarifResult::builder()
        .rule_id(key.rule)
        .level(level(severity))
        .rank(rank(severity, confidence))
        .message(message(&words(&all, key.line.is_some())))
        .locations(vec![primary(key, &all)])
        .partial_fingerprints(fingerprints)
        .occurrence_count(signed(count.max(1)))
        .properties(bag(Vec::new(), properties))
        .build();
    result.rule_index = index;
    let related = related(key, &all);
    result.related_locations = Some(related).filter(|list| !list.is_empty());
    if key.waived {
        result.suppressions = Some(suppressions(findings));
    }
    result
}

/// GitLab's first source of severity, with the confidence inside the band of the severity.
fn rank(severity: Severity, confidence: Confidence) -> f64 {
    let base = match severity {
        Severity::Critical => 95.0,
        Severity::High => 80.0,
        Severity::Medium => 55.0,
        Severity::Low => 20.0,
    };
    match confidence {
        Confidence::High => base,
        Confidence::Medium => base - 2.0,
        Confidence::Low => base - 4.0,
    }
}

/// The finding in one sentence, then its places and what else the result joins.
fn words(all: &[&Finding], is_text: bool) -> String {
    let Some((first, rest)) = all.split_first() else { return String::new() };
    let mut words = sentence(&first.message);
    let told = |it: &Finding| {
        let place = if is_text { String::new() } else { place(it) };
        let member = short(&it.subject.members.join("!"));
        match (place.is_empty(), member.is_empty()) {
            (true, true) => String::new(),
            (false, true) => place,
            (true, false) => format!("in {member}"),
            (false, false) => format!("{place} of {member}"),
        }
    };
    let place = told(first);
    if !place.is_empty() {
        words.push_str(&format!(" Where: {place}."));
    }
    for (index, it) in rest.iter().enumerate() {
        let place = told(it);
        let also = format!(" Also: {}{}.", short(&it.detail), if place.is_empty() { place } else { format!(" ({place})") });
        // Room for the count of those that do not fit.
        if words.chars().count() + also.chars().count() > MAX_TEXT - 20 {
            words.push_str(&format!(" {} more.", rest.len() - index));
            break;
        }
        words.push_str(&also);
    }
    sanitise::cut(words, MAX_TEXT)
}

fn sentence(content: &str) -> String {
    let mut sentence = sanitise::cut(text(content), MAX_SENTENCE);
    if !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    sentence
}

/// The one location that GitHub looks at.
fn primary(key: &Key<'_>, all: &[&Finding]) -> Location {
    let mut region = whole();
    match (key.line, all.first().map(|it| &it.place)) {
        (Some(line), Some(Place::Line { column, .. })) => {
            let (line, column) = (signed(line.max(1)), signed((*column).clamp(1, i64::MAX as u64 - 1)));
            region.start_line = Some(line);
            region.end_line = Some(line);
            region.start_column = Some(column);
            region.end_column = Some(column + 1);
        }
        // Bytes of the file; of a member that is stored compressed there are none.
        _ => add_bytes(&mut region, all.iter().find(|it| in_file(it).is_some()).copied()),
    }
    let place = PhysicalLocation::builder().artifact_location(location(key.path)).region(region).build();
    let mut location = Location::builder().physical_location(place).build();
    let names: BTreeSet<&Name> = all.iter().map(|it| &it.subject).collect();
    let members: Vec<_> = names.into_iter().filter_map(member).take(MAX_OCCURRENCES).collect();
    location.logical_locations = Some(members).filter(|list| !list.is_empty());
    location
}

/// GitHub takes no location without lines and columns; for what has no lines they say "the file".
fn whole() -> Region {
    Region::builder().start_line(1_i64).start_column(1_i64).end_line(1_i64).end_column(1_i64).build()
}

fn in_file(it: &Finding) -> Option<(u64, u64)> {
    match it.place {
        Place::Bytes { length, in_file: Some(at), .. } => Some((at, length)),
        _ => None,
    }
}

fn add_bytes(region: &mut Region, it: Option<&Finding>) {
    if let Some((at, length)) = it.and_then(in_file) {
        region.byte_offset = Some(signed(at));
        region.byte_length = Some(signed(length));
    }
}

fn member(name: &Name) -> Option<LogicalLocation> {
    let last = name.members.last()?;
    let full = text(&name.members.join("!"));
    Some(LogicalLocation::builder().name(text(last)).fully_qualified_name(full).kind("member").build())
}

/// The other places of a binary, for viewers that show them.
fn related(key: &Key<'_>, all: &[&Finding]) -> Vec<Location> {
    if key.line.is_some() {
        return Vec::new();
    }
    let rest = all.iter().skip(1).filter(|it| it.place != Place::Whole || !it.subject.members.is_empty());
    rest.zip(1_i64..)
        .take(MAX_RELATED)
        .map(|(it, id)| {
            let mut region = whole();
            add_bytes(&mut region, Some(it));
            let place = PhysicalLocation::builder().artifact_location(location(key.path)).region(region).build();
            let words = sentence(&it.message);
            let mut location = Location::builder().id(id).physical_location(place).message(message(&words)).build();
            location.logical_locations = member(&it.subject).map(|member| vec![member]);
            location
        })
        .collect()
}

/// One finding for a program.
fn occurrence(it: &Finding) -> Value {
    let mut value = json!({ "detail": short(&it.detail), "count": it.count, "confidence": it.confidence });
    if !it.subject.members.is_empty() {
        value["member"] = short(&it.subject.members.join("!")).into();
    }
    match it.place {
        Place::Whole => {}
        Place::Bytes { offset, length, in_file } => {
            value["byteOffset"] = offset.into();
            value["byteLength"] = length.into();
            if let Some(at) = in_file {
                value["byteOffsetInFile"] = at.into();
            }
        }
        Place::Line { line, column } => {
            value["line"] = line.into();
            value["column"] = column.into();
        }
    }
    if !it.more_offsets.is_empty() {
        value["moreByteOffsets"] = it.more_offsets.clone().into();
    }
    if !it.trail.is_empty() {
        value["trail"] = it.trail.iter().take(MAX_STEPS).map(|it| short(&step(it))).collect();
    }
    value
}

/// GitLab skips a suppressed result; GitHub does not know suppressions.
fn suppressions(findings: &[Listed<'_>]) -> Vec<Suppression> {
    let words = |waiver: Option<&WaiverRecord>| match waiver {
        None => "Waived.".to_owned(),
        Some(it) => text(&format!("{} (owner: {}, until {}, {}:{})", it.reason, it.owner, it.until, it.file, it.line)),
    };
    let justifications: BTreeSet<String> = findings.iter().map(|it| words(it.waiver)).collect();
    justifications
        .into_iter()
        .map(|it| Suppression::builder().kind(json!("external")).status(json!("accepted")).justification(it).build())
        .collect()
}

fn short(content: &str) -> String {
    sanitise::cut(text(content), MAX_DETAIL)
}

/// SARIF's integers are signed.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
