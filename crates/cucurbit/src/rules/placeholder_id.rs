//! An id that somebody made up, and that others will make up too.

use crate::case::Case;
use crate::finding::Finding;

info!(
    "IDS002",
    "placeholder-id", Warning, "placeholder_id.md", "An id is a placeholder or a pattern from the keyboard."
);

pub(super) fn check(case: &Case, out: &mut Vec<Finding>) {
    for node in case.graph().defined() {
        let id = case.graph().id(node);
        let (Some(reason), Some(row)) = (pattern(id), case.row_of(node)) else { continue };
        out.push(
            Finding::new(&INFO, case.id_place(row), format!("`{id}` is {reason}, not a random id"))
                .label("made up")
                .revision(id)
                .why("the next person or program that makes up an id makes up the same one; two files of one id break the chain")
                .cause("the file was written by hand or by a code generator, not by `alembic revision`")
                .help("take a random id before the revision is released: `alembic revision` makes one"),
        );
    }
}

/// Returns what kind of pattern the id is.
fn pattern(id: &str) -> Option<&'static str> {
    if is_ordinary(id.as_bytes()) {
        return None;
    }
    let text = id.to_ascii_lowercase();
    let words = [
        "placeholder",
        "changeme",
        "change_me",
        "todo",
        "fixme",
        "new_revision",
        "revision_id",
        "your_revision_id",
        "revision",
        "xxxx",
        "foobar",
        "up_revision",
        "none",
        "null",
    ];
    if words.contains(&text.as_str()) || text.contains(['<', '>', '$', '{', '}']) {
        return Some("a placeholder");
    }
    let bytes = text.as_bytes();
    if bytes.len() < 6 || !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    if bytes.len() < 8 && bytes.iter().all(u8::is_ascii_digit) {
        return None; // Numbered chains count with leading zeros.
    }
    if bytes.windows(2).all(|pair| pair[0] == pair[1]) {
        return Some("one character repeated");
    }
    if steps(bytes, 1) {
        return Some("a run of the keyboard or the alphabet");
    }
    if bytes.len() >= 8 && interleaved(bytes) {
        return Some("letters and digits counted up in turn");
    }
    if text.starts_with("deadbeef")
        || text.starts_with("cafebabe")
        || text.starts_with("abcdef12")
        || text.starts_with("123456789")
    {
        return Some("a well-known pattern");
    }
    (bytes.len() >= 8 && repeats(bytes)).then_some("a short text repeated")
}

/// Tells of hexadecimal digits whose first few are neither equal, nor counted up in any way, nor repeated: no pattern
/// begins so.
fn is_ordinary(bytes: &[u8]) -> bool {
    let &[a, b, c, d, e, f, _, _, ..] = bytes else { return false };
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let repeats = (a, b) == (c, d) || (a, b) == (d, e) || (a, b) == (e, f);
    let is_run = (a == b && c == d) || (follows(a, b, 1) && follows(b, c, 1)) || follows(a, c, 1) && follows(b, d, 1);
    let begins = |known: &&[u8]| bytes.starts_with(known);
    let is_known = [b"deadbeef".as_slice(), b"cafebabe", b"abcdef12", b"12345678"].iter().any(begins);
    bytes.iter().all(is_digit) && !repeats && !is_run && !is_known
}

/// Every character is the one before it plus one, hexadecimal digits and letters wrapping.
fn steps(bytes: &[u8], by: u8) -> bool {
    bytes.windows(2).all(|pair| follows(pair[0], pair[1], by))
}

fn follows(a: u8, b: u8, by: u8) -> bool {
    match (a, b) {
        (b'9', b'0' | b'a') | (b'f', b'0' | b'1' | b'a') => true,
        _ => a.checked_add(by) == Some(b),
    }
}

/// `a1b2c3d4e5f6` and its kin: both the letters and the digits count up.
fn interleaved(bytes: &[u8]) -> bool {
    let pick = |offset: usize| bytes.iter().skip(offset).step_by(2).copied().collect::<Vec<u8>>();
    let (even, odd) = (pick(0), pick(1));
    let alternates = even.iter().all(u8::is_ascii_alphabetic) && odd.iter().all(u8::is_ascii_digit)
        || even.iter().all(u8::is_ascii_digit) && odd.iter().all(u8::is_ascii_alphabetic);
    alternates && steps(&even, 1) && steps(&odd, 1)
}

fn repeats(bytes: &[u8]) -> bool {
    (2..=4).any(|length| bytes.len() >= length * 2 && bytes.iter().zip(&bytes[length..]).all(|(a, b)| a == b))
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn patterns_of_the_keyboard() {
        for id in [
            "a1b2c3d4e5f6",
            "b2c3d4e5f6a7",
            "1a2b3c4d5e6f",
            "000000000000",
            "123456789abc",
            "abcdef123456",
            "deadbeef0001",
            "abababababab",
            "todo",
            "${up_revision}",
            "f6a7b8c9d0e1",
        ] {
            assert!(pattern(id).is_some(), "{id}");
        }
    }

    #[test]
    fn generated_and_numbered_ids_are_none() {
        for id in [
            "3b7a1d2e4f56",
            "189b1231afd4",
            "2a3f4c9d1cde",
            "0001",
            "20240101",
            "a",
            "b2",
            "001_initial",
            "ae10",
            "202401011200",
            "000000",
            "123456",
        ] {
            assert_eq!(pattern(id), None, "{id}");
        }
    }
}
