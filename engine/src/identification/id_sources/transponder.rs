//! Civil transponder or ADS-B, and the agreed squawk of a coordination rule.
//!
//! *World*: an aircraft that carries a transponder has it on with probability `on` (one draw per aircraft) and then
//! shows a plain code, or the agreed squawk if its flight holds one. With probability `spoof` (one draw per aircraft) it
//! shows instead the best code there is to imitate: the agreed squawk if the site listens for one, a plain code if not.
//! Each look receives what is shown with probability `reception`, unless the site's receiver is down (one draw per site
//! and hour, [`super::super::faults`]). A flight without the equipment shows nothing.
//!
//! *Belief*: P(plain | affiliation) = `plain`, P(agreed | affiliation) = `agreed`, and silence is what is left,
//! 1 - plain - agreed.
//!
//! Fails by: switched off, not received, receiver down, spoof. A code says nothing of who flies: the same hardware
//! is carried by friend, neutral and foe. Assumes that a plain code and an agreed one are received alike.
//! Source: ICAO Annex 10, volume IV (surveillance and collision avoidance); likelihoods are assumptions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, Belief, Heard, IdSource, IdSourceScene, Said, Surroundings, Trust};
use crate::identification::faults::Faults;
use crate::identification::{AffiliationProbabilities, IdentificationSpec};
use crate::ids::Key;
use crate::streams::Purpose;
use crate::units::Millis;

/// Civil transponder: how a site listens, what comes of it, and what it makes of that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransponderSpec {
    /// Time between two looks at a track, s.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 31_622_400.0))]
    pub interval_s: f64,
    /// World: probability that a look receives a code that is sent.
    #[serde(default = "super::certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reception: f64,
    /// Belief: P(a plain code is seen | affiliation).
    pub plain: AffiliationProbabilities,
    /// Belief: P(the agreed squawk is seen | affiliation). Without it the site knows of no agreed squawk and takes it for a
    /// plain code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<AffiliationProbabilities>,
    /// Belief: how far the site trusts the ID source, 0 not at all, 1 as the tables say.
    #[serde(default = "super::certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reliability: f64,
    /// Belief: age at which a reading counts no more, s; it fades linearly until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 31_622_400.0))]
    pub max_age_s: Option<f64>,
}

/// What a look at the transponder brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Silent,
    Plain,
    Agreed,
}

impl Code {
    /// As the ledger writes it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Code::Silent => "silent",
            Code::Plain => "plain_code",
            Code::Agreed => "agreed_squawk",
        }
    }
}

impl TransponderSpec {
    /// World: what a look brings now.
    pub(super) fn listen(&self, faults: &Faults, scene: &IdSourceScene) -> Code {
        let shown = self.shown(scene);
        let received = shown != Code::Silent
            && !faults.receiver_down(scene.streams, scene.site_key, scene.time)
            && scene
                .streams
                .about(
                    Purpose::TransponderReply,
                    scene.site_key,
                    scene.aircraft_key,
                )
                .happens(scene.time.0 as u64, self.reception);
        if received { shown } else { Code::Silent }
    }

    /// World: what the aircraft sends all along.
    fn shown(&self, scene: &IdSourceScene) -> Code {
        let Some(carried) = scene.emitter.equipment.transponder else {
            return Code::Silent;
        };
        let draw = |purpose, probability| {
            scene
                .streams
                .about(purpose, scene.aircraft_key, Key::NONE)
                .happens(0, probability)
        };
        let spoofs = draw(Purpose::Spoof, carried.spoof);
        let on = draw(Purpose::TransponderOn, carried.on);
        match &self.agreed {
            Some(_) if spoofs || on && carried.agreed_squawk => Code::Agreed,
            _ if spoofs || on => Code::Plain,
            _ => Code::Silent,
        }
    }

    /// Belief: ln P(code | affiliation).
    pub(super) fn likelihood(&self, code: Code) -> [f64; 3] {
        let plain = self.plain.by_affiliation();
        let agreed = self
            .agreed
            .map_or([0.0; 3], |agreed| agreed.by_affiliation());
        let seen = match code {
            Code::Plain => plain,
            Code::Agreed => agreed,
            Code::Silent => std::array::from_fn(|a| super::remainder(plain[a] + agreed[a])),
        };
        seen.map(libm::log)
    }
}

impl IdSource for TransponderSpec {
    type Latest = Asked<Code>;

    fn of(class: &IdentificationSpec, _: Surroundings<'_>) -> Option<TransponderSpec> {
        class.transponder.clone()
    }

    fn counts_as(class: &IdentificationSpec) -> u32 {
        u32::from(class.transponder.is_some())
    }

    fn look(&self, latest: &mut Self::Latest, faults: &Faults, scene: &IdSourceScene) {
        latest.ask(scene.time, self.interval_s, || {
            Some(self.listen(faults, scene))
        });
    }

    fn hear(&self, latest: &Self::Latest, time: Millis, tell: &mut impl FnMut(Heard)) {
        if let Some(reading) = &latest.latest {
            let belief = Belief::Affiliations(self.likelihood(reading.said));
            let said = Said::Word(reading.said.word());
            let trust = Trust::of(self.reliability, self.max_age_s, reading, time);
            tell(Heard::new("transponder", said, belief, trust));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identification::faults::FaultsSpec;
    use crate::identification::id_sources::tests::{assumed, decides_alone, scene, streams};
    use crate::platform::{Equipment, TransponderEquipment};
    use crate::record::Affiliation;

    fn spec() -> TransponderSpec {
        TransponderSpec {
            interval_s: 5.0,
            reception: 1.0,
            plain: assumed(0.6, 0.7, 0.05),
            agreed: Some(assumed(0.39, 0.29, 0.001)),
            reliability: 1.0,
            max_age_s: None,
        }
    }

    fn carries(on: f64, spoof: f64, agreed_squawk: bool) -> Equipment {
        Equipment {
            iff: None,
            transponder: Some(TransponderEquipment {
                on,
                spoof,
                agreed_squawk,
            }),
            guard: None,
        }
    }

    #[test]
    fn a_silent_neutral_is_taken_for_hostile_and_one_that_is_heard_is_not() {
        let streams = streams(1);
        let (dark, lit) = (carries(0.0, 0.0, true), carries(1.0, 0.0, false));
        let damning = scene(&streams, &dark, Affiliation::Neutral);
        let clearing = scene(&streams, &lit, Affiliation::Neutral);
        decides_alone(
            |class| class.transponder = Some(spec()),
            &[],
            &damning,
            &clearing,
        );
    }

    #[test]
    fn what_is_shown_follows_equipment_and_agreement() {
        let streams = streams(1);
        let faults = Faults::new(FaultsSpec::default(), 0.0);
        let deaf = Faults::new(
            FaultsSpec {
                receiver_per_hour: 1.0,
                ..FaultsSpec::default()
            },
            0.0,
        );
        let unaware = TransponderSpec {
            agreed: None,
            ..spec()
        };
        for (equipment, code, where_unaware) in [
            (Equipment::default(), Code::Silent, Code::Silent),
            (carries(0.0, 0.0, true), Code::Silent, Code::Silent),
            (carries(1.0, 0.0, false), Code::Plain, Code::Plain),
            (carries(1.0, 0.0, true), Code::Agreed, Code::Plain),
            (carries(0.0, 1.0, false), Code::Agreed, Code::Plain),
        ] {
            let scene = scene(&streams, &equipment, Affiliation::Hostile);
            assert_eq!(spec().listen(&faults, &scene), code, "{equipment:?}");
            assert_eq!(
                unaware.listen(&faults, &scene),
                where_unaware,
                "{equipment:?}"
            );
            assert_eq!(spec().listen(&deaf, &scene), Code::Silent);
        }
    }

    /// On for the life of the aircraft, received look by look: within 4.9 standard errors (1e-6).
    #[test]
    fn being_on_is_drawn_once_and_reception_every_look() {
        let streams = streams(4);
        let equipment = carries(0.6, 0.0, false);
        let faults = Faults::new(FaultsSpec::default(), 0.0);
        let spec = TransponderSpec {
            reception: 0.5,
            ..spec()
        };
        let (aircraft, looks) = (2000, 20);
        let (mut on, mut heard) = (0, 0);
        for number in 0..aircraft {
            let mut scene = scene(&streams, &equipment, Affiliation::Neutral);
            scene.aircraft_key = Key::of("aircraft").nth(number);
            let mut of_this = 0;
            for look in 0..looks {
                scene.time = crate::units::Millis(look * 5000);
                of_this += u32::from(spec.listen(&faults, &scene) == Code::Plain);
            }
            // One that is on is missed 20 times with 1e-6.
            on += u32::from(of_this > 0);
            heard += of_this;
        }
        let share = f64::from(on) / f64::from(aircraft);
        let bound = 4.9 * (0.6 * 0.4 / f64::from(aircraft)).sqrt();
        assert!((share - 0.6).abs() < bound, "{share} are on");
        let received = f64::from(heard) / f64::from(on) / 20.0;
        let bound = 4.9 * (0.25 / (f64::from(on) * 20.0)).sqrt();
        assert!((received - 0.5).abs() < bound, "{received} are received");
    }

    #[test]
    fn silence_is_what_is_left() {
        let close = |found: [f64; 3], expected: [f64; 3]| {
            let pairs = found.map(libm::exp).into_iter().zip(expected);
            for (found, expected) in pairs {
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{found}, expected {expected}"
                );
            }
        };
        close(spec().likelihood(Code::Silent), [0.01, 0.01, 0.949]);
        close(spec().likelihood(Code::Plain), [0.6, 0.7, 0.05]);
        close(spec().likelihood(Code::Agreed), [0.39, 0.29, 0.001]);
    }
}
