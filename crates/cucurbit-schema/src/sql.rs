//! Raw SQL, read into changes. (Stub.)
#![allow(missing_docs, unused_variables)]
use crate::*;
pub struct Piece<'a> {
    pub text: &'a str,
    pub start: usize,
}
pub struct ReadStatement {
    pub start: usize,
    pub text: String,
    pub changes: Vec<Change>,
    pub exact: bool,
}
pub fn split(text: &str, dialect: Dialect) -> Vec<Piece<'_>> {
    vec![Piece { text, start: 0 }]
}
pub fn read_one(text: &str, dialect: Dialect, state: &Database) -> ReadStatement {
    ReadStatement {
        start: 0,
        text: text.to_owned(),
        changes: vec![Change::Unknown(UnknownEffect {
            extent: Extent::Anything,
            reason: "not yet".into(),
            text: text.chars().take(100).collect(),
        })],
        exact: false,
    }
}
