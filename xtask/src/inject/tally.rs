//! Counts what was injected and what was found of it.

use std::collections::BTreeMap;

/// The counts, by kind of fault.
#[derive(Debug)]
pub(super) struct Tally {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    fault: &'static str,
    found: usize,
    misses: Vec<String>,
    skipped: BTreeMap<&'static str, Vec<String>>,
}

impl Tally {
    pub(super) fn new(faults: impl Iterator<Item = &'static str>) -> Self {
        let row = |fault| Row { fault, found: 0, misses: Vec::new(), skipped: BTreeMap::new() };
        Tally { rows: faults.map(row).collect() }
    }

    fn row(&mut self, fault: &str) -> &mut Row {
        let index = self.rows.iter().position(|row| row.fault == fault);
        &mut self.rows[index.expect("every fault that runs has a row")]
    }

    pub(super) fn found(&mut self, fault: &str) {
        self.row(fault).found += 1;
    }

    pub(super) fn missed(&mut self, fault: &str, text: String) {
        self.row(fault).misses.push(text);
    }

    pub(super) fn not_applicable(&mut self, fault: &str, reason: &'static str, environment: &str) {
        let environments = self.row(fault).skipped.entry(reason).or_default();
        if environments.last().is_none_or(|last| last != environment) {
            environments.push(environment.to_owned());
        }
    }

    /// Prints the counts, the misses and the total; tells whether all was found.
    pub(super) fn print(&self, seed: u64) -> bool {
        for row in &self.rows {
            println!("{:<34} {}/{}", row.fault, row.found, row.found + row.misses.len());
            for (reason, environments) in &row.skipped {
                let names = match environments.len() {
                    0..=8 => format!(": {}", environments.join(", ")),
                    _ => String::new(),
                };
                println!("    not applicable in {}: {reason}{names}", environments.len());
            }
        }
        for row in &self.rows {
            for miss in &row.misses {
                println!("missed {} (seed {seed}): {miss}", row.fault);
            }
        }
        let found: usize = self.rows.iter().map(|row| row.found).sum();
        let missed: usize = self.rows.iter().map(|row| row.misses.len()).sum();
        println!("{} injected, {found} found", found + missed);
        missed == 0
    }
}
