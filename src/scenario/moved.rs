//! What files of earlier versions call otherwise: keys, values, measures and columns, in one table. The checker names the new word
//! from it, and [`migrate`](super::migrate) writes it.

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Became {
    /// It has another name.
    Named(&'static str),
    /// It has another name and does not mean quite the same: what else there is to know.
    Near(&'static str, &'static str),
    /// It is the one element of a list of this name.
    Listed(&'static str),
    /// It has another name and other values: old, new.
    Valued(&'static str, &'static [(&'static str, &'static str)]),
    /// Nobody reads it any more, and nothing has to stand in its place; what there is now.
    Unread(&'static str),
    /// Nothing that a program could write in its place; what to do instead.
    Gone(&'static str),
}

impl Became {
    /// The key that stands in its place.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Became::Named(name)
            | Became::Near(name, _)
            | Became::Listed(name)
            | Became::Valued(name, _) => Some(name),
            Became::Unread(_) | Became::Gone(_) => None,
        }
    }

    /// What to do, for whoever wrote it.
    pub(crate) fn told(self) -> String {
        let rewrites = "`deconflict migrate` rewrites files";
        match self {
            Became::Named(name) => format!("it is called {name} now; {rewrites}"),
            Became::Near(name, note) => format!("it is called {name} now: {note}; {rewrites}"),
            Became::Listed(name) => format!("write {name} = [...]; {rewrites}"),
            Became::Valued(name, values) => {
                let values = values.iter();
                let said = values.map(|(old, new)| format!("{name} = {new:?} for {old:?}"));
                format!("write {}; {rewrites}", said.collect::<Vec<_>>().join(", "))
            }
            Became::Unread(told) => format!("{told}; {rewrites}"),
            Became::Gone(told) => told.to_owned(),
        }
    }
}

use Became::{Gone, Listed, Named, Near, Unread, Valued};

/// The tables above a key, the nearest last (`*` is any name, `.` the whole file), the key, and what became of it. Tables have the
/// names of today here; those of before are known to be the same.
const KEYS: &[(&str, &str, Became)] = &[
    (
        ".",
        "limits",
        Gone(
            "the limits of a study stand under constraints: [{ measure = \"leaked\", at_most = 0.45 }]",
        ),
    ),
    ("rules", "height_blocks", Named("altitude_blocks")),
    (
        "rules",
        "restricted_zone",
        Named("restricted_operations_zone"),
    ),
    (
        "rules",
        "zone_of_responsibility",
        Named("weapon_engagement_zone"),
    ),
    ("rules", "blue_force_feed", Named("friendly_force_tracking")),
    ("rules.flight_plan_notice", "honour", Named("compliance")),
    ("rules.corridors", "honour", Named("compliance")),
    ("rules.altitude_blocks", "honour", Named("compliance")),
    (
        "rules.friendly_force_tracking",
        "honour",
        Named("compliance"),
    ),
    ("rules.weapon_engagement_zone", "heeds", Named("compliance")),
    ("rules.time_windows", "complies", Named("compliance")),
    (
        "rules.restricted_operations_zone",
        "coordinates",
        Named("compliance"),
    ),
    ("rules.airspace_closure", "reads", Named("compliance")),
    (
        "rules.hostile_criteria",
        "cues",
        Near(
            "declarations",
            "declarations alone are counted, one less for each other source that counted before; id_sources asks for different sources",
        ),
    ),
    (
        "rules.optical_confirmation",
        "look_s",
        Named("visual_identification_s"),
    ),
    ("rules.challenge", "believed", Named("assumed")),
    ("rules.engagement_authority", "believed", Named("assumed")),
    ("identification", "world", Named("actual")),
    ("identification", "believed", Named("assumed")),
    ("identification", "regards", Named("affiliations")),
    (
        "identification.appearance",
        "believed_gamma",
        Named("assumed_gamma"),
    ),
    (
        "identification.appearance",
        "believed_tau_s",
        Named("assumed_tau_s"),
    ),
    ("identification.flight_plan", "believed", Named("assumed")),
    ("identification.iff", "believed", Named("assumed")),
    ("identification.optical", "believed", Named("assumed")),
    ("identification.optical", "world", Named("actual")),
    (".", "flown", Named("simulated")),
    ("rules.hotline_query", "node", Listed("nodes")),
    (
        "rules.cease_fire",
        "missiles_in_flight",
        Valued(
            "order",
            &[("abort", "hold_fire"), ("continue", "cease_fire")],
        ),
    ),
    (
        "aircraft.*",
        "wingspan_m",
        Unread(
            "optics go by critical_dimension_m now: the smaller dimension of what is seen, some 3 m for an aircraft of 20 m wingspan",
        ),
    ),
    (
        "rules.hotline_query",
        "coverage",
        Gone(
            "a node answers by what it knows: name the nodes (nodes = [...]); own_flights is the probability that one knows a flight of its own side",
        ),
    ),
    (
        "rules.hotline_query",
        "sides",
        Gone("a node answers by what it knows: name the nodes of these sides (nodes = [...])"),
    ),
    (
        "rules.engagement_authority",
        "veto_protected",
        Gone(AUTHORITY),
    ),
    (
        "rules.engagement_authority",
        "veto_hostile",
        Gone(AUTHORITY),
    ),
    (
        "rules.second_operator",
        "shared_bias",
        Gone("write same_picture: the probability that he sees what the first one saw"),
    ),
    ("rules.second_operator", "true_confirm", Gone(SECOND)),
    ("rules.second_operator", "false_confirm", Gone(SECOND)),
];

const AUTHORITY: &str = "the authority goes by what it knows: node whose plans it holds, prior, assumed, and the threshold below which it refuses";

const SECOND: &str = "he looks for himself now, by the class's matrix, and confirms from threshold on; same_picture says how often he sees what the first one saw";

/// A key, the value it had, and what that is called.
const VALUES: &[(&str, &str, &str)] = &[("identification.over", "regards", "affiliations")];

/// Parts of names of measures and columns.
const PARTS: &[(&str, &str)] = &[
    ("hostile_held_protected", "hostile_identified_protected"),
    ("held_hostile", "identified_hostile"),
    ("held_suspect", "identified_suspect"),
];

/// Names of measures and columns, without brackets.
const MEASURES: &[(&str, &str)] = &[
    ("notices_per_replication", "plan_deliveries_per_replication"),
    ("notices_received", "plans_delivered"),
    ("undecided", "in_progress_at_end"),
    ("undecided_sorties", "sorties_in_progress_at_end"),
    ("decided_objective_sorties", "completed_objective_sorties"),
    ("regarded_sorties", "affiliated_sorties"),
    ("looks", "scans_in_coverage"),
    ("picture_completeness", "siap_completeness"),
    ("picture_ambiguity", "siap_ambiguity"),
    ("picture_spuriousness", "siap_spuriousness"),
    ("picture_identity_completeness", "siap_id_completeness"),
    ("picture_identity_correctness", "siap_id_correctness"),
    ("picture_identity_ambiguity", "siap_id_ambiguity"),
];

/// What stands in brackets: the dimension, its value (`*` is any), and both today.
const BRACKETS: &[(&str, &str, &str, &str)] = &[
    ("regard", "*", "affiliation", "*"),
    ("pair", "covered", "pair", "coordinated"),
    ("pair", "uncovered", "pair", "uncoordinated"),
    ("sortie", "covered", "sortie", "coordinated"),
    ("sortie", "uncovered", "sortie", "uncoordinated"),
    ("rule", "E", "rule", "weapon"),
    ("reason", "in_height_block", "reason", "in_altitude_block"),
    (
        "reason",
        "blue_force_report",
        "reason",
        "friendly_force_report",
    ),
    (
        "reason",
        "outside_responsibility",
        "reason",
        "outside_engagement_zone",
    ),
    ("reason", "plan_honoured", "reason", "plan_matched"),
    ("reason", "held_protected", "reason", "identified_protected"),
    ("reason", "hotline_vouched", "reason", "hotline_confirmed"),
    (
        "reason",
        "awaiting_look",
        "reason",
        "awaiting_visual_identification",
    ),
];

/// Whether the tables of a path end as a pattern says.
fn ends_with(table: &[&str], pattern: &str) -> bool {
    if pattern == "." {
        return table.is_empty();
    }
    let parts: Vec<&str> = pattern.split('.').collect();
    let Some(from) = table.len().checked_sub(parts.len()) else {
        return false;
    };
    let same = |(part, name): (&&str, &&str)| {
        let now = || KEYS.iter().find(|(_, old, _)| old == name);
        *part == "*" || part == name || now().is_some_and(|(_, _, now)| now.name() == Some(part))
    };
    parts.iter().zip(&table[from..]).all(same)
}

/// What became of a key of a table, if an earlier version had it there.
pub(crate) fn key(table: &[&str], key: &str) -> Option<Became> {
    let found = KEYS
        .iter()
        .find(|(pattern, old, _)| *old == key && ends_with(table, pattern));
    found.map(|(_, _, became)| *became)
}

/// What a value of a key is called today, if an earlier version had it there.
pub(crate) fn value(path: &[&str], value: &str) -> Option<&'static str> {
    let found = VALUES
        .iter()
        .find(|(pattern, old, _)| *old == value && ends_with(path, pattern));
    found.map(|(_, _, new)| *new)
}

/// A path as it is called today; none where it is that already.
pub(crate) fn path(names: &[&str]) -> Option<Vec<String>> {
    let mut now: Vec<String> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let new = key(&names[..index], name).and_then(|became| match became {
            Named(new) | Near(new, _) => Some(new),
            _ => None,
        });
        now.push(new.unwrap_or(name).to_owned());
    }
    (now != names).then_some(now)
}

/// What became of a key of earlier versions, wherever it stood, for whoever asks by its name alone: each answer once.
pub fn key_anywhere(name: &str) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for &(_, old, became) in KEYS {
        let words = became.told();
        if old == name && !told.contains(&words) {
            told.push(words);
        }
    }
    told
}

/// A measure or a column as it is called today; none where it is that already.
pub fn measure(name: &str) -> Option<String> {
    let (base, bracket) = match name.split_once('[') {
        Some((base, rest)) => (base, rest.strip_suffix(']')),
        None => (name, None),
    };
    if name.contains('[') && bracket.is_none() {
        return None;
    }
    let mut now = match MEASURES.iter().find(|(old, _)| *old == base) {
        Some((_, new)) => (*new).to_owned(),
        None => match PARTS.iter().find(|(old, _)| base.contains(old)) {
            Some((old, new)) => base.replace(old, new),
            None => base.to_owned(),
        },
    };
    if let Some(inside) = bracket {
        let (dimension, value) = inside.split_once('=').unwrap_or((inside, ""));
        let found = BRACKETS
            .iter()
            .find(|(old, of, ..)| *old == dimension && (*of == "*" || *of == value));
        let inside = match found {
            Some((_, _, dimension, "*")) if value.is_empty() => (*dimension).to_owned(),
            Some((_, _, dimension, "*")) => format!("{dimension}={value}"),
            Some((_, _, dimension, value)) => format!("{dimension}={value}"),
            None => inside.to_owned(),
        };
        now = format!("{now}[{inside}]");
    }
    (now != name).then_some(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_in_its_own_table_alone() {
        assert!(key(&["aircraft", "tb2"], "wingspan_m").is_some());
        assert!(key(&["aircraft"], "wingspan_m").is_none());
        assert!(key(&["rules", "hotline_query"], "coverage").is_some());
        assert!(key(&["rules", "cease_fire"], "coverage").is_none());
        // In a piece of a scenario within another file, and below a table that has another name itself.
        let piece = ["levers", "x", "alternatives", "a", "rules", "height_blocks"];
        assert_eq!(key(&piece, "honour"), Some(Named("compliance")));
        assert_eq!(key(&["terrain"], "coordinates"), None);
        assert_eq!(key(&["a"], "flown"), None);
    }

    #[test]
    fn paths_and_measures_have_today_s_names() {
        let names = ["rules", "blue_force_feed", "honour"];
        let now = path(&names).expect("renamed");
        assert_eq!(now.join("."), "rules.friendly_force_tracking.compliance");
        assert_eq!(path(&["rules", "corridors", "compliance"]), None);
        let counted = ["rules", "hostile_criteria", "cues"];
        let now = path(&counted).expect("renamed");
        assert_eq!(now.join("."), "rules.hostile_criteria.declarations");
        for (old, new) in [
            ("kills[regard=neutral]", Some("kills[affiliation=neutral]")),
            (
                "protected_held_hostile[pair=uncovered]",
                Some("protected_identified_hostile[pair=uncoordinated]"),
            ),
            ("wrong_shots[rule=E]", Some("wrong_shots[rule=weapon]")),
            ("wrong_shots[rule=R1]", None),
            ("leaked", None),
            ("undecided", Some("in_progress_at_end")),
        ] {
            assert_eq!(measure(old).as_deref(), new, "{old}");
        }
    }

    /// No key that files have today is told to be gone, and every new name is one.
    #[test]
    fn what_has_moved_is_there_no_more() {
        let shape = super::super::shape::shape();
        let rules = &shape["properties"]["rules"]["properties"];
        let has = |spec: &serde_json::Value, key: &str| {
            let spec = serde_json::to_string(spec).expect("plain data");
            spec.contains(&format!("\"{key}\":"))
        };
        for (table, key, became) in KEYS {
            let Some(rule) = table.strip_prefix("rules") else {
                continue;
            };
            let spec = match rule.strip_prefix('.') {
                None => rules,
                Some(rule) => &rules[rule],
            };
            assert!(spec.is_object(), "{table}");
            assert!(!has(spec, key), "{table}.{key}");
            if let Some(name) = became.name() {
                assert!(has(spec, name), "{table}.{name}");
            }
        }
        let classes = &shape["properties"]["site_classes"]["additionalProperties"];
        let identification = &classes["properties"]["identification"];
        for (table, key, became) in KEYS.iter().filter(|(table, ..)| table.starts_with("ident")) {
            assert!(!has(identification, key), "{table}.{key}");
            let name = became.name().expect("renamed");
            assert!(has(identification, name), "{table}.{name}");
        }
    }
}
