//! Every kind from a minimal beginning as its format has it.

use super::*;

fn field(number: u8, payload: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(payload.len()).unwrap()], payload].concat()
}

/// Messages as the frameworks write them, with the fields in their order.
fn messages() -> Vec<(Vec<u8>, &'static str, Kind)> {
    let info = [field(2, &field(1, b"\x0a\x03Add")), field(4, b"serve"), field(5, b"2.15.0")].concat();
    let meta = [field(1, &info), field(2, &field(1, &field(1, b"x")))].concat();
    let node = [field(1, b"input"), field(2, b"Placeholder")].concat();
    let block = [&b"\x08\0\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"[..], &field(3, &field(1, b"w"))].concat();
    vec![
        ([&b"\x08\x08"[..], &field(2, b"pytorch"), &field(3, b"2.3.0"), &field(7, &field(1, &node))].concat(), "", Kind::Onnx),
        ([&b"\x08\x03"[..], &field(7, &field(1, &node))].concat(), "", Kind::Onnx),
        ([&b"\x08\x01"[..], &field(2, &meta)].concat(), "saved_model.pb", Kind::TfSavedModel),
        (field(1, &node), "frozen.pb", Kind::TfGraphDef),
        (meta, "model.meta", Kind::TfMetaGraph),
        (
            [&b"\x08\x05"[..], &field(2, &field(1, &[field(1, b"image"), field(3, b"\x22\0")].concat()))].concat(),
            "",
            Kind::CoreMl,
        ),
        ([&b"\x08\x01"[..], &field(2, &[field(1, b"uid"), field(2, b"\x08\x01")].concat())].concat(), "", Kind::Cntk),
        (field(1, &block), "", Kind::Paddle),
    ]
}

#[rustfmt::skip]
const HEADS: &[(&[u8], &str, Kind)] = &[
    (b"", "", Kind::Empty),
    (b"\x80\x04\x95\x0b\0\0\0\0\0\0\0", "", Kind::Pickle),
    (b"\x93NUMPY\x01\0v\0{'descr': '<f8'", "", Kind::Npy),
    (b"PK\x03\x04\x14\0\0\0", "", Kind::Zip),
    (b"\x89HDF\r\n\x1a\n\0\0\0", "", Kind::Hdf5),
    (b"\x1c\0\0\0TFL3\x14\0", "", Kind::Tflite),
    (b"\x1c\0\0\0ET12\x14\0", "", Kind::ExecuTorch),
    (b"GGUF\x03\0\0\0\x10\0\0\0", "", Kind::Gguf),
    (b"lmgg\x01\0\0\0", "", Kind::Ggml), (b"tjgg\x03\0\0\0", "", Kind::Ggml), (b"algg\x01\0\0\0", "", Kind::Ggml),
    (b"\x40\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"F32\"", "", Kind::Safetensors),
    (b"\x82\xa6params\x81\xa5Dense", "", Kind::FlaxMsgpack),
    (b"\xde\0\x20\xa6params", "", Kind::FlaxMsgpack),
    (b"\x0c\xdb\x3a\x2a\0\0", "", Kind::Ocdbt),
    (b"{\"chunks\": [1], \"zarr_format\": 2}", ".zarray", Kind::Zarr),
    (b"{\"learner\":{\"attributes\":{},\"gradient_booster\":{}}}", "", Kind::Xgboost),
    (b"{L\0\0\0\0\0\0\0\x07learner{", "", Kind::Xgboost),
    (b"binf\0\0\0\x3f\x05\0", "", Kind::Xgboost),
    (b"tree\nversion=v4\nnum_class=1\n", "", Kind::LightGbm),
    (b"CBM1\x10\0\0\0\x20\0", "", Kind::CatBoost),
    (b"<?xml version=\"1.0\"?><net name=\"m\" version=\"11\"><layers>", "", Kind::OpenVino),
    (b"<?xml version=\"1.0\"?><PMML version=\"4.4\">", "", Kind::Pmml),
    (b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "m.pdiparams", Kind::Paddle),
    (b"\x12\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", "", Kind::Mxnet),
    (b"{\"nodes\": [], \"arg_nodes\": [0]}", "", Kind::Mxnet),
    (b"B\0C\0N\0\0\0B\0V\0", "", Kind::Cntk),
    (b"RKNN\0\0\0\0\x01\0", "", Kind::Rknn),
    (b"\x04\0\0\0\x01\0\0\0\x03\0\0\0V 1\x0f", "", Kind::Torch7),
    (b"RDX3\nX\n\0\0\0\x03", "", Kind::RData), (b"X\n\0\0\0\x03\0\x04", "", Kind::RData),
    (b"ftrt\0\0\0\0\x01", "", Kind::TensorRt),
    (b"MZqFpD='\n\0\0", "", Kind::Llamafile),
    (b"7z\xbc\xaf\x27\x1c\0\x04", "", Kind::SevenZip),
    (b"Rar!\x1a\x07\x01\0", "", Kind::Rar), (b"Rar!\x1a\x07\0\xcf", "", Kind::Rar),
    (b"\x1f\x9d\x90\0", "", Kind::Compress),
    (b"LZIP\x01\x0c", "", Kind::Lzip),
    (b"{\"imageLayoutVersion\": \"1.0.0\"}", "oci-layout", Kind::OciLayout),
    (b"{\"schemaVersion\": 2, \"mediaType\": \"application/vnd.oci.image.index.v1+json\"}", "", Kind::OciManifest),
    (b"PAR1\x15\x04", "", Kind::Parquet), (b"ARROW1\0\0\xff", "", Kind::Arrow), (b"Obj\x01\x04\x16", "", Kind::Avro),
    (b"ORC\x0a\x01\0", "", Kind::Orc), (b"SQLite format 3\0\x10", "", Kind::Sqlite),
    (b"\x7fELF\x02\x01\x01", "", Kind::Elf), (b"MZ\x90\0\x03", "", Kind::Pe),
    (b"\xcf\xfa\xed\xfe\x07", "", Kind::MachO), (b"\xca\xfe\xba\xbe\0\0\0\x02", "", Kind::MachO),
    (b"\xca\xfe\xba\xbe\0\0\0\x3d", "", Kind::JavaClass), (b"\0asm\x01\0\0\0", "", Kind::Wasm),
    (b"\xa7\x0d\r\n\0\0\0\0\0\0\0\0\0\0\0\0\xe3\0", "", Kind::Pyc),
    (b"\x89PNG\r\n\x1a\n\0", "", Kind::Png), (b"\xff\xd8\xff\xe0\0\x10JFIF", "", Kind::Jpeg),
    (b"GIF89a\x01\0\x01\0", "", Kind::Gif), (b"RIFF\x24\0\0\0WAVEfmt ", "", Kind::Wav),
    (b"RIFF\x24\0\0\0WEBPVP8 ", "", Kind::Webp), (b"fLaC\0\0\0\x22", "", Kind::Flac),
    (b"ID3\x04\0\0\0\0\0\0", "", Kind::Mp3), (b"\xff\xfb\x90\x64\0", "a.mp3", Kind::Mp3), (b"OggS\0\x02\0", "", Kind::Ogg),
    (b"\0\0\0\x18ftypmp42", "", Kind::Mp4), (b"%PDF-1.7\n%\xe2\xe3", "", Kind::Pdf),
    (b"{\"cells\": [], \"nbformat\": 4}", "", Kind::Notebook), (b"{\"cells\": []}", "x.ipynb", Kind::Notebook),
    (b"{\"a\": 1}", "", Kind::Json), (b"[1, 2]", "", Kind::Json),
    (b"a: 1\n", "x.yaml", Kind::Yaml), (b"---\na: 1\n", "", Kind::Yaml), (b"[a]\nb = 1\n", "x.toml", Kind::Toml),
    (b"<?xml version=\"1.0\"?><a/>", "", Kind::Xml), (b"<!DOCTYPE html><html>", "", Kind::Html),
    (b"{% for m in messages %}{{ m }}{% endfor %}", "", Kind::Jinja),
    (b"import os\n", "", Kind::Python), (b"x = 1\n", "a.py", Kind::Python), (b"#!/usr/bin/env python3\n", "", Kind::Python),
    (b"#!/bin/sh\n", "", Kind::Script), (b"It was the best of times\n", "", Kind::Text), ("smørrebrød".as_bytes(), "", Kind::Text),
    (b"\xff\xfeh\0i\0", "", Kind::Text),
    (b"\x12\x34\xf0\xff\0\0", "", Kind::Unknown),
    // Texts that begin with the letters of a signature.
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "model.pkl", Kind::GitLfsPointer),
    (b"ORCHESTRA\n", "", Kind::Text), (b"RKNN is a format.\n", "", Kind::Text), (b"BZh is a magic number\n", "", Kind::Text),
    (b"MZ is a signature\n", "", Kind::Text), (b"ID3 tags\n", "", Kind::Text), (b"GIF89a is old\n", "", Kind::Text),
    (b"from here on it is a text\n", "", Kind::Text), (b"class struggles\n", "", Kind::Text), (b"tree of life\n", "", Kind::Text),
    (b"{{ template }}", "", Kind::Text), (b"[note] this", "", Kind::Text),
];

#[test]
fn every_format_from_its_beginning() {
    for (head, name, kind) in HEADS {
        assert_eq!(sniff(head, Some(1 << 20), name), *kind, "{:?}", String::from_utf8_lossy(head));
    }
    for (head, name, kind) in messages() {
        assert_eq!(sniff(&head, Some(1 << 20), name), kind, "{head:02x?}");
    }
}

/// The rest is told by the members of an archive, by opcodes, or by a place in a container.
#[test]
fn no_kind_is_forgotten() {
    let here: Vec<Kind> = HEADS.iter().map(|row| row.2).chain(messages().iter().map(|row| row.2)).collect();
    let elsewhere = |kind| {
        use Kind::{
            Ar, Avi, Bmp, Bzip2, Cpio, Font, Gzip, Icon, Joblib, JoblibZlib, KerasV3, Lz4, Lzma, Mar, Matroska, Nemo, Npz,
            PytorchLegacy, PytorchTar, PytorchZip, Skops, Tar, TensorData, Tiff, TorchScript, TorchScriptCode, Xz, Zlib, Zstd,
        };
        matches!(
            kind,
            Ar | Avi
                | Bmp
                | Bzip2
                | Cpio
                | Font
                | Gzip
                | Icon
                | Joblib
                | JoblibZlib
                | KerasV3
                | Lz4
                | Lzma
                | Mar
                | Matroska
                | Nemo
                | Npz
                | PytorchLegacy
                | PytorchTar
                | PytorchZip
                | Skops
                | Tar
                | TensorData
                | Tiff
                | TorchScript
                | TorchScriptCode
                | Xz
                | Zlib
                | Zstd
        )
    };
    for kind in Kind::ALL {
        assert!(here.contains(kind) || elsewhere(*kind), "{kind}");
    }
}

/// A false name changes nothing about what has a signature.
#[test]
fn names_hide_nothing() {
    for name in ["x.txt", "README.md", "x.png", "x.json", "x.yaml", "x.py", "x.engine"] {
        for (head, _, kind) in HEADS.iter().filter(|row| row.2.reader() == Reader::Missing && !is_text(row.0)) {
            let told = sniff(head, Some(1 << 20), name);
            assert!(told == *kind || told.reader() == Reader::Missing, "{name} {kind}");
        }
    }
}

#[test]
fn ids_are_unique_and_kebab_case() {
    let mut ids: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert!(ids.iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), Kind::ALL.len());
}

#[test]
fn ids_are_what_is_serialised() {
    for kind in Kind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}

/// A public key of 32 bytes that begins as zlib does (it stands among the tests of ring), and a stream that unpacks.
#[test]
fn zlib_is_what_unpacks() {
    let key = b"\x58\x09\xe9\xfe\xf6\xdc\xec\x58\xf0\xf2\xe3\xb0\xd6\x7e\x98\x80\xa1\x19\x57\xe0\x83\xac\xe8\x58\x35\xc3\xb6\xc8\xfb\xaf\x6b\x7d";
    assert_eq!(sniff(key, Some(32), "key.der"), Kind::Unknown);
    let stream = b"\x78\x9c\x4b\x2c\xce\x50\x48\x84\x60\x00\x17\xae\x03\xf5";
    for cut in 3..stream.len() {
        assert_eq!(sniff(&stream[..cut], None, ""), Kind::Zlib, "{cut}");
    }
}
