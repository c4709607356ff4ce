//! Changes of the rules of a scenario that an inquiry tries: each rule that is off put in force, each that is in force taken
//! out of it.
//!
//! A rule is offered in the plainest form that this scenario allows, every probability at its default: plans also to those who
//! may shoot, a hotline to everybody who is no enemy. Rules about places (zones, corridors, windows) need somebody to say
//! where; they are offered only if the scenario names the place, or as a change of the caller's own.
//!
//! How well a rule is kept decides what it is worth, and nobody knows that beforehand: so each is offered with a *band*, its
//! weakest and its strongest form, and none is put at its default beside another's default. The ends are assumptions, stated in
//! words with the result.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use crate::coordination::{Placebo, RULES, RulePage, binds_all};
use crate::record::Affiliation;
use crate::scenario::Scenario;
use crate::scenario::file::ScenarioFile;
use crate::scenario::shape;
use crate::theatre::SiteClass;

/// A change of a scenario's rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its short name: the number of the rule, with a minus if it takes the rule away, or a name of the caller's.
    pub name: String,
    /// What it does, in words that follow "would have been prevented by".
    pub words: String,
    edits: Vec<Edit>,
    /// Its weakest and its strongest form, if it has any.
    pub band: Option<Band>,
}

/// Between what a rule is tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// The ends in words.
    pub words: String,
    weak: Vec<Edit>,
    strong: Vec<Edit>,
}

/// A value set or taken away, by its path.
#[derive(Debug, Clone, PartialEq)]
struct Edit {
    path: Vec<String>,
    to: Option<Json>,
}

/// A rule that is not offered, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotOffered {
    /// The number of the rule.
    pub rule: &'static str,
    /// Why.
    pub why: &'static str,
}

/// What can be tried in a scenario.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CandidateRules {
    /// Rules that are off, put in force; by number.
    pub added: Vec<Change>,
    /// Rules in force, taken out of it; by number.
    pub removed: Vec<Change>,
    /// What is left, and why.
    pub not_offered: Vec<NotOffered>,
}

impl Change {
    /// The scenario with these changes, in this order.
    ///
    /// # Errors
    /// The change that the scenario cannot take, and why.
    pub fn apply(scenario: &Scenario, changes: &[&Change]) -> Result<Scenario, String> {
        let mut tree = serde_json::to_value(&scenario.file).map_err(|error| error.to_string())?;
        for change in changes {
            for edit in &change.edits {
                set(&mut tree, &edit.path, edit.to.clone());
            }
        }
        let file: ScenarioFile = serde_json::from_value(tree).map_err(|error| error.to_string())?;
        Scenario::from_file(&file)
    }
}

impl Change {
    /// The same as an arm that knows nothing: of every rule that it puts in force or changes, and that asks or waits. Nothing if
    /// there is none.
    ///
    /// # Errors
    /// A change that the scenario cannot take.
    pub fn arm(&self, scenario: &Scenario, placebo: Placebo) -> Result<Option<Change>, String> {
        let changed = Change::apply(scenario, &[self])?;
        let rules = |scenario: &Scenario| serde_json::to_value(&scenario.file.rules);
        let before = rules(scenario).map_err(|error| error.to_string())?;
        let after = rules(&changed).map_err(|error| error.to_string())?;
        let to = serde_json::to_value(placebo).map_err(|error| error.to_string())?;
        let mut arm = self.clone();
        for (rule, spec) in after.as_object().into_iter().flatten() {
            let dwells = spec
                .get("dwell_s")
                .is_none_or(|dwell_s| *dwell_s != json!(0.0));
            let waits = shape::rule_has(rule, "placebo") && dwells;
            if waits && before.get(rule) != Some(spec) {
                arm.edits.push(Edit {
                    path: ["rules", rule, "placebo"].map(str::to_owned).to_vec(),
                    to: Some(to.clone()),
                });
            }
        }
        let own = arm.edits.split_off(self.edits.len());
        arm.edits.extend(everywhere(scenario, own));
        Ok((arm.edits.len() > self.edits.len()).then_some(arm))
    }

    /// The same in its weakest and its strongest form; nothing where it has but one.
    pub fn ends(&self) -> Option<[Change; 2]> {
        let band = self.band.as_ref()?;
        Some([&band.weak, &band.strong].map(|edits| {
            let mut end = self.clone();
            end.edits.extend(edits.iter().cloned());
            end
        }))
    }

    /// What undoes it in a scenario: every value as the scenario has it.
    pub fn reversed(&self, scenario: &Scenario) -> Change {
        let tree = serde_json::to_value(&scenario.file).unwrap_or_default();
        let value = |path: &[String]| {
            let mut place = &tree;
            for key in path {
                place = place.get(key)?;
            }
            Some(place.clone())
        };
        Change {
            name: self.name.trim_start_matches('-').to_owned(),
            words: self.words.replace("doing without ", ""),
            band: None,
            edits: (self.edits.iter())
                .map(|edit| Edit {
                    path: edit.path.clone(),
                    to: value(&edit.path),
                })
                .collect(),
        }
    }
}

/// A change of the caller's own: from one scenario to another.
///
/// # Errors
/// Scenarios that do not differ, or differ in more than a change can say.
pub fn named(name: &str, from: &Scenario, to: &Scenario) -> Result<Change, String> {
    let tree = |scenario: &Scenario| {
        serde_json::to_value(&scenario.file).map_err(|error| error.to_string())
    };
    let mut edits = Vec::new();
    difference(&tree(from)?, &tree(to)?, &mut Vec::new(), &mut edits);
    Ok(Change {
        name: name.to_owned(),
        words: name.to_owned(),
        edits,
        band: None,
    })
}

/// What turns one tree into the other.
fn difference(from: &Json, to: &Json, path: &mut Vec<String>, edits: &mut Vec<Edit>) {
    match (from, to) {
        (Json::Object(one), Json::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                path.push(key.clone());
                match (one.get(key), other.get(key)) {
                    (Some(one), Some(other)) => difference(one, other, path, edits),
                    (_, to) => edits.push(Edit {
                        path: path.clone(),
                        to: to.cloned(),
                    }),
                }
                path.pop();
            }
        }
        _ if from == to => {}
        _ => edits.push(Edit {
            path: path.clone(),
            to: Some(to.clone()),
        }),
    }
}

fn set(tree: &mut Json, path: &[String], to: Option<Json>) {
    let Some((last, way)) = path.split_last() else {
        return;
    };
    let mut place = tree;
    for key in way {
        if !place.is_object() {
            *place = Json::Object(Map::new());
        }
        let Json::Object(table) = place else { return };
        place = table
            .entry(key.clone())
            .or_insert_with(|| Json::Object(Map::new()));
    }
    if !place.is_object() {
        *place = Json::Object(Map::new());
    }
    if let Json::Object(table) = place {
        match to {
            Some(value) => {
                table.insert(last.clone(), value);
            }
            None => {
                table.remove(last);
            }
        }
    }
}

/// Edits of rules, and the same of the rules of every side that has some of its own.
fn everywhere(scenario: &Scenario, edits: Vec<Edit>) -> Vec<Edit> {
    let mut all = Vec::new();
    for edit in edits {
        if let [rules, rule, rest @ ..] = &edit.path[..]
            && rules == "rules"
            && !binds_all(rule)
        {
            for side in scenario.file.rules_of.keys() {
                let path = ["rules_of", side, rule].map(str::to_owned);
                all.push(Edit {
                    path: path.into_iter().chain(rest.iter().cloned()).collect(),
                    to: edit.to.clone(),
                });
            }
        }
        all.push(edit);
    }
    all
}

impl Change {
    /// The same for the sites of every side, whether it has rules of its own or not.
    fn everywhere(self, scenario: &Scenario) -> Change {
        let all = |edits| everywhere(scenario, edits);
        Change {
            edits: all(self.edits),
            band: self.band.map(|band| Band {
                weak: all(band.weak),
                strong: all(band.strong),
                ..band
            }),
            ..self
        }
    }
}

/// Everything that can be tried in a scenario.
pub fn candidate_rules(scenario: &Scenario) -> CandidateRules {
    let mut candidate_rules = CandidateRules::default();
    let own = scenario.file.rules_of.values();
    let rules: Vec<Json> = std::iter::once(&scenario.file.rules)
        .chain(own)
        .map(|rules| serde_json::to_value(rules).unwrap_or_default())
        .collect();
    let sides = protected_sides(scenario);
    for page in RULES {
        let in_force = rules.iter().any(|rules| rules.get(page.key).is_some());
        if in_force {
            candidate_rules
                .removed
                .push(removal(page).everywhere(scenario));
        }
        match CandidateRule::of(page, scenario, in_force) {
            Ok(CandidateRule { words, edits }) => {
                let change = Change {
                    name: page.id.to_owned(),
                    words: words.to_owned(),
                    edits,
                    band: band(page, in_force, &sides),
                };
                candidate_rules.added.push(change.everywhere(scenario));
            }
            Err(_) if in_force => {}
            Err(why) => candidate_rules
                .not_offered
                .push(NotOffered { rule: page.id, why }),
        }
    }
    candidate_rules
}

fn removal(page: &RulePage) -> Change {
    Change {
        name: format!("-{}", page.id),
        words: format!("doing without {} ({})", page.id, page.key),
        edits: vec![Edit {
            path: vec!["rules".to_owned(), page.key.to_owned()],
            to: None,
        }],
        band: None,
    }
}

/// Between what a rule that is put in force is tried: how often it is kept, answered or delivered, or how much it asks for.
fn band(page: &RulePage, in_force: bool, sides: &[String]) -> Option<Band> {
    if in_force {
        return None;
    }
    let [words, weak, strong] = page.offer.ok()?.band;
    let edits = |spec: &str| {
        let Json::Object(spec) = specification(spec, sides) else {
            return Vec::new();
        };
        let edits = spec.into_iter().map(|(key, to)| Edit {
            path: ["rules", page.key, &key].map(str::to_owned).to_vec(),
            to: Some(to),
        });
        edits.collect()
    };
    Some(Band {
        words: words.to_owned(),
        weak: edits(weak),
        strong: edits(strong),
    })
}

/// A specification as an [`Offer`](crate::coordination::Offer) has it, of a scenario with these protected sides.
fn specification(text: &str, sides: &[String]) -> Json {
    fn filled(value: Json, sides: &[String]) -> Json {
        match value {
            Json::String(text) if text == "PROTECTED" => json!(sides),
            Json::Object(table) => {
                let mut full = Map::new();
                for (key, value) in table {
                    let value = filled(value, sides);
                    match key.as_str() {
                        "PROTECTED" => {
                            full.extend(sides.iter().map(|side| (side.clone(), value.clone())))
                        }
                        _ => drop(full.insert(key, value)),
                    }
                }
                Json::Object(full)
            }
            other => other,
        }
    }
    filled(serde_json::from_str(text).unwrap_or_default(), sides)
}

/// A rule as it could be put in force.
struct CandidateRule {
    words: &'static str,
    edits: Vec<Edit>,
}

impl CandidateRule {
    fn rule(page: &RulePage, words: &'static str, spec: Json) -> CandidateRule {
        CandidateRule {
            words,
            edits: vec![Edit {
                path: vec!["rules".to_owned(), page.key.to_owned()],
                to: Some(spec),
            }],
        }
    }

    /// The plainest form of a rule in this scenario; or why there is none.
    fn of(
        page: &RulePage,
        scenario: &Scenario,
        in_force: bool,
    ) -> Result<CandidateRule, &'static str> {
        let rules = &scenario.file.rules;
        // Two rules can be made stricter where they are in force.
        match page.key {
            "weapons_control" => return stricter(page, scenario),
            "flight_plan_notice" => return notices(page, scenario, in_force),
            _ if in_force => return Err("it is in force"),
            _ => {}
        }
        let offer = page.offer?;
        let lacks = match page.key {
            "corridors" if scenario.corridors.is_empty() => Some("the scenario has no [corridors]"),
            "agreed_squawk" if !scenario.classes.iter().any(reads_agreed) => {
                Some("no site class reads a transponder's agreed code or IFF")
            }
            "conformance_monitoring" if rules.flight_plan_notice.is_none() => {
                Some("it acts through plans in hand, and R6 is off")
            }
            _ => None,
        };
        if let Some(why) = lacks {
            return Err(why);
        }
        let sides = protected_sides(scenario);
        let spec = specification(offer.spec, &sides);
        Ok(match page.key {
            "hotline_query" => hotline(page, offer.words, scenario, &sides),
            _ => CandidateRule::rule(page, offer.words, spec),
        })
    }
}

/// Whether a class reads what rule R13 agrees on.
fn reads_agreed(class: &SiteClass) -> bool {
    let spec = &class.identifier.spec;
    let agreed = spec.transponder.as_ref();
    agreed.is_some_and(|id_source| id_source.agreed.is_some()) || spec.iff.is_some()
}

/// Sides with armed sites.
fn shooters(scenario: &Scenario) -> BTreeSet<usize> {
    let armed = |site: &&crate::theatre::SiteEntry| {
        scenario.classes[site.class.index()].weapon.is_some() && site.count.1 > 0
    };
    let sites = scenario.sites.iter().filter(armed);
    sites.map(|site| site.side.index()).collect()
}

/// Sides with flights that are friend or neutral to some shooter.
fn protected_sides(scenario: &Scenario) -> Vec<String> {
    let shooters = shooters(scenario);
    let protected = |side: usize| {
        let affiliation = |shooter: &usize| scenario.cast.relations[*shooter][side];
        shooters
            .iter()
            .any(|shooter| affiliation(shooter) != Affiliation::Hostile)
    };
    let flies = |side: usize| {
        let mut flights = scenario.flights.iter();
        flights.any(|flight| flight.side.index() == side)
    };
    (0..scenario.cast.sides.len())
        .filter(|&side| flies(side) && protected(side))
        .map(|side| scenario.cast.sides[side].clone())
        .collect()
}

/// R1 one step stricter.
fn stricter(page: &RulePage, scenario: &Scenario) -> Result<CandidateRule, &'static str> {
    use crate::coordination::WeaponsControl::{Free, Hold, Tight};
    let spec = scenario.file.rules.weapons_control.as_ref();
    let (words, status) = match spec.map_or(Tight, |rule| rule.status) {
        Free => ("weapons tight instead of free", "tight"),
        Tight => ("weapons on hold instead of tight", "hold"),
        Hold => return Err("weapons are on hold already"),
    };
    let path = ["rules", page.key, "status"].map(str::to_owned).to_vec();
    let to = Some(json!(status));
    Ok(CandidateRule {
        words,
        edits: vec![Edit { path, to }],
    })
}

/// R7 to a node of everybody who is no enemy; to a liaison officer, who knows his own side's flights, where there is none.
fn hotline(
    page: &RulePage,
    words: &'static str,
    scenario: &Scenario,
    sides: &[String],
) -> CandidateRule {
    let (mut nodes, mut edits) = (Vec::new(), Vec::new());
    for side in sides {
        let cast = &scenario.cast;
        let known: Vec<_> = (scenario.nodes.iter())
            .filter(|node| cast.sides[node.side.index()] == *side)
            .collect();
        nodes.extend(known.iter().map(|node| node.name.clone()));
        let liaison = format!("{side}-liaison");
        if known.is_empty() && scenario.nodes.iter().all(|node| node.name != liaison) {
            edits.push(Edit {
                path: vec!["nodes".to_owned(), liaison.clone()],
                to: Some(json!({ "side": side })),
            });
            nodes.push(liaison);
        }
    }
    let mut candidate = CandidateRule::rule(page, words, json!({ "nodes": nodes }));
    candidate.edits.splice(..0, edits);
    candidate
}

/// R6 with every plan of who is no enemy sent also to the command of those who might shoot at it.
fn notices(
    page: &RulePage,
    scenario: &Scenario,
    in_force: bool,
) -> Result<CandidateRule, &'static str> {
    let mut edits = Vec::new();
    for (name, flight) in &scenario.file.flights {
        let Some(side) = scenario
            .cast
            .sides
            .iter()
            .position(|side| *side == flight.side)
        else {
            continue;
        };
        let mut told: Vec<String> = flight
            .plan
            .as_ref()
            .map_or(Vec::new(), |plan| plan.addressees.clone());
        let before = told.len();
        for site in scenario.sites.iter().filter(|site| site.count.1 > 0) {
            let class = &scenario.classes[site.class.index()];
            let checks = class.weapon.is_some() && class.identifier.spec.flight_plan.is_some();
            let affiliation = scenario.cast.relations[site.side.index()][side];
            let Some(command) = site.command.as_ref().filter(|_| checks) else {
                continue;
            };
            let node = &scenario.nodes[command.node.index()].name;
            if affiliation != Affiliation::Hostile && !told.contains(node) {
                told.push(node.clone());
            }
        }
        if told.len() > before {
            let at = |key: &str| ["flights", name, "plan", key].map(str::to_owned).to_vec();
            edits.push(Edit {
                path: at("addressees"),
                to: Some(json!(told)),
            });
            if flight.plan.is_none() {
                edits.push(Edit {
                    path: at("notice_s"),
                    to: Some(json!(3600.0)),
                });
            }
        }
    }
    if edits.is_empty() && in_force {
        return Err("it is in force, and every plan is sent to those who check plans");
    }
    let checks =
        |class: &SiteClass| class.weapon.is_some() && class.identifier.spec.flight_plan.is_some();
    if !scenario.classes.iter().any(checks) {
        return Err("no armed site's class has a flight_plan check");
    }
    let reaches = |coordinated: &Vec<bool>| coordinated.iter().any(|reached| *reached);
    if edits.is_empty() && !scenario.covered_at_most().iter().any(reaches) {
        return Err("no plan of who is no enemy could come to an armed site that checks plans");
    }
    if !in_force {
        edits.push(Edit {
            path: ["rules", page.key].map(str::to_owned).to_vec(),
            to: Some(json!({})),
        });
    }
    let words = page.offer?.words;
    Ok(CandidateRule { words, edits })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::RulesSpec;

    /// What a rule says of how it is to be tried is a specification of that rule, in its plainest form and at both ends.
    #[test]
    fn what_rules_offer_can_be_put_in_force() {
        let sides = ["us".to_owned(), "airlines".to_owned()];
        let mut offered = 0;
        for page in RULES {
            let Ok(offer) = page.offer else { continue };
            let [_, weak, strong] = offer.band;
            for end in ["{}", weak, strong] {
                let mut spec = specification(offer.spec, &sides);
                let Json::Object(end) = specification(end, &sides) else {
                    panic!("{}: {end}", page.id);
                };
                spec.as_object_mut().unwrap().extend(end);
                let rules = json!({ page.key: spec });
                let rules: Result<RulesSpec, _> = serde_json::from_value(rules.clone());
                let back = serde_json::to_value(rules.unwrap()).unwrap();
                assert!(back.get(page.key).is_some(), "{}", page.id);
            }
            offered += 1;
        }
        assert!(offered >= 12, "{offered}");
        assert_eq!(
            specification(r#"{ "a": "PROTECTED", "b": { "PROTECTED": 0.5 } }"#, &sides),
            json!({ "a": ["us", "airlines"], "b": { "us": 0.5, "airlines": 0.5 } })
        );
    }
}
