//! Operands written as text: numbers, quoted strings and escapes, as `int()`, `float()` and the codecs read them.

use super::value::Value;

/// A number as its text says, and whether every implementation reads the text so.
#[derive(Debug, PartialEq)]
pub(super) struct Numeral<T> {
    pub(super) value: T,
    /// Written as picklers write it. Other spellings are read by some implementations and refused by others.
    pub(super) canonical: bool,
}

/// `I`: decimal, `00` and `01` are booleans. `None` where all implementations refuse the text.
///
/// `_pickle.c` before 3.14 reads as C does (`010` is 8, a NUL ends the text), `pickle.py` as Python source
/// (`0o10`, `1_0`), `pickletools` as `int(text)`: a number that is not canonical has no certain value.
pub(super) fn integer(line: &[u8]) -> Option<Numeral<Value>> {
    match line {
        b"00" => Some(Numeral { value: Value::Bool(false), canonical: true }),
        b"01" => Some(Numeral { value: Value::Bool(true), canonical: true }),
        _ => long(line),
    }
}

/// `L`: the same without booleans, with or without an `L` at its end.
pub(super) fn long(line: &[u8]) -> Option<Numeral<Value>> {
    let text = line.strip_suffix(b"L").unwrap_or(line);
    if canonical_digits(text.strip_prefix(b"-").unwrap_or(text)) && text != b"-0" {
        let value = str::from_utf8(text).ok().and_then(|text| text.parse().ok()).map_or(Value::Number, Value::Int);
        return Some(Numeral { value, canonical: true });
    }
    let begins = line.first() == Some(&0) || trim(line).first().is_some_and(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9'));
    begins.then_some(Numeral { value: Value::Number, canonical: false })
}

/// `F`: as `repr` writes it. Python's `float()` takes spaces and underscores too, and infinity for what is too large.
pub(super) fn float(line: &[u8]) -> Option<Numeral<Value>> {
    let text = str::from_utf8(line).unwrap_or_default();
    let digits = !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    match text.parse::<f64>() {
        Ok(value) if matches!(text, "nan" | "inf" | "-inf") || (digits && value.is_finite()) => {
            Some(Numeral { value: Value::Float(value), canonical: true })
        }
        _ => {
            let first = trim(line).first()?;
            let begins = matches!(first, b'+' | b'-' | b'.' | b'0'..=b'9' | b'i' | b'I' | b'n' | b'N');
            begins.then_some(Numeral { value: Value::Number, canonical: false })
        }
    }
}

/// The index of `GET` and `PUT`. As `int(text)` does, spaces around it, a sign, zeros before it and single underscores
/// are allowed; for `_pickle.c` a NUL ends it. An index beyond 64 bits is taken modulo 2⁶⁴.
pub(super) fn memo_index(line: &[u8]) -> Option<Numeral<u64>> {
    let text = line.split(|&byte| byte == 0).next().unwrap_or_default();
    let text = trim(text);
    let (minus, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let mut value = 0_u128;
    for part in digits.split(|&byte| byte == b'_') {
        if part.is_empty() || !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let fold = |value: u128, byte: &u8| (value * 10 + u128::from(byte - b'0')) & u128::from(u64::MAX);
        value = part.iter().fold(value, fold);
    }
    let canonical = canonical_digits(line) && line.len() < 19;
    let value = u64::try_from(value).ok().filter(|&value| !minus || value == 0)?;
    Some(Numeral { value, canonical })
}

/// Digits without a needless zero before them.
fn canonical_digits(text: &[u8]) -> bool {
    text == b"0" || (text.first().is_some_and(|&byte| byte != b'0') && text.iter().all(u8::is_ascii_digit))
}

/// Without what C's `isspace` calls blank.
fn trim(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let from = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
    let to = text.iter().rposition(|byte| !blank(byte)).map_or(from, |last| last + 1);
    text.get(from..to).unwrap_or_default()
}

/// Whether `pickletools` shows a name as the unpicklers read it: it decodes escapes, wants ASCII, and puts a space
/// between module and attribute.
pub(super) fn plain_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'\\')
}

/// Whether `codecs.escape_decode`, which `pickletools` applies to a PERSID, takes the text.
pub(super) fn valid_escapes(text: &[u8]) -> bool {
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        if *byte == b'\\' {
            match rest.next() {
                Some(b'x') if !(0..2).all(|_| rest.next().is_some_and(u8::is_ascii_hexdigit)) => return false,
                Some(_) => {}
                None => return false,
            }
        }
    }
    true
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
/// Python 2 cuts blanks behind the closing quote, Python 3 refuses them.
pub(super) fn quoted(line: &[u8]) -> Option<Vec<u8>> {
    let blanks = line.iter().rev().take_while(|&&byte| byte <= b' ').count();
    let line = line.get(..line.len() - blanks).unwrap_or_default();
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

    /// Which texts are canonical is tested against the three implementations by `tests/differential`.
    #[test]
    fn numbers_as_cpython() {
        let int = |text: &[u8]| integer(text).map(|number| (format!("{:?}", number.value), number.canonical));
        assert_eq!(int(b"01"), Some(("Bool(true)".into(), true)));
        assert_eq!(int(b"-5"), Some(("Int(-5)".into(), true)));
        assert_eq!(int(b"99999999999999999999"), Some(("Number".into(), true)));
        for odd in ["1_0", " 5", "+1", "-0", "010", "0x8", "0o10", "5\0x", "\0", "-"] {
            assert_eq!(int(odd.as_bytes()), Some(("Number".into(), false)), "{odd:?}");
        }
        assert_eq!(int(b""), None);
        assert_eq!(int(b"x"), None);
        assert!(matches!(long(b"-5L"), Some(Numeral { value: Value::Int(-5), canonical: true })));
        assert!(matches!(float(b"1e+20"), Some(Numeral { value: Value::Float(_), canonical: true })));
        for odd in ["1e999", "1_0", " 1", "1\0x", "Infinity"] {
            assert!(matches!(float(odd.as_bytes()), Some(Numeral { canonical: false, .. })), "{odd:?}");
        }
        assert!(float(b"x").is_none());
        assert!(matches!(little_endian(&[0xff]), Value::Int(-1)));
        assert!(matches!(little_endian(&[]), Value::Int(0)));
    }

    #[test]
    fn memo_indices_as_cpython() {
        let index = |text: &[u8]| memo_index(text).map(|number| (number.value, number.canonical));
        assert_eq!(index(b"7"), Some((7, true)));
        assert_eq!(index(b"0"), Some((0, true)));
        for odd in [&b" +7 "[..], b"007", b"0_7", b"7\0x", b"\x0b7"] {
            assert_eq!(index(odd), Some((7, false)), "{odd:?}");
        }
        assert_eq!(index(b"18446744073709551617"), Some((1, false)));
        for refused in [&b"-1"[..], b"", b"x", b"7x", b"_7", b"7__0"] {
            assert_eq!(index(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn escapes_as_cpython() {
        for (text, valid) in [(r"a\x41", true), (r"a\q", true), (r"a\x4", false), ("a\\", false), (r"a\\", true)] {
            assert_eq!(valid_escapes(text.as_bytes()), valid, "{text}");
        }
    }
}
