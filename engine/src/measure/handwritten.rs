//! A log short enough to count by hand.
//!
//! One class A site `sa-1` of the lna. Two US aircraft (neutral): `us-1`, plan filed with others, is identified as hostile, shot
//! at twice and shot down after an hour; `us-2`, coordinated, ends Suspect. `tb2-1` (hostile, with an objective) has two
//! tracks: one Unknown, one Hostile and shot at once in vain. `late-1` departs after the end.

use std::sync::Arc;

use crate::ids::{AircraftId, ClassId, FlightId, SideId, SiteId, TypeId};
use crate::record::*;
use crate::units::Millis;

/// See the module page.
pub(crate) fn log() -> EventLog {
    let cast = Cast {
        sides: ["gna", "lna", "us"].map(String::from).to_vec(),
        types: ["mq9", "tb2"].map(String::from).to_vec(),
        flights: ["late", "tb2", "us-1", "us-2"].map(String::from).to_vec(),
        classes: vec![ClassCast {
            name: "a".into(),
            rows: ["mq9", "tb2"].map(String::from).to_vec(),
        }],
        relations: vec![
            vec![
                Affiliation::Friend,
                Affiliation::Hostile,
                Affiliation::Neutral,
            ],
            vec![
                Affiliation::Hostile,
                Affiliation::Friend,
                Affiliation::Neutral,
            ],
            vec![
                Affiliation::Neutral,
                Affiliation::Neutral,
                Affiliation::Friend,
            ],
        ],
        coordinated: vec![vec![false], vec![false], vec![false], vec![true]],
        missiles_per_target: 0.0,
        shooters: vec![SideId(0), SideId(1)],
        separation: false,
        air_picture: false,
    };
    let sortie = |name: &str, flight, type_id, side, has_objective| Sortie {
        name: name.into(),
        flight: FlightId(flight),
        type_id: TypeId(type_id),
        side: SideId(side),
        has_objective,
        departs: Millis::ZERO,
        lands: Millis(9_000_000),
        station_planned_s: 5400.0,
        station: [Millis(1_800_000), Millis(7_200_000)],
        coordinated: None,
    };
    let site = SiteId(0);
    let [us1, tb2, us2] = [AircraftId(0), AircraftId(1), AircraftId(2)];
    let decision = Decision {
        rule: "R2",
        reason: Reason::HostileIdentity,
    };
    let fire = |aircraft, shot, notice| Fact::ShotFired {
        site,
        aircraft,
        shot,
        decision,
        identity: Identity::Hostile,
        notice,
    };
    let track =
        |confirmed, identified: Option<i64>, engageable: Option<i64>, identity| TrackRecord {
            confirmed: Millis(confirmed),
            identified: identified.map(Millis),
            first_identity: match identified {
                Some(_) => identity,
                None => Identity::Unknown,
            },
            looks: 2,
            hostile: (identity == Identity::Hostile).then_some(Millis(confirmed)),
            engageable: engageable.map(Millis),
            identity,
            shot_at: identity == Identity::Hostile,
            end: TrackEnd::EndOfRun,
        };
    let ended = |aircraft, track| Fact::TrackEnded {
        site,
        aircraft,
        track,
    };
    let other = NoticeState::FiledWithOthers;
    let facts = vec![
        (0, Fact::Departed { aircraft: us1 }),
        (0, Fact::Departed { aircraft: tb2 }),
        (0, Fact::Departed { aircraft: us2 }),
        (
            0,
            Fact::PlanFiled {
                aircraft: us2,
                version: 1,
                astray: false,
            },
        ),
        (
            60_000,
            Fact::PlanDelivered {
                site,
                aircraft: us2,
                version: 1,
            },
        ),
        (
            3_500_000,
            Fact::EncounterBegun {
                site,
                aircraft: us1,
            },
        ),
        (
            3_550_000,
            Fact::IdentityChanged {
                site,
                aircraft: us1,
                from: Identity::Pending,
                to: Identity::Hostile,
                declared: 1,
                notice: other,
            },
        ),
        (
            3_560_000,
            Fact::EngagementBegun {
                site,
                aircraft: us1,
                decision,
                identity: Identity::Hostile,
                notice: other,
                words: Box::default(),
            },
        ),
        (3_580_000, fire(us1, 1, other)),
        (
            3_590_000,
            Fact::ShotMissed {
                site,
                aircraft: us1,
                shot: 1,
            },
        ),
        (3_595_000, fire(us1, 2, other)),
        (
            3_600_000,
            Fact::Destroyed {
                aircraft: us1,
                site,
                shot: 2,
            },
        ),
        (
            3_600_000,
            ended(
                us1,
                track(
                    3_500_000,
                    Some(3_540_000),
                    Some(3_550_000),
                    Identity::Hostile,
                ),
            ),
        ),
        (
            4_000_000,
            ended(tb2, track(3_900_000, None, None, Identity::Unknown)),
        ),
        (
            4_500_000,
            Fact::EncounterBegun {
                site,
                aircraft: us2,
            },
        ),
        (
            5_000_000,
            Fact::EncounterBegun {
                site,
                aircraft: tb2,
            },
        ),
        (5_050_000, fire(tb2, 1, NoticeState::NotFiled)),
        (
            5_060_000,
            Fact::ShotMissed {
                site,
                aircraft: tb2,
                shot: 1,
            },
        ),
        (
            5_070_000,
            Fact::ShotDeclined {
                site,
                aircraft: us2,
                decision: Decision {
                    rule: "R6",
                    reason: Reason::PlanMatched,
                },
                identity: Identity::Hostile,
            },
        ),
        (
            7_200_000,
            ended(
                tb2,
                track(
                    5_000_000,
                    Some(5_020_000),
                    Some(5_010_000),
                    Identity::Hostile,
                ),
            ),
        ),
        (
            7_200_000,
            ended(
                us2,
                track(
                    4_400_000,
                    Some(4_400_000),
                    Some(4_500_000),
                    Identity::Suspect,
                ),
            ),
        ),
    ];
    EventLog {
        replication: Replication { seed: 1, index: 0 },
        end: Millis(7_200_000),
        cast: Arc::new(cast),
        sorties: vec![
            sortie("us-1", 2, 0, 2, false),
            sortie("tb2-1", 1, 1, 0, true),
            sortie("us-2", 3, 0, 2, false),
            sortie("late-1", 0, 1, 0, true),
        ],
        sites: vec![SiteRecord {
            name: "sa-1".into(),
            entry: 0,
            class: ClassId(0),
            side: SideId(1),
            place: [0.0; 3],
        }],
        events: facts
            .into_iter()
            .map(|(time, fact)| Event {
                time: Millis(time),
                place: [1000.0, 2000.0, 5000.0],
                fact,
            })
            .collect(),
        tallies: vec![
            Tally {
                site,
                aircraft: us1,
                looks: 40,
                detections: 30,
                tracked_s: 100.0,
                truth: 0,
                declared: [2, 3, 1].as_slice().into(),
            },
            Tally {
                site,
                aircraft: tb2,
                looks: 50,
                detections: 45,
                tracked_s: 3500.0,
                truth: 1,
                declared: [0, 7, 0].as_slice().into(),
            },
        ],
    }
}
