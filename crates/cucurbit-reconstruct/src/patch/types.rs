//! Which type a column had of which nothing is left.

use super::*;

impl Workshop<'_> {
    /// Labels that the trial gives to an enum's columns are the best guess at its own.
    pub(super) fn labels_used(&self, name: &ObjectName) -> Vec<String> {
        for change in self.trial.changes() {
            let kind = match change {
                Change::AddColumn { column, .. } => &column.data_type.kind,
                Change::AlterColumn { alteration: ColumnAlteration::Type { data_type, .. }, .. } => {
                    &data_type.kind
                }
                _ => continue,
            };
            if let TypeKind::Enum { name: Some(used), labels } = kind
                && used == name
            {
                return labels.clone();
            }
        }
        Vec::new()
    }

    /// Gives columns that the migration drops the types of the column objects through which it reads them; says
    /// whether there was one of another type.
    pub(crate) fn settle_types(&mut self) -> bool {
        let dropped: Vec<(ObjectName, String)> = self
            .trial
            .changes()
            .filter_map(|change| match change {
                Change::DropColumn { table, column, .. } => Some((self.there(table), column.clone())),
                _ => None,
            })
            .collect();
        let mut changed = false;
        for (table, column) in dropped {
            let told = self.trial.changes().find_map(|change| {
                let Change::Rows { table: used, hints, .. } = change else { return None };
                hints.iter().find_map(|(of, hint)| match hint {
                    TypeHint::Typed(data_type) if *of == column && self.there(used) == table => {
                        Some(data_type.as_ref().clone())
                    }
                    _ => None,
                })
            });
            let Some(told) = told else { continue };
            let Some(there) = self.state.table(&table) else { continue };
            let mut made = there.clone();
            if let Some(found) = made.columns.iter_mut().find(|c| c.name == column && c.data_type != told) {
                found.data_type = told;
                found.default = None;
                self.state.put_table(std::sync::Arc::new(made));
                let reason = "the migration reads it through a column of this type";
                self.assume(&ObjectRef::Column(table, column), Level::Inferred, reason);
                changed = true;
            }
        }
        changed
    }

    /// The type that statements on rows tell of: that of a column with which it is compared or to which it is copied,
    /// or of a literal.
    pub(super) fn type_by_use(&self, table: &ObjectName, column: &str) -> Option<DataType> {
        let mut plain = None;
        for change in self.trial.changes() {
            let Change::Rows { table: used, hints, .. } = change else { continue };
            if used != table && self.before(used) != *table {
                continue;
            }
            let of_column = |of: &str| of == column || self.column_before(table, of) == column;
            for (_, hint) in hints.iter().filter(|(of, _)| of_column(of)) {
                let found = match hint {
                    TypeHint::Like(other, name) => self.type_of(other, |t| t.column(name)),
                    TypeHint::LikeNth(other, at) => self.type_of(other, |t| t.columns.get(*at)),
                    TypeHint::Typed(data_type) => Some(data_type.as_ref().clone()),
                    TypeHint::Number => {
                        plain.get_or_insert("integer");
                        None
                    }
                    TypeHint::Boolean => {
                        plain.get_or_insert("boolean");
                        None
                    }
                    // Most literals are written as text.
                    TypeHint::Text => None,
                };
                if found.is_some() {
                    return found;
                }
            }
        }
        plain.map(|name| match self.state.dialect {
            cucurbit_schema::Dialect::Sqlite => DataType::named(&name.to_uppercase(), &[]),
            _ => DataType::named(name, &[]),
        })
    }

    /// The type of the column that points at it with a foreign key which the migration makes.
    pub(super) fn type_by_key(&self, table: &ObjectName, column: &str) -> Option<DataType> {
        let pointing = |constraint: &Constraint| match &constraint.body {
            ConstraintBody::ForeignKey { columns, table: target, references, .. } if target == table => {
                let at = references.iter().position(|c| c == column)?;
                columns.get(at).cloned()
            }
            _ => None,
        };
        self.trial.changes().find_map(|change| match change {
            Change::CreateTable { table: made, .. } => {
                let name = made.constraints.iter().find_map(pointing)?;
                made.column(&name).map(|c| c.data_type.clone())
            }
            Change::AddColumn { column: made, constraints, .. } => {
                constraints.iter().any(|c| pointing(c).is_some()).then(|| made.data_type.clone())
            }
            Change::AddConstraint { table: of, constraint, .. } => {
                let name = pointing(constraint)?;
                self.type_of(of, |t| t.column(&name))
            }
            _ => None,
        })
    }

    /// The type of a column of a table as the migration makes it, or as it is before or after it.
    pub(super) fn type_of<'t>(
        &'t self,
        table: &ObjectName,
        column: impl Fn(&'t Table) -> Option<&'t Column>,
    ) -> Option<DataType> {
        let made = self.trial.changes().filter_map(|change| match change {
            Change::CreateTable { table: made, .. } if made.name == *table => Some(made.as_ref()),
            _ => None,
        });
        let known = [self.state, self.after].into_iter().chain(self.evidence.iter().copied());
        let known = known.filter_map(|db| db.table(table));
        made.chain(known).find_map(|t| column(t).map(|c| c.data_type.clone()))
    }

    /// The type that columns of that name have elsewhere, else text. An enum type takes its labels only: where a statement
    /// compares the column with a text, it is none.
    pub(super) fn type_by_name(&self, table: &ObjectName, column: &str) -> DataType {
        let has_text = self.trial.changes().any(|change| match change {
            Change::Rows { table: used, hints, .. } => {
                (used == table || self.before(used) == *table)
                    && hints.iter().any(|(of, hint)| {
                        matches!(hint, TypeHint::Text)
                            && (of == column || self.column_before(table, of) == column)
                    })
            }
            _ => false,
        });
        let may_be = |c: &&Column| !has_text || !matches!(c.data_type.kind, TypeKind::Enum { .. });
        let same = |db: &Database| {
            db.tables
                .values()
                .filter(|t| t.name != *table)
                .find_map(|t| t.column(column).filter(may_be).map(|c| c.data_type.clone()))
        };
        let found = same(self.after).or_else(|| self.evidence.iter().find_map(|db| same(db)));
        found.unwrap_or_else(|| {
            let name = match self.state.dialect {
                cucurbit_schema::Dialect::Sqlite => "TEXT",
                _ => "text",
            };
            DataType::named(name, &[])
        })
    }
}
