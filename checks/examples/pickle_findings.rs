//! Prints what every check finds in pickles, for corpora that are too large to be cases.
//!
//! Standard input: files, each behind its length as four little-endian bytes. Standard output: one JSON line a file,
//! a list of `[check, severity, detail]`; gaps are `["gap", "none", detail]`. A file is read as a loader of pickles
//! would read it.

use std::io::{self, BufWriter, Read as _, Write as _};

use sluicegate_checks::{Content, Cx, Name, Role, Settings, Sink, Window, all, examine};

fn main() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = BufWriter::new(io::stdout().lock());
    let settings = Settings::default();
    let mut length = [0; 4];
    while input.read_exact(&mut length).is_ok() {
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut bytes)?;
        let cx = Cx::new(&settings);
        let mut found = Vec::new();
        examine(Content::Window(Window::file(&bytes)), &Name::new("model.pkl"), Role::Pickle, &cx, &mut |subject| {
            found.extend(subject.gaps.iter().map(|gap| ["gap".to_owned(), "none".to_owned(), gap.detail.clone()]));
            for check in all() {
                let mut sink = Sink::new(check, &subject.name);
                for form in &subject.forms {
                    check.run.on(form, &cx, &mut sink);
                }
                let severity = format!("{:?}", check.severity).to_lowercase();
                found.extend(
                    sink.into_findings()
                        .into_iter()
                        .map(|finding| [check.id.to_owned(), severity.clone(), finding.detail.clone()]),
                );
            }
        });
        writeln!(output, "{}", serde_json::json!(found))?;
        output.flush()?;
    }
    Ok(())
}
