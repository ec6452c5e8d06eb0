//! The code part of a TorchScript archive: text that the TorchScript interpreter runs.
//!
//! The importer (`torch/csrc/jit/serialization/import_source.cpp`) resolves `torch.x` to `aten::x`, `ops.n.x` to `n::x`
//! and `__torch__.torch.classes.n.X` to a C++ class; `x.f()` on any value falls back to `aten::f`; a module can be given
//! another name, and `getattr` with a literal is attribute access. Each of these spellings is followed here.

mod tokens;

use std::collections::BTreeMap;
use std::io::Read as _;

use crate::{Content, Cx, Gap, ReadError, Why};
use tokens::{Token, Tokens};

/// One source file under `code/` of a TorchScript archive.
#[derive(Clone, Debug, Default)]
pub struct TorchScript {
    /// Lines that name an operator with effects outside of the program, one-based, with the operator.
    pub effects: Vec<(u64, String)>,
}

/// Longest text that is read; generated code of large models has a few mebibytes.
const TEXT: u64 = 64 << 20;
/// Effects that are listed; one is enough to look at the file.
const LISTED: usize = 100;
/// Parts of a dotted name, and names given to modules, that are kept; honest code needs four, and none.
const PARTS: usize = 16;
const ALIASES: usize = 256;

const OPERATORS: &str = include_str!("operators.txt");

/// Rows of the table, as dotted names.
fn operators() -> impl Iterator<Item = &'static str> {
    OPERATORS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(" | ").next())
}

/// Reads one source file; what a limit or a read error cut off is a gap, and what stands before it is read.
pub(crate) fn read(content: Content<'_>, cx: &Cx<'_>) -> (TorchScript, Option<Gap>) {
    let mut bytes = Vec::new();
    let (read, more) = match content {
        Content::Window(window) => {
            let kept = window.bytes(0, usize::try_from(TEXT).unwrap_or(usize::MAX));
            (kept.map(|kept| bytes = kept), window.size() > TEXT)
        }
        Content::Stream(stream) => {
            let read = stream.take(TEXT + 1).read_to_end(&mut bytes);
            let at = bytes.len() as u64;
            (read.map(|_| ()).map_err(|error| ReadError { at, why: error.to_string() }), at > TEXT)
        }
    };
    let over = |detail: &str| Some(Gap { why: Why::OverLimit, detail: detail.to_owned() });
    if cx.budget.spend(bytes.len() as u64 / 8).is_err() {
        return (TorchScript::default(), over("TorchScript code: limit on the work for one file"));
    }
    let script = scan(&String::from_utf8_lossy(&bytes));
    let gap = match read {
        Err(error) => Some(Gap { why: Why::Unreadable, detail: error.to_string() }),
        Ok(()) if more => over("TorchScript code longer than 64 MiB, read up to there"),
        Ok(()) => None,
    };
    (script, gap)
}

/// Finds the operators that this text names.
fn scan(text: &str) -> TorchScript {
    let mut scanner = Scanner::default();
    for (line, token) in Tokens::new(text) {
        scanner.step(line, token);
    }
    scanner.end_of_name(None);
    TorchScript { effects: scanner.effects }
}

/// What is known at one word.
#[derive(Default)]
struct Scanner<'a> {
    /// The dotted name that is being read; an empty first part is a value of unknown origin.
    name: Vec<&'a str>,
    line: u64,
    /// What stood before the name.
    before: Option<Token<'a>>,
    /// The dotted name that parentheses closed around.
    group: Option<Vec<&'a str>>,
    /// What `=` gives a name to.
    target: Option<&'a str>,
    /// `getattr(` was read, and this dotted name behind it.
    getattr: Option<Vec<&'a str>>,
    last: Option<Token<'a>>,
    /// Other names of `torch`, `ops` and what is in them.
    aliases: BTreeMap<&'a str, Vec<&'a str>>,
    effects: Vec<(u64, String)>,
}

impl<'a> Scanner<'a> {
    fn step(&mut self, line: u64, token: Token<'a>) {
        let after_dot = self.last == Some(Token::Mark(b'.'));
        match token {
            Token::Name(name) if after_dot => {
                if self.name.is_empty() {
                    self.name = self.group.take().unwrap_or_else(|| vec![""]);
                    self.line = line;
                    self.before = None;
                }
                if self.name.len() < PARTS {
                    self.name.push(name);
                }
            }
            Token::Name(name) => {
                self.end_of_name(Some(token));
                self.name = vec![name];
                self.line = line;
                self.before = self.last;
            }
            // A dot goes on, whatever lies between; so does a line end in front of one.
            Token::Mark(b'.') => {}
            Token::LineEnd if after_dot => return,
            _ => self.end_of_name(Some(token)),
        }
        if token != Token::Mark(b'.') && !matches!(token, Token::Mark(b')' | b'(') | Token::LineEnd) {
            self.group = None;
        }
        self.last = Some(token);
    }

    /// The name is complete: what it is, and what the next word makes of it.
    fn end_of_name(&mut self, next: Option<Token<'a>>) {
        let name = std::mem::take(&mut self.name);
        if let (Some(object), Some(Token::Text(attribute))) = (&self.getattr, next) {
            let whole: Vec<_> = object.iter().copied().chain([attribute]).collect();
            self.judge(&whole, true);
            self.getattr = None;
        }
        if name.is_empty() {
            return;
        }
        let name = self.resolved(name);
        let called = next == Some(Token::Mark(b'('));
        self.judge(&name, called);
        match next {
            Some(Token::Mark(b'(')) if name == ["getattr"] => self.getattr = Some(vec![""]),
            Some(Token::Mark(b')')) if self.before == Some(Token::Mark(b'(')) => self.group = Some(name.clone()),
            Some(Token::Mark(b'=')) => self.target = name.first().copied().filter(|_| name.len() == 1),
            _ => {}
        }
        if self.getattr.is_some() && next == Some(Token::Mark(b',')) {
            self.getattr = Some(name.clone());
        }
        let ends = matches!(next, None | Some(Token::LineEnd | Token::Mark(b';')));
        if let (true, Some(Token::Mark(b'=')), Some(target)) = (ends, self.before, self.target)
            && is_root(name.first().copied())
            && self.aliases.len() < ALIASES
        {
            self.aliases.insert(target, name);
        }
    }

    /// The name with its first part replaced by what it was set to.
    fn resolved(&self, name: Vec<&'a str>) -> Vec<&'a str> {
        let alias = name.first().and_then(|first| self.aliases.get(first));
        match alias {
            Some(alias) => alias.iter().copied().chain(name.into_iter().skip(1)).collect(),
            None => name,
        }
    }

    fn judge(&mut self, name: &[&str], called: bool) {
        let [root, rest @ ..] = name else { return };
        // Of an unknown value only a call is an operator; an attribute may be called like one.
        if rest.is_empty() || !(called || is_root(Some(root))) || self.effects.len() >= LISTED {
            return;
        }
        let Some(last) = rest.last() else { return };
        let found = operators().find(|row| {
            let mut parts = row.rsplit('.');
            parts.next() == Some(*last) && agrees(root, rest, parts.next(), row.starts_with("classes."))
        });
        if let Some(row) = found {
            self.effects.push((self.line, row.replace('.', "::")));
        }
    }
}

/// Whether a name under this root can be one in this namespace.
fn agrees(root: &str, rest: &[&str], namespace: Option<&str>, class: bool) -> bool {
    let before = rest.iter().rev().nth(1).copied();
    match root {
        _ if class => before == namespace,
        "torch" => namespace == Some("aten"),
        "ops" => before.is_none() || before == namespace,
        // A class or function of the archive itself.
        "__torch__" => false,
        // A value: its method is an operator of aten; a namespace under another name is one of the others.
        _ => true,
    }
}

fn is_root(name: Option<&str>) -> bool {
    matches!(name, Some("torch" | "ops" | "__torch__"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(u64, String)> {
        scan(text).effects
    }

    #[test]
    fn every_spelling_of_a_call_is_seen() {
        for (text, operator) in [
            ("x = torch.from_file(\"f\", False, 4)", "aten::from_file"),
            ("torch.save(x, \"f\")", "aten::save"),
            ("ops.aten.save(x, \"f\")", "aten::save"),
            ("ops.image.read_file(\"f\")", "image::read_file"),
            ("torch . \\\n from_file(\"f\")", "aten::from_file"),
            ("(torch).from_file(\"f\")", "aten::from_file"),
            ("((ops).image).read_file(\"f\")", "image::read_file"),
            ("y = (x +\n torch.\n  from_file(\"f\"))", "aten::from_file"),
            ("t = torch\nt.save(x, \"f\")", "aten::save"),
            ("i = ops.image\nf = i.write_file\nf(x, \"f\")", "image::write_file"),
            ("f = torch.from_file\nf(\"f\")", "aten::from_file"),
            ("x.save(\"f\")", "aten::save"),
            ("(self.weight).save(\"f\")", "aten::save"),
            ("\"f\".from_file(False, 4)", "aten::from_file"),
            ("getattr(torch, \"from_file\")(\"f\")", "aten::from_file"),
            ("getattr(ops.image, 'read_file')(\"f\")", "image::read_file"),
            ("s = __torch__.torch.classes.dist_c10d.FileStore(\"f\", 1)", "classes::dist_c10d::FileStore"),
        ] {
            let effects = found(text);
            assert!(effects.iter().any(|(_, name)| name == operator), "{text}: {effects:?}");
        }
    }

    #[test]
    fn naming_one_is_not_using_it() {
        for text in [
            "# torch.from_file(x)",
            "x = \"torch.from_file(x)\"",
            "'''\ntorch.save(x, f)\n'''",
            "if self.save:\n  y = torch.add(x, x)",
            "def save(self, x):\n  pass",
            "x = torch.load_factor",
            "save(x)",
            "y = getattr(self, \"weight\")",
            "z = __torch__.model.save(x)",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn the_line_is_the_line_of_the_name() {
        assert_eq!(found("a = 1\n\nb = torch.from_file(\"f\")\n"), [(3, "aten::from_file".to_owned())]);
    }

    #[test]
    fn the_table_is_whole() {
        for line in OPERATORS.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<_> = line.split(" | ").collect();
            assert!(
                matches!(fields[..], [name, what, source] if name.contains('.') && !what.is_empty() && source.contains('/')),
                "{line}"
            );
        }
    }
}
