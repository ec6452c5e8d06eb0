//! SARIF 2.1.0 as GitHub's and GitLab's code scanning read it: one run, one driver, a category that never changes.
//!
//! Where the two differ, the stricter rule is kept: GitHub looks at the first location, needs lines and columns even
//! for binaries, keeps severity on the rule and ignores suppressions; GitLab takes `rule, file, line` for identity,
//! reads `rank`, and drops a result with a string that is too long. Both take at most 5,000 results.

mod notifications;
mod results;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Message, PropertyBag, Run, RunAutomationDetails, Sarif, Tool, ToolComponent,
};

use super::{Printing, Report, sanitise, summary, uri};
use crate::outcome::Outcome;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Base of all relative references: the root of the checkout.
const ROOT: &str = "%SRCROOT%";
/// Category where none is given.
const CATEGORY: &str = "sluicegate";
/// GitLab drops a result that holds a longer string.
const MAX_TEXT: usize = 1_000;
/// Verdicts of the restricted loader that are listed; the rest is counted.
const MAX_VERDICTS: usize = 1_000;
/// Bytes after which no further verdict is listed.
const MAX_VERDICT_BYTES: usize = 500_000;
const MAX_SAFE_GLOBALS: usize = 50;

pub(super) fn print(report: &Report, printing: &Printing, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string(&log(report, printing))?;
    writeln!(out, "{}", sanitise::json(&text))
}

fn log(report: &Report, printing: &Printing) -> Sarif {
    let rules = rules::Rules::of(report);
    let (results, omitted) = results::results(report, &rules, printing.sarif_for_github);
    let mut driver = ToolComponent::builder()
        .name("Sluicegate")
        .version(report.version.clone())
        .semantic_version(report.version.clone())
        .rules(rules.descriptors())
        .notifications(notifications::descriptors())
        .build();
    // The package's home, once it has one: a place that does not exist is not named.
    driver.information_uri = option_env!("CARGO_PKG_REPOSITORY").filter(|uri| !uri.is_empty()).map(str::to_owned);
    let outcome = Outcome::of(report);
    let invocation = Invocation::builder()
        .execution_successful(!report.gaps().any(|(_, _, gap)| gap.why.undecided()))
        .exit_code(i64::from(outcome.code()))
        .exit_code_description(summary::verdict(report).0)
        .tool_execution_notifications(notifications::notifications(report, omitted))
        .build();
    let root = ArtifactLocation::builder().description(message("The root of the checkout.")).build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .automation_details(RunAutomationDetails::builder().id(category(&printing.category)).build())
        .original_uri_base_ids(BTreeMap::from([(ROOT.to_owned(), root)]))
        .invocations(vec![invocation])
        .results(results)
        .properties(properties(report))
        .build();
    Sarif::builder().schema(SCHEMA).version(json!("2.1.0")).runs(vec![run]).build()
}

/// `category/`: what stands before the last slash is the category, and nothing of a single run may be in it, or
/// alerts would never close.
fn category(category: &str) -> String {
    let category = category.trim_matches(|char: char| char == '/' || char.is_whitespace());
    format!("{}/", if category.is_empty() { CATEGORY.to_owned() } else { sanitise::short(category, 200) })
}

/// What has no place elsewhere: totals, and how each pickle would load with `weights_only=True`.
fn properties(report: &Report) -> PropertyBag {
    use sluicegate_checks::model::WeightsOnly;

    let mut verdicts = Vec::new();
    let (mut more, mut bytes) = (0_u64, 0);
    for subject in &report.subjects {
        let Some(verdict) = &subject.weights_only else { continue };
        if verdicts.len() >= MAX_VERDICTS || bytes > MAX_VERDICT_BYTES {
            more += 1;
            continue;
        }
        let mut value = json!({ "path": text(&subject.name.path) });
        if !subject.name.members.is_empty() {
            value["member"] = text(&subject.name.members.join("!")).into();
        }
        match verdict {
            WeightsOnly::Yes => value["loads"] = "yes".into(),
            WeightsOnly::Needs { safe_globals } => {
                value["loads"] = "needs".into();
                value["safeGlobals"] = safe_globals.iter().take(MAX_SAFE_GLOBALS).map(|name| text(name)).collect();
                if safe_globals.len() > MAX_SAFE_GLOBALS {
                    value["moreSafeGlobals"] = (safe_globals.len() - MAX_SAFE_GLOBALS).into();
                }
            }
            WeightsOnly::No { because } => {
                value["loads"] = "no".into();
                value["because"] = text(because).into();
            }
        }
        bytes += sanitise::json(&value.to_string()).len();
        verdicts.push(value);
    }
    let mut list =
        vec![("totals", serde_json::to_value(report.totals()).unwrap_or_default()), ("weightsOnly", Value::from(verdicts))];
    if more > 0 {
        list.push(("moreWeightsOnly", more.into()));
    }
    bag(Vec::new(), list)
}

fn message(text: &str) -> Message {
    Message::builder().text(text).build()
}

/// Scanned content as SARIF text: safe to show, not too long, and without what a viewer would take for a link.
fn text(content: &str) -> String {
    // `[words](target)` is a link in SARIF's plain text.
    sanitise::cut(sanitise::short(content, MAX_TEXT).replace("](", "] ("), MAX_TEXT)
}

fn location(path: &str) -> ArtifactLocation {
    ArtifactLocation::builder().uri(uri::relative(path)).uri_base_id(ROOT).build()
}

fn bag(tags: Vec<String>, properties: Vec<(&str, Value)>) -> PropertyBag {
    let properties: BTreeMap<String, Value> = properties.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let mut bag = PropertyBag::builder().additional_properties(properties).build();
    bag.tags = Some(tags).filter(|tags| !tags.is_empty());
    bag
}
