//! The grammar of relative targets, such as `+2`, `label@-1` and `ae10+1`.
//!
//! It is the beginning of the text that counts; whatever follows the number is ignored.

use super::python;

/// A target that is so many steps away from something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relative<'t> {
    pub(super) label: Option<&'t str>,
    /// Where to count from; the current revisions if there is none.
    pub(super) symbol: Option<&'t str>,
    /// The sign and the digits as written.
    pub(super) text: &'t str,
    pub(super) steps: i64,
}

impl<'t> Relative<'t> {
    /// Reads a relative target: the shortest label for which the rest makes sense, then no label.
    pub(super) fn read(target: &'t str) -> Option<Relative<'t>> {
        let line = target.find('\n').unwrap_or(target.len());
        let labelled = target[..line].match_indices('@').filter(|(at, _)| *at > 0);
        let mut ends = labelled.map(|(at, _)| at);
        ends.find_map(|at| Self::read_rest(Some(&target[..at]), &target[at + 1..]))
            .or_else(|| Self::read_rest(None, target))
    }

    fn read_rest(label: Option<&'t str>, rest: &'t str) -> Option<Relative<'t>> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let sign = rest.find(|c| !is_word(c))?;
        let number = &rest[sign..];
        let digits = number.strip_prefix(['+', '-'])?;
        let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let text = &number[..=length];
        let steps = python::whole_number(text)?;
        Some(Relative { label, symbol: Some(&rest[..sign]).filter(|symbol| !symbol.is_empty()), text, steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(target: &str) -> String {
        Relative::read(target).map_or("absolute".to_owned(), |found| {
            format!("{:?} {:?} {}", found.label.unwrap_or("-"), found.symbol.unwrap_or("-"), found.steps)
        })
    }

    #[test]
    fn reads_the_forms_of_relative_targets() {
        assert_eq!(read("+2"), r#""-" "-" 2"#);
        assert_eq!(read("-002"), r#""-" "-" -2"#);
        assert_eq!(read("ae10+1"), r#""-" "ae10" 1"#);
        assert_eq!(read("x@-1"), r#""x" "-" -1"#);
        assert_eq!(read("x@ae10-1zzz"), r#""x" "ae10" -1"#);
        assert_eq!(read("x@y@+1"), r#""x@y" "-" 1"#);
    }

    #[test]
    fn leaves_other_targets_alone() {
        for target in ["ae10", "x@head", "a.b+1", "@+1", "+", "x y-1", ""] {
            assert_eq!(read(target), "absolute", "{target}");
        }
    }
}
