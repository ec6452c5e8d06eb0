//! Recognises formats by content. A name only breaks ties between kinds of text and of raw data.

use super::{Kind, protobuf, text};

/// How much of the beginning is looked at; every signature stands within.
pub(crate) const HEAD: usize = 4096;

/// A signature at a fixed place.
struct Magic {
    at: usize,
    bytes: &'static [u8],
    kind: Kind,
}

const fn magic(at: usize, bytes: &'static [u8], kind: Kind) -> Magic {
    Magic { at, bytes, kind }
}

/// Signatures of at least three bytes, or with bytes that chance does not make. First match wins.
#[rustfmt::skip]
const MAGIC: &[Magic] = &[
    // Models.
    magic(0, b"\x93NUMPY", Kind::Npy),                       // numpy/lib/format.py
    magic(0, b"\x89HDF\r\n\x1a\n", Kind::Hdf5),              // HDF5 file format specification, II.A
    magic(0, b"GGUF", Kind::Gguf),                           // ggml docs/gguf.md
    magic(0, b"FUGG", Kind::Gguf),                           // the same, written big-endian
    magic(0, b"lmgg", Kind::Ggml),                           // llama.cpp before GGUF: 'ggml', 'ggmf', 'ggjt',
    magic(0, b"fmgg", Kind::Ggml),                           // 'ggla', 'ggsn', 'ggsq' as little-endian u32
    magic(0, b"tjgg", Kind::Ggml),
    magic(0, b"algg", Kind::Ggml),
    magic(0, b"nsgg", Kind::Ggml),
    magic(0, b"qsgg", Kind::Ggml),
    magic(4, b"TFL3", Kind::Tflite),                         // tensorflow/lite/schema/schema.fbs, file_identifier
    magic(4, b"ET12", Kind::ExecuTorch),                     // executorch/schema/program.fbs, file_identifier
    magic(0, b"\x0c\xdb\x3a\x2a", Kind::Ocdbt),              // tensorstore, OCDBT manifest
    magic(0, b"\x0c\xdb\x20\xde", Kind::Ocdbt),              // … B+tree node
    magic(0, b"\x0c\xdb\x12\x34", Kind::Ocdbt),              // … version tree node
    magic(0, b"binf", Kind::Xgboost),                        // XGBoost learner.cc, old binary format
    magic(0, b"{L\0\0\0\0\0\0\0\x07learner", Kind::Xgboost), // XGBoost UBJSON: both orders of the two keys
    magic(0, b"{L\0\0\0\0\0\0\0\x07version", Kind::Xgboost),
    magic(0, b"CBM1", Kind::CatBoost),                       // catboost/libs/model, MODEL_FILE_DESCRIPTOR_CHARS
    magic(0, b"\x12\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0", Kind::Mxnet), // kMXAPINDArrayListMagic = 0x112, reserved u64
    magic(0, b"B\0C\0N\0\0\0", Kind::Cntk),                  // CNTK v1: UTF-16 "BCN" section marker
    magic(0, b"RKNN", Kind::Rknn),
    magic(0, b"\x04\0\0\0\x01\0\0\0\x03\0\0\0V 1", Kind::Torch7), // torch7 File.lua: TYPE_TORCH, index 1, version string
    magic(0, b"4\n1\n3\nV 1\n", Kind::Torch7),               // the same in its ASCII form
    magic(0, b"RDX2\n", Kind::RData), magic(0, b"RDX3\n", Kind::RData), // R Internals 1.8
    magic(0, b"RDA2\n", Kind::RData), magic(0, b"RDA3\n", Kind::RData),
    magic(0, b"RDB2\n", Kind::RData), magic(0, b"RDB3\n", Kind::RData),
    magic(0, b"X\n\0\0\0\x02", Kind::RData), magic(0, b"X\n\0\0\0\x03", Kind::RData), // RDS, XDR form
    magic(0, b"A\n2\n", Kind::RData), magic(0, b"A\n3\n", Kind::RData),               // RDS, ASCII form
    magic(0, b"B\n\x02\0\0\0", Kind::RData), magic(0, b"B\n\x03\0\0\0", Kind::RData), // RDS, native binary form
    magic(0, b"ptrt", Kind::TensorRt), magic(0, b"ftrt", Kind::TensorRt), // serialized plan, old and new
    magic(0, b"MZqFpD='", Kind::Llamafile),                  // cosmopolitan ape/ape.S: a llamafile is an APE program
    // Archives and compression.
    magic(0, b"PK\x03\x04", Kind::Zip),                      // APPNOTE.TXT 4.3.7
    magic(0, b"PK\x05\x06", Kind::Zip),                      // 4.3.16: an empty archive
    magic(0, b"PK\x07\x08", Kind::Zip),                      // 8.5.4: split or spanned archive
    magic(0, b"PK00PK\x03\x04", Kind::Zip),                  // 8.5.5: temporary spanning marker
    magic(0, b"7z\xbc\xaf\x27\x1c", Kind::SevenZip),         // 7zFormat.txt
    magic(0, b"Rar!\x1a\x07", Kind::Rar),                    // RAR 1.5 to 5.0 technotes
    magic(0, b"\x1f\x8b\x08", Kind::Gzip),                   // RFC 1952; 8 is deflate, the only method there is
    magic(0, b"BZh", Kind::Bzip2),                           // refined below
    magic(0, b"\xfd7zXZ\0", Kind::Xz),                       // xz-file-format.txt 2.1.1.1
    magic(0, b"\x04\x22\x4d\x18", Kind::Lz4),                // lz4_Frame_format.md
    magic(0, b"\x02\x21\x4c\x18", Kind::Lz4),                // … legacy frame
    magic(0, b"\x28\xb5\x2f\xfd", Kind::Zstd),               // RFC 8878
    magic(0, b"\x1f\x9d", Kind::Compress), magic(0, b"\x1f\xa0", Kind::Compress),
    magic(0, b"LZIP\x01", Kind::Lzip),
    magic(0, b"070701", Kind::Cpio), magic(0, b"070702", Kind::Cpio), magic(0, b"070707", Kind::Cpio),
    magic(0, b"!<arch>\n", Kind::Ar),
    // Tables.
    magic(0, b"PAR1", Kind::Parquet), magic(0, b"PARE", Kind::Parquet), // parquet-format README, Encryption.md
    magic(0, b"ARROW1\0\0", Kind::Arrow), magic(0, b"FEA1", Kind::Arrow),
    magic(0, b"Obj\x01", Kind::Avro),                        // Avro 1.11, object container files
    magic(0, b"ORC", Kind::Orc),                             // refined below
    magic(0, b"SQLite format 3\0", Kind::Sqlite),
    // Programs.
    magic(0, b"\x7fELF", Kind::Elf),
    magic(0, b"\xfe\xed\xfa\xce", Kind::MachO), magic(0, b"\xce\xfa\xed\xfe", Kind::MachO),
    magic(0, b"\xfe\xed\xfa\xcf", Kind::MachO), magic(0, b"\xcf\xfa\xed\xfe", Kind::MachO),
    magic(0, b"\0asm", Kind::Wasm),
    // Media and documents.
    magic(0, b"\x89PNG\r\n\x1a\n", Kind::Png),
    magic(0, b"\xff\xd8\xff", Kind::Jpeg),
    magic(0, b"GIF87a", Kind::Gif), magic(0, b"GIF89a", Kind::Gif),
    magic(0, b"II\x2a\0", Kind::Tiff), magic(0, b"MM\0\x2a", Kind::Tiff),
    magic(0, b"fLaC", Kind::Flac),
    magic(0, b"ID3", Kind::Mp3),
    magic(0, b"OggS", Kind::Ogg),
    magic(4, b"ftyp", Kind::Mp4),
    magic(0, b"\x1a\x45\xdf\xa3", Kind::Matroska),
    magic(0, b"wOFF", Kind::Font), magic(0, b"wOF2", Kind::Font), magic(0, b"OTTO", Kind::Font),
    magic(0, b"\0\x01\0\0\0", Kind::Font),
    magic(0, b"\0\0\x01\0", Kind::Icon),
    magic(0, b"%PDF-", Kind::Pdf),
];

/// What these bytes are. `head` is the beginning, up to [`HEAD`] bytes; `size` is that of the whole, where it is known.
pub(crate) fn sniff(head: &[u8], size: Option<u64>, name: &str) -> Kind {
    if head.is_empty() {
        return Kind::Empty;
    }
    by_magic(head)
        .or_else(|| by_structure(head, size, name))
        .unwrap_or_else(|| if is_text(head) { text::which(head, name) } else { Kind::Unknown })
}

fn by_magic(head: &[u8]) -> Option<Kind> {
    let found = MAGIC.iter().find(|magic| head.get(magic.at..).is_some_and(|rest| rest.starts_with(magic.bytes)))?;
    let sure = match found.kind {
        // A digit of block size and π, the block magic (or √π, the end of an empty stream).
        Kind::Bzip2 => {
            matches!(head.get(3), Some(b'1'..=b'9'))
                && [&b"1AY&SY"[..], b"\x17\x72\x45\x38\x50\x90"].iter().any(|magic| head.get(4..10) == Some(magic))
        }
        // Data follows at once, binary; a text may begin with these letters.
        Kind::Orc | Kind::Gif | Kind::Rknn | Kind::CatBoost | Kind::TensorRt | Kind::Mp3 | Kind::Xgboost if found.at == 0 => {
            !is_text(head)
        }
        _ => true,
    };
    sure.then_some(found.kind)
}

fn by_structure(head: &[u8], size: Option<u64>, name: &str) -> Option<Kind> {
    if let Some(kind) = riff(head).or_else(|| cafebabe(head)) {
        return Some(kind);
    }
    if is_safetensors(head, size) {
        return Some(Kind::Safetensors);
    }
    if crate::formats::tar::is_header(head) {
        return Some(Kind::Tar);
    }
    if is_zfile(head) {
        return Some(Kind::JoblibZlib);
    }
    // The DOS header leads to the PE header, which may stand behind the head; a text may begin with two letters.
    if head.starts_with(b"MZ") && !is_text(head) {
        return Some(Kind::Pe);
    }
    if is_pyc(head) {
        return Some(Kind::Pyc);
    }
    // PROTO, or anything that is text, is not looked at for weaker signatures.
    if matches!(head, [0x80, 0..=5, ..]) {
        return Some(Kind::Pickle);
    }
    if is_text(head) {
        return None;
    }
    if let Some(kind) = protobuf::which(head, name) {
        return Some(kind);
    }
    if is_zlib(head) && inflates(head) {
        return Some(Kind::Zlib);
    }
    // Whoever goes by the name takes any properties.
    let named = matches!(extension(name), "xz" | "lzma");
    if is_lzma(head, named) {
        return Some(Kind::Lzma);
    }
    if is_msgpack_map(head) {
        return Some(Kind::FlaxMsgpack);
    }
    // MPEG audio frame sync with a layer and a bit rate that exist (ISO 11172-3, 2.4.1.3).
    if let [0xff, b1, b2, ..] = head
        && b1 & 0xe0 == 0xe0
        && b1 & 0x06 != 0
        && b2 & 0xf0 != 0xf0
        && b2 & 0x0c != 0x0c
        && b1 & 0x18 != 0x08
        && extension(name) == "mp3"
    {
        return Some(Kind::Mp3);
    }
    if head.starts_with(b"BM") && size.is_some() && dword(head, 2).map(u64::from) == size {
        return Some(Kind::Bmp);
    }
    // HDF5 may stand behind a user block of 512, 1024, 2048 … bytes.
    if [512, 1024, 2048].iter().any(|&at| head.get(at..).is_some_and(|rest| rest.starts_with(b"\x89HDF\r\n\x1a\n"))) {
        return Some(Kind::Hdf5);
    }
    by_name_of_raw_data(head, name)
}

/// Formats without any signature, told by their names: all are gaps, as unknown data is, so a false name hides nothing.
fn by_name_of_raw_data(head: &[u8], name: &str) -> Option<Kind> {
    match extension(name) {
        // LoDTensor: version 0, then the count of LoD levels (paddle/fluid/framework/lod_tensor.cc).
        "pdiparams" | "pdparams" if head.starts_with(&[0; 4]) => Some(Kind::Paddle),
        "engine" | "plan" | "trt" => Some(Kind::TensorRt),
        _ => None,
    }
}

fn riff(head: &[u8]) -> Option<Kind> {
    if !head.starts_with(b"RIFF") {
        return None;
    }
    match head.get(8..12)? {
        b"WAVE" => Some(Kind::Wav),
        b"WEBP" => Some(Kind::Webp),
        b"AVI " => Some(Kind::Avi),
        _ => None,
    }
}

/// Java classes and fat Mach-O files share a magic: a class version is at least 45, a file has fewer architectures.
fn cafebabe(head: &[u8]) -> Option<Kind> {
    let [0xca, 0xfe, 0xba, 0xbe | 0xbf, a, b, c, d, ..] = *head else { return None };
    Some(if u32::from_be_bytes([a, b, c, d]) < 45 { Kind::MachO } else { Kind::JavaClass })
}

/// A length, and that much JSON (safetensors README, "Format").
fn is_safetensors(head: &[u8], size: Option<u64>) -> bool {
    let Some((length, json)) = head.split_first_chunk::<8>() else { return false };
    let length = u64::from_le_bytes(*length);
    let fits = size.is_none_or(|size| length <= size.saturating_sub(8));
    (2..=1 << 40).contains(&length) && json.first() == Some(&b'{') && (fits || length <= 100_000_000)
        // Eight letters and a brace are a text.
        && length.to_le_bytes().last() == Some(&0)
}

/// CPython: two bytes of version, CR LF, then (since 3.7) flags of which only two bits exist; `Lib/importlib/_bootstrap_external.py`.
fn is_pyc(head: &[u8]) -> bool {
    let [_, version, b'\r', b'\n', rest @ ..] = head else { return false };
    let code = [12, 16, 8].iter().any(|&at| matches!(rest.get(at), Some(0xe3 | b'c')));
    // Version numbers since 2.0 lie between 50823 and 62211 (Python 2) or between 3000 and 3999.
    (matches!(version, 0x0b..=0x0f) || *version >= 0xc6) && code
}

/// joblib/numpy_pickle_compat.py, `read_zfile`: "ZF", the length as text of 19 characters that `int(text, 16)` takes, at
/// most one blank, and a zlib stream.
fn is_zfile(head: &[u8]) -> bool {
    let Some((length, rest)) = head.strip_prefix(b"ZF").and_then(|rest| rest.split_first_chunk::<19>()) else { return false };
    let number =
        length.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'x' | b'X' | b'+' | b'_' | b' ' | b'\t'..=b'\r'));
    let zlib =
        |bytes: &[u8]| matches!(bytes, [cmf, flags, ..] if cmf & 0x0f == 8 && u16::from_be_bytes([*cmf, *flags]) % 31 == 0);
    number && (zlib(rest) || rest.strip_prefix(b" ").is_some_and(zlib) || length.starts_with(b"0x"))
}

/// RFC 1950: method 8, window up to 32 KiB, check bits; then a deflate block of a type that exists.
fn is_zlib(head: &[u8]) -> bool {
    let [cmf, flags, block, ..] = *head else { return false };
    cmf & 0x0f == 8 && cmf >> 4 <= 7 && u16::from_be_bytes([cmf, flags]) % 31 == 0 && flags & 0x20 == 0 && block >> 1 & 3 != 3
        // Chance does this once in a few thousand: the usual windows only, as zlib's levels write them.
        && matches!((cmf, flags), (0x78, 0x01 | 0x5e | 0x9c | 0xda) | (0x58, 0x09 | 0x47 | 0x85 | 0xc3) | (0x68, 0x05 | 0x43 | 0x81 | 0xde))
}

/// Two bytes are a weak signature: what stands behind them must unpack too. Shorter than this, no output is a pickle that
/// does anything.
const UNPACKED: usize = 16;

fn inflates(head: &[u8]) -> bool {
    let mut unpacked = [0; UNPACKED];
    let mut stream = flate2::Decompress::new(true);
    let sound = stream.decompress(head, &mut unpacked, flate2::FlushDecompress::None).is_ok();
    sound || stream.total_out() >= UNPACKED as u64
}

/// lzma-file-format.txt: properties, a dictionary size 2ⁿ or 2ⁿ + 2ⁿ⁻¹, a size that is unknown or below 256 GiB,
/// and the range coder's first byte, always 0.
fn is_lzma(head: &[u8], named: bool) -> bool {
    let Some(([properties, d0, d1, d2, d3, s @ ..], [0, ..])) = head.split_first_chunk::<13>() else { return false };
    let dictionary = u32::from_le_bytes([*d0, *d1, *d2, *d3]);
    let size = u64::from_le_bytes(*s);
    let round = dictionary == u32::MAX || (dictionary >= 4096 && matches!(dictionary >> dictionary.trailing_zeros(), 1 | 3));
    // 0x5d is lc 3, lp 0, pb 2: what every encoder writes unless told otherwise.
    (*properties == 0x5d || (named && *properties < 9 * 5 * 5)) && round && (size == u64::MAX || (size > 0 && size < 1 << 38))
}

/// A msgpack map whose first key is a string: what `flax.serialization.to_bytes` writes.
fn is_msgpack_map(head: &[u8]) -> bool {
    let ([0x81..=0x8f, rest @ ..] | [0xde, _, _, rest @ ..] | [0xdf, _, _, _, _, rest @ ..]) = head else { return false };
    let (length, key) = match rest {
        [first @ 0xa1..=0xbf, key @ ..] => (usize::from(first & 0x1f), key),
        [0xd9, length, key @ ..] => (usize::from(*length), key),
        _ => return false,
    };
    length > 0 && key.get(..length).is_some_and(|key| key.iter().all(|b| b.is_ascii_graphic() || *b == b' '))
}

/// UTF-8 (a character may be cut at the end), or UTF-16 with a mark, without control characters that texts do not have.
pub(crate) fn is_text(head: &[u8]) -> bool {
    if let [mark @ (0xff | 0xfe), other @ (0xff | 0xfe), rest @ ..] = head
        && mark != other
    {
        let (pairs, _) = rest.as_chunks::<2>();
        let units = pairs.iter().map(|pair| if *mark == 0xff { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) });
        // Half of a pair of surrogates may be cut off at the end.
        return char::decode_utf16(units)
            .take(pairs.len().saturating_sub(1))
            .all(|c| c.is_ok_and(|c| !c.is_control() || c.is_whitespace()));
    }
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() - error.valid_up_to() < 4,
    };
    valid && !head.iter().any(|byte| matches!(byte, 0..=8 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f))
}

fn dword(head: &[u8], at: usize) -> Option<u32> {
    head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes)
}

/// What follows the last dot of the last part of a path, if it is short; in lower case only if it is written so.
pub(super) fn extension(name: &str) -> &str {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.rsplit_once('.').map_or("", |(_, extension)| extension)
}
