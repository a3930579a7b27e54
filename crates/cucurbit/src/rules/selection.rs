//! Which rules are applied.
//!
//! Rules are selected and ignored as in Ruff: by the beginning of a code, and the longer of two that meet wins.

use super::{ALL, Rule};
use std::str::FromStr;

/// Some rules: `ALL`, those whose codes begin alike (`GRA`, `GRA00`), or one, by its code or name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(String);

/// No rule has such a code or name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule `{0}`, and no code begins so; `cucurbit rule` lists them")]
pub struct UnknownSelector(pub String);

impl FromStr for Selector {
    type Err = UnknownSelector;

    fn from_str(text: &str) -> Result<Self, UnknownSelector> {
        if text.eq_ignore_ascii_case("all") {
            return Ok(Selector(String::new()));
        }
        if let Some(rule) = super::find(text) {
            return Ok(Selector(rule.info.code.to_owned()));
        }
        let prefix = text.to_ascii_uppercase();
        let is_known = !prefix.is_empty() && ALL.iter().any(|rule| rule.info.code.starts_with(&prefix));
        if is_known { Ok(Selector(prefix)) } else { Err(UnknownSelector(text.to_owned())) }
    }
}

/// The rules to apply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// These; all of them when there is none.
    pub select: Vec<Selector>,
    /// But not these. Where both name a rule, the longer selector counts; of equals, this one.
    pub ignore: Vec<Selector>,
}

impl Selection {
    /// Tells whether a rule is to be applied.
    #[must_use]
    pub fn has(&self, rule: &Rule) -> bool {
        let longest = |selectors: &[Selector]| {
            let named = selectors.iter().filter(|selector| rule.info.code.starts_with(&selector.0));
            named.map(|selector| selector.0.len()).max()
        };
        let selected = if self.select.is_empty() { Some(0) } else { longest(&self.select) };
        selected > longest(&self.ignore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(select: &str, ignore: &str) -> Vec<&'static str> {
        let read = |text: &str| -> Vec<Selector> {
            text.split_whitespace().map(|word| word.parse().expect("a selector")).collect()
        };
        let selection = Selection { select: read(select), ignore: read(ignore) };
        ALL.iter().filter(|rule| selection.has(rule)).map(|rule| rule.info.code).collect()
    }

    #[test]
    fn nothing_said_means_all() {
        assert_eq!(check("", "").len(), ALL.len());
        assert_eq!(check("ALL", ""), check("", ""));
        assert_eq!(check("", "ALL"), [""; 0]);
    }

    #[test]
    fn codes_beginnings_and_names_select() {
        assert_eq!(check("GRA001 missing-base", ""), ["GRA001", "GRA002"]);
        assert!(check("sch", "").iter().all(|code| code.starts_with("SCH")));
        assert!(check("", "SCH").iter().all(|code| !code.starts_with("SCH")));
        assert_eq!(check("", "SCH").len() + check("SCH", "").len(), ALL.len());
    }

    #[test]
    fn the_longer_selector_counts() {
        assert_eq!(check("GRA GRA001", "GRA"), ["GRA001"]);
        assert!(!check("GRA", "GRA001").contains(&"GRA001"));
        assert_eq!(check("GRA001", "GRA001"), [""; 0]);
        assert_eq!(check("GRA001", "ALL"), ["GRA001"]);
    }

    #[test]
    fn what_names_no_rule_is_refused() {
        for text in ["", "XYZ", "GRA0011", "missing"] {
            assert_eq!(text.parse::<Selector>(), Err(UnknownSelector(text.to_owned())));
        }
    }
}
