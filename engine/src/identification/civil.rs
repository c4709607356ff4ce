//! Which declarations are of a civil type, as a site takes it.
//!
//! A row is civil if it is named; where nothing is named, if neutral has the largest share of its `affiliations`, larger than friend
//! and than hostile. With rows of affiliations that is the row `neutral`. `unknown` is no type, so it is not civil.

use super::Identifier;

/// The rows of a class's matrix that are civil.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CivilRows(u16);

impl CivilRows {
    /// No row is.
    pub const NONE: CivilRows = CivilRows(0);

    /// Those of a class, by the names given, if any are: an empty list is none.
    pub fn new(identifier: &Identifier, named: Option<&[String]>) -> CivilRows {
        let civil = |row: usize| match named {
            Some(names) => names.contains(&identifier.rows[row]),
            None => {
                let [friend, neutral, hostile] = identifier.shares()[row];
                neutral > friend && neutral > hostile
            }
        };
        let rows = (0..identifier.rows.len()).filter(|&row| civil(row));
        CivilRows(rows.fold(0, |rows, row| rows | 1 << row))
    }

    /// Whether what was declared is one of them.
    pub fn hold(self, declared: Option<u8>) -> bool {
        declared.is_some_and(|row| self.0.checked_shr(u32::from(row)).unwrap_or(0) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identification::IdentificationSpec;
    use crate::units::Millis;

    fn identifier(over: &str, rows: [&str; 3]) -> Identifier {
        let actual: serde_json::Map<String, serde_json::Value> = rows
            .iter()
            .map(|row| ((*row).to_owned(), serde_json::json!({ "unknown": 1.0 })))
            .collect();
        let mut spec = serde_json::json!({ "over": over, "interval_s": 10.0, "actual": actual });
        if over == "types" {
            spec["affiliations"] = serde_json::json!({
                "bomber": { "hostile": 1.0 },
                "courier": { "friend": 1.0, "neutral": 1.0 },
                "liner": { "friend": 3.0, "neutral": 4.0, "hostile": 3.0 },
            });
        }
        let spec: IdentificationSpec = serde_json::from_value(spec).unwrap();
        Identifier::new(&spec, &rows.map(str::to_owned), Millis(10_000))
    }

    #[test]
    fn civil_is_what_is_named_or_else_what_is_neutral_first() {
        let civil = |identifier: &Identifier, named: Option<&[String]>| {
            let rows = CivilRows::new(identifier, named);
            let columns = 0..=identifier.rows.len() as u8;
            columns.map(|row| rows.hold(Some(row))).collect::<Vec<_>>()
        };
        let by_type = identifier("types", ["bomber", "courier", "liner"]);
        let no = [false; 4];
        // In the order of how hostile they mean: courier, liner, bomber.
        assert_eq!(civil(&by_type, None), [false, true, false, false]);
        assert_eq!(civil(&by_type, Some(&[])), no);
        let courier = ["courier".to_owned(), "glider".to_owned()];
        assert_eq!(civil(&by_type, Some(&courier)), [true, false, false, false]);
        let by_affiliation = identifier("affiliations", ["friend", "neutral", "hostile"]);
        assert_eq!(civil(&by_affiliation, None), [false, true, false, false]);
        assert!(
            !CivilRows::new(&by_affiliation, None).hold(None),
            "before a declaration"
        );
    }
}
