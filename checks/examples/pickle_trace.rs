//! Prints what the symbolic pickle machine sees, for comparison with a real unpickler.
//!
//! Standard input: pickles, each behind its length as four little-endian bytes. Standard output: one JSON line a
//! pickle with the names imported, the names called, and whether the stream breaks before its `STOP`.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::rc::Rc;

use sluicegate_checks::formats::pickle::observer::{Call, Import, Observer, Oddity, RawArray, Write};
use sluicegate_checks::formats::pickle::trace;
use sluicegate_checks::formats::pickle::value::{Global, Standing, Value};
use sluicegate_checks::{Budget, Content, Window};

#[derive(Default)]
struct Trace {
    imports: BTreeSet<String>,
    calls: BTreeSet<String>,
}

impl Observer for Trace {
    fn import(&mut self, import: &Import) -> Value {
        let path = match (import.name, import.extension) {
            (Some((module, name)), _) => format!("{module}.{name}"),
            (None, Some(code)) => format!("extension.{code}"),
            (None, None) => "?".to_owned(),
        };
        self.imports.insert(path.clone());
        Value::Global(Rc::new(Global { path: path.into(), at: import.at, standing: Standing::Unknown }))
    }

    fn call(&mut self, call: &Call) -> Value {
        let path = match call.callee {
            Value::Global(global) => global.path.to_string(),
            Value::Object(object) => object.of.to_string(),
            _ => "?".to_owned(),
        };
        self.calls.insert(path.clone());
        Value::object(path.into(), call.at)
    }

    fn write(&mut self, write: &Write) {
        match write.target {
            Value::Global(global) => _ = self.calls.insert(global.path.to_string()),
            Value::Object(object) => _ = self.calls.insert(object.of.to_string()),
            Value::Persistent(_) | Value::Unknown => _ = self.calls.insert("?".to_owned()),
            _ => {}
        }
    }

    fn raw_array(&mut self) -> Option<RawArray> {
        None
    }

    fn persistent(&mut self, _: u64, _: &Value) {}

    fn oddity(&mut self, _: u64, _: Oddity) {}

    fn opcode(&mut self, _: u64, _: u8) {}
}

fn main() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = BufWriter::new(io::stdout().lock());
    let mut length = [0; 4];
    while input.read_exact(&mut length).is_ok() {
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut bytes)?;
        let mut seen = Trace::default();
        let broken = trace(Content::Window(Window::file(&bytes)), &mut seen, &Budget::new(1 << 32)).is_err();
        let line = serde_json::json!({ "imports": seen.imports, "calls": seen.calls, "broken": broken });
        writeln!(output, "{line}")?;
        output.flush()?;
    }
    Ok(())
}
