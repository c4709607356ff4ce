//! Who was identified as what: tracks, encounters, single declarations, the confusion matrix.

use super::scene::Scene;
use super::{ConfusionClass, Header, affiliation_index};
use crate::record::{Affiliation, Event, Fact, Identity};

#[derive(Debug, Clone)]
pub(super) struct Identification {
    tracks: usize,
    tracks_by_affiliation: usize,
    tracks_by_type: usize,
    tracks_declared: usize,
    tracks_declared_by_affiliation: usize,
    tracks_suspect: usize,
    misidentified: usize,
    misidentified_by_affiliation: usize,
    misidentified_by_type: usize,
    first_misidentified: usize,
    protected_tracks: usize,
    protected_tracks_by_pair: usize,
    protected_tracks_declared: usize,
    protected_identified_hostile: usize,
    protected_identified_hostile_by_side: usize,
    protected_identified_hostile_by_pair: usize,
    protected_ever_hostile: usize,
    protected_identified_suspect: usize,
    hostile_identified_protected: usize,
    protected_sorties_identified_hostile: usize,
    encounters: usize,
    encounters_by_affiliation: usize,
    protected_encounters: usize,
    protected_encounters_by_pair: usize,
    looks: usize,
    detections: usize,
    declarations: usize,
    right: usize,
    wrong: usize,
    unknown: usize,
    looks_by_type: usize,
    detections_by_type: usize,
    right_by_type: usize,
    wrong_by_type: usize,
    unknown_by_type: usize,
    tracked_hours: usize,
}

impl Identification {
    pub fn new(header: &mut Header) -> Identification {
        Identification {
            tracks: header.one("tracks", "confirmed tracks"),
            tracks_by_affiliation: header.by_affiliation("tracks", "confirmed tracks, by affiliation to the site"),
            tracks_by_type: header.by_type("tracks", "confirmed tracks, by type of aircraft"),
            tracks_declared: header.one("tracks_declared", "tracks with an identity other than Pending and Unknown when the site first decided to fire, or else at the end"),
            tracks_declared_by_affiliation: header.by_affiliation("tracks_declared", "declared tracks, by affiliation to the site"),
            tracks_suspect: header.one("tracks_suspect", "tracks identified as Suspect then: declared, no error"),
            misidentified: header.one("misidentified_tracks", "declared tracks whose identity then contradicts the aircraft's affiliation to the site"),
            misidentified_by_affiliation: header.by_affiliation("misidentified_tracks", "misidentified tracks, by affiliation to the site"),
            misidentified_by_type: header.by_type("misidentified_tracks", "misidentified tracks, by type of aircraft"),
            first_misidentified: header.one("first_identity_wrong_tracks", "tracks whose first identity contradicts the aircraft's affiliation to the site"),
            protected_tracks: header.one("protected_tracks", "tracks of aircraft that are friend or neutral to the site"),
            protected_tracks_by_pair: header.by_coordination("protected_tracks", "pair", "protected tracks, by whether the addressees' graph reaches this site for this flight"),
            protected_tracks_declared: header.one("protected_tracks_declared", "protected tracks that were declared"),
            protected_identified_hostile: header.one("protected_identified_hostile_tracks", "protected tracks identified as Hostile when the site first decided to fire, or else at the end: the key cell"),
            protected_identified_hostile_by_side: header.by_side("protected_identified_hostile_tracks", "protected tracks identified as Hostile, by side of the aircraft"),
            protected_identified_hostile_by_pair: header.by_coordination("protected_identified_hostile_tracks", "pair", "protected tracks identified as Hostile, by coordination of the pair"),
            protected_ever_hostile: header.one("protected_ever_hostile_tracks", "protected tracks identified as Hostile at any time"),
            protected_identified_suspect: header.one("protected_identified_suspect_tracks", "protected tracks identified as Suspect when the site first decided to fire, or else at the end"),
            hostile_identified_protected: header.one("hostile_identified_protected_tracks", "tracks of hostile aircraft identified as Friend, AssumedFriend or Neutral then"),
            protected_sorties_identified_hostile: header.one("protected_sorties_identified_hostile", "sorties with at least one protected track identified as Hostile"),
            encounters: header.one("encounters", "confirmed tracks inside the engagement envelope; a gap of more than five minutes starts another"),
            encounters_by_affiliation: header.by_affiliation("encounters", "encounters, by affiliation to the site"),
            protected_encounters: header.one("protected_encounters", "encounters of aircraft that are friend or neutral to the site"),
            protected_encounters_by_pair: header.by_coordination("protected_encounters", "pair", "protected encounters, by coordination of the pair"),
            looks: header.one("scans_in_coverage", "scans with an aircraft within coverage"),
            detections: header.one("detections", "scans that detected it"),
            declarations: header.one("declarations", "single declarations"),
            right: header.one("declarations_right", "single declarations of the true row of the confusion matrix"),
            wrong: header.one("declarations_wrong", "single declarations of another row"),
            unknown: header.one("declarations_unknown", "single declarations of `unknown`"),
            looks_by_type: header.by_type("scans_in_coverage", "scans with an aircraft within coverage, by type of aircraft"),
            detections_by_type: header.by_type("detections", "detections, by type of aircraft"),
            right_by_type: header.by_type("declarations_right", "right declarations, by type of aircraft"),
            wrong_by_type: header.by_type("declarations_wrong", "wrong declarations, by type of aircraft"),
            unknown_by_type: header.by_type("declarations_unknown", "declarations of `unknown`, by type of aircraft"),
            tracked_hours: header.one("tracked_hours", "time with a confirmed track, summed over sites and aircraft"),
        }
    }

    pub fn event(&self, scene: &mut Scene, event: &Event, row: &mut [f64]) {
        match &event.fact {
            &Fact::EncounterBegun { site, aircraft } => {
                let affiliation = scene.log.affiliation(site, aircraft);
                row[self.encounters] += 1.0;
                row[self.encounters_by_affiliation + affiliation_index(affiliation)] += 1.0;
                if affiliation != Affiliation::Hostile {
                    row[self.protected_encounters] += 1.0;
                    row[self.protected_encounters_by_pair + scene.pair(site, aircraft)] += 1.0;
                }
            }
            Fact::TrackEnded {
                site,
                aircraft,
                track,
            } => {
                let (site, aircraft) = (*site, *aircraft);
                let affiliation = scene.log.affiliation(site, aircraft);
                let sortie = &scene.log.sorties[aircraft.index()];
                let by_affiliation = affiliation_index(affiliation);
                let pair = scene.pair(site, aircraft);
                let protected = affiliation != Affiliation::Hostile;
                row[self.tracks] += 1.0;
                row[self.tracks_by_affiliation + by_affiliation] += 1.0;
                row[self.tracks_by_type + sortie.type_id.index()] += 1.0;
                if contradicts(track.first_identity, affiliation) {
                    row[self.first_misidentified] += 1.0;
                }
                if track.identity.declared() {
                    row[self.tracks_declared] += 1.0;
                    row[self.tracks_declared_by_affiliation + by_affiliation] += 1.0;
                    if track.identity == Identity::Suspect {
                        row[self.tracks_suspect] += 1.0;
                    }
                    if contradicts(track.identity, affiliation) {
                        row[self.misidentified] += 1.0;
                        row[self.misidentified_by_affiliation + by_affiliation] += 1.0;
                        row[self.misidentified_by_type + sortie.type_id.index()] += 1.0;
                        if !protected {
                            row[self.hostile_identified_protected] += 1.0;
                        }
                    }
                }
                if protected {
                    row[self.protected_tracks] += 1.0;
                    row[self.protected_tracks_by_pair + pair] += 1.0;
                    if track.identity.declared() {
                        row[self.protected_tracks_declared] += 1.0;
                    }
                    match track.identity {
                        Identity::Hostile => {
                            row[self.protected_identified_hostile] += 1.0;
                            row[self.protected_identified_hostile_by_side + sortie.side.index()] +=
                                1.0;
                            row[self.protected_identified_hostile_by_pair + pair] += 1.0;
                            scene.outcomes[aircraft.index()].identified_hostile = true;
                        }
                        Identity::Suspect => row[self.protected_identified_suspect] += 1.0,
                        _ => {}
                    }
                    if track.hostile.is_some() {
                        row[self.protected_ever_hostile] += 1.0;
                    }
                }
            }
            _ => {}
        }
    }

    pub fn tallies(
        &self,
        scene: &Scene,
        row: &mut [f64],
        classes: &[ConfusionClass],
        confusion: &mut [u64],
    ) {
        for tally in &scene.log.tallies {
            let type_index = scene.log.sorties[tally.aircraft.index()].type_id.index();
            row[self.looks] += tally.looks as f64;
            row[self.looks_by_type + type_index] += tally.looks as f64;
            row[self.detections] += tally.detections as f64;
            row[self.detections_by_type + type_index] += tally.detections as f64;
            row[self.tracked_hours] += tally.tracked_s / 3600.0;
            let class = &classes[scene.log.sites[tally.site.index()].class.index()];
            let rows = class.rows.len();
            let first = class.position(usize::from(tally.truth), 0);
            for (declared, &count) in tally.declared.iter().enumerate() {
                if count == 0 {
                    continue;
                }
                confusion[first + declared] += u64::from(count);
                let (all, by_type) = if declared == rows {
                    (self.unknown, self.unknown_by_type)
                } else if declared == usize::from(tally.truth) {
                    (self.right, self.right_by_type)
                } else {
                    (self.wrong, self.wrong_by_type)
                };
                let count = f64::from(count);
                row[self.declarations] += count;
                row[all] += count;
                row[by_type + type_index] += count;
            }
        }
    }

    pub fn sorties(&self, scene: &Scene, row: &mut [f64]) {
        let held = scene
            .flown()
            .filter(|(_, outcome, ..)| outcome.identified_hostile);
        row[self.protected_sorties_identified_hostile] += held.count() as f64;
    }
}

/// Whether an identity says something else than the affiliation; Pending, Unknown and Suspect never do.
pub(super) fn contradicts(identity: Identity, affiliation: Affiliation) -> bool {
    match identity {
        Identity::Pending | Identity::Unknown | Identity::Suspect => false,
        Identity::AssumedFriend | Identity::Friend => affiliation != Affiliation::Friend,
        Identity::Neutral => affiliation != Affiliation::Neutral,
        Identity::Hostile => affiliation != Affiliation::Hostile,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, handwritten};

    fn value(name: &str) -> f64 {
        let log = handwritten::log();
        let columns = Columns::new(&log.cast);
        columns.measure(&log).values[columns.position(name).unwrap()]
    }

    #[test]
    fn tracks_by_what_they_were_identified_as() {
        // to sa-1 us-1 is neutral and tb2-1 hostile: see `handwritten`.
        assert_eq!(value("tracks"), 4.0);
        assert_eq!(value("tracks_declared"), 3.0); // one track stays Unknown
        assert_eq!(value("tracks_suspect"), 1.0);
        assert_eq!(value("misidentified_tracks"), 1.0);
        assert_eq!(value("protected_tracks"), 2.0);
        assert_eq!(value("protected_identified_hostile_tracks"), 1.0);
        assert_eq!(value("protected_identified_hostile_tracks[side=us]"), 1.0);
        assert_eq!(
            value("protected_identified_hostile_tracks[pair=uncoordinated]"),
            1.0
        );
        assert_eq!(value("protected_ever_hostile_tracks"), 1.0);
        assert_eq!(value("protected_sorties_identified_hostile"), 1.0);
        assert_eq!(value("first_identity_wrong_tracks"), 1.0);
        assert_eq!(value("encounters"), 3.0);
        assert_eq!(value("protected_encounters[pair=uncoordinated]"), 1.0);
        assert_eq!(value("protected_encounters[pair=coordinated]"), 1.0);
    }

    #[test]
    fn declarations_by_type() {
        assert_eq!(value("scans_in_coverage[type=mq9]"), 40.0);
        assert_eq!(value("detections[type=mq9]"), 30.0);
        assert_eq!(value("declarations_right[type=mq9]"), 2.0);
        assert_eq!(value("declarations_wrong[type=mq9]"), 3.0);
        assert_eq!(value("declarations_unknown[type=mq9]"), 1.0);
        assert_eq!(value("declarations_right[type=tb2]"), 7.0);
        assert_eq!(value("declarations"), 13.0);
        assert_eq!(value("tracked_hours"), 1.0);
    }

    #[test]
    fn confusion_counts_keep_truth_and_declaration_apart() {
        let log = handwritten::log();
        let columns = Columns::new(&log.cast);
        let counts = columns.measure(&log).confusion;
        let class = &columns.confusion()[0];
        assert_eq!(counts[class.position(0, 0)], 2); // mq9 declared mq9
        assert_eq!(counts[class.position(0, 1)], 3); // mq9 declared tb2
        assert_eq!(counts[class.position(0, 2)], 1);
        assert_eq!(counts[class.position(1, 1)], 7);
        assert_eq!(class.declared(2), "unknown");
        assert_eq!(counts.iter().sum::<u64>(), 13);
    }
}
