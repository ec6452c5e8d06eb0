//! A path as a relative URI reference (RFC 3986), whatever bytes a file name holds.

use std::fmt::Write;

/// Stands for `..`: a consumer that resolves the reference must not leave the root.
const PARENT: &str = "_parent_";

/// The path as a relative reference, with everything but unreserved characters percent-encoded.
///
/// Code scanning refuses a file with an absolute or invalid URI, so that what lies outside the root, or has no
/// path at all, gets a relative reference too; the name as it was stands in the message and the properties.
pub(super) fn relative(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if !uri.is_empty() {
            uri.push('/');
        }
        for byte in (if part == ".." { PARENT } else { part }).bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                uri.push(byte.into());
            } else {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    if uri.is_empty() { "unnamed".to_owned() } else { uri }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_what_rfc_3986_does_not_leave_plain() {
        assert_eq!(relative("my models/a b%20.pkl"), "my%20models/a%20b%2520.pkl");
        assert_eq!(relative("模型.pkl"), "%E6%A8%A1%E5%9E%8B.pkl");
        assert_eq!(relative("a|b\n?c#d[e]:f"), "a%7Cb%0A%3Fc%23d%5Be%5D%3Af");
        assert_eq!(relative("v1.0/x_y-z~/w.pt"), "v1.0/x_y-z~/w.pt");
    }

    #[test]
    fn never_leaves_the_root_and_is_never_empty() {
        assert_eq!(relative("<stdin>"), "%3Cstdin%3E");
        assert_eq!(relative("/etc/x.pkl"), "etc/x.pkl");
        assert_eq!(relative("//host/x.pkl"), "host/x.pkl");
        assert_eq!(relative("../up/./x.pkl"), "_parent_/up/x.pkl");
        assert_eq!(relative("C:\\x.pkl"), "C%3A%5Cx.pkl");
        assert_eq!(relative("https://example.org/x"), "https%3A/example.org/x");
        assert_eq!(relative(""), "unnamed");
        assert_eq!(relative("/"), "unnamed");
    }
}
