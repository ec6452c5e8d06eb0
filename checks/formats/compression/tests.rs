//! Against what the reference implementations pack: Python's gzip, zlib, bz2 and lzma, `lz4`, `zstandard`.

use super::*;
use crate::{Settings, Why, Window};

const SENTENCE: &str = "The same text, packed by the reference implementation of each format. ";

#[rustfmt::skip]
const PACKED: &[(Kind, &[u8])] = &[
    (Kind::Gzip, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcd\xcc\xc1\x0d\x800\x0c\x04\xb0Un\x00\xc44] \x84\xabZA\x92\xaa\xe4\x01\xdb\xc3\x18\xbc-\xb94\xe2\x12#\x92w.\x18\xa2\x07wl\x0f\xf2\x83\xc9\xcaIW\xa2\xdb8i\xf4\x94\xec\xe1\x88\x0a\x8a6\xd4\x98&\xb9\xa2\xfchy\x01<\xbc\x90\xa8\xd2\x00\x00\x00"),
    (Kind::Zlib, b"x\x9c\xcd\xcc\xc1\x0d\x800\x0c\x04\xb0Un\x00\xc44] \x84\xabZA\x92\xaa\xe4\x01\xdb\xc3\x18\xbc-\xb94\xe2\x12#\x92w.\x18\xa2\x07wl\x0f\xf2\x83\xc9\xcaIW\xa2\xdb8i\xf4\x94\xec\xe1\x88\x0a\x8a6\xd4\x98&\xb9\xa2\xfchy\x01G\x12K\xeb"),
    (Kind::JoblibZlib, b"ZF0xd2               x\x9c\xcd\xcc\xc1\x0d\x800\x0c\x04\xb0Un\x00\xc44] \x84\xabZA\x92\xaa\xe4\x01\xdb\xc3\x18\xbc-\xb94\xe2\x12#\x92w.\x18\xa2\x07wl\x0f\xf2\x83\xc9\xcaIW\xa2\xdb8i\xf4\x94\xec\xe1\x88\x0a\x8a6\xd4\x98&\xb9\xa2\xfchy\x01G\x12K\xeb"),
    (Kind::JoblibZlib, b"ZF0xd2                x\x9c\xcd\xcc\xc1\x0d\x800\x0c\x04\xb0Un\x00\xc44] \x84\xabZA\x92\xaa\xe4\x01\xdb\xc3\x18\xbc-\xb94\xe2\x12#\x92w.\x18\xa2\x07wl\x0f\xf2\x83\xc9\xcaIW\xa2\xdb8i\xf4\x94\xec\xe1\x88\x0a\x8a6\xd4\x98&\xb9\xa2\xfchy\x01G\x12K\xeb"),
    (Kind::Bzip2, b"BZh91AY&SY2\xd1\xbeS\x00\x00\x14\x93\x80@\x05\x04\x00?o\xdc` \x00r+\xf5M\x1a&\x024\xc0\x8f\xd5T\xf2'\xead\x9az\x87\xa9\xea(\x95\x97]\x84\xa8\x88\xfc\xd4,\xab-2\xdd\xbb\x87\x98K\xd3\x98K\xbb\xe3O\xae\xcd\x98r\xd2\xee\x17l\xca\xaa*\xc2\xce\x92\xd2\xcaC\xc1\xc4\xc4(4x\xa2\x1c\x22z9\x82\x0ap\xe8\xbb\x92)\xc2\x84\x81\x96\x8d\xf2\x98"),
    (Kind::Xz, b"\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4F\x02\x00!\x01\x16\x00\x00\x00t/\xe5\xa3\xe0\x00\xd1\x00H]\x00*\x1a\x08\xa2\x035\x84\xa5\x8dz\x87z\x95\xc2\x9f\xcdM\xa3\xda'\x0a\xddp\x1f\xf3g\xcfWM\xc1)\x0a\xb1\x11\x1d\xaep\x9f\xcc\x127P\x8c\x02\x1a\xa0\xb6O5\x8b\xd8.\xe63@\x0a\xe5\xe0\xe3^Ha\xe5\xddO\x9bC H\x12\x00\x00\x00p\xb5@\x9d\xf3C\xa21\x00\x01d\xd2\x01\x00\x00\x00\xcd\xd2\xb9\x1b\xb1\xc4g\xfb\x02\x00\x00\x00\x00\x04YZ"),
    (Kind::Lzma, b"]\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00*\x1a\x08\xa2\x035\x84\xa5\x8dz\x87z\x95\xc2\x9f\xcdM\xa3\xda'\x0a\xddp\x1f\xf3g\xcfWM\xc1)\x0a\xb1\x11\x1d\xaep\x9f\xcc\x127P\x8c\x02\x1a\xa0\xb6O5\x8b\xd8.\xe63@\x0a\xe5\xe0\xe3^Ha\xe5\xddO\x9bC J\x84\xba\xff_\xfe\xb2$\x80"),
    (Kind::Lz4, b"\x04\x22M\x18l@\xd2\x00\x00\x00\x00\x00\x00\x00\x92Q\x00\x00\x00\xff7The same text, packed by the reference implementation of each format. F\x00tPmat. \x00\x00\x00\x00\x8eA\xf1\xab"),
    (Kind::Zstd, b"(\xb5/\xfd$\xd2\x1d\x02\x00bD\x0e\x14\xa07\x1d\x04\xae\x16\x22\xb4^(S\xb2=~U\xfd7\xfa\xbf\x83\x0d\xd2p\xa5RsvK*J'-\xd1\xb8\xa1\xf0\xf4C\xaf\xcb\xab\x9bl2\x94\xb88S\x05\x129;\xda\xd1\x8d\x10\x01\x00F\x22\xa1B\x14D:\x10\xd7"),
];

/// `bz2.compress(bytes(65 << 20))`.
const ZEROS: &[u8] = b"BZh91AY&SY\x0e\x09\xe2\xdf\x01_\x8e@\x00\xc0\x00\x00\x08 \x000\x80MFB\xa0%\xa9\x0a\x80\x971AY&SY/\xd8\xc2^\x00\xaa{\xe0\x00\xc0\x00@\x00\x00\x08 \x000\xcc\x09\xaai\x84\x14\x92\xda\xaa\x05$\xbc]\xc9\x14\xe1B@\xcf,\x1f\x80";

fn unpack(packed: &[u8], kind: Kind, settings: &Settings) -> (Vec<u8>, Option<io::ErrorKind>, ArchiveFacts, Option<Gap>) {
    let cx = Cx::new(settings);
    let source = packed.to_vec();
    let (stream, progress) = open(Content::Window(Window::file(&source)), kind, &cx).unwrap();
    let mut bytes = Vec::new();
    let failed = match stream {
        Ok(mut stream) => stream.read_to_end(&mut bytes).err().map(|error| error.kind()),
        Err(_) => Some(io::ErrorKind::Other),
    };
    let (facts, gap) = progress.told(kind);
    (bytes, failed, facts, gap)
}

fn plain() -> Vec<u8> {
    SENTENCE.repeat(3).into_bytes()
}

#[test]
fn what_the_reference_implementations_pack() {
    for (kind, packed) in PACKED {
        let (bytes, failed, facts, gap) = unpack(packed, *kind, &Settings::default());
        assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8(plain()).unwrap(), "{kind}");
        assert_eq!((failed, facts.oddities.len(), gap), (None, 0, None), "{kind}");
    }
}

#[test]
fn every_kind_is_recognised() {
    for (kind, packed) in PACKED {
        assert_eq!(crate::formats::kind::sniff(packed, Some(packed.len() as u64), ""), *kind);
    }
}

#[test]
fn members_one_after_the_other() {
    for (kind, packed) in PACKED {
        let twice = packed.repeat(2);
        let (bytes, failed, facts, _) = unpack(&twice, *kind, &Settings::default());
        assert_eq!(failed, None, "{kind}");
        if matches!(kind, Kind::Zlib | Kind::JoblibZlib | Kind::Lzma) {
            assert_eq!((bytes.len(), facts.oddities.len()), (plain().len(), 1), "{kind}");
        } else {
            assert_eq!((bytes.len(), facts.oddities.len()), (plain().len() * 2, 0), "{kind}");
        }
    }
}

#[test]
fn bytes_behind_are_told_where_they_begin() {
    for (kind, packed) in PACKED {
        let (bytes, failed, facts, gap) = unpack(&[*packed, b"more"].concat(), *kind, &Settings::default());
        assert_eq!((bytes, failed, gap), (plain(), None, None), "{kind}");
        let [oddity] = facts.oddities.as_slice() else { panic!("{kind}: {facts:?}") };
        assert_eq!((oddity.what, oddity.at), (What::Irregular, packed.len() as u64), "{kind}");
    }
}

/// Whatever is cut off or turned around: an error is told, and what comes out is a part of what was packed.
#[test]
fn damage_is_a_gap_and_what_came_before_is_kept() {
    for (kind, packed) in PACKED {
        for cut in 1..packed.len() {
            let (bytes, failed, _, gap) = unpack(&packed[..cut], *kind, &Settings::default());
            assert!(plain().starts_with(&bytes), "{kind} cut at {cut}");
            assert!(failed.is_some() && gap.is_some_and(|gap| gap.why == Why::Unreadable), "{kind} cut at {cut}");
        }
    }
    // Deflate and bzip2 give out all that stands before the place.
    for kind in [Kind::Gzip, Kind::Zlib] {
        let packed = PACKED.iter().find(|(other, _)| *other == kind).unwrap().1;
        let mut damaged = packed.to_vec();
        let last = damaged.len() - 1;
        damaged[last - 1] ^= 1;
        let (bytes, failed, _, gap) = unpack(&damaged, kind, &Settings::default());
        assert_eq!(bytes, plain(), "{kind}");
        assert!(failed.is_some() && gap.is_some());
    }
}

#[test]
fn limits_end_it() {
    let mut settings = Settings::default();
    settings.limits.unpacked = 100;
    for (kind, packed) in PACKED {
        let (_, failed, _, gap) = unpack(packed, *kind, &settings);
        assert!(failed.is_some(), "{kind}");
        assert_eq!(gap.unwrap().why, Why::OverLimit, "{kind}");
    }
}

#[test]
fn a_bomb_is_told() {
    let (bytes, failed, facts, gap) = unpack(ZEROS, Kind::Bzip2, &Settings::default());
    assert_eq!(failed, Some(io::ErrorKind::QuotaExceeded));
    assert!(bytes.len() < 65 << 20);
    assert_eq!(facts.oddities[0].what, What::Bomb);
    assert_eq!(gap.unwrap().why, Why::OverLimit);
    let mut settings = Settings::default();
    settings.limits.ratio = u64::MAX;
    let (bytes, failed, facts, _) = unpack(ZEROS, Kind::Bzip2, &settings);
    assert_eq!((bytes.len(), failed, facts.oddities.len()), (65 << 20, None, 0));
}
