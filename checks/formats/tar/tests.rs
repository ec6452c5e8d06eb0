//! Archives built block by block. What Python's tarfile and GNU tar make of the end mark, of a wrong checksum, of two
//! members of one name and of a link with a size was tried with both.

use super::*;
use crate::Settings;

/// A header with a right checksum.
fn header(name: &str, kind: u8, size: &str, link: &str) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..107].copy_from_slice(b"0000644");
    block[124..124 + size.len()].copy_from_slice(size.as_bytes());
    block[136..147].copy_from_slice(b"00000000000");
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut block);
    block
}

fn seal(block: &mut [u8; 512]) {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn data(bytes: &[u8]) -> Vec<u8> {
    let mut data = bytes.to_vec();
    data.resize(bytes.len().div_ceil(512) * 512, 0);
    data
}

fn file(name: &str, bytes: &[u8]) -> Vec<u8> {
    [&header(name, b'0', &format!("{:011o}", bytes.len()), "")[..], &data(bytes)].concat()
}

fn link(name: &str, kind: u8, target: &str) -> Vec<u8> {
    header(name, kind, "00000000000", target).to_vec()
}

struct Told {
    members: Vec<(String, Vec<u8>)>,
    oddities: Vec<(What, u64)>,
    gaps: Vec<Why>,
}

/// Reads as a window and as a stream, which must be alike.
fn read(parts: &[Vec<u8>]) -> Told {
    read_with(parts, &Settings::default())
}

fn read_with(parts: &[Vec<u8>], settings: &Settings) -> Told {
    let archive = parts.concat();
    let cx = Cx::new(settings);
    let mut reader = Reader::new(Content::Window(Window::file(&archive)), &cx);
    let mut members = Vec::new();
    while let Some(member) = reader.next() {
        let window = member.window(Window::file(&archive));
        members.push((member.name, window.bytes(0, 1 << 20).unwrap()));
    }
    let stream = Stream::new(Box::new(&archive[..])).unwrap();
    let mut again = Reader::new(Content::Stream(stream), &cx);
    let mut streamed = Vec::new();
    while let Some(member) = again.next() {
        let mut bytes = Vec::new();
        // Half of the members are left unread, as a sniffer leaves them.
        if streamed.len() % 2 == 0 {
            again.stream(&member).unwrap().read_to_end(&mut bytes).unwrap();
        } else {
            bytes.clone_from(&members[streamed.len()].1);
        }
        streamed.push((member.name, bytes));
    }
    assert_eq!(members, streamed);
    let told = |facts: &ArchiveFacts| facts.oddities.iter().map(|oddity| (oddity.what, oddity.at)).collect::<Vec<_>>();
    let over =
        |facts: &ArchiveFacts| facts.oddities.iter().filter(|oddity| oddity.message.contains("more than there are")).count();
    // How much there is only a window knows.
    assert_eq!(told(&reader.facts).len() - over(&reader.facts), told(&again.facts).len());
    Told { members, oddities: told(&reader.facts), gaps: reader.gaps.iter().map(|gap| gap.why).collect() }
}

fn end() -> Vec<u8> {
    vec![0; 1024]
}

fn names(read: &Told) -> Vec<&str> {
    read.members.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn files_in_order() {
    let read = read(&[file("a", b"one"), file("b/c", &[7; 600]), file("d", b""), end()]);
    assert_eq!(read.members, [("a".into(), b"one".to_vec()), ("b/c".into(), vec![7; 600]), ("d".into(), Vec::new())]);
    assert_eq!((read.oddities, read.gaps), (vec![], vec![]));
}

#[test]
fn long_names_of_gnu_and_pax() {
    let long = "n".repeat(200);
    let gnu =
        [header("././@LongLink", b'L', "00000000311", "").to_vec(), data(format!("{long}\0").as_bytes()), file("short", b"1")];
    assert_eq!(names(&read(&[gnu.concat(), end()])), [long.as_str()]);
    let record = format!("210 path={long}\n");
    let pax = [header("pax", b'x', &format!("{:011o}", record.len()), "").to_vec(), data(record.as_bytes()), file("short", b"1")];
    let read = read(&[pax.concat(), file("plain", b""), end()]);
    assert_eq!(names(&read), [long.as_str(), "plain"]);
    assert!(read.oddities.is_empty());
}

#[test]
fn sizes_beyond_octal() {
    let mut big = header("big", b'0', "", "");
    big[124] = 0x80;
    big[135] = 3;
    seal(&mut big);
    assert_eq!(read(&[big.to_vec(), data(b"abc"), end()]).members, [("big".into(), b"abc".to_vec())]);
    // A size near 2⁶³ ends the reading, and says so.
    big[128..136].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    seal(&mut big);
    let read = read(&[big.to_vec(), data(b"abc")]);
    assert_eq!(read.oddities, [(What::Irregular, 0)]);
}

#[test]
fn names_and_links_that_lead_out() {
    for (part, escapes) in [
        (file("../x", b""), true),
        (file("/etc/x", b""), true),
        (file("a/../../x", b""), true),
        (file("C:\\x", b""), true),
        (file("a\\..\\..\\x", b""), true),
        (file("a/../x", b""), false),
        (file("..x/...", b""), false),
        (link("a/l", b'2', "../b"), false),
        (link("a/l", b'2', "../../b"), true),
        (link("l", b'2', "/etc/passwd"), true),
        (link("a/l", b'1', "b"), false),
        (link("a/l", b'1', "../b"), true),
    ] {
        let read = read(&[part.clone(), end()]);
        let expected = if escapes { vec![(What::Escapes, 0)] } else { vec![] };
        assert_eq!(read.oddities, expected, "{}", String::from_utf8_lossy(&part[..20]));
    }
}

#[test]
fn two_members_of_one_name() {
    let read = read(&[file("m.pkl", b"1"), file("./m.pkl", b"2"), end()]);
    assert_eq!(read.oddities, [(What::Ambiguous, 1024)]);
    assert_eq!(read.members.len(), 2);
}

/// tarfile stops at the first zero block; GNU tar goes on with `--ignore-zeros`. Both halves are read.
#[test]
fn archives_one_after_the_other() {
    let read = read(&[file("a", b""), end(), file("b", b""), end(), file("c", b"")]);
    assert_eq!(names(&read), ["a", "b", "c"]);
    assert_eq!(read.oddities, [(What::Ambiguous, 512 + 1024), (What::Ambiguous, 1024 + 2048)]);
}

/// tarfile takes a wrong checksum behind the first member for the end of the archive.
#[test]
fn a_wrong_checksum_hides_nothing() {
    let mut broken = file("b", b"2");
    broken[0] = b'B';
    let read = read(&[file("a", b"1"), broken, file("c", b"3"), end()]);
    assert_eq!(names(&read), ["a", "c"]);
    assert_eq!(read.oddities, [(What::Irregular, 1024)]);
}

#[test]
fn sizes_that_lie() {
    assert_eq!(read(&[header("a", b'0', "00000010000", "").to_vec(), data(b"x")]).oddities, [(What::Irregular, 0)]);
    assert_eq!(read(&[header("a", b'0', "0000000zzzz", "").to_vec(), end()]).oddities, [(What::Irregular, 0)]);
    let record = b"13 size=1024\n";
    let pax = [header("pax", b'x', "00000000015", "").to_vec(), data(record), file("a", b"x"), data(&[0; 512]), file("b", b"")];
    let read = read(&[pax.concat(), end()]);
    assert_eq!((names(&read), read.oddities.clone()), (vec!["a", "b"], vec![(What::Ambiguous, 1024)]));
    assert_eq!(self::read(&[header("l", b'1', "00000001000", "a").to_vec(), end()]).oddities, [(What::Ambiguous, 0)]);
}

#[test]
fn what_is_not_read_is_a_gap() {
    assert_eq!(read(&[header("holes", b'S', "00000001000", "").to_vec(), vec![1; 512], end()]).gaps, [Why::NoReader]);
    assert_eq!(read(&[header("././@LongLink", b'L', "77777777777", "").to_vec(), end()]).gaps, [Why::OverLimit]);
    let mut settings = Settings::default();
    settings.limits.members = 2;
    let read = read_with(&[file("a", b""), file("b", b""), file("c", b""), end()], &settings);
    assert_eq!((names(&read), read.gaps.clone()), (vec!["a", "b"], vec![Why::OverLimit]));
    let lost = self::read(&[file("a", b""), vec![1; 512 * 2100]]);
    assert_eq!((lost.oddities, lost.gaps), (vec![(What::Irregular, 512)], vec![Why::Unreadable]));
}

#[test]
fn an_end_within_a_header() {
    assert_eq!(read(&[file("a", b"1"), vec![b'x'; 100]]).oddities, [(What::Irregular, 1024)]);
    assert!(read(&[file("a", b"1")]).oddities.is_empty());
}
