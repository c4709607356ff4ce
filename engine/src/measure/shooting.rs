//! Shots and shootdowns: at whom, by affiliation, side and type.
//!
//! A *wrong shot* is one at a track fed by an aircraft that is friend or neutral to the site; a *wrong kill* is
//! judged by the aircraft actually hit.

use super::scene::Scene;
use super::{GridSquare, Header, affiliation_index};
use crate::record::{Affiliation, Event, Fact};

#[derive(Debug, Clone)]
pub(super) struct Shooting {
    engagements: usize,
    wrong_engagements: usize,
    engagements_by_shooter: usize,
    wrong_engagements_by_shooter: usize,
    wrong_shots_by_shooter: usize,
    kills_by_shooter: usize,
    wrong_kills_by_shooter: usize,
    shots: usize,
    shots_by_affiliation: usize,
    shots_by_side: usize,
    shots_by_type: usize,
    shots_missed: usize,
    shots_wasted: usize,
    shots_aborted: usize,
    wrong_shots: usize,
    wrong_shots_by_side: usize,
    wrong_shots_by_pair: usize,
    kills: usize,
    kills_by_affiliation: usize,
    kills_by_side: usize,
    kills_by_type: usize,
    wrong_kills: usize,
    wrong_kills_by_side: usize,
    wrong_kills_by_type: usize,
    wrong_kills_by_pair: usize,
    protected_sorties_shot_at: usize,
    any_wrong_shot: usize,
    any_wrong_kill: usize,
    lost_by_coordination: usize,
}

impl Shooting {
    pub fn new(header: &mut Header) -> Shooting {
        Shooting {
            engagements: header.one("engagements", "decisions to fire"),
            wrong_engagements: header.one(
                "wrong_engagements",
                "decisions to fire at an aircraft that is friend or neutral to the site",
            ),
            engagements_by_shooter: header
                .by_shooter("engagements", "decisions to fire, by whose site decided"),
            wrong_engagements_by_shooter: header.by_shooter(
                "wrong_engagements",
                "wrong decisions to fire, by whose site decided",
            ),
            wrong_shots_by_shooter: header
                .by_shooter("wrong_shots", "wrong shots, by whose site fired"),
            kills_by_shooter: header.by_shooter("kills", "aircraft shot down, by whose site"),
            wrong_kills_by_shooter: header
                .by_shooter("wrong_kills", "wrong kills, by whose site fired"),
            shots: header.one("shots", "missiles launched"),
            shots_by_affiliation: header
                .by_affiliation("shots", "shots, by affiliation to the site"),
            shots_by_side: header.by_side("shots", "shots, by side of the aircraft fired at"),
            shots_by_type: header.by_type("shots", "shots, by type of the aircraft fired at"),
            shots_missed: header.one("shots_missed", "shots that missed"),
            shots_wasted: header.one("shots_wasted", "shots that found their target already gone"),
            shots_aborted: header.one(
                "shots_aborted",
                "shots destroyed in flight by an order to cease fire",
            ),
            wrong_shots: header.one("wrong_shots", "shots at friend or neutral"),
            wrong_shots_by_side: header.by_side(
                "wrong_shots",
                "wrong shots, by side of the aircraft fired at",
            ),
            wrong_shots_by_pair: header.by_coordination(
                "wrong_shots",
                "pair",
                "wrong shots, by whether the addressees' graph reaches this site for this flight",
            ),
            kills: header.one("kills", "aircraft shot down"),
            kills_by_affiliation: header
                .by_affiliation("kills", "aircraft shot down, by affiliation to the site"),
            kills_by_side: header.by_side("kills", "aircraft shot down, by their side"),
            kills_by_type: header.by_type("kills", "aircraft shot down, by their type"),
            wrong_kills: header.one(
                "wrong_kills",
                "aircraft shot down by a site to which they are friend or neutral",
            ),
            wrong_kills_by_side: header
                .by_side("wrong_kills", "wrong kills, by side of the aircraft"),
            wrong_kills_by_type: header
                .by_type("wrong_kills", "wrong kills, by type of the aircraft"),
            wrong_kills_by_pair: header.by_coordination(
                "wrong_kills",
                "pair",
                "wrong kills, by coordination of the pair",
            ),
            protected_sorties_shot_at: header.one(
                "protected_sorties_shot_at",
                "sorties fired at by a site to which they are friend or neutral",
            ),
            any_wrong_shot: header.one(
                "any_wrong_shot",
                "1 if there was a wrong shot in the replication",
            ),
            any_wrong_kill: header.one(
                "any_wrong_kill",
                "1 if there was a wrong kill in the replication",
            ),
            lost_by_coordination: header.by_coordination(
                "wrongly_lost_sorties",
                "sortie",
                "wrong kills, by coordination of the sortie",
            ),
        }
    }

    pub fn event(
        &self,
        scene: &mut Scene,
        event: &Event,
        row: &mut [f64],
        wrong_shots_at: &mut Vec<GridSquare>,
    ) {
        match event.fact {
            Fact::EngagementBegun { site, aircraft, .. } => {
                let shooter = scene.shooter(site);
                row[self.engagements] += 1.0;
                row[self.engagements_by_shooter + shooter] += 1.0;
                if scene.protected(site, aircraft) {
                    row[self.wrong_engagements] += 1.0;
                    row[self.wrong_engagements_by_shooter + shooter] += 1.0;
                }
            }
            Fact::ShotFired { site, aircraft, .. } => {
                let affiliation = scene.log.affiliation(site, aircraft);
                let sortie = &scene.log.sorties[aircraft.index()];
                row[self.shots] += 1.0;
                row[self.shots_by_affiliation + affiliation_index(affiliation)] += 1.0;
                row[self.shots_by_side + sortie.side.index()] += 1.0;
                row[self.shots_by_type + sortie.type_id.index()] += 1.0;
                if affiliation != Affiliation::Hostile {
                    row[self.wrong_shots] += 1.0;
                    row[self.wrong_shots_by_shooter + scene.shooter(site)] += 1.0;
                    row[self.wrong_shots_by_side + sortie.side.index()] += 1.0;
                    row[self.wrong_shots_by_pair + scene.pair(site, aircraft)] += 1.0;
                    scene.outcomes[aircraft.index()].wrongly_shot_at = true;
                    row[self.any_wrong_shot] = 1.0;
                    wrong_shots_at.push(GridSquare::of(event.place));
                }
            }
            Fact::ShotMissed { .. } => row[self.shots_missed] += 1.0,
            Fact::ShotWasted { .. } => row[self.shots_wasted] += 1.0,
            Fact::ShotAborted { .. } => row[self.shots_aborted] += 1.0,
            Fact::Destroyed { site, aircraft, .. } => {
                let affiliation = scene.log.affiliation(site, aircraft);
                let sortie = &scene.log.sorties[aircraft.index()];
                row[self.kills] += 1.0;
                row[self.kills_by_shooter + scene.shooter(site)] += 1.0;
                row[self.kills_by_affiliation + affiliation_index(affiliation)] += 1.0;
                row[self.kills_by_side + sortie.side.index()] += 1.0;
                row[self.kills_by_type + sortie.type_id.index()] += 1.0;
                if affiliation != Affiliation::Hostile {
                    row[self.wrong_kills] += 1.0;
                    row[self.wrong_kills_by_shooter + scene.shooter(site)] += 1.0;
                    row[self.wrong_kills_by_side + sortie.side.index()] += 1.0;
                    row[self.wrong_kills_by_type + sortie.type_id.index()] += 1.0;
                    row[self.wrong_kills_by_pair + scene.pair(site, aircraft)] += 1.0;
                    row[self.any_wrong_kill] = 1.0;
                }
            }
            _ => {}
        }
    }

    pub fn sorties(&self, scene: &Scene, row: &mut [f64]) {
        for (_, outcome, ..) in scene.flown() {
            if outcome.wrongly_shot_at {
                row[self.protected_sorties_shot_at] += 1.0;
            }
            if outcome.wrongly_destroyed {
                row[self.lost_by_coordination + usize::from(!outcome.coordinated)] += 1.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, GridSquare, handwritten};

    #[test]
    fn shots_and_kills_by_whom_they_hit() {
        let log = handwritten::log();
        let columns = Columns::new(&log.cast);
        let row = columns.measure(&log).values;
        let value = |name: &str| row[columns.position(name).unwrap()];
        assert_eq!(value("shots"), 3.0);
        assert_eq!(value("shots[affiliation=neutral]"), 2.0);
        assert_eq!(value("shots[affiliation=hostile]"), 1.0);
        assert_eq!(value("shots[side=us]"), 2.0);
        assert_eq!(value("shots[type=tb2]"), 1.0);
        assert_eq!(value("wrong_shots"), 2.0);
        assert_eq!(value("wrong_shots[pair=uncoordinated]"), 2.0);
        assert_eq!(value("shots_missed"), 2.0);
        assert_eq!(value("kills"), 1.0);
        assert_eq!(value("wrong_kills[type=mq9]"), 1.0);
        assert_eq!(value("kills[affiliation=neutral]"), 1.0);
        assert_eq!(value("wrongly_lost_sorties[sortie=uncoordinated]"), 1.0);
        assert_eq!(value("wrongly_lost_sorties[sortie=coordinated]"), 0.0);
        assert_eq!(value("any_wrong_kill"), 1.0);
    }

    #[test]
    fn a_wrong_shot_has_its_square() {
        let log = handwritten::log();
        let squares = Columns::new(&log.cast).measure(&log).wrong_shots_at;
        assert_eq!(squares.len(), 2);
        for (place, square) in [
            ([0.0, 4_999.0, 0.0], (0, 0)),
            ([-0.1, 5_000.0, 900.0], (-1, 1)),
        ] {
            let found = GridSquare::of(place);
            assert_eq!((found.east, found.north), square);
        }
        assert_eq!(
            GridSquare { east: -2, north: 3 }.corner_m(),
            (-10_000.0, 15_000.0)
        );
    }
}
