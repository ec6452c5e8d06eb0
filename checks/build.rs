//! Sorts the name tables of `model/names` once, so that a process that looks one name up does not read 20,000 rows first.
//!
//! Each table becomes a text of sorted rows, and an index with the offset of each row as four little-endian bytes.
#![allow(clippy::disallowed_methods, reason = "a build script reads the package's own files and writes the compiler's")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let names = Path::new("model/names");
    println!("cargo::rerun-if-changed={}", names.display());
    let mut packs: Vec<PathBuf> = fs::read_dir(names.join("packs"))?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    packs.sort();
    let (mut allowed, mut libraries) = (Table::new(), Table::new());
    for file in packs {
        let pack = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        for (name, rest) in rows(&fs::read_to_string(&file)?) {
            // Python's own modules are no library that somebody chose.
            if pack != "stdlib" {
                libraries.insert(name.split('.').next().unwrap_or_default().to_owned(), String::new());
            }
            allowed.insert(name, format!("{rest}\t{pack}"));
        }
    }
    let (modules, denied) =
        rows(&fs::read_to_string(names.join("denied.txt"))?).into_iter().partition::<Table, _>(|(name, _)| name.ends_with(".*"));
    let modules = modules.into_iter().map(|(name, rest)| (name.trim_end_matches(".*").to_owned(), rest)).collect();
    for (table, rows) in [("allowed", allowed), ("libraries", libraries), ("denied", denied), ("denied_modules", modules)] {
        write(table, &rows)?;
    }
    Ok(())
}

/// Name → the other fields, separated by tabs.
type Table = BTreeMap<String, String>;

/// Rows of a table; comments and blank lines are none. Rows that do not parse fail a test, not the build.
fn rows(text: &str) -> Vec<(String, String)> {
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.filter_map(|line| {
        let mut fields = line.split('\t').map(str::trim).filter(|field| !field.is_empty());
        let name = fields.next()?.to_owned();
        Some((name, fields.collect::<Vec<_>>().join("\t")))
    })
    .collect()
}

fn write(table: &str, rows: &Table) -> io::Result<()> {
    let (mut text, mut index) = (String::new(), Vec::new());
    for (name, rest) in rows {
        index.extend(u32::try_from(text.len()).map_err(io::Error::other)?.to_le_bytes());
        text.extend([name, "\t", rest, "\n"]);
    }
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::write(folder.join(format!("{table}.tsv")), text)?;
    fs::write(folder.join(format!("{table}.idx")), index)
}
