//! SQLAlchemy's rules for quoting names and strings.

use crate::settings::{Settings, Version};
use cucurbit_schema::{Dialect, ObjectName};

/// Words that SQLAlchemy quotes on PostgreSQL.
const POSTGRESQL: &str = "\
    all analyse analyze and any array as asc asymmetric authorization between binary both case cast \
    check collate column constraint create cross current_catalog current_date current_role \
    current_schema current_time current_timestamp current_user default deferrable desc distinct do else \
    end except false fetch for foreign freeze from full grant group having ilike in initially inner \
    intersect into is isnull join leading left like limit localtime localtimestamp natural new not \
    notnull null of off offset old on only or order outer over overlaps placing primary references \
    returning right select session_user similar some symmetric table then to trailing true union unique \
    user using variadic verbose when where window with";

/// Words that SQLAlchemy quotes on SQLite.
const SQLITE: &str = "\
    add after all alter analyze and as asc attach autoincrement before begin between by cascade case \
    cast check collate column commit conflict constraint create cross current_date current_time \
    current_timestamp database default deferrable deferred delete desc detach distinct drop each else \
    end escape except exclusive exists explain fail false for foreign from full glob group having if \
    ignore immediate in index indexed initially inner insert instead intersect into is isnull join key \
    left like limit match natural not notnull null of offset on or order outer plan pragma primary query \
    raise references reindex rename replace restrict right rollback row select set table temp temporary \
    then to transaction trigger true union unique update using vacuum values view virtual when where";

/// Words that SQLAlchemy quotes on MySQL.
const MYSQL: &str = "\
    accessible add admin all alter analyze and array as asc asensitive before between bigint binary blob \
    both by call cascade case change char character check collate column condition constraint continue \
    convert create cross cube cume_dist current_date current_time current_timestamp current_user cursor \
    database databases day_hour day_microsecond day_minute day_second dec decimal declare default \
    delayed delete dense_rank desc describe deterministic distinct distinctrow div double drop dual each \
    else elseif empty enclosed escaped except exists exit explain false fetch first_value float float4 \
    float8 for force foreign from fulltext function general generated get get_master_public_key grant \
    group grouping groups having high_priority hour_microsecond hour_minute hour_second if ignore \
    ignore_server_ids in index infile inner inout insensitive insert int int1 int2 int3 int4 int8 \
    integer intersect interval into io_after_gtids io_before_gtids is iterate join json_table key keys \
    kill lag last_value lateral lead leading leave left like limit linear lines load localtime \
    localtimestamp lock long longblob longtext loop low_priority master_bind master_heartbeat_period \
    master_ssl_verify_server_cert match maxvalue mediumblob mediumint mediumtext member middleint \
    minute_microsecond minute_second mod modifies natural no_write_to_binlog not nth_value ntile null \
    numeric of on optimize optimizer_costs option optionally or order out outer outfile over parallel \
    parse_gcol_expr partition percent_rank persist persist_only precision primary procedure purge \
    qualify range rank read read_write reads real recursive references regexp release rename repeat \
    replace require resignal restrict return revoke right rlike role row row_number rows schema schemas \
    second_microsecond select sensitive separator set show signal slow smallint spatial specific sql \
    sql_after_gtids sql_before_gtids sql_big_result sql_calc_found_rows sql_small_result sqlexception \
    sqlstate sqlwarning ssl starting stored straight_join system table terminated then tinyblob tinyint \
    tinytext to trailing trigger true undo union unique unlock unsigned update usage use using utc_date \
    utc_time utc_timestamp values varbinary varchar varcharacter varying virtual when where while window \
    with write xor year_month zerofill";

/// Words that SQLAlchemy quotes on MariaDB and not on MySQL.
const MARIADB_ONLY: &str = "\
    body current_role do_domain_ids elsif goto history ignore_domain_ids offset others package \
    page_checksum parse_vcol_expr period position raise ref_system_id returning rowtype \
    stats_auto_recalc stats_persistent stats_sample_pages system_time versioning without";

/// Words that SQLAlchemy quotes on MySQL and not on MariaDB.
const MYSQL_ONLY: &str = "\
    admin array cube cume_dist dense_rank empty first_value function generated get get_master_public_key \
    grouping groups io_after_gtids io_before_gtids json_table lag last_value lateral lead master_bind \
    member nth_value ntile of optimizer_costs parallel parse_gcol_expr percent_rank persist persist_only \
    qualify rank role row sql_after_gtids sql_before_gtids stored virtual";

/// Writes a name, quoted where SQLAlchemy would.
pub(crate) fn name(name: &str, dialect: Dialect) -> String {
    if needs_quotes(name, dialect) { quoted(name, dialect) } else { name.to_owned() }
}

/// Writes the name of an object with its schema.
pub(crate) fn object(object: &ObjectName, dialect: Dialect) -> String {
    match &object.schema {
        Some(schema) => format!("{}.{}", name(schema, dialect), name(&object.name, dialect)),
        None => name(&object.name, dialect),
    }
}

/// Writes a name with quotes around it.
pub(crate) fn quoted(name: &str, dialect: Dialect) -> String {
    if dialect.is_mysql() {
        format!("`{}`", name.replace('`', "``"))
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

fn needs_quotes(name: &str, dialect: Dialect) -> bool {
    let lower = name.to_lowercase();
    let is_in = |words: &str| words.split(' ').any(|w| w == lower);
    let is_word = match dialect {
        Dialect::PostgreSql => is_in(POSTGRESQL),
        Dialect::Sqlite => is_in(SQLITE),
        Dialect::MySql => is_in(MYSQL),
        Dialect::MariaDb => is_in(MARIADB_ONLY) || is_in(MYSQL) && !is_in(MYSQL_ONLY),
    };
    let starts_wrong = name.starts_with(|c: char| c.is_ascii_digit() || c == '$');
    let legal = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    is_word || starts_wrong || !legal || lower != name
}

/// Writes the name of a collation.
pub(crate) fn collation(collation: &str, settings: &Settings) -> String {
    match settings.dialect {
        Dialect::MySql | Dialect::MariaDb => collation.to_owned(),
        dialect if settings.version >= Version::V2_1 => name(collation, dialect),
        dialect => quoted(collation, dialect),
    }
}

/// Writes a string.
pub(crate) fn string(text: &str, dialect: Dialect) -> String {
    let text = text.replace('\'', "''");
    let text = if dialect.is_mysql() { text.replace('\\', "\\\\") } else { text };
    format!("'{text}'")
}
