//! MySQL's `ALTER TABLE … CONVERT TO CHARACTER SET`.

use super::Reader;
use super::cursor::Cursor;
use crate::{Change, Column, ColumnAlteration, ObjectName, Table, TypeKind};

/// The types of text without a length, each with how many bytes it holds.
const TEXTS: [(&str, u64); 4] =
    [("tinytext", 0xff), ("text", 0xffff), ("mediumtext", 0xff_ffff), ("longtext", 0xffff_ffff)];

impl Reader<'_> {
    /// Reads what stands behind `CONVERT TO`: the default of the table changes, and its columns of text follow it.
    pub(super) fn convert(&mut self, c: &mut Cursor<'_>, table: &ObjectName) -> Option<()> {
        (c.eat_all(&["character", "set"]) || c.eat("charset")).then_some(())?;
        c.eat_symbol('=');
        let charset = c.string().or_else(|| c.ident())?.to_lowercase();
        let mut collation = None;
        if c.eat("collate") {
            c.eat_symbol('=');
            collation = Some(c.string().or_else(|| c.ident())?.to_lowercase());
        }
        // `DEFAULT` is that of the database, and `binary` makes other types of texts.
        if matches!(charset.as_str(), "default" | "binary") {
            return None;
        }
        let found = self.state.table(table);
        let had_collation = found.is_some_and(|t| t.options.contains_key("collate"));
        for (key, value) in [("charset", Some(charset.clone())), ("collate", collation)] {
            if key == "charset" || value.is_some() || had_collation {
                let key = key.to_owned();
                self.changes.push(Change::SetTableOption { table: table.clone(), key, value });
            }
        }
        for column in found.into_iter().flat_map(|t| &t.columns) {
            if let Some(converted) = found.and_then(|t| converted(t, column, &charset)) {
                let column = column.name.clone();
                let alteration = ColumnAlteration::Definition { column: Box::new(converted), position: None };
                self.changes.push(Change::AlterColumn { table: table.clone(), column, alteration });
            }
        }
        Some(())
    }
}

/// A column of text in the new character set; `None` when it stays as it is.
fn converted(table: &Table, column: &Column, charset: &str) -> Option<Column> {
    let mut made = column.clone();
    made.collation = None;
    if let TypeKind::Named { name, attributes, .. } = &mut made.data_type.kind {
        if !matches!(name.as_str(), "char" | "varchar" | "set") && TEXTS.iter().all(|(text, _)| text != name)
        {
            return None;
        }
        attributes.retain(|a| !a.starts_with("character set "));
        if let Some(wider) = wider(table, column, name, charset) {
            *name = wider.to_owned();
        }
    } else if !matches!(made.data_type.kind, TypeKind::Enum { .. }) {
        return None;
    }
    (made != *column).then_some(made)
}

/// The type that holds as many characters as a text did. Where the character set so far is not known it stays.
fn wider(table: &Table, column: &Column, name: &str, charset: &str) -> Option<&'static str> {
    let before = bytes(&charset_of(table, column)?)?;
    let (_, length) = TEXTS.iter().find(|(text, _)| *text == name)?;
    let needed = length / before * bytes(charset)?;
    let longest = TEXTS[TEXTS.len() - 1].0;
    Some(TEXTS.iter().find(|(_, holds)| needed <= *holds).map_or(longest, |(text, _)| *text))
}

fn charset_of(table: &Table, column: &Column) -> Option<String> {
    if let TypeKind::Named { attributes, .. } = &column.data_type.kind
        && let Some(own) = attributes.iter().find_map(|a| a.strip_prefix("character set "))
    {
        return Some(own.to_owned());
    }
    let of_collation = |name: &String| name.split('_').next().unwrap_or(name).to_owned();
    let own = column.collation.as_ref().map(of_collation);
    let of_table = || table.options.get("charset").cloned();
    own.or_else(of_table).or_else(|| table.options.get("collate").map(of_collation)).map(|c| c.to_lowercase())
}

/// The longest character of a character set, in bytes.
fn bytes(charset: &str) -> Option<u64> {
    Some(match charset {
        "ascii" | "latin1" | "latin2" | "latin5" | "latin7" | "cp1250" | "cp1251" | "koi8r" => 1,
        "ucs2" | "gbk" | "big5" | "sjis" => 2,
        "utf8" | "utf8mb3" => 3,
        "utf8mb4" | "utf16" | "utf32" | "gb18030" => 4,
        _ => return None,
    })
}
