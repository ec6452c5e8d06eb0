//! A table of names that the build has sorted: looked up where it lies, with nothing read before.

use std::cmp::Ordering;

/// Sorted rows of fields separated by tabs; the first field is the name.
pub(super) struct Table {
    text: &'static str,
    /// Offset of each row in `text`, four little-endian bytes each.
    index: &'static [u8],
}

macro_rules! table {
    ($name:literal) => {
        $crate::model::names::table::Table::new(
            include_str!(concat!(env!("OUT_DIR"), "/", $name, ".tsv")),
            include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".idx")),
        )
    };
}
pub(super) use table;

impl Table {
    pub(super) const fn new(text: &'static str, index: &'static [u8]) -> Self {
        Self { text, index }
    }

    /// The fields of the row with this name, the name first.
    pub(super) fn get(&self, name: &str) -> Option<Vec<&'static str>> {
        // A row's own tabs must not pass for a part of its name.
        if name.contains('\t') {
            return None;
        }
        let (rows, _) = self.index.as_chunks::<4>();
        let behind = |offset: &[u8; 4]| self.text.as_bytes().get(u32::from_le_bytes(*offset) as usize..).unwrap_or_default();
        let at = rows.binary_search_by(|offset| compare(behind(offset), name.as_bytes())).ok()?;
        let row = self.text.get(u32::from_le_bytes(*rows.get(at)?) as usize..)?.split('\n').next()?;
        Some(row.split('\t').filter(|field| !field.is_empty()).collect())
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// How the name at the beginning of `row` compares with `name`. The tab behind it sorts before every character that a
/// name has, so that a name sorts before those that it begins.
fn compare(row: &[u8], name: &[u8]) -> Ordering {
    let (same, rest) = row.split_at_checked(name.len()).unwrap_or((row, &[]));
    same.cmp(name).then_with(|| if rest.first() == Some(&b'\t') { Ordering::Equal } else { Ordering::Greater })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        let table = Table::new("a\tx\na.b\ty\tz\nab\t\n", &[0, 0, 0, 0, 4, 0, 0, 0, 12, 0, 0, 0]);
        assert_eq!(table.get("a"), Some(vec!["a", "x"]));
        assert_eq!(table.get("a.b"), Some(vec!["a.b", "y", "z"]));
        assert_eq!(table.get("ab"), Some(vec!["ab"]));
        for other in ["", "a.", "a.b\ty", "b", "\u{0}"] {
            assert_eq!(table.get(other), None, "{other:?}");
        }
    }
}
