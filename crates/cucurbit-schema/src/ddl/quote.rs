//! Names and strings, quoted.

use crate::model::{Dialect, ObjectName};
use std::sync::LazyLock;

/// Words that are more than a name to PostgreSQL, in some place or another.
const POSTGRESQL: &str = "all analyse analyze and any array as asc asymmetric authorization between bigint \
binary bit boolean both case cast char character check coalesce collate collation column concurrently \
constraint create cross current_catalog current_date current_role current_schema current_time \
current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists \
extract false fetch float for foreign freeze from full grant greatest group grouping having ilike in \
initially inner inout int integer intersect interval into is isnull join json json_array json_arrayagg \
json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value lateral \
leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize \
not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position \
precision primary real references returning right row select session_user setof similar smallint some \
substring symmetric system_user table tablesample then time timestamp to trailing treat trim true union \
unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement \
xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable";

const SQLITE: &str = "abort action add after all alter always analyze and as asc attach autoincrement before \
begin between by cascade case cast check collate column commit conflict constraint create cross current \
current_date current_time current_timestamp database default deferrable deferred delete desc detach distinct \
do drop each else end escape except exclude exclusive exists explain fail filter first following for foreign \
from full generated glob group groups having if ignore immediate in index indexed initially inner insert \
instead intersect into is isnull join key last left like limit match materialized natural no not nothing \
notnull null nulls of offset on or order others outer over partition plan pragma preceding primary query \
raise range recursive references regexp reindex release rename replace restrict returning right rollback row \
rows savepoint select set strict table temp temporary then ties to transaction trigger unbounded union unique \
update using vacuum values view virtual when where window with within without";

const MYSQL: &str = "accessible account add admin all alter analyze and as asc asensitive auto before between \
bigint binary blob both by call cascade case change char character check collate column condition constraint \
continue convert create cross cube cume_dist current_date current_role current_time current_timestamp \
current_user cursor database databases day_hour day_microsecond day_minute day_second dec decimal declare \
default delayed delete delimiter dense_rank desc describe deterministic distinct distinctrow div \
do_domain_ids double drop dual each else elseif empty enclosed end escaped except exists exit explain false \
fetch first_value float float4 float8 for force foreign from fulltext function general generated get grant \
group grouping groups having high_priority hour_microsecond hour_minute hour_second if ignore \
ignore_domain_ids ignore_server_ids in index infile inner inout insensitive insert int int1 int2 int3 int4 \
int8 integer intersect interval into io_after_gtids io_before_gtids is iterate join json_table key keys kill \
lag last_value lateral lead leading leave left like limit linear lines load localtime localtimestamp lock \
long longblob longtext loop low_priority manual master_bind master_heartbeat_period \
master_ssl_verify_server_cert match maxvalue mediumblob mediumint mediumtext middleint minute_microsecond \
minute_second mod modifies natural no_write_to_binlog not nth_value ntile null numeric of offset on optimize \
optimizer_costs option optionally or order out outer outfile over page_checksum parallel parse_vcol_expr \
partition percent_rank position precision primary procedure purge qualify range rank read reads read_write \
real recursive ref_system_id references regexp release rename repeat replace require resignal restrict return \
returning revoke right rlike row row_number rows rownum schema schemas second_microsecond select sensitive \
separator set show signal slow smallint spatial specific sql sql_big_result sql_calc_found_rows \
sql_small_result sqlexception sqlstate sqlwarning ssl starting stats_auto_recalc stats_persistent \
stats_sample_pages stored straight_join system table tablesample terminated then tinyblob tinyint tinytext to \
trailing trigger true undo union unique unlock unsigned update usage use using utc_date utc_time \
utc_timestamp values varbinary varchar varcharacter varying virtual when where while window with write xor \
year_month zerofill";

fn is_word(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The words of a text, sorted.
fn sorted(words: &'static str) -> Vec<&'static str> {
    let mut words: Vec<&str> = words.split_ascii_whitespace().collect();
    words.sort_unstable();
    words
}

/// Says whether a lower-case word means something to the dialect.
pub(super) fn is_reserved(word: &str, dialect: Dialect) -> bool {
    static WORDS: [LazyLock<Vec<&str>>; 3] = [
        LazyLock::new(|| sorted(POSTGRESQL)),
        LazyLock::new(|| sorted(SQLITE)),
        LazyLock::new(|| sorted(MYSQL)),
    ];
    let words = match dialect {
        Dialect::PostgreSql => &WORDS[0],
        Dialect::Sqlite => &WORDS[1],
        Dialect::MySql | Dialect::MariaDb => &WORDS[2],
    };
    words.binary_search(&word).is_ok()
}

/// Writes a name: as it stands when it is a plain lower-case word that means nothing else, in quotes
/// otherwise.
///
/// Whatever the name holds, it stays one name. A NUL, which no database has in a name, becomes U+FFFD.
#[must_use]
pub fn quote_name(name: &str, dialect: Dialect) -> String {
    if is_word(name) && !is_reserved(name, dialect) {
        return name.to_owned();
    }
    let name = name.replace('\0', "\u{fffd}");
    if dialect.is_mysql() {
        format!("`{}`", name.replace('`', "``"))
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// Writes a string.
///
/// Whatever the text holds, it stays one string. A NUL, which PostgreSQL and SQLite cannot write, becomes
/// U+FFFD. On MySQL a backslash is written for the usual `sql_mode`, in which it escapes.
#[must_use]
pub fn quote_string(text: &str, dialect: Dialect) -> String {
    let text = text.replace('\0', "\u{fffd}").replace('\'', "''");
    match dialect {
        Dialect::PostgreSql if text.contains('\\') => format!("E'{}'", text.replace('\\', "\\\\")),
        Dialect::PostgreSql | Dialect::Sqlite => format!("'{text}'"),
        Dialect::MySql | Dialect::MariaDb => format!("'{}'", text.replace('\\', "\\\\")),
    }
}

/// Writes the name of an object, its schema in front unless it is the default one.
#[must_use]
pub fn quote_object(name: &ObjectName, dialect: Dialect) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", quote_name(schema, dialect), quote_name(&name.name, dialect)),
        None => quote_name(&name.name, dialect),
    }
}

/// Writes a name, or says why no database has it.
pub(super) fn checked_name(name: &str, dialect: Dialect) -> Result<String, String> {
    if name.is_empty() {
        return Err("a name is empty".to_owned());
    }
    if name.contains('\0') {
        return Err("a name holds a NUL".to_owned());
    }
    Ok(quote_name(name, dialect))
}

/// Writes the name of an object, or says why no database has it.
pub(super) fn checked_object(name: &ObjectName, dialect: Dialect) -> Result<String, String> {
    if let Some(schema) = &name.schema {
        checked_name(schema, dialect)?;
    }
    checked_name(&name.name, dialect)?;
    Ok(quote_object(name, dialect))
}

/// Writes names with commas between, or says why no database has one of them.
pub(super) fn checked_names(names: &[String], dialect: Dialect) -> Result<String, String> {
    let quoted: Result<Vec<String>, String> = names.iter().map(|n| checked_name(n, dialect)).collect();
    Ok(quoted?.join(", "))
}

/// Writes a string, or says why the database cannot hold it.
pub(super) fn checked_string(text: &str, dialect: Dialect) -> Result<String, String> {
    if text.contains('\0') {
        return Err("a text holds a NUL".to_owned());
    }
    Ok(quote_string(text, dialect))
}
