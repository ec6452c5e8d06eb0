//! The header of a NumPy array file: whether its body is a pickle (`numpy/lib/format.py`, "Format Version 1.0" to 3.0).

use std::io::Read;

use crate::{Gap, ReadError, Why};

const MAGIC: &[u8] = b"\x93NUMPY";
/// numpy itself refuses headers above 10,000 bytes unless it may unpickle; real ones have 64 to a few thousand.
const LONGEST: usize = 1 << 20;
/// Lists and tuples inside each other.
const DEPTH: u32 = 32;

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The body is a pickle: the dtype holds objects.
    pub(crate) objects: bool,
    /// Bytes of the body, if the dtype tells the size of an element.
    pub(crate) size: Option<u64>,
    /// Where the body begins.
    pub(crate) body: u64,
}

/// Where the body begins, by the length before the header, whatever the header says.
pub(crate) fn body(head: &[u8]) -> Option<u64> {
    match head.strip_prefix(MAGIC)? {
        [1, _, a, b, ..] => Some(10 + u64::from(u16::from_le_bytes([*a, *b]))),
        [2 | 3, _, a, b, c, d, ..] => Some(12 + u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
        _ => None,
    }
}

/// Reads a header off the front. An error from here is what a reader of the format would stop at too.
pub(crate) fn header(bytes: &mut impl Read) -> Result<Header, Gap> {
    let mut start = [0; 8];
    exactly(bytes, &mut start)?;
    let [m0, m1, m2, m3, m4, m5, major, _] = start;
    if [m0, m1, m2, m3, m4, m5] != *MAGIC {
        return unreadable("no NumPy array");
    }
    let (length, prefix) = match major {
        1 => {
            let mut length = [0; 2];
            exactly(bytes, &mut length)?;
            (usize::from(u16::from_le_bytes(length)), 10)
        }
        2 | 3 => {
            let mut length = [0; 4];
            exactly(bytes, &mut length)?;
            (usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX), 12)
        }
        _ => return unreadable("a version of the NumPy format that does not exist"),
    };
    if length > LONGEST {
        return Err(Gap { why: Why::OverLimit, detail: format!("a NumPy header of {length} bytes") });
    }
    let mut text = vec![0; length];
    exactly(bytes, &mut text)?;
    let body = prefix + length as u64;
    match parse(&text) {
        Some((objects, size)) => Ok(Header { objects, size, body }),
        None => unreadable("the header of the NumPy array does not parse"),
    }
}

fn unreadable<T>(why: &str) -> Result<T, Gap> {
    Err(Gap { why: Why::Unreadable, detail: why.to_owned() })
}

fn exactly(bytes: &mut impl Read, into: &mut [u8]) -> Result<(), Gap> {
    bytes.read_exact(into).map_err(|error| {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            Gap { why: Why::Unreadable, detail: "the NumPy array ends within its header".to_owned() }
        } else {
            ReadError::new(0, &error).into()
        }
    })
}

/// The values of a Python literal that a header is made of.
#[derive(Debug, PartialEq)]
enum Literal {
    Text(Vec<u8>),
    Number(u64),
    Word,
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

/// Whether the dtype holds objects, and the size of the body.
fn parse(text: &[u8]) -> Option<(bool, Option<u64>)> {
    let mut parser = Parser { rest: text };
    let literal = parser.value(0)?;
    let Literal::Dict(entries) = literal else { return None };
    let get = |key: &[u8]| entries.iter().rev().find(|(k, _)| matches!(k, Literal::Text(text) if text == key)).map(|(_, v)| v);
    let dtype = dtype(get(b"descr")?, 0);
    let (Literal::Tuple(shape) | Literal::List(shape)) = get(b"shape")? else { return None };
    let count = shape.iter().try_fold(1_u64, |count, side| match side {
        Literal::Number(side) => count.checked_mul(*side),
        _ => None,
    });
    Some((dtype.objects, dtype.size.zip(count).and_then(|(size, count)| size.checked_mul(count))))
}

#[derive(Clone, Copy)]
struct Dtype {
    objects: bool,
    size: Option<u64>,
}

/// `'<f8'`, or fields `[('name', '<f8'), ('name', '<f8', (2, 3)), …]` with dtypes in them, or `('<f8', shape)`.
fn dtype(descr: &Literal, depth: u32) -> Dtype {
    let unknown = Dtype { objects: false, size: None };
    if depth > DEPTH {
        return unknown;
    }
    match descr {
        Literal::Text(text) => simple_dtype(text),
        Literal::List(fields) => fields.iter().fold(Dtype { objects: false, size: Some(0) }, |all, field| {
            let Literal::Tuple(parts) = field else { return Dtype { size: None, ..all } };
            let one = parts.get(1).map_or(unknown, |part| dtype(part, depth + 1));
            let times = parts.get(2).map_or(Some(1), product);
            let size = one.size.zip(times).and_then(|(size, times)| size.checked_mul(times));
            let size = all.size.zip(size).and_then(|(all, one)| all.checked_add(one));
            Dtype { objects: all.objects || one.objects, size }
        }),
        Literal::Tuple(parts) => {
            let one = parts.first().map_or(unknown, |part| dtype(part, depth + 1));
            let times = parts.get(1).and_then(product);
            Dtype { size: one.size.zip(times).and_then(|(size, times)| size.checked_mul(times)), ..one }
        }
        _ => unknown,
    }
}

fn product(shape: &Literal) -> Option<u64> {
    match shape {
        Literal::Number(side) => Some(*side),
        Literal::Tuple(sides) | Literal::List(sides) => sides.iter().try_fold(1_u64, |all, side| match side {
            Literal::Number(side) => all.checked_mul(*side),
            _ => None,
        }),
        _ => None,
    }
}

/// numpy's array-protocol type strings, `numpy.dtype.str`: byte order, kind, bytes (characters for `U`), unit.
fn simple_dtype(text: &[u8]) -> Dtype {
    // A string may describe several fields ("i4,O") and give each a shape ("(2,)O"): only their objects matter here.
    if text.iter().any(|byte| matches!(byte, b',' | b'(')) {
        let objects = text.split(|byte| matches!(byte, b',' | b')')).any(|part| is_object(without_order(part)));
        return Dtype { objects, size: None };
    }
    let text = without_order(text);
    let objects = is_object(text);
    let digits = text.get(1..).unwrap_or_default();
    let digits = digits.get(..digits.iter().take_while(|byte| byte.is_ascii_digit()).count()).unwrap_or_default();
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u64>().ok());
    let size = match text.first() {
        Some(b'?') if text.len() == 1 => Some(1),
        Some(b'U') => number.and_then(|characters| characters.checked_mul(4)),
        Some(b'b' | b'i' | b'u' | b'f' | b'c' | b'm' | b'M' | b'S' | b'a' | b'V') => number,
        _ => None,
    };
    Dtype { objects, size }
}

fn without_order(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    text.strip_prefix(b"<").or(text.strip_prefix(b">")).or(text.strip_prefix(b"|")).or(text.strip_prefix(b"=")).unwrap_or(text)
}

/// `O`, `O8` of old files, and the names of the type.
fn is_object(text: &[u8]) -> bool {
    text.starts_with(b"O") || text.starts_with(b"object")
}

struct Parser<'a> {
    rest: &'a [u8],
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        there
    }

    fn value(&mut self, depth: u32) -> Option<Literal> {
        if depth > DEPTH {
            return None;
        }
        match self.peek()? {
            b'{' => self.dict(depth),
            b'(' => Some(Literal::Tuple(self.items(b'(', b')', depth)?)),
            b'[' => Some(Literal::List(self.items(b'[', b']', depth)?)),
            quote @ (b'\'' | b'"') => self.text(quote),
            b'0'..=b'9' => self.number(),
            b'b' | b'u' | b'B' | b'U' if matches!(self.rest.get(1), Some(b'\'' | b'"')) => {
                self.rest = self.rest.get(1..)?;
                let quote = self.peek()?;
                self.text(quote)
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                let length = self.rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
                self.rest = self.rest.get(length..)?;
                Some(Literal::Word)
            }
            _ => None,
        }
    }

    fn items(&mut self, open: u8, close: u8, depth: u32) -> Option<Vec<Literal>> {
        self.take(open);
        let mut items = Vec::new();
        loop {
            if self.take(close) {
                return Some(items);
            }
            items.push(self.value(depth + 1)?);
            if !self.take(b',') {
                return self.take(close).then_some(items);
            }
        }
    }

    fn dict(&mut self, depth: u32) -> Option<Literal> {
        self.take(b'{');
        let mut entries = Vec::new();
        loop {
            if self.take(b'}') {
                return Some(Literal::Dict(entries));
            }
            let key = self.value(depth + 1)?;
            if !self.take(b':') {
                return None;
            }
            entries.push((key, self.value(depth + 1)?));
            if !self.take(b',') {
                return self.take(b'}').then_some(Literal::Dict(entries));
            }
        }
    }

    /// Escapes are resolved where they could hide a dtype: `'\x4f'` is `'O'`. Adjacent literals are joined, as in Python.
    fn text(&mut self, quote: u8) -> Option<Literal> {
        let mut text = Vec::new();
        self.take(quote);
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match byte {
                b'\\' => self.escape(&mut text)?,
                b'\n' => return None,
                _ if byte == quote => match self.peek() {
                    Some(next @ (b'\'' | b'"')) => {
                        self.take(next);
                        if next != quote {
                            return None;
                        }
                    }
                    _ => return Some(Literal::Text(text)),
                },
                _ => text.push(byte),
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        let digits = match byte {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            b'0'..=b'7' => {
                let more = self.rest.iter().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                let digits = self.rest.get(..more)?;
                let value = digits.iter().fold(u32::from(byte - b'0'), |value, digit| value << 3 | u32::from(digit - b'0'));
                self.rest = self.rest.get(more..)?;
                return push(text, value);
            }
            b'N' => return None,
            _ => {
                text.push(byte);
                return Some(());
            }
        };
        let (hex, rest) = self.rest.split_at_checked(digits)?;
        self.rest = rest;
        push(text, u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?)
    }

    /// Python 2 wrote long integers as `3L`; numpy takes them.
    fn number(&mut self) -> Option<Literal> {
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let (digits, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        let text = std::str::from_utf8(digits).ok()?.trim_end_matches('L').replace('_', "");
        let radix = |prefix: [&str; 2], radix| {
            prefix.iter().find_map(|prefix| text.strip_prefix(prefix)).map(|rest| u64::from_str_radix(rest, radix))
        };
        let value = radix(["0x", "0X"], 16).or_else(|| radix(["0o", "0O"], 8)).or_else(|| radix(["0b", "0B"], 2));
        value.unwrap_or_else(|| text.parse()).ok().map(Literal::Number)
    }
}

fn push(text: &mut Vec<u8>, character: u32) -> Option<()> {
    let mut buffer = [0; 4];
    text.extend_from_slice(char::from_u32(character)?.encode_utf8(&mut buffer).as_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        bytes.extend(header.bytes());
        bytes
    }

    /// Headers as numpy 1.x and 2.x write them, with `dtype.hasobject` and `itemsize * size` as numpy says.
    #[test]
    fn what_numpy_writes() {
        for (text, objects, size) in [
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", false, Some(48)),
            ("{'descr': '|O', 'fortran_order': False, 'shape': (3,), }", true, None),
            ("{'descr': '<U5', 'fortran_order': False, 'shape': (2,), }", false, Some(40)),
            ("{'descr': '|S7', 'fortran_order': True, 'shape': (2, 2), }", false, Some(28)),
            ("{'descr': '|b1', 'fortran_order': False, 'shape': (), }", false, Some(1)),
            ("{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (4,), }", false, Some(32)),
            ("{'descr': '<c16', 'fortran_order': False, 'shape': (0,), }", false, Some(0)),
            ("{'descr': [('a', '<i4'), ('b', '|O')], 'fortran_order': False, 'shape': (1,), }", true, None),
            ("{'descr': [('a', '<i4'), ('b', '<f4', (2, 3))], 'fortran_order': False, 'shape': (2,), }", false, Some(56)),
            (
                "{'descr': [('a', [('x', '|u1'), ('y', '|O')]), ('b', '<f8')], 'fortran_order': False, 'shape': (1,), }",
                true,
                None,
            ),
            ("{'descr': [('', '|V4'), (('title', 'c'), '|O')], 'fortran_order': False, 'shape': (1,), }", true, None),
            // Python 2.
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 2L), }", false, Some(24)),
        ] {
            let header = header(&mut &file(text)[..]).unwrap();
            assert_eq!((header.objects, header.size), (objects, size), "{text}");
            assert_eq!(header.body, 10 + text.len() as u64);
        }
    }

    #[test]
    fn a_dtype_cannot_hide() {
        for text in [
            "{'shape': (1,), 'fortran_order': False, 'descr': '\\x4f'}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'descr': '|O'}",
            "{'descr': '|' 'O', 'fortran_order': False, 'shape': (1,)}",
            "{\"descr\": \"\\117\", 'fortran_order': False, 'shape': [1]}",
            "  {'descr': u'|O8', 'fortran_order': False, 'shape': (1,)}",
        ] {
            assert!(header(&mut &file(text)[..]).unwrap().objects, "{text}");
        }
    }

    #[test]
    fn long_headers_of_versions_2_and_3() {
        let text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }}{}", " ".repeat(70_000));
        for version in [2, 3] {
            let mut bytes = b"\x93NUMPY".to_vec();
            bytes.extend([version, 0]);
            bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
            bytes.extend(text.bytes());
            assert_eq!(header(&mut &bytes[..]).unwrap(), Header { objects: false, size: Some(8), body: 12 + text.len() as u64 });
        }
    }

    #[test]
    fn what_does_not_parse_is_a_gap() {
        for text in ["", "{", "{'descr'}", "{'descr': '<f8'}", "[1]", "{'descr': '<f8', 'shape': 3}", &"(".repeat(5000)] {
            assert_eq!(header(&mut &file(text)[..]).unwrap_err().why, Why::Unreadable, "{text}");
        }
        assert_eq!(header(&mut &b"\x93NUMPY\x02\x00\xff\xff\xff\xff"[..]).unwrap_err().why, Why::OverLimit);
        assert_eq!(header(&mut &b"\x93NUMPY\x09\x00\xff\xff\xff\xff"[..]).unwrap_err().why, Why::Unreadable);
        assert_eq!(header(&mut &b"\x93NUM"[..]).unwrap_err().why, Why::Unreadable);
    }
}
