//! Prints what the symbolic pickle machine sees, for comparison with a real unpickler.
//!
//! Standard input: pickles, each behind its length as four little-endian bytes. Standard output: one JSON line a
//! pickle with the names imported, called and written into (`?` for what only the loader can know), the oddities,
//! the offsets of the opcodes executed, and why the stream breaks before its `STOP`, if it does.
//!
//! With `--silent` nothing is kept and nothing but a count is printed, for measuring the machine's speed.

use std::collections::BTreeSet;
use std::io::{self, BufReader, BufWriter, Read, Write as _};
use std::rc::Rc;

use sluicegate_checks::formats::pickle::observer::{Call, Import, Observer, Oddity, RawArray, Write};
use sluicegate_checks::formats::pickle::trace;
use sluicegate_checks::formats::pickle::value::{Global, Standing, Value};
use sluicegate_checks::{Budget, Content, Window};

/// Enough for any pickle that fits into memory.
const BUDGET: u64 = 1 << 40;

#[derive(Default)]
struct Trace {
    imports: BTreeSet<String>,
    calls: BTreeSet<String>,
    writes: BTreeSet<String>,
    oddities: BTreeSet<&'static str>,
    opcodes: Vec<u64>,
}

/// The name by which a value can be called or written into.
fn name_of(value: &Value) -> Rc<str> {
    match value {
        Value::Global(global) => global.path.clone(),
        Value::Object(object) => object.of.clone(),
        _ => "?".into(),
    }
}

impl Observer for Trace {
    fn import(&mut self, import: &Import) -> Value {
        let path = match (import.name, import.extension) {
            (Some((module, name)), _) => format!("{module}.{name}"),
            (None, Some(code)) => format!("extension.{code}"),
            (None, None) => "?".to_owned(),
        };
        self.imports.insert(path.clone());
        Value::Global(Rc::new(Global { path: path.into(), at: import.at, standing: Standing::Unknown, power: false }))
    }

    fn call(&mut self, call: &Call) -> Value {
        let path = name_of(call.callee);
        self.calls.insert(path.to_string());
        Value::object(path, call.at)
    }

    fn write(&mut self, write: &Write) {
        self.writes.insert(name_of(write.target).to_string());
    }

    fn raw_array(&mut self) -> Option<RawArray> {
        None
    }

    fn persistent(&mut self, _: u64, _: &Value) -> Option<Value> {
        None
    }

    fn oddity(&mut self, _: u64, what: Oddity) {
        self.oddities.insert(what.id());
    }

    fn opcode(&mut self, at: u64, _: u8) {
        self.opcodes.push(at);
    }
}

/// Counts opcodes.
#[derive(Default)]
struct Silent(u64);

impl Observer for Silent {
    fn import(&mut self, _: &Import) -> Value {
        Value::Unknown
    }

    fn call(&mut self, _: &Call) -> Value {
        Value::Unknown
    }

    fn write(&mut self, _: &Write) {}

    fn raw_array(&mut self) -> Option<RawArray> {
        None
    }

    fn persistent(&mut self, _: u64, _: &Value) -> Option<Value> {
        None
    }

    fn oddity(&mut self, _: u64, _: Oddity) {}

    fn opcode(&mut self, _: u64, _: u8) {
        self.0 += 1;
    }
}

fn main() -> io::Result<()> {
    let silent = std::env::args().any(|argument| argument == "--silent");
    let mut input = BufReader::new(io::stdin().lock());
    let mut output = BufWriter::new(io::stdout().lock());
    let mut length = [0; 4];
    while input.read_exact(&mut length).is_ok() {
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut bytes)?;
        let content = Content::Window(Window::file(&bytes));
        if silent {
            let mut seen = Silent::default();
            let ended = trace(content, &mut seen, &Budget::new(BUDGET));
            writeln!(output, "{} opcodes, {ended:?}", seen.0)?;
            continue;
        }
        let mut seen = Trace::default();
        let broken = trace(content, &mut seen, &Budget::new(BUDGET)).err();
        let line = serde_json::json!({
            "imports": seen.imports, "calls": seen.calls, "writes": seen.writes,
            "oddities": seen.oddities, "opcodes": seen.opcodes, "broken": broken,
        });
        writeln!(output, "{line}")?;
    }
    output.flush()
}
