//! What an artefact can be, and whether anything here looks into it. One table; how each is recognised is in `sniff`.

mod protobuf;
mod sniff;
mod text;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use sniff::{HEAD, is_text, sniff};

/// Whether an artefact of a kind was looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A reader parses it.
    Exists,
    /// It is a model, an archive or a program, and nothing here looks into it yet: a gap.
    Missing,
    /// Text, pictures and the like: no check of this package asks anything of it.
    NotNeeded,
}

macro_rules! kinds {
    ($($variant:ident $id:literal $title:literal $reader:ident;)*) => {
        /// What an artefact is, by its content.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Kind {
            $(#[serde(rename = $id)] $variant,)*
        }

        impl Kind {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Stable, kebab-case.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// As its makers write it.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            pub fn reader(self) -> Reader {
                match self { $(Self::$variant => Reader::$reader,)* }
            }
        }
    };
}

kinds! {
    Pickle "pickle" "pickle" Exists;
    Joblib "joblib" "joblib" Exists;
    PytorchLegacy "pytorch-legacy" "PyTorch legacy file" Exists;
    PytorchTar "pytorch-tar" "PyTorch legacy tar" Exists;
    PytorchZip "pytorch-zip" "PyTorch zip" Exists;
    TorchScript "torchscript" "TorchScript archive" Exists;
    TorchScriptCode "torchscript-code" "TorchScript code" Exists;
    Npy "npy" "NumPy array" Exists;
    Npz "npz" "NumPy archive" Exists;
    TensorData "tensor-data" "raw tensor data" NotNeeded;

    Zip "zip" "zip" Exists;
    Tar "tar" "tar" Exists;
    Gzip "gzip" "gzip" Exists;
    Zlib "zlib" "zlib stream" Exists;
    JoblibZlib "joblib-zlib" "joblib file compressed by joblib before 0.10" Exists;
    Bzip2 "bzip2" "bzip2" Exists;
    Xz "xz" "xz" Exists;
    Lzma "lzma" "LZMA" Exists;
    Lz4 "lz4" "LZ4 frame" Exists;
    Zstd "zstd" "Zstandard" Exists;
    Mar "torchserve-mar" "TorchServe archive" Exists;

    ExecuTorch "executorch" "ExecuTorch program" Missing;
    KerasV3 "keras" "Keras v3 archive" Missing;
    Hdf5 "hdf5" "HDF5" Missing;
    TfSavedModel "tf-saved-model" "TensorFlow SavedModel" Missing;
    TfGraphDef "tf-graph-def" "TensorFlow GraphDef" Missing;
    TfMetaGraph "tf-meta-graph" "TensorFlow MetaGraph" Missing;
    Tflite "tflite" "TensorFlow Lite" Missing;
    Onnx "onnx" "ONNX" Missing;
    Gguf "gguf" "GGUF" Missing;
    Ggml "ggml" "GGML" Missing;
    Safetensors "safetensors" "safetensors" Missing;
    FlaxMsgpack "flax-msgpack" "Flax msgpack" Missing;
    Ocdbt "ocdbt" "Orbax OCDBT database" Missing;
    Zarr "zarr" "Orbax or Zarr array metadata" Missing;
    Xgboost "xgboost" "XGBoost model" Missing;
    LightGbm "lightgbm" "LightGBM model" Missing;
    CatBoost "catboost" "CatBoost model" Missing;
    CoreMl "coreml" "Core ML model" Missing;
    OpenVino "openvino" "OpenVINO IR" Missing;
    Pmml "pmml" "PMML" Missing;
    Paddle "paddle" "PaddlePaddle model" Missing;
    Mxnet "mxnet" "MXNet model" Missing;
    Cntk "cntk" "CNTK model" Missing;
    Rknn "rknn" "RKNN model" Missing;
    Torch7 "torch7" "Torch7 file" Missing;
    Nemo "nemo" "NeMo archive" Missing;
    RData "r-data" "R data" Missing;
    Skops "skops" "skops archive" Missing;
    TensorRt "tensorrt" "TensorRT engine" Missing;
    Llamafile "llamafile" "llamafile" Missing;

    SevenZip "7z" "7z archive" Missing;
    Rar "rar" "RAR archive" Missing;
    Compress "compress" "compress (.Z) stream" Missing;
    Lzip "lzip" "lzip" Missing;
    Cpio "cpio" "cpio archive" Missing;
    Ar "ar" "ar archive" Missing;
    OciLayout "oci-layout" "OCI image layout" Missing;
    OciManifest "oci-manifest" "OCI image manifest or index" Missing;

    Parquet "parquet" "Parquet" Missing;
    Arrow "arrow" "Arrow or Feather" Missing;
    Avro "avro" "Avro" Missing;
    Orc "orc" "ORC" Missing;
    Sqlite "sqlite" "SQLite database" Missing;
    Elf "elf" "ELF program" Missing;
    Pe "pe" "PE program" Missing;
    MachO "mach-o" "Mach-O program" Missing;
    Wasm "wasm" "WebAssembly module" Missing;
    JavaClass "java-class" "Java class" Missing;
    Pyc "python-bytecode" "Python bytecode" Missing;

    Png "png" "PNG image" NotNeeded;
    Jpeg "jpeg" "JPEG image" NotNeeded;
    Gif "gif" "GIF image" NotNeeded;
    Webp "webp" "WebP image" NotNeeded;
    Bmp "bmp" "BMP image" NotNeeded;
    Tiff "tiff" "TIFF image" NotNeeded;
    Icon "icon" "Windows icon" NotNeeded;
    Wav "wav" "WAV audio" NotNeeded;
    Flac "flac" "FLAC audio" NotNeeded;
    Mp3 "mp3" "MP3 audio" NotNeeded;
    Ogg "ogg" "Ogg audio or video" NotNeeded;
    Mp4 "mp4" "MP4 or other ISO media" NotNeeded;
    Matroska "matroska" "Matroska or WebM video" NotNeeded;
    Avi "avi" "AVI video" NotNeeded;
    Font "font" "font" NotNeeded;
    Pdf "pdf" "PDF document" NotNeeded;

    Notebook "notebook" "Jupyter notebook" NotNeeded;
    Json "json" "JSON" NotNeeded;
    Yaml "yaml" "YAML" NotNeeded;
    Toml "toml" "TOML" NotNeeded;
    Xml "xml" "XML" NotNeeded;
    Html "html" "HTML" NotNeeded;
    Jinja "jinja" "Jinja template" NotNeeded;
    Python "python" "Python source" NotNeeded;
    Script "script" "script" NotNeeded;
    GitLfsPointer "git-lfs-pointer" "Git LFS pointer" Missing;
    Text "text" "text" NotNeeded;
    Empty "empty" "empty file" NotNeeded;
    Unknown "unknown" "unknown binary data" Missing;
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Kind {
    /// The gap that stands for an artefact of this kind that nothing looks into.
    pub(crate) fn gap(self) -> Option<crate::Gap> {
        let detail = match (self.reader(), self) {
            (Reader::Missing, Self::Unknown) => "not recognised, not examined".to_owned(),
            (Reader::Missing, Self::GitLfsPointer) => {
                "a Git LFS pointer: the file it stands for is not here, not examined".to_owned()
            }
            (Reader::Missing, _) => format!("recognised as {}, not examined", self.title()),
            _ => return None,
        };
        Some(crate::Gap { why: crate::Why::NoReader, detail })
    }
}

#[cfg(test)]
mod tests;
