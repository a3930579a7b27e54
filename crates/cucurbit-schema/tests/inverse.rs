//! Properties of changes on generated schemas: what leads from one state to another does, and every change that
//! can be taken back is.

use cucurbit_schema::{
    Action, Change, Column, ColumnAlteration, Constraint, ConstraintBody, DataType, Database, Default,
    Dialect, EnumType, EvidenceForInverse, Extent, Index, IndexKey, LabelPosition, ObjectName, ObjectRef,
    Origin, Position, Table, TypeKind, UnknownEffect, between, diff,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A column that may be generated: which type, whether it may be NULL, which default.
type ColumnPlan = (u8, bool, u8);

/// A table that may be generated: its columns by number, and what stands on it.
#[derive(Debug, Clone)]
struct TablePlan {
    columns: Vec<Option<ColumnPlan>>,
    unique: Option<u8>,
    index: Option<(u8, bool)>,
    check: Option<u8>,
    /// The table that it points at, and what happens on deletion.
    points_at: Option<(u8, u8)>,
}

#[derive(Debug, Clone)]
struct SchemaPlan {
    labels: u8,
    tables: Vec<Option<TablePlan>>,
}

const TABLES: usize = 4;
const COLUMNS: usize = 4;

fn table_plan() -> impl Strategy<Value = TablePlan> {
    let column = (0..5u8, any::<bool>(), 0..3u8);
    (
        prop::collection::vec(prop::option::of(column), COLUMNS),
        prop::option::of(0..COLUMNS as u8),
        prop::option::of((0..COLUMNS as u8, any::<bool>())),
        prop::option::of(0..COLUMNS as u8),
        prop::option::of((0..TABLES as u8, 0..3u8)),
    )
        .prop_map(|(columns, unique, index, check, points_at)| TablePlan {
            columns,
            unique,
            index,
            check,
            points_at,
        })
}

fn schema_plan() -> impl Strategy<Value = SchemaPlan> {
    (0..4u8, prop::collection::vec(prop::option::of(table_plan()), TABLES))
        .prop_map(|(labels, tables)| SchemaPlan { labels, tables })
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(vec![Dialect::PostgreSql, Dialect::Sqlite, Dialect::MySql, Dialect::MariaDb])
}

fn name(number: usize) -> ObjectName {
    ObjectName::plain(format!("t{number}"))
}

fn enum_labels(count: u8) -> Vec<String> {
    (0..=count).map(|at| format!("label {at}")).collect()
}

fn data_type(kind: u8, labels: u8, dialect: Dialect) -> DataType {
    match kind {
        0 => DataType::named("integer", &[]),
        1 => DataType::named("text", &[]),
        2 => DataType::named("varchar", &["40"]),
        3 => DataType::named("bigint", &[]),
        _ if dialect == Dialect::PostgreSql => DataType::new(TypeKind::Enum {
            name: Some(ObjectName::plain("mood")),
            labels: enum_labels(labels),
        }),
        _ => DataType::named("varchar", &["200"]),
    }
}

fn column(number: usize, plan: ColumnPlan, labels: u8, dialect: Dialect) -> Column {
    let (kind, nullable, default) = plan;
    let mut column = Column::new(format!("c{number}"), data_type(kind, labels, dialect));
    column.nullable = nullable;
    column.default = match (default, kind) {
        (0, _) => None,
        (_, 0 | 3) => Some(Default::Expression(default.to_string())),
        (1, 2) => Some(Default::Expression("'x'".to_owned())),
        _ => None,
    };
    column
}

fn index(name: Option<String>, column: String, unique: bool) -> Index {
    Index {
        name,
        unique,
        method: None,
        keys: vec![IndexKey::column(column)],
        include: Vec::new(),
        predicate: None,
        nulls_not_distinct: false,
        options: Vec::new(),
        comment: None,
        origin: Origin::default(),
    }
}

fn build(plan: &SchemaPlan, dialect: Dialect) -> Database {
    let mut database = Database::new(dialect);
    let mut run = |change: Change| {
        let applied = database.apply(&change, Origin::default());
        assert!(applied.mismatches.is_empty(), "{change:?}: {:?}", applied.mismatches);
    };
    if dialect == Dialect::PostgreSql {
        let enum_type = EnumType {
            name: ObjectName::plain("mood"),
            labels: Some(enum_labels(plan.labels)),
            comment: None,
            origin: Origin::default(),
        };
        run(Change::CreateEnum { enum_type, if_not_exists: false });
    }
    for (number, table) in plan.tables.iter().enumerate() {
        let Some(planned) = table else { continue };
        let mut table = Table::new(name(number));
        let mut key = Column::new("id", DataType::named("integer", &[]));
        key.nullable = false;
        table.columns.push(key);
        let mut target = Column::new("other", DataType::named("integer", &[]));
        target.nullable = true;
        table.columns.push(target);
        for (at, column_plan) in planned.columns.iter().enumerate() {
            if let Some(column_plan) = column_plan {
                table.columns.push(column(at, *column_plan, plan.labels, dialect));
            }
        }
        let has = |at: u8| planned.columns.get(usize::from(at)).is_some_and(Option::is_some);
        let of = |at: u8| format!("c{at}");
        let named = |what: &str| Some(format!("t{number}_{what}"));
        table.constraints.push(Constraint::new(
            named("pk"),
            ConstraintBody::PrimaryKey { columns: vec!["id".to_owned()], include: Vec::new() },
        ));
        if let Some(at) = planned.unique.filter(|at| has(*at)) {
            let body = ConstraintBody::Unique {
                columns: vec![of(at)],
                include: Vec::new(),
                nulls_not_distinct: false,
            };
            table.constraints.push(Constraint::new(named("uq"), body));
        }
        if let Some(at) = planned.check.filter(|at| has(*at)) {
            let body =
                ConstraintBody::Check { expression: format!("{} IS NOT NULL", of(at)), no_inherit: false };
            table.constraints.push(Constraint::new(named("ck"), body));
        }
        if let Some((at, unique)) = planned.index.filter(|(at, _)| has(*at)) {
            table.indexes.push(index(named("ix"), of(at), unique));
        }
        run(Change::CreateTable { table: Box::new(table), if_not_exists: false, temporary: false });
    }
    for (number, table) in plan.tables.iter().enumerate() {
        let Some((target, action)) = table.as_ref().and_then(|t| t.points_at) else { continue };
        if plan.tables.get(usize::from(target)).is_none_or(Option::is_none) {
            continue;
        }
        let body = ConstraintBody::ForeignKey {
            columns: vec!["other".to_owned()],
            table: name(usize::from(target)),
            references: vec!["id".to_owned()],
            on_delete: [Action::NoAction, Action::Cascade, Action::SetNull][usize::from(action)],
            on_update: Action::NoAction,
            match_kind: None,
            set_columns: Vec::new(),
        };
        run(Change::AddConstraint {
            table: name(number),
            constraint: Box::new(Constraint::new(Some(format!("t{number}_fk")), body)),
            using_index: None,
            if_not_exists: false,
        });
    }
    database
}

/// Changes that fit a state more often than not.
fn changes(plan: &SchemaPlan, dialect: Dialect) -> Vec<Change> {
    let mut out = Vec::new();
    for (number, table) in plan.tables.iter().enumerate() {
        let table_name = name(number);
        let Some(planned) = table else {
            let mut made = Table::new(table_name.clone());
            made.columns.push(Column::new("id", DataType::named("integer", &[])));
            out.push(Change::CreateTable { table: Box::new(made), if_not_exists: true, temporary: false });
            continue;
        };
        out.push(Change::DropTable { name: table_name.clone(), if_exists: false, cascade: false });
        out.push(Change::DropTable { name: table_name.clone(), if_exists: true, cascade: true });
        let to = ObjectName::plain(format!("t{number}_renamed"));
        out.push(Change::RenameTable { from: table_name.clone(), to, if_exists: false });
        for what in ["uq", "ck", "fk"] {
            let constraint = Some(format!("t{number}_{what}"));
            let table = table_name.clone();
            out.push(Change::DropConstraint {
                table,
                name: constraint,
                kind: None,
                if_exists: true,
                cascade: false,
            });
        }
        out.push(Change::RenameConstraint {
            table: table_name.clone(),
            from: format!("t{number}_ck"),
            to: format!("t{number}_ck2"),
        });
        let index = ObjectName::plain(format!("t{number}_ix"));
        let table = Some(table_name.clone());
        out.push(Change::DropIndex {
            name: index.clone(),
            table: table.clone(),
            if_exists: true,
            cascade: false,
        });
        out.push(Change::RenameIndex { from: index, table, to: format!("t{number}_ix2"), if_exists: true });
        out.push(Change::AddColumn {
            table: table_name.clone(),
            column: Box::new(Column::new("more", DataType::named("text", &[]))),
            constraints: Vec::new(),
            if_not_exists: false,
            table_if_exists: false,
            position: Position::Last,
        });
        for at in (0..COLUMNS).filter(|at| planned.columns[*at].is_some()) {
            let column = format!("c{at}");
            let alter = |alteration| Change::AlterColumn {
                table: table_name.clone(),
                column: column.clone(),
                alteration,
            };
            out.push(alter(ColumnAlteration::Nullable(false)));
            out.push(alter(ColumnAlteration::Nullable(true)));
            out.push(alter(ColumnAlteration::Default(None)));
            out.push(alter(ColumnAlteration::Rename(format!("c{at}_renamed"))));
            let data_type = DataType::named("text", &[]);
            out.push(alter(ColumnAlteration::Type { data_type, using: None, collation: None }));
            out.push(Change::DropColumn {
                table: table_name.clone(),
                column: column.clone(),
                if_exists: false,
                cascade: dialect == Dialect::PostgreSql,
            });
        }
    }
    if dialect == Dialect::PostgreSql {
        let mood = ObjectName::plain("mood");
        out.push(Change::AddLabel {
            name: mood.clone(),
            label: "another".to_owned(),
            position: LabelPosition::Last,
            if_not_exists: false,
        });
        let (from, to) = ("label 0".to_owned(), "label zero".to_owned());
        out.push(Change::RenameLabel { name: mood.clone(), from, to });
        out.push(Change::RenameType { from: mood.clone(), to: "temper".to_owned() });
        out.push(Change::DropType { name: mood, if_exists: false, cascade: false });
    }
    out
}

/// Applies changes and says what does not fit.
fn lead(from: &Database, changes: &[Change]) -> (Database, Vec<String>) {
    let mut state = from.clone();
    let mut problems = Vec::new();
    for change in changes {
        let applied = state.apply(change, Origin::default());
        problems.extend(applied.mismatches.iter().map(|m| format!("{change:?}: {m:?}")));
    }
    (state, problems)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn between_two_states_leads_there_and_back(a in schema_plan(), b in schema_plan(), dialect in dialect()) {
        let (a, b) = (build(&a, dialect), build(&b, dialect));
        for (from, to) in [(&a, &b), (&b, &a)] {
            let (reached, problems) = lead(from, &between(from, to));
            prop_assert_eq!(problems, Vec::<String>::new());
            prop_assert_eq!(diff(to, &reached), Vec::new());
        }
    }

    #[test]
    fn a_change_and_its_inverse_give_the_same_state(plan in schema_plan(), dialect in dialect()) {
        let before = build(&plan, dialect);
        for change in changes(&plan, dialect) {
            let mut after = before.clone();
            let applied = after.apply(&change, Origin::default());
            // What the database refuses is done nowhere.
            if !applied.mismatches.is_empty() {
                continue;
            }
            let inverse = change.inverse(&before).expect("nothing here is unknown");
            prop_assert!(!applied.skipped || inverse.is_empty(), "{:?} was skipped", change);
            let (reached, problems) = lead(&after, &inverse);
            prop_assert!(problems.is_empty(), "{:?} then {:?}: {:?}", change, inverse, problems);
            let differences = diff(&before, &reached);
            prop_assert!(differences.is_empty(), "{:?} then {:?}: {:?}", change, inverse, differences);
        }
    }
}

#[test]
fn an_unknown_effect_has_no_inverse() {
    let unknown = |extent| {
        Change::Unknown(UnknownEffect {
            extent,
            reason: "it is built at run time".to_owned(),
            text: String::new(),
        })
    };
    let before = Database::new(Dialect::PostgreSql);
    assert_eq!(unknown(Extent::Anything).inverse(&before), None);
    assert_eq!(unknown(Extent::Anything).evidence_for_inverse(), EvidenceForInverse::Everything);
    let table = unknown(Extent::Tables(BTreeSet::from([name(1)])));
    let expected = EvidenceForInverse::Definitions(vec![ObjectRef::Table(name(1))]);
    assert_eq!(table.evidence_for_inverse(), expected);
}

#[test]
fn a_change_says_what_its_inverse_must_know() {
    let drop =
        Change::DropColumn { table: name(1), column: "a".to_owned(), if_exists: false, cascade: false };
    let expected = EvidenceForInverse::Definitions(vec![ObjectRef::Column(name(1), "a".to_owned())]);
    assert_eq!(drop.evidence_for_inverse(), expected);
    let guarded =
        Change::CreateTable { table: Box::new(Table::new(name(1))), if_not_exists: true, temporary: false };
    let expected = EvidenceForInverse::Existence(vec![ObjectRef::Table(name(1))]);
    assert_eq!(guarded.evidence_for_inverse(), expected);
    let rename = Change::RenameTable { from: name(1), to: name(2), if_exists: false };
    assert_eq!(rename.evidence_for_inverse(), EvidenceForInverse::None);
}
