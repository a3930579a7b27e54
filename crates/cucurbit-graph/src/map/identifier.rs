//! What can be asked for, and what it can turn out to be.
//!
//! These are plain values; whether an identifier means anything is decided by the map.

use super::python;

/// A revision identifier as a user, a database row or a caller gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identifier {
    /// No revision at all, which means the base.
    None,
    /// A text: an id, a part of one, a label, a symbol, or a relative form.
    Text(String),
    /// Several identifiers, such as the rows of a version table.
    Many(Vec<Identifier>),
    /// A value that is no text, by its Python `repr`. No chain knows it.
    Odd(String),
}

impl Identifier {
    /// Whether Python takes this for false: nothing, an empty text or no identifiers.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Identifier::None => true,
            Identifier::Text(text) => text.is_empty(),
            Identifier::Many(items) => items.is_empty(),
            Identifier::Odd(_) => false,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Identifier::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The identifiers of a sequence, or the one that stands alone.
    pub(super) fn parts(&self) -> &[Identifier] {
        match self {
            Identifier::None => &[],
            Identifier::Many(items) => items,
            one => std::slice::from_ref(one),
        }
    }

    /// `str()` of the value.
    pub(super) fn text(&self) -> String {
        match self {
            Identifier::Text(text) => text.clone(),
            other => other.repr(),
        }
    }

    /// `repr()` of the value.
    pub(super) fn repr(&self) -> String {
        match self {
            Identifier::None => "None".to_owned(),
            Identifier::Text(text) => python::quoted(text),
            Identifier::Many(items) => python::tuple(&items.iter().map(Identifier::repr).collect::<Vec<_>>()),
            Identifier::Odd(repr) => repr.clone(),
        }
    }
}

impl From<&str> for Identifier {
    fn from(text: &str) -> Self {
        Identifier::Text(text.to_owned())
    }
}

impl From<String> for Identifier {
    fn from(text: String) -> Self {
        Identifier::Text(text)
    }
}

impl<T: Into<Identifier>> From<Option<T>> for Identifier {
    fn from(value: Option<T>) -> Self {
        value.map_or(Identifier::None, Into::into)
    }
}

impl From<&Identifier> for Identifier {
    fn from(value: &Identifier) -> Self {
        value.clone()
    }
}

impl From<&[&str]> for Identifier {
    fn from(texts: &[&str]) -> Self {
        Identifier::Many(texts.iter().map(|text| Identifier::from(*text)).collect())
    }
}

impl<const N: usize> From<[&str; N]> for Identifier {
    fn from(texts: [&str; N]) -> Self {
        Identifier::from(texts.as_slice())
    }
}

impl From<&[String]> for Identifier {
    fn from(texts: &[String]) -> Self {
        Identifier::Many(texts.iter().map(|text| Identifier::from(text.as_str())).collect())
    }
}

/// Where an identifier leads.
///
/// Alembic answers a walk that ends exactly below the first revision with the word `base`, and one
/// that goes further with nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: below the base, or the base itself for an identifier that stands for it.
    Nothing,
    /// Just below the first revision.
    Base,
    /// A revision, by its id.
    Revision(String),
}
