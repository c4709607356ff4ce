//! Crypto IFF: does the aircraft answer a coded question?
//!
//! *World*: an interrogation every `interval_s` is answered with probability `reply` if all of this holds: the aircraft
//! is a friend of the site and carries IFF, it is on (one draw per aircraft), both sides hold the right key of the day
//! (one draw per side and UTC day, common to all its aircraft and sites), and the site's interrogator works (one draw
//! per site and hour, [`super::super::faults`]). Neutrals carry none that would answer. Anybody else is taken for a
//! reply with probability `spoof` per interrogation (garble, replay); with a faulty interrogator nobody is.
//! For a friend P(reply) = on (1 - mismatch)^sides (1 - fault) reply, sides being 1 for an aircraft of the site's own
//! side and 2 for an ally.
//!
//! *Belief*: P(reply | friend, neutral, hostile) = `assumed`; no reply is the complement. No reply cannot tell neutral
//! from hostile unless the table says so.
//!
//! Fails by: switched off, wrong key (all friends at once), faulty interrogator (all aircraft of the hour), spoof.
//! Assumes no range limit inside the site's coverage, and that nobody notices a fault.
//! Source: Mark XIIA, NATO STANAG 4193; evidence STANAG 4162. Default beliefs .9 / 0 / 1e-4 are assumptions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, Belief, Emitter, Heard, IdSource, IdSourceScene, Said, Surroundings, Trust};
use crate::identification::faults::Faults;
use crate::identification::{AffiliationProbabilities, IdentificationSpec};
use crate::ids::Key;
use crate::record::Affiliation;
use crate::streams::Purpose;
use crate::units::Millis;

/// Crypto IFF: how a site asks, what comes of it, and what it makes of that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IffSpec {
    /// Time between two interrogations of a track, s.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 31_622_400.0))]
    pub interval_s: f64,
    /// World: probability that one interrogation of a friend whose IFF is on and keyed is answered.
    #[serde(default = "super::certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reply: f64,
    /// World, common cause: probability that a side has the wrong key; one draw per side and UTC day.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub key_mismatch_per_day: f64,
    /// World: probability that one interrogation of a neutral or hostile aircraft brings a false reply.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub spoof: f64,
    /// Belief: P(reply | affiliation).
    #[serde(default = "assumed")]
    pub assumed: AffiliationProbabilities,
    /// Belief: how far the site trusts the ID source, 0 not at all, 1 as `assumed` says.
    #[serde(default = "super::certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reliability: f64,
    /// Belief: age at which a reading counts no more, s; it fades linearly until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 31_622_400.0))]
    pub max_age_s: Option<f64>,
}

fn assumed() -> AffiliationProbabilities {
    AffiliationProbabilities {
        friend: 0.9,
        neutral: 0.0,
        hostile: 1e-4,
    }
}

impl IffSpec {
    /// World: whether an interrogation now brings a reply.
    pub(super) fn interrogate(&self, faults: &Faults, scene: &IdSourceScene) -> bool {
        if faults.interrogator_down(scene.streams, scene.site_key, scene.time) {
            return false;
        }
        let probability = match scene.emitter.affiliation {
            Affiliation::Friend if self.answers(&scene.emitter, faults, scene) => self.reply,
            Affiliation::Friend => 0.0,
            Affiliation::Neutral | Affiliation::Hostile => self.spoof,
        };
        probability > 0.0
            && scene
                .streams
                .about(Purpose::Interrogation, scene.site_key, scene.aircraft_key)
                .happens(scene.time.0 as u64, probability)
    }

    /// World: whether a friend is able to answer.
    fn answers(&self, emitter: &Emitter, faults: &Faults, scene: &IdSourceScene) -> bool {
        let Some(iff) = emitter.equipment.iff else {
            return false;
        };
        let on = scene
            .streams
            .about(Purpose::Equipment, scene.aircraft_key, Key::NONE)
            .happens(0, iff.on);
        let day = faults.day(scene.time);
        let keyed = |side| {
            !scene
                .streams
                .about(Purpose::KeyOfDay, side, Key::NONE)
                .happens(day, self.key_mismatch_per_day)
        };
        on && keyed(scene.site_side_key) && keyed(emitter.side_key)
    }

    /// Belief: ln P(reply or none | affiliation).
    pub(super) fn likelihood(&self, reply: bool) -> [f64; 3] {
        let replies = self.assumed.by_affiliation();
        let of_reading = |p| if reply { p } else { super::remainder(p) };
        replies.map(|p| libm::log(of_reading(p)))
    }
}

impl IdSource for IffSpec {
    type Latest = Asked<bool>;

    fn of(class: &IdentificationSpec, _: Surroundings<'_>) -> Option<IffSpec> {
        class.iff.clone()
    }

    fn counts_as(class: &IdentificationSpec) -> u32 {
        u32::from(class.iff.is_some())
    }

    fn look(&self, latest: &mut Self::Latest, faults: &Faults, scene: &IdSourceScene) {
        latest.ask(scene.time, self.interval_s, || {
            Some(self.interrogate(faults, scene))
        });
    }

    fn hear(&self, latest: &Self::Latest, time: Millis, tell: &mut impl FnMut(Heard)) {
        if let Some(reading) = &latest.latest {
            let belief = Belief::Affiliations(self.likelihood(reading.said));
            let said = Said::Word(if reading.said { "reply" } else { "no_reply" });
            let trust = Trust::of(self.reliability, self.max_age_s, reading, time);
            tell(Heard::new("iff", said, belief, trust));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identification::faults::FaultsSpec;
    use crate::identification::id_sources::side_key;
    use crate::identification::id_sources::tests::{decides_alone, scene, streams};
    use crate::platform::{Equipment, IffEquipment};
    use crate::units::Millis;

    fn spec() -> IffSpec {
        IffSpec {
            interval_s: 10.0,
            reply: 1.0,
            key_mismatch_per_day: 0.0,
            spoof: 0.0,
            assumed: assumed(),
            reliability: 1.0,
            max_age_s: None,
        }
    }

    fn carries(on: f64) -> Equipment {
        Equipment {
            iff: Some(IffEquipment { on }),
            transponder: None,
            guard: None,
        }
    }

    fn sound() -> Faults {
        Faults::new(FaultsSpec::default(), 0.0)
    }

    /// A neutral cannot answer; only a garbled reply would clear it.
    #[test]
    fn no_reply_turns_a_neutral_hostile_and_a_false_one_prevents_it() {
        let (streams, equipment) = (streams(1), carries(1.0));
        let scene = scene(&streams, &equipment, Affiliation::Neutral);
        decides_alone(
            |class| {
                let undecided = class.prior.get("hostile").is_some_and(|p| p.0 < 0.9);
                let spoof = if undecided { 0.0 } else { 1.0 };
                class.iff = Some(IffSpec { spoof, ..spec() });
                class.identity.hostile = 0.88;
            },
            &[],
            &scene,
            &scene,
        );
    }

    #[test]
    fn who_answers() {
        let streams = streams(1);
        let down = Faults::new(
            FaultsSpec {
                interrogator_per_hour: 1.0,
                ..FaultsSpec::default()
            },
            0.0,
        );
        let wrong_key = IffSpec {
            key_mismatch_per_day: 1.0,
            ..spec()
        };
        for (affiliation, equipment, answers) in [
            (Affiliation::Friend, carries(1.0), true),
            (Affiliation::Friend, carries(0.0), false),
            (Affiliation::Friend, Equipment::default(), false),
            (Affiliation::Neutral, carries(1.0), false),
            (Affiliation::Hostile, carries(1.0), false),
        ] {
            let scene = scene(&streams, &equipment, affiliation);
            assert_eq!(
                spec().interrogate(&sound(), &scene),
                answers,
                "{affiliation:?} {equipment:?}"
            );
            assert!(!spec().interrogate(&down, &scene));
            assert!(!wrong_key.interrogate(&sound(), &scene));
        }
    }

    /// A friend answers with on (1 - mismatch)^sides (1 - fault) reply; every aircraft on a day of its own, so that draws
    /// are independent: within 4.9 standard errors (1e-6).
    #[test]
    fn a_friend_answers_as_often_as_the_product_says() {
        let streams = streams(5);
        let equipment = carries(0.95);
        let spec = IffSpec {
            reply: 0.9,
            key_mismatch_per_day: 0.1,
            ..spec()
        };
        let faults = Faults::new(
            FaultsSpec {
                interrogator_per_hour: 0.05,
                ..FaultsSpec::default()
            },
            0.0,
        );
        for (side, sides) in [("own", 1), ("ally", 2)] {
            let asked = 20_000;
            let mut replies = 0;
            for number in 0..asked {
                let mut scene = scene(&streams, &equipment, Affiliation::Friend);
                scene.aircraft_key = Key::of(side).nth(number);
                scene.emitter.side_key = side_key(side);
                scene.time = Millis(i64::from(number) * 86_400_000);
                replies += u32::from(spec.interrogate(&faults, &scene));
            }
            let expected = 0.95 * 0.9f64.powi(sides) * 0.95 * 0.9;
            let share = f64::from(replies) / f64::from(asked);
            let bound = 4.9 * (expected * (1.0 - expected) / f64::from(asked)).sqrt();
            assert!(
                (share - expected).abs() < bound,
                "{share}, expected {expected}"
            );
        }
    }

    /// Four sites that fail with .1 an hour: independent interrogators, .3439 that at least one is deaf to a friend; one
    /// key of the day for all, .1. Within 4.9 standard errors (1e-6).
    #[test]
    fn a_common_cause_makes_four_sites_one() {
        let streams = streams(6);
        let equipment = carries(1.0);
        let faulty = Faults::new(
            FaultsSpec {
                interrogator_per_hour: 0.1,
                ..FaultsSpec::default()
            },
            0.0,
        );
        let mismatch = IffSpec {
            key_mismatch_per_day: 0.1,
            ..spec()
        };
        let trials = 20_000;
        for (spec, faults, expected) in [(spec(), &faulty, 0.3439), (mismatch, &sound(), 0.1)] {
            let mut any_deaf = 0;
            for day in 0..trials {
                let deaf = (0..4).filter(|&site| {
                    let mut scene = scene(&streams, &equipment, Affiliation::Friend);
                    scene.site_key = Key::of("site").nth(site);
                    scene.time = Millis(i64::from(day) * 86_400_000);
                    !spec.interrogate(faults, &scene)
                });
                any_deaf += u32::from(deaf.count() > 0);
            }
            let share = f64::from(any_deaf) / f64::from(trials);
            let bound = 4.9 * (expected * (1.0 - expected) / f64::from(trials)).sqrt();
            assert!(
                (share - expected).abs() < bound,
                "{share}, expected {expected}"
            );
        }
    }
}
