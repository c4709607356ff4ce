//! Which rows of replications are kept: in what form, and with which columns. Sums and all that is made of them know nothing of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::measure::Columns;

/// In what form rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowForm {
    /// As replications.csv.
    #[default]
    Csv,
    /// As replications.parquet; of a sweep that is split a file a shard, never joined.
    Parquet,
    /// Not at all: sums alone, and nothing grows with the number of replications.
    None,
}

impl RowForm {
    /// All of them, with their words on the command line.
    const ALL: [(&'static str, RowForm); 3] = [
        ("csv", RowForm::Csv),
        ("parquet", RowForm::Parquet),
        ("none", RowForm::None),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        let found = RowForm::ALL.iter().find(|(_, form)| *form == self);
        found.map_or("", |(word, _)| word)
    }
}

impl FromStr for RowForm {
    type Err = String;

    fn from_str(word: &str) -> Result<RowForm, String> {
        let found = RowForm::ALL.iter().find(|(known, _)| *known == word);
        found.map(|(_, form)| *form).ok_or_else(|| {
            let words = RowForm::ALL.map(|(word, _)| word);
            format!("expected one of {}", words.join(", "))
        })
    }
}

/// Which rows are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeptRows {
    /// In what form.
    #[serde(default)]
    pub form: RowForm,
    /// With the columns that one of these patterns names, see [`KeptRows::positions`]; without any with all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}

impl KeptRows {
    /// Rows in this form, with the columns that these patterns name; in whatever order they are given they ask for the same.
    pub fn new(form: RowForm, mut columns: Vec<String>) -> KeptRows {
        columns.sort_unstable();
        columns.dedup();
        KeptRows { form, columns }
    }

    /// Whether it is what is kept if nothing is said.
    pub fn is_usual(&self) -> bool {
        *self == KeptRows::default()
    }

    /// Positions of the columns that are kept, in order: those whose own name holds a pattern, and the two of each measure
    /// whose name holds one.
    pub fn positions(&self, columns: &Columns) -> Vec<usize> {
        if self.columns.is_empty() {
            return (0..columns.columns().len()).collect();
        }
        let mut kept: Vec<usize> = (self.columns.iter())
            .flat_map(|pattern| named(columns, pattern))
            .collect();
        kept.sort_unstable();
        kept.dedup();
        kept
    }

    /// The first pattern that names nothing.
    pub fn unmatched(&self, columns: &Columns) -> Option<&str> {
        let none = |pattern: &&String| named(columns, pattern).next().is_none();
        self.columns.iter().find(none).map(String::as_str)
    }
}

impl fmt::Display for KeptRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form {
            RowForm::Csv => f.write_str("rows")?,
            RowForm::Parquet => f.write_str("Parquet rows")?,
            RowForm::None => return f.write_str("sums alone (--rows none)"),
        }
        match self.columns.as_slice() {
            [] => f.write_str(" with all columns"),
            columns => write!(f, " with the columns of {}", columns.join(",")),
        }
    }
}

/// Positions of the columns that a pattern names.
fn named<'a>(columns: &'a Columns, pattern: &'a str) -> impl Iterator<Item = usize> + 'a {
    let own = columns.columns().iter().enumerate();
    let own = own.filter(move |(_, column)| holds(&column.name, pattern));
    let measures = columns.derived().iter();
    let measures = measures.filter(move |measure| holds(&measure.name, pattern));
    own.map(|(position, _)| position)
        .chain(measures.flat_map(|measure| {
            [Some(measure.numerator), measure.denominator]
                .into_iter()
                .flatten()
        }))
}

/// Whether a name holds a pattern, in which * stands for anything.
pub fn holds(name: &str, pattern: &str) -> bool {
    let mut rest = name;
    pattern.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handwritten;

    #[test]
    fn a_pattern_names_columns_and_the_columns_of_measures() {
        let columns = Columns::new(&handwritten::log().cast);
        let names = |patterns: &[&str]| -> Vec<&str> {
            let patterns = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
            let kept = KeptRows::new(RowForm::Csv, patterns);
            let kept = kept.positions(&columns).into_iter();
            kept.map(|at| columns.columns()[at].name.as_str()).collect()
        };
        // A measure, by its two columns, which have other names; a column by its own.
        assert_eq!(names(&["sites_ready"]), ["site_hours", "site_ready_hours"]);
        assert_eq!(names(&["site_re*hours"]), ["site_ready_hours"]);
        assert_eq!(names(&[]).len(), columns.columns().len());
        let asked = KeptRows::new(
            RowForm::Csv,
            vec!["nothing_of_that_name".to_owned(), "shots".to_owned()],
        );
        assert_eq!(asked.unmatched(&columns), Some("nothing_of_that_name"));
    }

    #[test]
    fn patterns_ask_for_the_same_in_any_order() {
        let of =
            |patterns: [&str; 3]| KeptRows::new(RowForm::Csv, patterns.map(str::to_owned).to_vec());
        assert_eq!(of(["b", "a", "b"]), of(["a", "a", "b"]));
        assert!(KeptRows::new(RowForm::Csv, Vec::new()).is_usual());
    }
}
