//! The story of one wrong shot: the clock, the evidence, what each rule said, the chain of causes, and what would have
//! prevented it.

use std::fmt::Write as _;

use comfy_table::{Table, presets};
use serde_json::{Value as Json, json};

use super::events::utc;
use super::numbers::share;
use super::timeline::{reason_words, tell};
use crate::coordination::RULES;
use crate::inquiry::{
    CandidateRules, Cause, Change, Counterfactual, Link, SortieOutcome, Trial, biggest_step, chain,
    last_declaration,
};
use crate::record::{Decision, Event, EventLog, Fact, LedgerEntry, RuleWord};
use crate::scenario::Scenario;
use crate::units::Millis;

/// One line for each entry of a ledger, as people read it: `iff: no_reply, 12 s old; P(hostile) .93 (odds x 4.1)`.
pub fn ledger_lines(ledger: &[LedgerEntry]) -> Vec<String> {
    let mut before: Option<f64> = None;
    let line = |entry: &LedgerEntry| {
        let hostile = entry.posterior[2];
        let odds = hostile / (1.0 - hostile).max(1e-12);
        let times = before
            .filter(|before| *before > 0.0)
            .map(|before| odds / before);
        before = Some(odds);
        let said = match entry.said.as_str() {
            "" => String::new(),
            said => format!(": {said}"),
        };
        let age = if entry.age_s >= 0.5 {
            format!(", {:.0} s old", entry.age_s)
        } else {
            String::new()
        };
        let moved = times
            .filter(|times| (times - 1.0).abs() > 0.005)
            .map_or(String::new(), |times| {
                format!(" (odds x {})", factor(times))
            });
        format!(
            "{}{said}{age}; P(hostile) {}{moved}",
            entry.id_source.replace('_', " "),
            share(hostile)
        )
    };
    ledger.iter().map(line).collect()
}

fn factor(times: f64) -> String {
    if times >= 100.0 {
        format!("{times:.0}")
    } else if times >= 0.1 {
        format!("{times:.1}")
    } else {
        format!("{times:.3}")
    }
}

/// A wrong shot to be explained, and what was found out about it.
#[derive(Debug)]
pub struct Story<'a> {
    /// What was run.
    pub scenario: &'a Scenario,
    /// What happened, at [`Detail::Full`](crate::record::Detail::Full).
    pub log: &'a EventLog,
    /// The shot, by its place in the log.
    pub shot: usize,
    /// What was tried, the added rules before the removed ones, and the outcome; without it that part is left out.
    pub counterfactual: Option<(&'a CandidateRules, &'a [Change], &'a Counterfactual)>,
}

impl Story<'_> {
    /// The whole story.
    pub fn tell(&self) -> String {
        let mut text = self.head();
        let mut part = |title: &str, body: String| {
            if !body.is_empty() {
                write!(text, "\n{title}\n{body}").expect("writing to a string");
            }
        };
        part("By the clock (UTC, and seconds to the shot)", self.clock());
        part(
            "The evidence: the running sum at the last declaration before the decision",
            self.evidence(),
        );
        part("What each rule in force said at the decision", self.rules());
        part("The chain of causes", self.causes());
        part(
            "What would have prevented it (the same random numbers run again)",
            self.prevented(),
        );
        text
    }

    /// The same for programs; times in s from the start.
    pub fn facts(&self) -> Json {
        let log = self.log;
        let shot = self.event();
        let sortie = shot.fact.aircraft().map(|it| &log.sorties[it.index()]);
        let site = shot.fact.site().map(|site| &log.sites[site.index()]);
        let affiliation = (shot.fact.site().zip(shot.fact.aircraft()))
            .map(|(site, aircraft)| log.affiliation(site, aircraft).code());
        let clock = self.told().into_iter();
        let clock = clock.map(|(time, words)| json!({ "time_s": time.seconds(), "words": words }));
        let evidence = last_declaration(log, self.shot).into_iter().flatten();
        let evidence = evidence.map(|entry| {
            json!({
                "id_source": entry.id_source,
                "said": entry.said,
                "age_s": entry.age_s,
                "p_hostile": entry.posterior[2],
            })
        });
        let (words, decision) = self.said().unzip();
        let rules = words.into_iter().flatten().map(|word| {
            let decided = decision.filter(|decision| decision.rule == word.rule);
            json!({
                "rule": word.rule,
                "word": word.word,
                "decided": decided.map(|decision| decision.reason.code()),
            })
        });
        let causes = chain(log, self.shot).into_iter().map(|cause| {
            json!({ "link": cause.link.code(), "code": cause.code, "log_odds": cause.log_odds })
        });
        let mut object = json!({
            "what": "wrong_shot",
            "time_s": shot.time.seconds(),
            "site": site.map(|site| &site.name),
            "aircraft": sortie.map(|sortie| &sortie.name),
            "type": sortie.map(|sortie| &log.cast.types[sortie.type_id.index()]),
            "side": sortie.map(|sortie| &log.cast.sides[sortie.side.index()]),
            "affiliation": affiliation,
            "outcome": self.became().map(|(code, _)| code),
            "clock": clock.collect::<Json>(),
            "evidence": evidence.collect::<Json>(),
            "rules": rules.collect::<Json>(),
            "causes": causes.collect::<Json>(),
        });
        if let Some((_, changes, counterfactual)) = self.counterfactual {
            let site = site.map(|site| &site.name);
            let trials = counterfactual.alone.iter().map(|trial| {
                let change = &changes[trial.changes[0]];
                let lost = trial.shots.iter().find_map(|other| other.destroyed);
                json!({
                    "change": change.name,
                    "words": change.words,
                    "this_shot": trial.shots.iter().any(|other| other.time == shot.time && site == Some(&other.site)),
                    "prevented": trial.prevented(),
                    "lost_s": lost.map(Millis::seconds),
                    "wrong_shots": trial.outcome.wrong_shots,
                    "wrong_losses": trial.outcome.wrong_losses,
                    "cancelled": trial.outcome.cancelled,
                    "leaked": trial.outcome.leaked,
                })
            });
            let names = |trial: &Trial| -> Vec<&str> {
                let changes = trial.changes.iter().map(|&at| changes[at].name.as_str());
                changes.collect()
            };
            let impossible = counterfactual.impossible.iter();
            let impossible =
                impossible.map(|(at, why)| json!({ "change": changes[*at].name, "why": why }));
            object["trials"] = trials.collect();
            object["smallest"] = counterfactual.smallest.iter().map(names).collect();
            object["impossible"] = impossible.collect();
        }
        object
    }

    fn event(&self) -> &Event {
        &self.log.events[self.shot]
    }

    fn head(&self) -> String {
        let log = self.log;
        let event = self.event();
        let Some(site) = event.fact.site() else {
            return String::new();
        };
        let site_record = &log.sites[site.index()];
        let shooter = &log.cast.sides[site_record.side.index()];
        let class = &log.cast.classes[site_record.class.index()].name;
        let target = event.fact.aircraft().map_or(
            "a false track: there is no aircraft".to_owned(),
            |aircraft| {
                let sortie = &log.sorties[aircraft.index()];
                format!(
                    "{}, {} of {}, {} to {shooter}",
                    sortie.name,
                    log.cast.types[sortie.type_id.index()].replace('_', " "),
                    log.cast.sides[sortie.side.index()],
                    log.affiliation(site, aircraft).code(),
                )
            },
        );
        let when = utc(self.scenario.start, event.time).map_or(String::new(), |utc| {
            format!(" at {utc:.0}")
                .replace('T', " ")
                .replace('Z', " UTC")
        });
        format!(
            "{}, replication {} of seed {}\nSite {} ({} of {shooter}) fires at {target}{when}.{}\n",
            self.scenario.file.title,
            log.replication.index,
            log.replication.seed,
            site_record.name,
            class.replace('_', " "),
            self.became().map_or("", |(_, words)| words),
        )
    }

    /// What becomes of the shot, as a code and in words.
    fn became(&self) -> Option<(&'static str, &'static str)> {
        let shot = self.event();
        let Fact::ShotFired { shot: number, .. } = shot.fact else {
            return None;
        };
        self.log.events[self.shot..].iter().find_map(|event| {
            let fact = &event.fact;
            if (fact.site(), fact.aircraft()) != (shot.fact.site(), shot.fact.aircraft()) {
                return None;
            }
            match *fact {
                Fact::Destroyed { shot, .. } if shot == number => {
                    Some(("destroyed", " It is shot down."))
                }
                Fact::ShotMissed { shot, .. } if shot == number => {
                    Some(("missed", " The shot misses."))
                }
                Fact::ShotWasted { shot, .. } if shot == number => {
                    Some(("wasted", " The shot finds it already gone."))
                }
                Fact::ShotAborted { shot, .. } if shot == number => {
                    Some(("aborted", " The shot is destroyed in flight by order."))
                }
                _ => None,
            }
        })
    }

    /// What is told of the aircraft up to the end of the shot: of all sites its plan and flight, of the shooter everything.
    fn told(&self) -> Vec<(Millis, String)> {
        let shot = self.event();
        let concerned = |event: &&Event| {
            let fact = &event.fact;
            let aircraft = shot.fact.aircraft();
            let other = fact.other_aircraft();
            (fact.aircraft() == aircraft || other.is_some() && other == aircraft)
                && (fact.site().is_none() || fact.site() == shot.fact.site())
        };
        let after = self.log.events[self.shot..]
            .iter()
            .position(|event| {
                matches!(event.fact, Fact::EngagementEnded { .. }) && concerned(&event)
            })
            .map_or(self.log.events.len(), |after| self.shot + after);
        let concerned = self.log.events[..after].iter().filter(concerned);
        let told = |event: &Event| Some((event.time, tell(self.scenario, self.log, event)?.1));
        concerned.filter_map(told).collect()
    }

    fn clock(&self) -> String {
        /// Most lines; the last ones are nearest to the shot.
        const LINES: usize = 24;
        let (told, shot) = (self.told(), self.event());
        let mut text = String::new();
        let left_out = told.len().saturating_sub(LINES);
        if left_out > 0 {
            text.push_str(&format!(
                "  ({left_out} earlier lines: run --events tells all)\n"
            ));
        }
        for (time, words) in &told[left_out..] {
            let clock = self.at(*time);
            let away = (*time - shot.time).seconds();
            text.push_str(&format!("  {clock} {away:>+9.1} s  {words}\n"));
        }
        text
    }

    fn evidence(&self) -> String {
        let Some(ledger) = last_declaration(self.log, self.shot) else {
            return String::new();
        };
        let mut text = indented(ledger_lines(ledger));
        if let Some(step) = biggest_step(self.log, self.shot) {
            text += &format!(
                "  One by one, not summed up as above, the step that moved most: {} at {}, odds x {}.\n",
                step.said.replace('_', " "),
                self.at(step.time),
                factor(libm::exp(step.log_odds))
            );
        }
        text
    }

    /// The time of day, UTC.
    fn at(&self, time: Millis) -> String {
        let clock =
            utc(self.scenario.start, time).map(|instant| instant.to_zoned(jiff::tz::TimeZone::UTC));
        clock.map_or(String::new(), |clock| {
            clock.strftime("%H:%M:%S").to_string()
        })
    }

    /// What becomes of this very shot with a change, and of the sortie: when and by whom it is fired at, and lost, instead.
    fn instead(&self, trial: &Trial) -> [String; 2] {
        let shot = self.event();
        let site = shot
            .fact
            .site()
            .map(|site| &self.log.sites[site.index()].name);
        let it = |other: &&crate::inquiry::WrongShot| {
            other.time == shot.time && site == Some(&other.site)
        };
        let this = match trial.shots.iter().find(it) {
            Some(_) => " fired",
            None => " not fired",
        };
        let lost = trial
            .shots
            .iter()
            .find_map(|other| Some((other, other.destroyed?)));
        let sortie = match (trial.shots.first(), lost) {
            _ if trial.outcome.cancelled > 0 => "cancelled".to_owned(),
            (None, _) => "not fired at".to_owned(),
            (Some(first), None) => format!(
                "fired at {} by {} ({}), not lost",
                self.at(first.time),
                first.site,
                reason_words(first.decision.reason)
            ),
            (Some(_), Some((other, destroyed))) => format!(
                "lost {} to {} ({})",
                self.at(destroyed),
                other.site,
                reason_words(other.decision.reason)
            ),
        };
        [this.to_owned(), sortie]
    }

    /// What each rule in force said at the decision, and which decided.
    fn said(&self) -> Option<(&[RuleWord], Decision)> {
        let shot = self.event();
        self.log.events[..self.shot].iter().rev().find_map(|event| {
            let fact = &event.fact;
            let same = (fact.site(), fact.aircraft()) == (shot.fact.site(), shot.fact.aircraft());
            match fact {
                Fact::EngagementBegun {
                    words, decision, ..
                } if same => Some((&words[..], *decision)),
                _ => None,
            }
        })
    }

    fn rules(&self) -> String {
        let Some((words, decision)) = self.said() else {
            return String::new();
        };
        let mut table = table();
        for &RuleWord { rule, word } in words {
            let title = RULES
                .iter()
                .find(|page| page.id == rule)
                .map_or("", |page| page.key)
                .replace('_', " ");
            let decided = if rule == decision.rule {
                format!("<- decided: {}", reason_words(decision.reason))
            } else {
                String::new()
            };
            table.add_row([format!(" {rule}"), title, word.replace('_', " "), decided]);
        }
        format!("{}\n", table.trim_fmt())
    }

    fn causes(&self) -> String {
        let mut lines = Vec::new();
        for Cause {
            link,
            code,
            log_odds,
        } in chain(self.log, self.shot)
        {
            let weight = log_odds.map_or(String::new(), |log_odds| {
                format!(
                    " (moved the odds of hostile by x {})",
                    factor(libm::exp(log_odds))
                )
            });
            let question = match link {
                Link::Plan => "its plan",
                Link::Track => "whose track",
                Link::Identity => "taken for hostile by",
                Link::Enquiry => "asked first",
                Link::Permission => "let go by",
            };
            lines.push(format!("{question}: {}{weight}", code.replace('_', " ")));
        }
        indented(lines)
    }

    fn prevented(&self) -> String {
        let Some((candidate_rules, changes, counterfactual)) = self.counterfactual else {
            return String::new();
        };
        let mut table = table();
        table.set_header([" this shot", "the sortie", "", "with", ""]);
        for trial in &counterfactual.alone {
            let change = &changes[trial.changes[0]];
            let [shot, sortie] = self.instead(trial);
            table.add_row([
                shot,
                sortie,
                change.name.clone(),
                change.words.clone(),
                price(&counterfactual.before, &trial.outcome),
            ]);
        }
        let mut text = format!("{}\n", table.trim_fmt());
        let named = |trial: &Trial| {
            let names: Vec<&str> = (trial.changes.iter())
                .map(|&at| changes[at].name.as_str())
                .collect();
            names.join(" with ")
        };
        let sets: Vec<String> = counterfactual.smallest.iter().map(named).collect();
        let size = counterfactual
            .smallest
            .first()
            .map_or(0, |trial| trial.changes.len());
        text.push_str(&match size {
            0 => format!(
                "  No set of up to {} of these changes would have prevented it.\n",
                Counterfactual::MOST
            ),
            1 => format!(
                "  Smallest sets that prevent it: one change; any of {}.\n",
                sets.join(", ")
            ),
            _ => format!(
                "  No single change would have prevented it. Smallest sets that would: {}.\n",
                sets.join("; ")
            ),
        });
        for (at, why) in &counterfactual.impossible {
            text.push_str(&format!(
                "  {} cannot be tried here: {why}\n",
                changes[*at].name
            ));
        }
        let why: Vec<String> = (candidate_rules.not_offered.iter())
            .map(|left| format!("{} ({})", left.rule, left.why))
            .collect();
        if !why.is_empty() {
            text.push_str(&format!("  Not tried: {}.\n", why.join("; ")));
        }
        text
    }
}

/// What else is different.
fn price(before: &SortieOutcome, after: &SortieOutcome) -> String {
    let mut words = Vec::new();
    if after.wrong_shots > 0 && after.wrong_shots != before.wrong_shots {
        words.push(format!(
            "{} wrong shots instead of {}",
            after.wrong_shots, before.wrong_shots
        ));
    }
    let (one, other) = (i64::from(before.leaked), i64::from(after.leaked));
    if one != other {
        words.push(format!("leakers {one} -> {other}"));
    }
    words.join(", ")
}

pub(super) fn indented(lines: Vec<String>) -> String {
    let lines = lines.into_iter().map(|line| format!("  {line}\n"));
    lines.collect()
}

pub(super) fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}
