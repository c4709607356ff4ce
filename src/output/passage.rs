//! The story of an aircraft at which nobody fired by mistake: why a raid came through, why a neutral was left alone.

use serde_json::{Value as Json, json};

use super::events::utc;
use super::story::{indented, table};
use super::timeline::{lasting, reason_words};
use crate::ids::AircraftId;
use crate::inquiry::{Change, Outcome, SitePassage, Trials, outcome, passage};
use crate::record::{Affiliation, EventLog, Identity};
use crate::scenario::Scenario;
use crate::units::Millis;

/// An aircraft to be told of, and what was found out about it.
#[derive(Debug)]
pub struct PassageStory<'a> {
    /// What was run.
    pub scenario: &'a Scenario,
    /// What happened, with every change of identity.
    pub log: &'a EventLog,
    /// The aircraft.
    pub aircraft: AircraftId,
    /// What was tried, and the outcome.
    pub trials: Option<(&'a [Change], &'a Trials)>,
}

impl PassageStory<'_> {
    /// The whole story.
    pub fn tell(&self) -> String {
        let mut text = self.head();
        text += "\nWhat each site made of it (UTC)\n";
        text += &self.sites();
        if let Some((changes, trials)) = self.trials {
            text +=
                "\nWhat would have become of it otherwise (the same random numbers run again)\n";
            text += &self.otherwise(changes, trials);
        }
        text
    }

    /// The same for programs; times in s from the start.
    pub fn facts(&self) -> Json {
        let log = self.log;
        let sortie = &log.sorties[self.aircraft.index()];
        let sites = passage(log, self.aircraft).into_iter().map(|made| {
            let held = made.held.iter();
            let held = held.map(
                |(time, identity)| json!({ "time_s": time.seconds(), "identity": identity.code() }),
            );
            let declined = made.declined.iter().map(|(time, decision)| {
                json!({
                    "time_s": time.seconds(),
                    "rule": decision.rule,
                    "reason": decision.reason.code(),
                })
            });
            json!({
                "site": log.sites[made.site.index()].name,
                "affiliation": log.affiliation(made.site, self.aircraft).code(),
                "tracked_from_s": made.tracked.map(Millis::seconds),
                "tracked_s": made.tracked_s,
                "in_reach_s": made.in_reach.map(Millis::seconds),
                "identities": held.collect::<Json>(),
                "declined": declined.collect::<Json>(),
                "engagements": made.engagements,
                "shots": made.shots,
                "destroyed_s": made.destroyed.map(Millis::seconds),
            })
        });
        let mut object = json!({
            "what": "passage",
            "aircraft": sortie.name,
            "type": log.cast.types[sortie.type_id.index()],
            "side": log.cast.sides[sortie.side.index()],
            "outcome": became(&outcome(log, self.name())),
            "sites": sites.collect::<Json>(),
        });
        if let Some((changes, trials)) = self.trials {
            let alone = trials.alone.iter().map(|(at, outcome)| {
                let change = &changes[*at];
                json!({
                    "change": change.name,
                    "words": change.words,
                    "outcome": became(outcome),
                })
            });
            let impossible = trials.impossible.iter();
            let impossible =
                impossible.map(|(at, why)| json!({ "change": changes[*at].name, "why": why }));
            object["trials"] = alone.collect();
            object["impossible"] = impossible.collect();
        }
        object
    }

    fn name(&self) -> &str {
        &self.log.sorties[self.aircraft.index()].name
    }

    fn at(&self, time: Millis) -> String {
        let clock =
            utc(self.scenario.start, time).map(|instant| instant.to_zoned(jiff::tz::TimeZone::UTC));
        clock.map_or(String::new(), |clock| {
            clock.strftime("%H:%M:%S").to_string()
        })
    }

    fn head(&self) -> String {
        let log = self.log;
        let sortie = &log.sorties[self.aircraft.index()];
        let mut affiliations: Vec<String> = Vec::new();
        for site in &log.sites {
            let affiliation = log.cast.relations[site.side.index()][sortie.side.index()].code();
            let said = format!("{affiliation} to {}", log.cast.sides[site.side.index()]);
            if !affiliations.contains(&said) {
                affiliations.push(said);
            }
        }
        format!(
            "{}, replication {} of seed {}\n{}, {} of {}, {}: {}.\n",
            self.scenario.file.title,
            log.replication.index,
            log.replication.seed,
            sortie.name,
            log.cast.types[sortie.type_id.index()].replace('_', " "),
            log.cast.sides[sortie.side.index()],
            affiliations.join(", "),
            self.became(&outcome(log, self.name())),
        )
    }

    /// What became of it, in words that follow its name.
    fn became(&self, outcome: &Outcome) -> String {
        let mut words = Vec::new();
        if outcome.cancelled {
            return "stays on the ground".to_owned();
        }
        if let Some(reached) = outcome.reached {
            words.push(format!("reaches its objective at {}", self.at(reached)));
        }
        match (&outcome.destroyed, &outcome.shot_at) {
            (Some((time, site)), _) => {
                words.push(format!("is shot down at {} by {site}", self.at(*time)));
            }
            (None, Some((time, site))) => words.push(format!(
                "is fired at from {} on, first by {site}, and not hit",
                self.at(*time)
            )),
            (None, None) => words.push("is not fired at".to_owned()),
        }
        words.join(", ")
    }

    fn sites(&self) -> String {
        let mut lines = Vec::new();
        let mut unseen = Vec::new();
        for made in passage(self.log, self.aircraft) {
            let site = &self.log.sites[made.site.index()].name;
            let Some(tracked) = made.tracked else {
                unseen.push(site.as_str());
                continue;
            };
            lines.push(format!(
                "{site}: tracked from {}, {} in all",
                self.at(tracked),
                lasting(Millis::from_seconds(made.tracked_s)),
            ));
            lines.extend(
                self.chain(&made)
                    .into_iter()
                    .map(|said| format!("  {said}")),
            );
        }
        if !unseen.is_empty() {
            lines.push(format!("never tracked by {}", unseen.join(", ")));
        }
        indented(lines)
    }

    /// Where the chain from the track to the shot ended at a site.
    fn chain(&self, made: &SitePassage) -> Vec<String> {
        let mut lines = Vec::new();
        let held = |(time, identity): &(Millis, Identity)| {
            format!("{} {}", identity.code().replace('_', " "), self.at(*time))
        };
        let identities: Vec<String> = made.held.iter().map(held).collect();
        lines.push(if identities.is_empty() {
            "not identified".to_owned()
        } else {
            format!("identified as {}", identities.join(", then "))
        });
        let Some(in_reach) = made.in_reach else {
            lines.push("never inside the envelope of its weapon".to_owned());
            return lines;
        };
        lines.push(format!("in reach from {}", self.at(in_reach)));
        for (time, decision) in &made.declined {
            lines.push(format!(
                "held its fire from {}: {} ({})",
                self.at(*time),
                reason_words(decision.reason),
                decision.rule
            ));
        }
        let shots = match (made.engagements, made.shots, made.destroyed) {
            (0, ..) => return lines,
            (_, 0, _) => "decided to fire, and launched nothing".to_owned(),
            (_, shots, None) => format!("fired {shots} missiles, none hit"),
            (_, shots, Some(time)) => {
                format!("fired {shots} missiles, destroyed it at {}", self.at(time))
            }
        };
        lines.push(shots);
        lines
    }

    fn otherwise(&self, changes: &[Change], trials: &Trials) -> String {
        let mut table = table();
        for (at, outcome) in &trials.alone {
            let change = &changes[*at];
            let same = outcome.destroyed == trials.before.destroyed
                && outcome.reached == trials.before.reached
                && outcome.cancelled == trials.before.cancelled
                && outcome.shot_at == trials.before.shot_at;
            let became = if same {
                "the same".to_owned()
            } else {
                self.became(outcome)
            };
            table.add_row([
                format!(" {became}"),
                change.name.clone(),
                change.words.clone(),
                price(&trials.before, outcome),
            ]);
        }
        let mut text = format!("{}\n", table.trim_fmt());
        let hostile = self.log.sites.iter().any(|site| {
            let sortie = &self.log.sorties[self.aircraft.index()];
            let relations = &self.log.cast.relations[site.side.index()];
            relations[sortie.side.index()] == Affiliation::Hostile
        });
        let stopped = |(_, outcome): &&(usize, Outcome)| outcome.reached.is_none();
        if hostile && trials.before.reached.is_some() {
            let stops: Vec<&str> = (trials.alone.iter().filter(stopped))
                .map(|(at, _)| changes[*at].name.as_str())
                .collect();
            text += &if stops.is_empty() {
                "  No single change of the rules would have stopped it.\n".to_owned()
            } else {
                format!("  Would have stopped it: any of {}.\n", stops.join(", "))
            };
        }
        for (at, why) in &trials.impossible {
            text += &format!("  {} cannot be tried here: {why}\n", changes[*at].name);
        }
        text
    }
}

/// What became of an aircraft, and of all others, for programs.
fn became(outcome: &Outcome) -> Json {
    let seconds = |at: &Option<(Millis, String)>| at.as_ref().map(|(time, _)| time.seconds());
    let by = |at: &Option<(Millis, String)>| at.as_ref().map(|(_, site)| site.clone());
    json!({
        "cancelled": outcome.cancelled,
        "reached_s": outcome.reached.map(Millis::seconds),
        "fired_at_s": seconds(&outcome.shot_at),
        "fired_at_by": by(&outcome.shot_at),
        "destroyed_s": seconds(&outcome.destroyed),
        "destroyed_by": by(&outcome.destroyed),
        "wrong_shots": outcome.wrong_shots,
        "wrong_losses": outcome.wrong_losses,
    })
}

/// What else is different in the replication.
fn price(before: &Outcome, after: &Outcome) -> String {
    let mut words = Vec::new();
    for (what, one, other) in [
        ("wrong shots", before.wrong_shots, after.wrong_shots),
        ("wrong losses", before.wrong_losses, after.wrong_losses),
    ] {
        if one != other {
            words.push(format!("{what} {one} -> {other}"));
        }
    }
    words.join(", ")
}
