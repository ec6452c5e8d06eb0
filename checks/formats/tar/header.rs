//! One tar header block and the records that change the next one (POSIX.1-2017 `pax`, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format").

pub(crate) const BLOCK: usize = 512;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    File,
    HardLink,
    SymbolicLink,
    /// Devices, folders, FIFOs: nothing behind the header.
    Other,
    /// GNU's own description of holes.
    Sparse,
    LongName,
    LongLink,
    /// pax records for the next member, or for all from here on.
    Pax {
        global: bool,
    },
}

/// The fields of a block whose checksum holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) kind: Type,
    pub(crate) size: Size,
    /// The checksum was computed with signed bytes, as some old programs did.
    pub(crate) checksum: bool,
}

/// A numeric field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Is(u64),
    /// Negative, or no number at all.
    Invalid,
}

/// Whether a file begins like a tar archive: a header with a right checksum, or one that at least says `ustar`.
pub(crate) fn is_header(head: &[u8]) -> bool {
    let Some(block) = head.first_chunk::<BLOCK>() else { return false };
    block.first().is_some_and(|&first| first != 0)
        && (checksum_holds(block) || (has_magic(block) && digits(field(block, 148, 8))))
}

fn has_magic(block: &[u8; BLOCK]) -> bool {
    field(block, 257, 5) == b"ustar"
}

fn digits(field: &[u8]) -> bool {
    field.iter().all(|b| matches!(b, b'0'..=b'7' | b' ' | 0))
}

/// The field `at..at + size` of a block; all places here are constants within it.
fn field(block: &[u8; BLOCK], at: usize, size: usize) -> &[u8] {
    block.get(at..at + size).unwrap_or_default()
}

fn checksum_holds(block: &[u8; BLOCK]) -> bool {
    let Size::Is(stored) = number(field(block, 148, 8)) else { return false };
    let others = || field(block, 0, 148).iter().chain(field(block, 156, BLOCK - 156));
    // The field itself counts as eight spaces. Both sums are accepted, as tarfile and GNU tar do.
    let unsigned: u64 = others().map(|&byte| u64::from(byte)).sum::<u64>() + 8 * 32;
    let signed: i64 = others().map(|&byte| i64::from(byte.cast_signed())).sum::<i64>() + 8 * 32;
    stored == unsigned || i64::try_from(stored) == Ok(signed)
}

impl Header {
    pub(crate) fn read(block: &[u8; BLOCK]) -> Self {
        let mut name = until_zero(field(block, 0, 100)).to_vec();
        let prefix = until_zero(field(block, 345, 155));
        // GNU's old format keeps times and holes where ustar has the prefix.
        if field(block, 257, 6) == b"ustar\0" && !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
        let kind = match field(block, 156, 1).first() {
            Some(b'1') => Type::HardLink,
            Some(b'2') => Type::SymbolicLink,
            Some(b'3'..=b'6') => Type::Other,
            Some(b'S') => Type::Sparse,
            Some(b'L') => Type::LongName,
            Some(b'K') => Type::LongLink,
            Some(b'x' | b'X') => Type::Pax { global: false },
            Some(b'g') => Type::Pax { global: true },
            // Before POSIX a folder was a file whose name ends with a slash.
            Some(0) if name.ends_with(b"/") => Type::Other,
            // `0`, its old form, `7`, GNU's `D`, `M`, `V`, and whatever nobody knows: POSIX says to take it for a file.
            _ => Type::File,
        };
        let size = number(field(block, 124, 12));
        Self { name, link: until_zero(field(block, 157, 100)).to_vec(), kind, size, checksum: checksum_holds(block) }
    }
}

fn until_zero(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// Octal text, or GNU's base-256: the first bit set and a big-endian number behind it.
fn number(field: &[u8]) -> Size {
    match field.split_first() {
        Some((0x80, rest)) => {
            let (high, low) = rest.split_at_checked(rest.len().saturating_sub(8)).unwrap_or((&[], rest));
            let value = low.iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
            if high.iter().all(|&byte| byte == 0) && value <= i64::MAX.cast_unsigned() { Size::Is(value) } else { Size::Invalid }
        }
        Some((0x81..=0xff, _)) => Size::Invalid,
        _ => {
            let text = until_zero(field).trim_ascii();
            if text.len() > 12 || !text.iter().all(|byte| (b'0'..=b'7').contains(byte)) {
                return Size::Invalid;
            }
            Size::Is(text.iter().fold(0, |value, &byte| value << 3 | u64::from(byte - b'0')))
        }
    }
}

/// What pax records say of a member.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pax {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<Size>,
    pub(crate) sparse: bool,
    /// A record that does not parse; what came before it stands.
    pub(crate) broken: bool,
}

impl Pax {
    /// Records "length key=value\n"; the length counts the whole record.
    pub(crate) fn read(mut data: &[u8]) -> Self {
        let mut pax = Self::default();
        while !data.is_empty() && data.first() != Some(&0) {
            let Some((key, value, rest)) = record(data) else {
                pax.broken = true;
                break;
            };
            data = rest;
            match key {
                b"path" | b"GNU.sparse.name" => pax.path = Some(value.to_vec()),
                b"linkpath" => pax.link = Some(value.to_vec()),
                b"size" => {
                    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
                    pax.size = Some(number.filter(|&n| n <= i64::MAX.cast_unsigned()).map_or(Size::Invalid, Size::Is));
                }
                _ if key.starts_with(b"GNU.sparse.") => pax.sparse = true,
                _ => {}
            }
        }
        pax
    }

    /// What is said here goes before what is said for all.
    pub(crate) fn over(self, all: &Self) -> Self {
        Self {
            path: self.path.or_else(|| all.path.clone()),
            link: self.link.or_else(|| all.link.clone()),
            size: self.size.or(all.size),
            sparse: self.sparse || all.sparse,
            broken: self.broken,
        }
    }
}

fn record(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = data.iter().take(20).position(|&byte| byte == b' ')?;
    let length: usize = std::str::from_utf8(data.get(..space)?).ok()?.parse().ok()?;
    let (record, rest) = data.split_at_checked(length)?;
    let body = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|&byte| byte == b'=')?;
    Some((body.get(..equals)?, body.get(equals + 1..)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_base_256() {
        // tarfile.itn(8 << 30, 12, tarfile.GNU_FORMAT) and its octal neighbours.
        assert_eq!(number(b"00000000017\0"), Size::Is(15));
        assert_eq!(number(b"        17 \0"), Size::Is(15));
        assert_eq!(number(b"777777777777"), Size::Is((8 << 33) - 1));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), Size::Is(8 << 30));
        assert_eq!(number(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), Size::Invalid);
        assert_eq!(number(b"\x80\0\0\x01\0\0\0\0\0\0\0\0"), Size::Invalid);
        assert_eq!(number(b"0000000008\0\0"), Size::Invalid);
        assert_eq!(number(b"\0\0\0\0"), Size::Is(0));
    }

    #[test]
    fn pax_records() {
        let pax = Pax::read(b"20 path=caf\xc3\xa9/x.pkl\n11 size=42\n31 GNU.sparse.realsize=1234567\n");
        assert_eq!(pax.path.as_deref(), Some("café/x.pkl".as_bytes()));
        assert_eq!(pax.size, Some(Size::Is(42)));
        assert!(pax.sparse && !pax.broken);
        for broken in [&b"99 path=x\n"[..], b"8 path=x\n", b"x path=x\n", b"10 path=xy", b"8 nokey\n"] {
            assert!(Pax::read(broken).broken, "{broken:?}");
        }
    }
}
