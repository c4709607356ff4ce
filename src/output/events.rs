//! Event files: one row (CSV) or one object (JSON Lines) an event.
//!
//! After the events come the tallies, one row a site and aircraft (`event` is `tally`), so that the totals of what was
//! only counted are there as well.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::beside::whole_file;
use super::error::OutputError;
use super::headers::ResultFile;
use super::numbers::number;
use crate::geodesy::Frame;
use crate::geometry::Point;
use crate::ids::{AircraftId, SiteId};
use crate::inquiry::{Cause, chain, wrong_shots};
use crate::record::{
    ApproachRecord, EventLog, Fact, IdentityHistory, LedgerEntry, NoticeState, PictureContinuity,
    PictureSample, Place, RuleWord,
};
use crate::safe;
use crate::units::Millis;

/// The form of an event file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventFormat {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line; what does not apply is left out.
    JsonLines,
}

impl EventFormat {
    /// By extension: `.csv` or `.jsonl`.
    ///
    /// # Errors
    /// Another extension.
    pub fn of(path: &Path) -> Result<EventFormat, OutputError> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Ok(EventFormat::Csv),
            Some("jsonl") => Ok(EventFormat::JsonLines),
            _ => Err(OutputError::Extension {
                path: path.to_owned(),
                expected: "event files end in .csv or .jsonl",
            }),
        }
    }
}

macro_rules! row {
    ($($field:ident: $kind:ty = $meaning:literal,)*) => {
        /// One row of an event file; the names are the header.
        #[derive(Debug, Default, Serialize)]
        struct Row<'a> {
            $(#[serde(skip_serializing_if = "Option::is_none")] $field: Option<$kind>,)*
        }

        const HEADER: &[&str] = &[$(stringify!($field),)*];

        /// One row a fact.
        pub const EVENTS: ResultFile = ResultFile {
            name: "events.csv",
            row: "a fact of a replication, or a tally of a site and an aircraft, as --events writes them",
            columns: &[$((stringify!($field), $meaning),)*],
        };

        impl Row<'_> {
            fn fields(&self) -> Vec<String> {
                vec![$(self.$field.as_ref().map(Field::text).unwrap_or_default(),)*]
            }
        }
    };
}

/// A value as a field of a table.
trait Field {
    fn text(&self) -> String;
}

impl Field for f64 {
    fn text(&self) -> String {
        number(*self)
    }
}

macro_rules! plain_fields {
    ($($type:ty),*) => {
        $(impl Field for $type {
            fn text(&self) -> String {
                self.to_string()
            }
        })*
    };
}

plain_fields!(u32, u64, bool, String, &str);

row! {
    seed: u64 = "seed of the run",
    replication: u64 = "number of the replication, from 0",
    time_s: f64 = "time since the start of the scenario, s",
    utc: String = "the same as an instant, UTC",
    event: &'static str = "what happened",
    site: &'a str = "the site it is about",
    aircraft: &'a str = "the aircraft it is about; empty if nobody is behind the track",
    flight: &'a str = "its flight",
    side: &'a str = "its side",
    aircraft_type: &'a str = "its type",
    affiliation: &'static str = "its affiliation to the site: friend, neutral, hostile",
    coordinated: bool = "whether the addressees' graph of this aircraft's plan reaches this site",
    east_m: f64 = "where that happens: east of the origin of the plane, m",
    north_m: f64 = "north of it, m",
    altitude_m: f64 = "above ground, m",
    lat_deg: f64 = "the same, WGS84, degrees north",
    lon_deg: f64 = "degrees east",
    identity: &'static str = "identity held, or the new one; of a track that ended the one that counts",
    identity_before: &'static str = "the one before; of a track that ended its first",
    declared: &'a str = "what was declared: a row of the confusion matrix or unknown",
    posterior_friend: f64 = "belief after that: friend",
    posterior_neutral: f64 = "neutral",
    posterior_hostile: f64 = "hostile",
    plan_check: &'static str = "what the check of flight plans found",
    rule: &'static str = "the rule that decided, or E for engagement",
    reason: &'static str = "its reason",
    shot: u32 = "number among the site's shots at this aircraft, from 1",
    plan_version: u32 = "version of a flight plan, from 1",
    end: &'static str = "how a track or an engagement ended",
    confirmed_s: f64 = "of a track that ended: when it was confirmed, s",
    identified_s: f64 = "when it first had an identity, s",
    hostile_s: f64 = "when it was first identified as hostile, s",
    engageable_s: f64 = "when it was first inside the envelope, s",
    scans_in_coverage: u64 = "of a tally or a track: scans in coverage, or declarations up to the first identity",
    detections: u64 = "of a tally: scans that detected it",
    tracked_s: f64 = "of a tally: time with a confirmed track, s",
    detail: String = "what has no column of its own, as KEY=VALUE or words",
    ledger: String = "how everything the site held added up, at each declaration and whenever a track is judged anew without one",
    causes: String = "chain of causes of a wrong shot",
}

/// Writes the file, beside its place first; `force` replaces one that is there.
///
/// # Errors
/// Another extension; a file that is there already, without `force`; what the system refuses.
pub fn write_events_file(
    path: &Path,
    force: bool,
    (start, frame): (jiff::Timestamp, Frame),
    log: &EventLog,
) -> Result<(), OutputError> {
    let format = EventFormat::of(path)?;
    whole_file(path, force, |writer| {
        write_events(writer, format, (start, frame), log)
    })
}

/// Writes the events and tallies of a replication that began at an instant, in a plane.
///
/// # Errors
/// What the writer says.
pub fn write_events(
    writer: impl Write,
    format: EventFormat,
    began: (jiff::Timestamp, Frame),
    log: &EventLog,
) -> io::Result<()> {
    let wrong_shots = wrong_shots(log);
    let rows = log
        .events
        .iter()
        .enumerate()
        .map(|(at, event)| {
            let mut row = common(began, log, event.time, event.place, event.fact.aircraft());
            row.event = Some(event.fact.code());
            if let Some(site) = event.fact.site() {
                about(&mut row, log, site, event.fact.aircraft());
            }
            describe(&mut row, log, &event.fact);
            if wrong_shots.binary_search(&at).is_ok() {
                let causes: Vec<String> = chain(log, at).iter().map(Cause::told).collect();
                row.causes = Some(causes.join(" "));
            }
            row
        })
        .chain(log.tallies.iter().map(|tally| {
            let mut row = common(began, log, log.end, [f64::NAN; 3], Some(tally.aircraft));
            row.event = Some("tally");
            about(&mut row, log, tally.site, Some(tally.aircraft));
            row.scans_in_coverage = Some(tally.looks);
            row.detections = Some(tally.detections);
            row.tracked_s = Some(tally.tracked_s);
            let declared = tally.declared.iter().enumerate();
            row.detail = Some(
                declared
                    .map(|(index, count)| {
                        format!("{}={count}", declared_name(log, tally.site, index))
                    })
                    .collect::<Vec<_>>()
                    .join(" "),
            );
            row
        }));
    match format {
        EventFormat::Csv => {
            let mut csv = csv::Writer::from_writer(writer);
            csv.write_record(HEADER)?;
            for row in rows {
                csv.write_record(row.fields().iter().map(|field| safe::csv(field.as_bytes())))?;
            }
            csv.flush()
        }
        EventFormat::JsonLines => {
            let mut writer = writer;
            for row in rows {
                serde_json::to_writer(&mut writer, &row)?;
                writer.write_all(b"\n")?;
            }
            writer.flush()
        }
    }
}

fn common<'a>(
    (start, frame): (jiff::Timestamp, Frame),
    log: &'a EventLog,
    time: Millis,
    place: Place,
    aircraft: Option<AircraftId>,
) -> Row<'a> {
    let mut row = Row {
        seed: Some(log.replication.seed),
        replication: Some(log.replication.index),
        time_s: Some(time.seconds()),
        utc: utc(start, time).map(|utc| format!("{utc:.3}")),
        ..Row::default()
    };
    if let Some(aircraft) = aircraft {
        let sortie = &log.sorties[aircraft.index()];
        row.aircraft = Some(&sortie.name);
        row.flight = log
            .cast
            .flights
            .get(sortie.flight.index())
            .map(String::as_str);
        row.side = Some(&log.cast.sides[sortie.side.index()]);
        row.aircraft_type = Some(&log.cast.types[sortie.type_id.index()]);
    }
    if place.iter().all(|value| value.is_finite()) {
        let [east, north, up] = place;
        row.east_m = Some(east);
        row.north_m = Some(north);
        row.altitude_m = Some(up);
        let (lat, lon) = lat_lon(&frame, east, north);
        row.lat_deg = Some(lat);
        row.lon_deg = Some(lon);
    }
    row
}

fn about<'a>(row: &mut Row<'a>, log: &'a EventLog, site: SiteId, aircraft: Option<AircraftId>) {
    row.site = Some(&log.sites[site.index()].name);
    row.affiliation = aircraft.map(|aircraft| log.affiliation(site, aircraft).code());
    row.coordinated = aircraft.map(|aircraft| log.coordinated(site, aircraft));
}

/// What a site makes of all that it holds about a track.
fn judged(row: &mut Row<'_>, posterior: [f64; 3], notice: NoticeState, ledger: &[LedgerEntry]) {
    row.posterior_friend = Some(posterior[0]);
    row.posterior_neutral = Some(posterior[1]);
    row.posterior_hostile = Some(posterior[2]);
    row.ledger = Some(ledger_words(ledger));
    row.plan_check = Some(notice.code());
}

fn describe<'a>(row: &mut Row<'a>, log: &'a EventLog, fact: &Fact) {
    match fact {
        Fact::PlanFiled {
            version, astray, ..
        } => {
            row.plan_version = Some(*version);
            row.detail = astray.then(|| "astray".to_owned());
        }
        Fact::PlanDelivered { version, .. } => row.plan_version = Some(*version),
        Fact::Landed { endurance, .. } => row.detail = endurance.then(|| "endurance".to_owned()),
        Fact::Declared {
            site,
            declared,
            posterior,
            notice,
            ledger,
            ..
        } => {
            row.declared = Some(declared_name(log, *site, usize::from(*declared)));
            judged(row, *posterior, *notice, ledger);
        }
        Fact::Reassessed {
            posterior,
            notice,
            ledger,
            ..
        } => judged(row, *posterior, *notice, ledger),
        Fact::IdentityChanged {
            site,
            from,
            to,
            declared,
            notice,
            ..
        } => {
            row.identity_before = Some(from.code());
            row.identity = Some(to.code());
            row.declared = Some(declared_name(log, *site, usize::from(*declared)));
            row.plan_check = Some(notice.code());
        }
        Fact::TrackSwapped { before, .. } => {
            let name = |aircraft: &AircraftId| log.sorties.get(aircraft.index());
            let before = name(before).map_or("nobody", |sortie| sortie.name.as_str());
            row.detail = Some(format!("before: {before}"));
        }
        Fact::IdentityAdopted {
            reported_by,
            from,
            to,
            ..
        } => {
            row.identity_before = Some(from.code());
            row.identity = Some(to.code());
            let by = &log.sites[reported_by.index()].name;
            row.detail = Some(format!("reported by: {by}"));
        }
        Fact::ShotDeclined {
            decision, identity, ..
        } => {
            row.identity = Some(identity.code());
            row.rule = Some(decision.rule);
            row.reason = Some(decision.reason.code());
        }
        Fact::EngagementBegun {
            decision,
            identity,
            notice,
            words,
            ..
        } => {
            row.identity = Some(identity.code());
            row.rule = Some(decision.rule);
            row.reason = Some(decision.reason.code());
            row.plan_check = Some(notice.code());
            let word = |said: &RuleWord| format!("{}={}", said.rule, said.word);
            let words: Vec<String> = words.iter().map(word).collect();
            row.detail = (!words.is_empty()).then(|| words.join(" "));
        }
        Fact::ShotFired {
            shot,
            decision,
            identity,
            notice,
            ..
        } => {
            row.shot = Some(*shot);
            row.identity = Some(identity.code());
            row.rule = Some(decision.rule);
            row.reason = Some(decision.reason.code());
            row.plan_check = Some(notice.code());
        }
        Fact::QuerySent { rule, .. } => row.rule = Some(rule),
        Fact::RequestAnswered {
            waited, granted, ..
        } => {
            let word = if *granted { "granted" } else { "refused" };
            row.rule = Some("R3");
            row.detail = Some(format!("{word} after {} s", waited.seconds()));
        }
        Fact::DeviationNoticed { .. } => row.rule = Some("R15"),
        Fact::CeaseFireCalled { .. } | Fact::CeaseFireReceived { .. } => row.rule = Some("R19"),
        Fact::SiteNotReady { cause, .. } => row.detail = Some(cause.code().to_owned()),
        Fact::ShotMissed { shot, .. }
        | Fact::ShotWasted { shot, .. }
        | Fact::ShotAborted { shot, .. }
        | Fact::Destroyed { shot, .. } => row.shot = Some(*shot),
        Fact::EngagementEnded { end, .. } => row.end = Some(end.code()),
        Fact::TrackEnded { track, .. } => {
            row.identity = Some(track.identity.code());
            row.identity_before = Some(track.first_identity.code());
            row.end = Some(track.end.code());
            row.confirmed_s = Some(track.confirmed.seconds());
            row.identified_s = track.identified.map(Millis::seconds);
            row.hostile_s = track.hostile.map(Millis::seconds);
            row.engageable_s = track.engageable.map(Millis::seconds);
            row.detail = track.shot_at.then(|| "shot_at".to_owned());
        }
        Fact::PictureSampled { sample, .. } => {
            let PictureSample {
                objects,
                tracked_objects,
                tracks,
                spurious,
                undeclared,
                correct,
                incorrect,
                position_error_m,
                velocity_error_mps,
            } = sample;
            row.detail = Some(format!(
                "objects={objects} tracked_objects={tracked_objects} tracks={tracks} spurious={spurious} \
                 undeclared={undeclared} correct={correct} incorrect={incorrect} \
                 position_error_m={position_error_m:.1} velocity_error_mps={velocity_error_mps:.2}"
            ));
        }
        Fact::PictureContinuity { continuity, .. } => {
            let PictureContinuity {
                objects,
                number_changes,
                tracked_s,
                longest_s,
                lifetime_s,
            } = continuity;
            row.detail = Some(format!(
                "objects={objects} number_changes={number_changes} tracked_s={tracked_s} longest_s={longest_s} lifetime_s={lifetime_s}"
            ));
        }
        Fact::IdentityHistory { history, .. } => {
            let IdentityHistory {
                confirmed,
                changes,
                hostile_since,
                unsuspected_since,
                suspect,
            } = history;
            row.confirmed_s = Some(confirmed.seconds());
            let since = |name: &str, since: &Option<Millis>| {
                since.map_or(String::new(), |since| {
                    format!(" {name}={}", since.seconds())
                })
            };
            row.detail = Some(format!(
                "changes={changes} suspect_s={}{}{}",
                suspect.seconds(),
                since("hostile_since_s", hostile_since),
                since("unsuspected_since_s", unsuspected_since)
            ));
        }
        Fact::SeparationLost {
            other, approach, ..
        }
        | Fact::NearMidair {
            other, approach, ..
        } => {
            let ApproachRecord {
                until,
                closest,
                lateral_m,
                vertical_m,
            } = approach;
            row.detail = Some(format!(
                "other={} until_s={:.3} closest_s={:.3} lateral_m={lateral_m:.1} vertical_m={vertical_m:.1}",
                log.sorties[other.index()].name,
                until.seconds(),
                closest.seconds(),
            ));
        }
        Fact::PlansConflict { other, first, .. } => {
            let other = &log.sorties[other.index()].name;
            row.detail = Some(format!("other={other} first_s={:.3}", first.seconds()));
        }
        Fact::SiteReady { .. }
        | Fact::Reloaded { .. }
        | Fact::Departed { .. }
        | Fact::SortieCancelled { .. }
        | Fact::StationBegun { .. }
        | Fact::StationEnded { .. }
        | Fact::ObjectiveReached { .. }
        | Fact::TrackConfirmed { .. }
        | Fact::EncounterBegun { .. } => {}
        Fact::TrackRecalled {
            known_since,
            lost,
            kept,
            ..
        } => {
            row.detail = Some(format!(
                "known_since_s={:.3} lost_s={:.3} kept={kept:.4}",
                known_since.seconds(),
                lost.seconds()
            ));
        }
    }
}

/// Each line of the ledger as `ID source said age posterior`: `iff no_reply 12s .20/.07/.73`.
fn ledger_words(ledger: &[LedgerEntry]) -> String {
    let line = |entry: &LedgerEntry| {
        let [friend, neutral, hostile] = entry.posterior;
        format!(
            "{} {} {:.0}s {friend:.4}/{neutral:.4}/{hostile:.4}",
            entry.id_source, entry.said, entry.age_s
        )
    };
    ledger.iter().map(line).collect::<Vec<_>>().join("; ")
}

/// The name of a declaration by a site: a row of its class's matrix, or `unknown`.
pub(super) fn declared_name(log: &EventLog, site: SiteId, declared: usize) -> &str {
    let class = log.sites[site.index()].class;
    log.cast.classes[class.index()]
        .rows
        .get(declared)
        .map_or("unknown", String::as_str)
}

/// The instant of a time of the scenario.
pub(super) fn utc(start: jiff::Timestamp, time: Millis) -> Option<jiff::Timestamp> {
    start
        .checked_add(jiff::SignedDuration::from_millis(time.0))
        .ok()
}

/// Back from the local plane to WGS84, rounded to 1e-7 degrees (1 cm): the last bits of geodesics are the machine's.
pub(super) fn lat_lon(frame: &Frame, east_m: f64, north_m: f64) -> (f64, f64) {
    let place = frame.from_plane(Point::new(east_m, north_m));
    let rounded = |degrees: f64| libm::round(degrees * 1e7) / 1e7;
    (rounded(place.lat_deg), rounded(place.lon_deg))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handwritten;

    fn frame() -> Frame {
        Frame::about(crate::geodesy::LatLon {
            lat_deg: 32.60,
            lon_deg: 13.30,
        })
    }

    fn written(format: EventFormat) -> String {
        let mut bytes = Vec::new();
        let start = "2019-11-21T00:00:00Z".parse().unwrap();
        write_events(&mut bytes, format, (start, frame()), &handwritten::log()).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn one_row_an_event_and_a_tally() {
        let log = handwritten::log();
        let expected = log.events.len() + log.tallies.len();
        let text = written(EventFormat::Csv);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().clone();
        let column = |name: &str| header.iter().position(|field| field == name).unwrap();
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), expected);
        let shot = rows
            .iter()
            .find(|row| &row[column("event")] == "shot_fired")
            .unwrap();
        assert_eq!(&shot[column("utc")], "2019-11-21T00:59:40.000Z");
        assert_eq!(&shot[column("site")], "sa-1");
        assert_eq!(&shot[column("aircraft")], "us-1");
        assert_eq!(&shot[column("aircraft_type")], "mq9");
        assert_eq!(&shot[column("affiliation")], "neutral");
        assert_eq!(&shot[column("plan_check")], "filed_with_others");
        assert_eq!(&shot[column("rule")], "R2");
        assert_eq!(
            &shot[column("causes")],
            "plan:filed_with_others identity:hostile permission:R2:hostile_identity"
        );

        let lines = written(EventFormat::JsonLines);
        assert_eq!(lines.lines().count(), expected);
        for line in lines.lines() {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(object["event"].is_string());
        }
    }

    #[test]
    fn a_sample_of_the_picture_is_about_a_site_alone() {
        let mut log = handwritten::log();
        log.tallies.clear();
        log.events.truncate(1);
        log.events[0].fact = Fact::PictureSampled {
            site: SiteId(0),
            sample: PictureSample {
                objects: 5,
                tracked_objects: 4,
                ..PictureSample::default()
            },
        };
        let mut bytes = Vec::new();
        let start = "2019-11-21T00:00:00Z".parse().unwrap();
        write_events(&mut bytes, EventFormat::JsonLines, (start, frame()), &log).unwrap();
        let row: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(row["event"], "picture_sampled");
        assert_eq!(row["site"], "sa-1");
        assert_eq!(
            row["detail"],
            "objects=5 tracked_objects=4 tracks=0 spurious=0 undeclared=0 correct=0 incorrect=0 position_error_m=0.0 velocity_error_mps=0.00"
        );
        for about in ["aircraft", "flight", "side", "affiliation", "coordinated"] {
            assert!(row.get(about).is_none(), "{about}");
        }
    }

    #[test]
    fn only_two_extensions() {
        assert_eq!(
            EventFormat::of(Path::new("a.CSV")).unwrap(),
            EventFormat::Csv
        );
        assert_eq!(
            EventFormat::of(Path::new("b/a.jsonl")).unwrap(),
            EventFormat::JsonLines
        );
        for path in ["a.json", "a", "csv", "a.csv.gz"] {
            assert!(EventFormat::of(Path::new(path)).is_err(), "{path}");
        }
    }
}
