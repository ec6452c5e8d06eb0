//! Which text it is. All of them are examined alike so far, except those that are models in disguise.

use super::Kind;
use super::sniff::extension;

/// `head` is text.
pub(super) fn which(head: &[u8], name: &str) -> Kind {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let has = |needle: &str| contains(head, needle.as_bytes());
    match head.first() {
        Some(b'<') => return markup(head),
        Some(b'{' | b'[') if is_json(head) => return json(head, name),
        _ => {}
    }
    if head.starts_with(b"tree") && (has("\nversion=v") || has("\nnum_class=")) {
        return Kind::LightGbm; // LightGBM src/boosting/gbdt_model_text.cpp
    }
    if head.starts_with(b"version https://git-lfs.github.com/spec/") {
        return Kind::GitLfsPointer; // git-lfs docs/spec.md, "The Pointer"
    }
    let shebang = head.starts_with(b"#!");
    let first = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    if shebang {
        return if contains(first, b"python") { Kind::Python } else { Kind::Script };
    }
    match extension(name).to_ascii_lowercase().as_str() {
        "py" | "pyi" | "pyw" => Kind::Python,
        "yaml" | "yml" => Kind::Yaml,
        "toml" => Kind::Toml,
        "jinja" | "jinja2" | "j2" => Kind::Jinja,
        "sh" | "bash" | "zsh" | "ps1" | "bat" | "cmd" | "pl" | "rb" | "js" | "lua" | "r" => Kind::Script,
        _ if has("{%") && has("%}") => Kind::Jinja,
        _ if head.starts_with(b"---\n") || head.starts_with(b"%YAML") => Kind::Yaml,
        _ if [&b"import "[..], b"from ", b"def ", b"class "].iter().any(|word| head.starts_with(word)) && python(head) => {
            Kind::Python
        }
        _ => Kind::Text,
    }
}

/// A line of its own that only Python has: English begins lines with the same words.
fn python(head: &[u8]) -> bool {
    head.split(|&byte| byte == b'\n').any(|line| {
        let line = line.trim_ascii_end();
        (line.starts_with(b"from ") && contains(line, b" import "))
            || (line.starts_with(b"import ") && !contains(line.get(7..).unwrap_or_default(), b" "))
            || ((line.starts_with(b"def ") || line.starts_with(b"class ")) && line.ends_with(b":"))
    })
}

/// A brace or bracket and then what JSON allows: templates begin with braces too.
fn is_json(head: &[u8]) -> bool {
    let rest = head.get(1..).unwrap_or_default().trim_ascii_start();
    let word = || [&b"true"[..], b"false", b"null"].iter().any(|word| rest.starts_with(word));
    match (head.first(), rest.first()) {
        (Some(b'{'), next) => matches!(next, None | Some(b'"' | b'}')),
        (_, next) => matches!(next, None | Some(b'"' | b']' | b'{' | b'[' | b'-' | b'0'..=b'9')) || word(),
    }
}

fn json(head: &[u8], name: &str) -> Kind {
    let has = |key: &str| contains(head, format!("\"{key}\"").as_bytes());
    let last = name.rsplit('/').next().unwrap_or(name);
    if has("imageLayoutVersion") {
        return Kind::OciLayout; // OCI image-layout.md
    }
    if has("schemaVersion") && (contains(head, b"application/vnd.oci.image") || contains(head, b"vnd.docker.distribution")) {
        return Kind::OciManifest;
    }
    if has("learner") && (has("gradient_booster") || has("learner_model_param") || has("attributes")) {
        return Kind::Xgboost; // XGBoost doc/model.schema
    }
    if has("nodes") && has("arg_nodes") || (has("nodes") && has("mxnet_version")) {
        return Kind::Mxnet;
    }
    if has("nbformat") || (has("cells") && has("cell_type")) {
        return Kind::Notebook;
    }
    if has("zarr_format") || (matches!(last, "_METADATA" | "_CHECKPOINT_METADATA") && has("tree_metadata")) {
        return Kind::Zarr; // Zarr v2 `.zarray`, v3 `zarr.json`; Orbax tree metadata
    }
    if extension(last) == "ipynb" {
        return Kind::Notebook;
    }
    if has("catboost_version_info") || (has("oblivious_trees") && has("features_info")) {
        return Kind::CatBoost;
    }
    Kind::Json
}

fn markup(head: &[u8]) -> Kind {
    let has = |needle: &[u8]| contains(head, needle);
    let lower = head.get(..512.min(head.len())).unwrap_or_default().to_ascii_lowercase();
    if has(b"<PMML") {
        Kind::Pmml
    } else if has(b"<net ") && (has(b"<layers") || has(b"version=\"1")) {
        Kind::OpenVino
    } else if contains(&lower, b"<!doctype html") || contains(&lower, b"<html") {
        Kind::Html
    } else if head.starts_with(b"<?xml") || contains(&lower, b"xmlns") || contains(&lower, b"</") || contains(&lower, b"/>") {
        Kind::Xml
    } else {
        Kind::Text
    }
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}
