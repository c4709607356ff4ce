//! The measures: ratios of sums of columns over all replications, in one list.

use super::Column;

/// What a measure is, which decides the method of its interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A share: every unit of the denominator counts at least 0 and at most 1 in the numerator.
    Proportion,
    /// Events per exposure: sorties, hours, encounters, replications; a unit may count several.
    Rate,
    /// A mean of something that is not a count: seconds per track.
    Mean,
}

/// Where a measure stands in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Shots at friend or neutral.
    WrongFire,
    /// Aircraft lost.
    Losses,
    /// What the tracks were identified as.
    Identification,
    /// What the rules let through.
    Leakage,
    /// How fast.
    Timeliness,
    /// How well the tracks show the sky.
    AirPicture,
    /// Until when identities were wrong, and how often they changed.
    KeptIdentity,
    /// Who came too near to whom.
    Separation,
    /// What it cost.
    Mission,
}

impl Group {
    /// All groups, in the order of the tables.
    pub const ALL: [Group; 9] = [
        Group::WrongFire,
        Group::Losses,
        Group::Identification,
        Group::Leakage,
        Group::Timeliness,
        Group::AirPicture,
        Group::KeptIdentity,
        Group::Separation,
        Group::Mission,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::WrongFire => "Wrong fire",
            Group::Losses => "Losses",
            Group::Identification => "Identification",
            Group::Leakage => "Leakage",
            Group::Timeliness => "Timeliness",
            Group::AirPicture => "Air picture",
            Group::KeptIdentity => "Identity kept",
            Group::Separation => "Separation",
            Group::Mission => "Mission and exposure",
        }
    }
}

/// A ratio of sums of columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// Its name; a measure over `[side]` becomes `name[side=us]` and so on.
    pub name: &'static str,
    /// The column summed above the line. `shots[side]` stands for every side.
    pub numerator: &'static str,
    /// The column summed below the line, expanded along with the numerator; empty: replications.
    pub denominator: &'static str,
    /// Unit of the ratio.
    pub unit: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub group: Group,
    /// What it says, in one sentence.
    pub definition: &'static str,
}

impl Measure {
    /// Whether more of it is better: shares of what ought to be. Of what is lost, shot at, mistaken or sent, less is.
    pub fn more_is_better(&self) -> bool {
        matches!(
            self.name,
            "completeness"
                | "identified_in_time"
                | "sites_ready"
                | "identity_kept"
                | "track_identity_kept"
                | "siap_completeness"
                | "siap_longest_track_segment"
                | "siap_id_completeness"
                | "siap_id_correctness"
                | "station_kept"
        )
    }

    const fn new(
        group: Group,
        kind: Kind,
        name: &'static str,
        (numerator, denominator): (&'static str, &'static str),
        unit: &'static str,
        definition: &'static str,
    ) -> Measure {
        Measure {
            name,
            numerator,
            denominator,
            unit,
            kind,
            group,
            definition,
        }
    }
}

use Group::*;
use Kind::*;

// One entry a measure.
#[rustfmt::skip]
/// Every measure there is, in the order of the tables.
pub static MEASURES: &[Measure] = &[
    Measure::new(WrongFire, Proportion, "neutral_sorties_lost", ("kills[affiliation=neutral]", "affiliated_sorties[affiliation=neutral]"), "share of neutral sorties", "Share of the sorties that are neutral to a site present that were shot down by such a site."),
    Measure::new(WrongFire, Proportion, "friendly_sorties_lost", ("kills[affiliation=friend]", "affiliated_sorties[affiliation=friend]"), "share of friendly sorties", "Share of the sorties that are friend to a site present that were shot down by such a site."),
    Measure::new(WrongFire, Proportion, "wrong_share_of_shots", ("wrong_shots", "shots"), "share", "Share of all shots that were at friend or neutral."),
    Measure::new(WrongFire, Proportion, "wrong_share_of_engagements", ("wrong_engagements", "engagements"), "share", "Share of all decisions to fire that were at friend or neutral."),
    Measure::new(WrongFire, Rate, "wrong_engagements_per_replication", ("wrong_engagements[shooter]", ""), "engagements", "Decisions to fire at friend or neutral in one run of the scenario, by whose site decided."),
    Measure::new(WrongFire, Rate, "wrong_shots_per_replication", ("wrong_shots[shooter]", ""), "shots", "Shots at friend or neutral in one run of the scenario, by whose site fired."),
    Measure::new(WrongFire, Proportion, "wrong_share_of_kills", ("wrong_kills", "kills"), "share", "Share of all aircraft shot down that were friend or neutral to the shooter."),
    Measure::new(WrongFire, Proportion, "neutral_share_of_kills", ("kills[affiliation=neutral]", "kills"), "share", "Share of all aircraft shot down that were neutral to the shooter."),
    Measure::new(WrongFire, Proportion, "any_wrong_shot", ("any_wrong_shot", ""), "share of replications", "Chance that at least one shot in the scenario is at friend or neutral."),
    Measure::new(WrongFire, Proportion, "any_wrong_kill", ("any_wrong_kill", ""), "share of replications", "Chance that at least one friend or neutral is shot down in the scenario."),
    Measure::new(WrongFire, Rate, "wrong_shots_per_replication", ("wrong_shots", ""), "shots", "Shots at friend or neutral in one run of the scenario."),
    Measure::new(WrongFire, Proportion, "protected_sorties_shot_at", ("protected_sorties_shot_at", "protected_sorties"), "share of protected sorties", "Share of protected sorties fired at by a site to which they are friend or neutral."),
    Measure::new(WrongFire, Rate, "wrong_shots_per_encounter", ("wrong_shots[pair]", "protected_encounters[pair]"), "shots per encounter", "Wrong shots per encounter of friend or neutral with a site, by whether the addressees' graph reaches that site for that flight."),
    Measure::new(WrongFire, Proportion, "wrong_shot_cause", ("wrong_shots[cause]", "wrong_shots"), "share of wrong shots", "What had become of the flight plan at the shooter when it fired at friend or neutral."),
    Measure::new(WrongFire, Proportion, "wrong_shot_reason", ("wrong_shots[reason]", "wrong_shots"), "share of wrong shots", "The reason given for firing at friend or neutral."),
    Measure::new(WrongFire, Proportion, "wrong_shot_rule", ("wrong_shots[rule]", "wrong_shots"), "share of wrong shots", "The rule that allowed the shot at friend or neutral."),

    Measure::new(Losses, Proportion, "wrongly_lost_per_protected_sortie", ("wrong_kills", "protected_sorties"), "per sortie", "Share of protected sorties shot down by a site to which they are friend or neutral."),
    Measure::new(Losses, Proportion, "wrongly_lost_per_sortie", ("wrongly_lost_sorties[sortie]", "protected_sorties[sortie]"), "per sortie", "The same, coordinated and uncoordinated sorties apart."),
    Measure::new(Losses, Rate, "wrongly_lost_per_flight_hour", ("wrongly_lost_sorties[sortie]", "protected_flight_hours[sortie]"), "per flight hour", "Wrong kills per flight hour of protected sorties, coordinated and uncoordinated apart."),
    Measure::new(Losses, Proportion, "lost_per_sortie", ("kills[side]", "sorties[side]"), "per sortie", "Share of the sorties of a side that were shot down, by whomever."),
    Measure::new(Losses, Rate, "lost_per_flight_hour", ("kills[side]", "flight_hours[side]"), "per flight hour", "Aircraft of a side shot down per flight hour."),
    Measure::new(Losses, Proportion, "lost_per_sortie", ("kills[type]", "sorties[type]"), "per sortie", "Share of the sorties of a type that were shot down, by whomever."),
    Measure::new(Losses, Rate, "lost_per_flight_hour", ("kills[type]", "flight_hours[type]"), "per flight hour", "Aircraft of a type shot down per flight hour."),
    Measure::new(Losses, Rate, "wrong_kills_per_replication", ("wrong_kills[shooter]", ""), "aircraft", "Friends and neutrals shot down in one run of the scenario, by whose site fired."),
    Measure::new(Losses, Rate, "kills_per_replication", ("kills[shooter]", ""), "aircraft", "Aircraft shot down in one run of the scenario, by whose site fired."),
    Measure::new(Losses, Rate, "kills_per_replication", ("kills[affiliation]", ""), "aircraft", "Aircraft shot down in one run of the scenario, by affiliation to the shooter."),

    Measure::new(Identification, Proportion, "misidentified_per_declared_track", ("misidentified_tracks", "tracks_declared"), "share of declared tracks", "Share of declared tracks whose identity contradicts the aircraft's affiliation to the site."),
    Measure::new(Identification, Rate, "misidentified_per_encounter", ("misidentified_tracks", "encounters"), "tracks per encounter", "Misidentified tracks per encounter."),
    Measure::new(Identification, Rate, "misidentified_per_sortie", ("misidentified_tracks", "sorties"), "tracks per sortie", "Misidentified tracks per sortie."),
    Measure::new(Identification, Rate, "misidentified_per_flight_hour", ("misidentified_tracks", "flight_hours"), "tracks per flight hour", "Misidentified tracks per flight hour."),
    Measure::new(Identification, Proportion, "protected_identified_hostile_per_track", ("protected_identified_hostile_tracks", "protected_tracks"), "share of protected tracks", "Share of the tracks of friend or neutral that were identified as Hostile when the site first decided to fire, or else at the end: the key cell."),
    Measure::new(Identification, Proportion, "protected_identified_hostile_per_declared_track", ("protected_identified_hostile_tracks", "protected_tracks_declared"), "share of declared protected tracks", "The same of those that were declared at all."),
    Measure::new(Identification, Rate, "protected_identified_hostile_per_encounter", ("protected_identified_hostile_tracks", "protected_encounters"), "tracks per encounter", "Tracks of friend or neutral identified as Hostile per encounter of friend or neutral."),
    Measure::new(Identification, Rate, "protected_identified_hostile_per_sortie", ("protected_identified_hostile_tracks", "protected_sorties"), "tracks per sortie", "Tracks of friend or neutral identified as Hostile per protected sortie; several sites may err about one sortie."),
    Measure::new(Identification, Proportion, "protected_sorties_identified_hostile", ("protected_sorties_identified_hostile", "protected_sorties"), "share of protected sorties", "Share of protected sorties identified as Hostile by at least one site to which they are friend or neutral."),
    Measure::new(Identification, Rate, "protected_identified_hostile_per_flight_hour", ("protected_identified_hostile_tracks", "protected_flight_hours"), "tracks per flight hour", "Tracks of friend or neutral identified as Hostile per flight hour of protected sorties."),
    Measure::new(Identification, Proportion, "protected_identified_hostile", ("protected_identified_hostile_tracks[pair]", "protected_tracks[pair]"), "share of protected tracks", "The key cell, by whether the addressees' graph reaches this site for this flight."),
    Measure::new(Identification, Proportion, "protected_ever_hostile", ("protected_ever_hostile_tracks", "protected_tracks"), "share of protected tracks", "Share of the tracks of friend or neutral that were identified as Hostile at any time."),
    Measure::new(Identification, Proportion, "protected_identified_suspect", ("protected_identified_suspect_tracks", "protected_tracks"), "share of protected tracks", "Share of the tracks of friend or neutral identified as Suspect; not counted as an error."),
    Measure::new(Identification, Proportion, "hostile_identified_protected", ("hostile_identified_protected_tracks", "tracks[affiliation=hostile]"), "share of hostile tracks", "Share of the tracks of hostile aircraft that were identified as Friend, AssumedFriend or Neutral."),
    Measure::new(Identification, Proportion, "first_identity_wrong", ("first_identity_wrong_tracks", "tracks_identified"), "share of identified tracks", "Share of identified tracks whose first identity was wrong."),
    Measure::new(Identification, Proportion, "declaration_error", ("declarations_wrong", "declarations"), "share of declarations", "Share of single declarations that name a wrong row of the confusion matrix."),
    Measure::new(Identification, Proportion, "declaration_unknown", ("declarations_unknown", "declarations"), "share of declarations", "Share of single declarations that say unknown."),
    Measure::new(Identification, Proportion, "completeness", ("tracks_declared", "tracks"), "share of tracks", "Share of tracks that were declared when the site first decided to fire at them, or else at the end."),

    Measure::new(Leakage, Proportion, "leaked", ("leaked_sorties", "completed_objective_sorties"), "share of completed sorties", "Share of the hostile sorties with an objective, less those in progress at the end, that reached it alive."),
    Measure::new(Leakage, Proportion, "in_progress_at_end", ("sorties_in_progress_at_end", "objective_sorties"), "share of objective sorties", "Share of the hostile sorties with an objective that were still under way at the end."),

    Measure::new(Timeliness, Mean, "time_to_identify_mean_s", ("time_to_identify_s", "tracks_identified"), "s", "Mean time from confirmation to the first identity, of the tracks that got one."),
    Measure::new(Timeliness, Rate, "declarations_to_identify", ("declarations_to_identify", "tracks_identified"), "declarations per track", "Mean number of declarations up to the first identity, of the tracks that got one."),
    Measure::new(Timeliness, Proportion, "identified_in_time", ("tracks_identified_in_time", "tracks_engageable"), "share of engageable tracks", "Share of the tracks that entered the engagement envelope that had an identity by then."),

    Measure::new(AirPicture, Proportion, "siap_completeness", ("picture_tracked_objects", "picture_objects"), "share of objects", "Share of the aircraft in coverage of a site that it holds a track of, over all samples of its picture."),
    Measure::new(AirPicture, Rate, "siap_ambiguity", ("picture_tracks_on_objects", "picture_tracked_objects"), "tracks per tracked object", "Tracks held of one tracked aircraft; 1 is best."),
    Measure::new(AirPicture, Proportion, "siap_spuriousness", ("picture_spurious_tracks", "picture_tracks"), "share of tracks", "Share of the tracks with no aircraft behind them."),
    Measure::new(AirPicture, Proportion, "siap_id_completeness", ("picture_objects_declared", "picture_tracked_objects"), "share of tracked objects", "Share of the tracked aircraft that have an identity, right or wrong."),
    Measure::new(AirPicture, Proportion, "siap_id_correctness", ("picture_objects_correct", "picture_tracked_objects"), "share of tracked objects", "Share of the tracked aircraft all of whose tracks are identified as what they are."),
    Measure::new(AirPicture, Proportion, "siap_id_ambiguity", ("picture_objects_contradictory", "picture_tracked_objects"), "share of tracked objects", "Share of the tracked aircraft whose tracks say different things, or only some of them anything."),
    Measure::new(AirPicture, Mean, "siap_position_accuracy", ("picture_position_error_m", "picture_tracks_on_objects"), "m", "Mean distance of a track from the aircraft behind it."),
    Measure::new(AirPicture, Mean, "siap_velocity_accuracy", ("picture_velocity_error_mps", "picture_tracks_on_objects"), "m/s", "Mean difference of its velocity from the aircraft's."),
    Measure::new(AirPicture, Rate, "siap_rate_of_track_number_change", ("picture_number_changes", "picture_tracked_hours"), "per tracked hour", "How often another track takes an aircraft over, in the fewest that follow it for as long as any does."),
    Measure::new(AirPicture, Proportion, "siap_longest_track_segment", ("picture_longest_hours", "picture_lifetime_hours"), "share of time", "Time for which the longest track follows an aircraft, as a share of that for which it is in coverage or tracked."),

    Measure::new(KeptIdentity, Proportion, "identity_kept", ("identity_kept", "identity_seen"), "share of aircraft seen", "Share of the aircraft, as each site saw them, whose identity was right and stayed so until their last track ended: of a hostile one Hostile, of any other neither Suspect nor Hostile; only where the scenario has `air_picture`."),
    Measure::new(KeptIdentity, Proportion, "identity_kept", ("identity_kept[affiliation]", "identity_seen[affiliation]"), "share of aircraft seen", "The same, by affiliation to the site."),
    Measure::new(KeptIdentity, Mean, "time_to_kept_identity_mean_s", ("identity_kept_s", "identity_kept"), "s", "Mean time for which such an aircraft had been tracked, from its first confirmed track on, when its identity became the right one that was kept; gaps between tracks do not count."),
    Measure::new(KeptIdentity, Mean, "time_to_kept_identity_mean_s", ("identity_kept_s[affiliation]", "identity_kept[affiliation]"), "s", "The same, by affiliation to the site."),
    Measure::new(KeptIdentity, Proportion, "track_identity_kept", ("track_identity_kept", "identity_tracks"), "share of tracks", "Share of the tracks whose identity was right and stayed so until they ended."),
    Measure::new(KeptIdentity, Proportion, "track_identity_kept", ("track_identity_kept[affiliation]", "identity_tracks[affiliation]"), "share of tracks", "The same, by affiliation to the site."),
    Measure::new(KeptIdentity, Mean, "time_to_kept_identity_per_track_mean_s", ("track_identity_kept_s", "track_identity_kept"), "s", "Mean time from confirmation to that identity, of the tracks that kept one."),
    Measure::new(KeptIdentity, Mean, "time_to_kept_identity_per_track_mean_s", ("track_identity_kept_s[affiliation]", "track_identity_kept[affiliation]"), "s", "The same, by affiliation to the site."),
    Measure::new(KeptIdentity, Rate, "identity_changes_per_track_hour", ("identity_changes", "identity_track_hours"), "per track hour", "Changes of identity in an hour with a confirmed track, the first identity included."),
    Measure::new(KeptIdentity, Rate, "identity_changes_per_track_hour", ("identity_changes[affiliation]", "identity_track_hours[affiliation]"), "per track hour", "The same, by affiliation to the site."),
    Measure::new(KeptIdentity, Proportion, "suspect_share_of_track_time", ("suspect_hours", "identity_track_hours"), "share of track time", "Share of the time with a confirmed track for which it was identified as Suspect."),
    Measure::new(KeptIdentity, Proportion, "suspect_share_of_track_time", ("suspect_hours[affiliation]", "identity_track_hours[affiliation]"), "share of track time", "The same, by affiliation to the site."),

    Measure::new(Separation, Rate, "separation_losses_per_flight_hour", ("separation_losses", "flight_hours"), "per flight hour", "Losses of separation of aircraft that are no enemies, per flight hour; only where the scenario has `separation`."),
    Measure::new(Separation, Rate, "separation_losses_per_flight_hour", ("separation_losses[sides]", "separation_hours[sides]"), "per flight hour", "The same by the two sides, per flight hour of the aircraft of both together."),
    Measure::new(Separation, Rate, "near_midair_per_flight_hour", ("near_midair", "flight_hours"), "per flight hour", "Near mid-air collisions (500 ft and 100 ft) per flight hour."),
    Measure::new(Separation, Rate, "near_midair_per_flight_hour", ("near_midair[sides]", "separation_hours[sides]"), "per flight hour", "The same by the two sides, per flight hour of the aircraft of both together."),
    Measure::new(Separation, Mean, "separation_lost_s_per_flight_hour", ("separation_lost_s", "flight_hours"), "s per flight hour", "Time below the minima per flight hour."),
    Measure::new(Separation, Mean, "separation_lost_s_per_flight_hour", ("separation_lost_s[sides]", "separation_hours[sides]"), "s per flight hour", "The same by the two sides, per flight hour of the aircraft of both together."),
    Measure::new(Separation, Rate, "separation_losses_per_replication", ("separation_losses", ""), "losses", "Losses of separation in one run of the scenario."),
    Measure::new(Separation, Rate, "filed_conflicts_per_replication", ("filed_conflicts", ""), "pairs", "Pairs of filed plans that share a volume in space and time, in one run of the scenario."),
    Measure::new(Separation, Proportion, "separation_losses_foreseen", ("separation_losses_filed", "separation_losses"), "share of losses", "Share of the losses of separation of two aircraft whose filed plans conflict."),

    Measure::new(Mission, Proportion, "station_kept", ("station_flown_s", "station_planned_s"), "share of planned time", "Time on station flown, as a share of that planned."),
    Measure::new(Mission, Proportion, "station_kept", ("station_flown_s[side]", "station_planned_s[side]"), "share of planned time", "The same, by side."),
    Measure::new(Mission, Rate, "sorties_per_replication", ("sorties[side]", ""), "sorties", "Sorties in one run of the scenario, by side."),
    Measure::new(Mission, Mean, "flight_hours_per_replication", ("flight_hours", ""), "h", "Flight hours in one run of the scenario."),
    Measure::new(Mission, Rate, "tracks_per_replication", ("tracks", ""), "tracks", "Confirmed tracks in one run of the scenario."),
    Measure::new(Mission, Rate, "encounters_per_replication", ("encounters", ""), "encounters", "Encounters in one run of the scenario."),
    Measure::new(Mission, Rate, "shots_per_replication", ("shots[affiliation]", ""), "shots", "Shots in one run of the scenario, by affiliation to the shooter."),
    Measure::new(Mission, Rate, "engagements_per_replication", ("engagements[shooter]", ""), "engagements", "Decisions to fire in one run of the scenario, by whose site decided."),
    Measure::new(Mission, Proportion, "sites_ready", ("site_ready_hours", "site_hours"), "share of time", "Share of the time that sites were ready to look and to fire."),
    Measure::new(Mission, Rate, "sites_lost_per_replication", ("sites_lost", ""), "sites", "Sites destroyed by aircraft that came through, in one run of the scenario."),
    Measure::new(Mission, Rate, "declines_per_replication", ("declines[reason]", ""), "declines", "Occasions on which a site could have fired and did not, once per track and reason, by reason."),
    Measure::new(Mission, Rate, "plan_deliveries_per_replication", ("plans_delivered", ""), "messages", "Flight-plan versions that reached a site in one run of the scenario."),
    Measure::new(Mission, Rate, "queries_per_replication", ("queries_sent", ""), "messages", "Questions that rules ask before a first shot in one run of the scenario, whoever answers: nodes (R7), an authority (R3), optics (R16), a second operator (R17), the aircraft (R20)."),
    Measure::new(Mission, Rate, "cancelled_per_replication", ("sorties_cancelled[side]", ""), "sorties", "Sorties that did not take off because they may not enter a restricted operations zone, in one run of the scenario, by side."),
    Measure::new(Mission, Mean, "cancelled_hours_per_replication", ("cancelled_hours[side]", ""), "h", "Flight hours lost with them, by side."),
];

/// A measure of one scenario, with the positions of its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Derived {
    /// Its name, with side, type or the like.
    pub name: String,
    /// The measure.
    pub measure: &'static Measure,
    /// Column above the line.
    pub numerator: usize,
    /// Column below the line; without one, replications.
    pub denominator: Option<usize>,
    /// Events that one cause brings about, for the bound where none was seen: of shots, the missiles that a site spends on one
    /// target; else 1.
    pub burst: f64,
}

/// Finds the columns of every measure.
pub(super) fn resolve(columns: &[Column], missiles_per_target: f64) -> Vec<Derived> {
    let position = |name: &str| {
        columns
            .iter()
            .position(|column| column.name == name)
            .unwrap_or_else(|| panic!("MEASURES names the column {name}, which nobody measures"))
    };
    let mut derived = Vec::new();
    // Some only where the scenario asks for them.
    let has = |name: &str| columns.iter().any(|column| column.name == name);
    let (separated, kept) = (has("separation_losses"), has("identity_kept"));
    for measure in MEASURES {
        match measure.group {
            Group::Separation if !separated => continue,
            Group::KeptIdentity if !kept => continue,
            _ => {}
        }
        let burst = match measure.numerator.split('[').next() {
            Some("shots" | "wrong_shots") => missiles_per_target.max(1.0),
            _ => 1.0,
        };
        let key = open_key(measure.numerator);
        let Some((base, key)) = key else {
            derived.push(Derived {
                name: measure.name.to_owned(),
                measure,
                numerator: position(measure.numerator),
                denominator: (!measure.denominator.is_empty())
                    .then(|| position(measure.denominator)),
                burst,
            });
            continue;
        };
        let prefix = format!("{base}[{key}=");
        for (numerator, column) in columns.iter().enumerate() {
            let Some(value) = column.name.strip_prefix(&prefix) else {
                continue;
            };
            let value = &value[..value.len() - 1];
            let denominator = match open_key(measure.denominator) {
                Some((base, key)) => Some(position(&format!("{base}[{key}={value}]"))),
                None if measure.denominator.is_empty() => None,
                None => Some(position(measure.denominator)),
            };
            derived.push(Derived {
                name: format!("{}[{key}={value}]", measure.name),
                measure,
                numerator,
                denominator,
                burst,
            });
        }
    }
    derived
}

/// `shots[side]` is `shots` by `side`; `shots[side=us]` and `shots` are themselves.
fn open_key(name: &str) -> Option<(&str, &str)> {
    let (base, rest) = name.split_once('[')?;
    let key = rest.strip_suffix(']')?;
    (!key.contains('=')).then_some((base, key))
}
