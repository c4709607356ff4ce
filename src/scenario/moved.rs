//! Keys that files of earlier versions had, and what became of them: who writes one is told the new one.

/// Table, key, and what became of it.
const MOVED: &[(&str, &str, &str)] = &[
    (
        "aircraft.*",
        "wingspan_m",
        "optics go by critical_dimension_m now: the smaller dimension of what is seen, some 3 m for an aircraft of 20 m wingspan",
    ),
    (
        "rules.hotline_query",
        "coverage",
        "a node answers by what it knows: name the nodes (nodes = [...]); own_flights is the probability that one knows a flight of its own side",
    ),
    (
        "rules.hotline_query",
        "sides",
        "a node answers by what it knows: name the nodes of these sides (nodes = [...])",
    ),
    ("rules.hotline_query", "node", "write nodes = [\"...\"]"),
    (
        "rules.engagement_authority",
        "veto_protected",
        "the desk goes by what it knows: node whose plans it holds, prior, believed, and the threshold below which it refuses",
    ),
    (
        "rules.engagement_authority",
        "veto_hostile",
        "the desk goes by what it knows: node whose plans it holds, prior, believed, and the threshold below which it refuses",
    ),
    (
        "rules.second_operator",
        "shared_bias",
        "write same_picture: the probability that he sees what the first one saw",
    ),
    (
        "rules.second_operator",
        "true_confirm",
        "he looks for himself now, by the class's matrix, and confirms from threshold on; same_picture says how often he sees what the first one saw",
    ),
    (
        "rules.second_operator",
        "false_confirm",
        "he looks for himself now, by the class's matrix, and confirms from threshold on; same_picture says how often he sees what the first one saw",
    ),
    (
        "rules.cease_fire",
        "missiles_in_flight",
        "write order = \"hold_fire\" for \"abort\" (missiles in flight are stopped), order = \"cease_fire\" for \"continue\" (they go on)",
    ),
];

/// What became of a key of a table, if an earlier version had it there.
pub(super) fn moved(table: &[&str], key: &str) -> Option<&'static str> {
    let fits = |pattern: &str| {
        let parts = pattern.split('.');
        parts.clone().count() == table.len()
            && parts
                .zip(table)
                .all(|(part, name)| part == "*" || part == *name)
    };
    let found = MOVED
        .iter()
        .find(|(pattern, old, _)| *old == key && fits(pattern));
    found.map(|(_, _, told)| *told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_in_its_own_table_alone() {
        assert!(moved(&["aircraft", "tb2"], "wingspan_m").is_some());
        assert!(moved(&["aircraft"], "wingspan_m").is_none());
        assert!(moved(&["rules", "hotline_query"], "coverage").is_some());
        assert!(moved(&["rules", "cease_fire"], "coverage").is_none());
    }

    /// No key that files have today is told to be gone.
    #[test]
    fn what_has_moved_is_there_no_more() {
        let rules = &super::super::shape::shape()["properties"]["rules"]["properties"];
        for (table, key, _) in MOVED {
            if let Some(rule) = table.strip_prefix("rules.") {
                let spec = serde_json::to_string(&rules[rule]).expect("plain data");
                assert!(rules.get(rule).is_some(), "{rule}");
                assert!(!spec.contains(&format!("\"{key}\":")), "{table}.{key}");
            }
        }
    }
}
