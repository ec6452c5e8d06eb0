//! What is made to fill memory, disk or time: each has an outcome, and none takes the run down.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use serde_json::Value;

use crate::sluice::{BAD_PICKLE, folder, found, gaps, scan_json};

/// Zeros enough for a bomb (`[limits] ratio` counts from 64 MiB on), deflated to 1/1032.
const ZEROS: usize = 80 << 20;

fn zeros<W: std::io::Write>(mut into: W) -> W {
    let piece = vec![0; 1 << 20];
    for _ in 0..ZEROS / piece.len() {
        into.write_all(&piece).unwrap();
    }
    into
}

/// A zip with one member (APPNOTE 4.3.6, without a checksum that anybody would verify for a member of this size).
fn zip(name: &str, method: u16, size: usize, packed: &[u8], crc: u32) -> Vec<u8> {
    let mut fields = Vec::new();
    for half in [20, 0, method, 0, 0x21] {
        fields.extend(half.to_le_bytes());
    }
    for word in [crc, u32::try_from(packed.len()).unwrap(), u32::try_from(size).unwrap()] {
        fields.extend(word.to_le_bytes());
    }
    fields.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    fields.extend([0, 0]);
    let mut archive = [b"PK\x03\x04", &fields[..], name.as_bytes(), packed].concat();
    let directory = u32::try_from(archive.len()).unwrap();
    archive.extend(b"PK\x01\x02\x14\x00");
    archive.extend(&fields);
    archive.extend([0; 14]);
    archive.extend(name.as_bytes());
    let length = u32::try_from(archive.len()).unwrap() - directory;
    archive.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    archive.extend(length.to_le_bytes());
    archive.extend(directory.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

/// Zip archives in zip archives, stored, with a pickle in the innermost.
fn nested(levels: u32) -> Vec<u8> {
    (0..levels).fold(BAD_PICKLE.to_vec(), |inner, level| {
        let name = if level == 0 { "w.pkl".to_owned() } else { format!("{level}.zip") };
        let mut crc = flate2::Crc::new();
        crc.update(&inner);
        zip(&name, 0, inner.len(), &inner, crc.sum())
    })
}

/// Scans one file; it must take little time whatever is in it.
#[track_caller]
fn scan(name: &str, bytes: &[u8], more: &[&str]) -> (Value, i32) {
    let folder = folder(&[(name, bytes)]);
    let started = Instant::now();
    let scanned = scan_json(folder.path(), more);
    assert!(started.elapsed() < Duration::from_mins(1), "{name} took {:?}", started.elapsed());
    scanned
}

#[track_caller]
fn assert_over_limit(report: &Value, code: i32) {
    assert!(gaps(report).iter().any(|(_, why, _)| why == "over-limit"), "{:?}", gaps(report));
    assert_eq!(code, 3, "what was not read to its end is not passed");
}

/// A pickle of one long byte string (BINBYTES8): who looks for its end unpacks all of it.
fn long_pickle() -> Vec<u8> {
    [&b"\x80\x04\x8e"[..], &(ZEROS as u64).to_le_bytes()].concat()
}

#[test]
fn a_zip_bomb() {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
    deflate.write_all(&long_pickle()).unwrap();
    let packed = zeros(deflate).finish().unwrap();
    let (report, code) = scan("w.zip", &zip("w.pkl", 8, ZEROS + 11, &packed, 0), &[]);
    assert!(found(&report).contains(&("w.zip".into(), "archive-bomb".into())), "{:?}", found(&report));
    assert_over_limit(&report, code);
}

#[test]
fn what_nobody_needs_is_not_unpacked() {
    // The first page shows that no loader would take it for a model; the sizes alone show the bomb.
    let packed = zeros(DeflateEncoder::new(Vec::new(), Compression::best())).finish().unwrap();
    let (report, code) = scan("w.zip", &zip("zeros", 8, ZEROS, &packed, 0), &["--fail-on", "medium"]);
    assert_eq!(found(&report), [("w.zip".into(), "archive-bomb".into())]);
    assert_eq!(code, 1);
}

#[test]
fn a_gzip_bomb_and_a_tar_bomb() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&long_pickle()).unwrap();
    let gzip = zeros(gzip).finish().unwrap();
    let (report, code) = scan("w.pkl.gz", &gzip, &[]);
    assert!(found(&report).contains(&("w.pkl.gz".into(), "archive-bomb".into())), "{:?}", found(&report));
    assert_over_limit(&report, code);
    // A tar whose one member is as large.
    let mut header = [0; 512];
    header[..5].copy_from_slice(b"zeros");
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(format!("{ZEROS:011o}\0").as_bytes());
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut tar = GzEncoder::new(Vec::new(), Compression::best());
    tar.write_all(&header).unwrap();
    let tar = zeros(tar).finish().unwrap();
    let (report, code) = scan("w.tar.gz", &tar, &[]);
    assert!(found(&report).contains(&("w.tar.gz".into(), "archive-bomb".into())), "{:?}", found(&report));
    assert_over_limit(&report, code);
}

#[test]
fn length_fields_of_four_gigabytes_allocate_nothing() {
    // BINBYTES, BINUNICODE, BINBYTES8, LONG4 and FRAME (pickletools) that promise more than there is.
    for pickle in [
        &b"\x80\x04B\xff\xff\xff\xff"[..],
        b"\x80\x04X\xff\xff\xff\xff",
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x80\x04\x8b\xff\xff\xff\x7f",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN",
    ] {
        let (report, code) = scan("w.pkl", pickle, &[]);
        assert_eq!(found(&report)[0].1, "pickle-broken", "{pickle:?}");
        assert_eq!(code, 1);
    }
    let lies = zip("w.pkl", 0, u32::MAX as usize, BAD_PICKLE, 0);
    let (report, code) = scan("w.zip", &lies, &[]);
    assert!(found(&report).iter().any(|(_, check)| check == "pickle-dangerous-call"), "{:?}", found(&report));
    assert_eq!(code, 1);
}

#[test]
fn archives_in_archives_are_opened_within_the_limit() {
    let (report, code) = scan("w.zip", &nested(5), &[]);
    assert_eq!(found(&report), [("w.zip!4.zip!3.zip!2.zip!1.zip!w.pkl".into(), "pickle-dangerous-call".into())]);
    assert_eq!(code, 1);
    let (report, code) = scan("w.zip", &nested(40), &[]);
    assert!(found(&report).is_empty());
    assert_over_limit(&report, code);
}

#[test]
fn limits_come_from_the_configuration() {
    let folder = folder(&[("w.zip", &nested(3)[..]), ("sluice.toml", b"[limits]\ndepth = 1\n")]);
    let (report, code) = scan_json(folder.path(), &[]);
    assert_over_limit(&report, code);
}
