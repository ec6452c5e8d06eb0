//! Operands written as text: numbers, quoted strings and escapes, as `int()`, `float()` and the codecs read them.

use super::value::Value;

/// `I` and `L`: decimal, or with Python's prefixes; `I00` and `I01` are booleans. Text that is not understood
/// becomes a number of unknown value: both unpicklers raise on most of it, but not both on all of it.
pub(super) fn integer(line: &[u8]) -> Value {
    let text = line.strip_suffix(b"L").unwrap_or(line).trim_ascii();
    match text {
        b"00" => Value::Bool(false),
        b"01" => Value::Bool(true),
        _ => decimal(text).map_or(Value::Number, Value::Int),
    }
}

/// Whether either unpickler could take this line for an integer: digits come first, behind spaces and a sign, as in
/// `int(text, 0)` and `strtol`; an empty line is left to them. A log whose lines begin with INFO is no pickle.
pub(super) fn may_be_integer(line: &[u8]) -> bool {
    without_sign(line).first().is_none_or(u8::is_ascii_digit)
}

/// The same for `float(text)`: also a decimal point, `inf` and `nan`.
pub(super) fn may_be_float(line: &[u8]) -> bool {
    let text = without_sign(line);
    let word = |word: &[u8]| text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(word));
    text.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') || word(b"inf") || word(b"nan")
}

fn without_sign(line: &[u8]) -> &[u8] {
    // C's white space has a vertical tab more than Rust's.
    let start = line.iter().take_while(|byte| matches!(byte, b' ' | 9..=13)).count();
    let text = line.get(start..).unwrap_or_default();
    text.strip_prefix(b"+").or(text.strip_prefix(b"-")).unwrap_or(text)
}

pub(super) fn float(line: &[u8]) -> Value {
    let text = str::from_utf8(line.trim_ascii()).unwrap_or_default();
    text.parse().map_or(Value::Number, Value::Float)
}

/// The index of `GET` and `PUT`, as `int(text)`: spaces around it, a plus sign and single underscores are allowed.
pub(super) fn memo_index(line: &[u8]) -> Option<u64> {
    decimal(line.trim_ascii()).and_then(|index| u64::try_from(index).ok())
}

fn decimal(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?;
    if text.starts_with('_') || text.ends_with('_') || text.contains("__") {
        return None;
    }
    text.replace('_', "").parse().ok()
}

/// `LONG1` and `LONG4`: little-endian two's complement of any length.
pub(super) fn little_endian(bytes: &[u8]) -> Value {
    if bytes.len() > 8 {
        return Value::Number;
    }
    let sign = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut full = [sign; 8];
    for (to, from) in full.iter_mut().zip(bytes) {
        *to = *from;
    }
    Value::Int(i64::from_le_bytes(full))
}

/// `S`: a quoted string with Python's byte escapes; `None` if it is not quoted. Bytes above 127 are kept as Latin-1.
pub(super) fn quoted(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii_end();
    let (&quote, rest) = line.split_first()?;
    let inside = rest.strip_suffix(&[quote]).filter(|_| quote == b'\'' || quote == b'"')?;
    let mut out = String::new();
    let mut rest = inside.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(char::from(byte));
            continue;
        }
        match rest.next() {
            Some(b'n') => out.push('\n'),
            Some(b'r') => out.push('\r'),
            Some(b't') => out.push('\t'),
            Some(b'a') => out.push('\u{7}'),
            Some(b'b') => out.push('\u{8}'),
            Some(b'f') => out.push('\u{c}'),
            Some(b'v') => out.push('\u{b}'),
            Some(b'\n') | None => {}
            Some(b'x') => out.push(digits(&mut rest, 16, 2)),
            Some(first @ b'0'..=b'7') => {
                let mut value = u32::from(first - b'0');
                for _ in 0..2 {
                    let Some(digit) = rest.next_if(|byte| (b'0'..=b'7').contains(byte)) else { break };
                    value = value * 8 + u32::from(digit - b'0');
                }
                out.push(char::from_u32(value & 0xff).unwrap_or('\u{fffd}'));
            }
            Some(byte @ (b'\\' | b'\'' | b'"')) => out.push(char::from(byte)),
            Some(byte) => {
                out.push('\\');
                out.push(char::from(byte));
            }
        }
    }
    Some(out.into_bytes())
}

/// `V`: Latin-1 with `\uXXXX` and `\UXXXXXXXX` escapes, and no others.
pub(super) fn raw_unicode_escape(line: &[u8]) -> String {
    let mut out = String::new();
    let mut rest = line.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(char::from(byte));
            continue;
        }
        // An even run of backslashes escapes nothing: only the last of an odd run counts.
        let mut backslashes = 1;
        while rest.next_if_eq(&b'\\').is_some() {
            backslashes += 1;
        }
        let escape = (backslashes % 2 == 1).then(|| rest.peek().copied()).flatten();
        let width = match escape {
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        out.extend(std::iter::repeat_n('\\', if width > 0 { backslashes - 1 } else { backslashes }));
        if width > 0 {
            rest.next();
            out.push(digits(&mut rest, 16, width));
        }
    }
    out
}

/// Up to `width` digits as one character; what is no character becomes U+FFFD.
fn digits(rest: &mut std::iter::Peekable<impl Iterator<Item = u8>>, radix: u32, width: u32) -> char {
    let mut value = 0_u32;
    for _ in 0..width {
        let Some(byte) = rest.next_if(u8::is_ascii_hexdigit) else { break };
        value = value.wrapping_mul(radix) + char::from(byte).to_digit(radix).unwrap_or(0);
    }
    char::from_u32(value).unwrap_or('\u{fffd}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tried with both unpicklers of CPython 3.11: whatever one of them takes passes here.
    #[test]
    fn what_no_unpickler_takes_for_a_number() {
        for text in [&b" 1"[..], b"+1", b"-1", b"0x1f", b"\x0b1", b"01", b"12L"] {
            assert!(may_be_integer(text), "{text:?}");
        }
        for text in [&b" 1"[..], b"+1", b"-1", b"inf", b"-nan", b"Infinity", b".5", b"\x0b1", b"1e3"] {
            assert!(may_be_float(text), "{text:?}");
        }
        for text in [&b"NFO 12:00"[..], b"t was", b"- 1", b"_1", b"--1", b"\xa01", b"rom here", b"\x1c1"] {
            assert!(!may_be_integer(text) && !may_be_float(text), "{text:?}");
        }
    }

    /// Left: operand. Right: what CPython 3.11 gives for `pickle.loads(b'V' + operand + b'\n.')`.
    #[test]
    fn raw_unicode_escapes_as_cpython() {
        for (operand, value) in
            [(r"\u006fs", "os"), (r"o\U00000073", "os"), (r"\\u006f", r"\\u006f"), (r"\n", r"\n"), ("é", "Ã©")]
        {
            assert_eq!(raw_unicode_escape(operand.as_bytes()), value, "{operand}");
        }
    }

    /// Left: operand. Right: `pickle.loads(b'S' + operand + b'\n.', encoding='latin1')` in CPython 3.11.
    #[test]
    fn quoted_strings_as_cpython() {
        for (operand, value) in [
            (&b"'os'"[..], Some("os")),
            (b"\"os\"  ", Some("os")),
            (br"'\x6f\163'", Some("os")),
            (br"'a\'b\\c\q'", Some(r"a'b\c\q")),
            (b"os", None),
            (b"'os\"", None),
            (b"'", None),
        ] {
            let got = quoted(operand);
            assert_eq!(got.as_deref().map(|bytes| str::from_utf8(bytes).unwrap()), value, "{operand:?}");
        }
    }

    #[test]
    fn integers_as_cpython() {
        assert!(matches!(integer(b"01"), Value::Bool(true)));
        assert!(matches!(integer(b"-5L"), Value::Int(-5)));
        assert!(matches!(integer(b"1_0"), Value::Int(10)));
        assert!(matches!(integer(b"99999999999999999999"), Value::Number));
        assert!(matches!(little_endian(&[0xff]), Value::Int(-1)));
        assert!(matches!(little_endian(&[]), Value::Int(0)));
        assert_eq!(memo_index(b" +7 "), Some(7));
        assert_eq!(memo_index(b"-1"), None);
    }
}
