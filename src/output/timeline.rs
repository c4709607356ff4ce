//! What happened, in plain words, by the clock.

use super::events::{declared_name, utc};
use super::numbers::share;
use crate::ids::AircraftId;
use crate::record::{
    Affiliation, ApproachRecord, Event, EventLog, Fact, Identity, NotReady, NoticeState, Reason,
};
use crate::scenario::Scenario;
use crate::units::Millis;

/// The decisive events of a replication, at most `limit` lines; and how many were left out.
///
/// Fire at friend or neutral stays longest, then shootdowns and objectives, then who of friend and neutral was held
/// hostile, then fire at hostile aircraft, then everything else; what is shown is in order of time.
pub fn timeline(scenario: &Scenario, log: &EventLog, limit: usize) -> (Vec<String>, usize) {
    let mut told: Vec<(usize, u8, &Event, String)> = log
        .events
        .iter()
        .enumerate()
        .filter_map(|(index, event)| {
            let (rank, text) = tell(scenario, log, event)?;
            Some((index, rank, event, text))
        })
        .collect();
    let all = told.len();
    // Stable: within a rank the earliest stay.
    told.sort_by_key(|&(_, rank, ..)| rank);
    told.truncate(limit);
    told.sort_by_key(|&(index, ..)| index);

    let mut lines = Vec::new();
    let mut today = String::new();
    for (_, _, event, text) in &told {
        let clock = utc(scenario.start, event.time)
            .map(|instant| instant.to_zoned(jiff::tz::TimeZone::UTC));
        let Some(clock) = clock else { continue };
        let date = clock.strftime("%Y-%m-%d").to_string();
        if date != today {
            lines.push(format!("{date} (UTC)"));
            today = date;
        }
        lines.push(format!("{}  {text}", clock.strftime("%H:%M:%S")));
    }
    (lines, all - told.len())
}

/// The words for an event, and how soon it is left out when there are too many (0 stays longest); nothing for an event
/// that is not told.
pub fn tell(scenario: &Scenario, log: &EventLog, event: &Event) -> Option<(u8, String)> {
    let aircraft = event.fact.aircraft();
    let who = aircraft.map_or("a track of nothing", |aircraft| {
        log.sorties[aircraft.index()].name.as_str()
    });
    let site = event.fact.site();
    let by = site.map_or("", |site| &log.sites[site.index()].name);
    let affiliation = site
        .zip(aircraft)
        .map(|(site, aircraft)| log.affiliation(site, aircraft));
    let protected = matches!(
        affiliation,
        Some(Affiliation::Friend | Affiliation::Neutral)
    );
    let fire = if protected { 0 } else { 3 };
    let wrong = match affiliation {
        Some(Affiliation::Friend) => " (WRONG: a friend)",
        Some(Affiliation::Neutral) => " (WRONG: a neutral)",
        None if site.is_some() => " (WRONG: nobody is there)",
        _ => "",
    };
    Some(match &event.fact {
        Fact::IdentityChanged {
            site,
            to,
            declared,
            notice,
            ..
        } => {
            let rank = match to {
                Identity::Hostile if protected => 2,
                Identity::Hostile => 4,
                Identity::Suspect => 6,
                _ => 7,
            };
            let declared = declared_name(log, *site, usize::from(*declared));
            let plan = plan_words(scenario, log, aircraft, *notice);
            let held = identity_words(*to);
            (
                rank,
                format!("site {by} declares {who} {held}: declared {declared}, {plan}"),
            )
        }
        Fact::TrackSwapped { before, .. } => {
            let before = log.sorties.get(before.index());
            let before = before.map_or("nothing", |sortie| sortie.name.as_str());
            (
                3,
                format!("the track of {before} at site {by} goes over to {who}"),
            )
        }
        Fact::IdentityAdopted {
            reported_by, to, ..
        } => {
            let rank = match to {
                Identity::Hostile if protected => 2,
                Identity::Hostile => 4,
                _ => 7,
            };
            let source = &log.sites[reported_by.index()].name;
            let held = identity_words(*to);
            (
                rank,
                format!("site {by} holds {who} {held}: site {source} said so"),
            )
        }
        Fact::EngagementBegun {
            decision, notice, ..
        } => {
            let why = reason_words(decision.reason);
            let plan = plan_words(scenario, log, aircraft, *notice);
            (
                fire,
                format!(
                    "site {by} decides to fire at {who}{wrong}: {why} [{}], {plan}",
                    decision.rule
                ),
            )
        }
        Fact::ShotFired { shot, .. } => {
            (fire, format!("site {by} fires shot {shot} at {who}{wrong}"))
        }
        Fact::ShotMissed { shot, .. } => (fire, format!("shot {shot} of site {by} misses {who}")),
        Fact::ShotWasted { shot, .. } => (
            fire,
            format!("shot {shot} of site {by} finds {who} already gone"),
        ),
        Fact::Destroyed { shot, .. } => (
            fire.min(1),
            format!("{who} is SHOT DOWN by shot {shot} of site {by}{wrong}"),
        ),
        Fact::ObjectiveReached { .. } => (1, format!("{who} reaches its objective")),
        Fact::ShotDeclined { decision, .. } => {
            let rank = match decision.reason {
                Reason::PlanMatched
                | Reason::InCorridor
                | Reason::HotlineConfirmed
                | Reason::InAltitudeBlock
                | Reason::FriendlyForceReport
                | Reason::OpticallyCleared
                | Reason::NotConfirmed
                | Reason::ApprovalRefused
                    if protected =>
                {
                    3
                }
                _ => 5,
            };
            let why = reason_words(decision.reason);
            (
                rank,
                format!("site {by} holds fire at {who}: {why} [{}]", decision.rule),
            )
        }
        Fact::PlanDelivered { version, .. } => (
            6,
            format!("site {by} receives the flight plan of {who}, version {version}"),
        ),
        Fact::PlanFiled {
            version, astray, ..
        } => {
            let where_to = if *astray {
                "sent astray".to_owned()
            } else {
                format!("sent to {}", addressees(scenario, log, aircraft))
            };
            (
                8,
                format!("the flight plan of {who}, version {version}, is {where_to}"),
            )
        }
        Fact::QuerySent { rule, .. } => {
            let asks = match *rule {
                "R3" => "asks for release to fire at",
                "R16" => "identifies visually",
                "R17" => "has a second operator look into",
                _ => "asks the hotline about",
            };
            (6, format!("site {by} {asks} {who} [{rule}]"))
        }
        Fact::RequestAnswered {
            waited, granted, ..
        } => {
            let answer = if *granted { "grants" } else { "refuses" };
            let waited = waited.seconds();
            (
                6,
                format!(
                    "the authority {answer} site {by} release against {who} after {waited:.0} s"
                ),
            )
        }
        Fact::SeparationLost {
            other, approach, ..
        } => (
            2,
            format!(
                "{}: separation lost",
                too_near(scenario, log, who, *other, approach)
            ),
        ),
        Fact::NearMidair {
            other, approach, ..
        } => (
            1,
            format!(
                "{}: NEAR MID-AIR COLLISION",
                too_near(scenario, log, who, *other, approach)
            ),
        ),
        Fact::PlansConflict { other, first, .. } => {
            let other = &log.sorties[other.index()].name;
            let first = clock_of(scenario, *first);
            (
                6,
                format!("{who} and {other}, {first}: their filed plans share a volume"),
            )
        }
        Fact::DeviationNoticed { .. } => {
            (6, format!("site {by} is told that {who} is off its plan"))
        }
        Fact::CeaseFireCalled { .. } => (
            3,
            format!("the owner of {who} calls for a cease-fire: site {by} has fired at it"),
        ),
        Fact::SiteReady { .. } => (6, format!("site {by} is ready")),
        Fact::SiteNotReady { cause, .. } => match cause {
            NotReady::Lost => (2, format!("site {by} is destroyed")),
            NotReady::Relocating => (6, format!("site {by} moves, and is not ready")),
            NotReady::Silent => (6, format!("site {by} is silent until it is cued")),
            NotReady::ByTurns => (6, format!("site {by} is not ready")),
        },
        Fact::Reloaded { .. } => (6, format!("site {by} has reloaded")),
        Fact::CeaseFireReceived { .. } => (3, format!("site {by} is ordered to cease fire")),
        Fact::ShotAborted { shot, .. } => (
            fire,
            format!("shot {shot} of site {by} at {who} is destroyed in flight by order"),
        ),
        Fact::SortieCancelled { .. } => (5, format!("{who} stays on the ground: it may not enter")),
        Fact::Departed { .. } => (8, format!("{who} is in the air")),
        Fact::Landed { endurance, .. } => {
            let why = if *endurance { ", out of endurance" } else { "" };
            (5, format!("{who} leaves the air{why}"))
        }
        Fact::StationBegun { .. } => (8, format!("{who} is on station")),
        Fact::StationEnded { .. } => (8, format!("{who} leaves its station")),
        Fact::TrackRecalled {
            known_since,
            lost,
            kept,
            ..
        } => {
            let since = clock_of(scenario, *known_since);
            (
                6,
                format!(
                    "site {by} takes {who} for a track it had: known since {since}, lost for {}, m = {}",
                    lasting(*lost),
                    share(*kept)
                ),
            )
        }
        Fact::TrackConfirmed { .. }
        | Fact::Declared { .. }
        | Fact::Reassessed { .. }
        | Fact::PictureSampled { .. }
        | Fact::PictureContinuity { .. }
        | Fact::IdentityHistory { .. }
        | Fact::EncounterBegun { .. }
        | Fact::EngagementEnded { .. }
        | Fact::TrackEnded { .. } => return None,
    })
}

/// Who came too near to whom, when they were closest, and how close: `us-1 and italy-1, 04:12, 1.3 NM and 0 ft`.
fn too_near(
    scenario: &Scenario,
    log: &EventLog,
    who: &str,
    other: AircraftId,
    approach: &ApproachRecord,
) -> String {
    let other = &log.sorties[other.index()].name;
    let when = clock_of(scenario, approach.closest);
    format!("{who} and {other}, {when}, {}", approach_words(approach))
}

/// How close two aircraft came: `1.3 NM and 0 ft`.
pub(super) fn approach_words(approach: &ApproachRecord) -> String {
    /// Metres in a nautical mile, and in a foot.
    const NM_FT: [f64; 2] = [1852.0, 0.3048];
    let miles = approach.lateral_m / NM_FT[0];
    let feet = libm::round(approach.vertical_m / NM_FT[1] / 10.0) * 10.0;
    let digits = if miles < 0.1 { 2 } else { 1 };
    format!("{miles:.digits$} NM and {feet:.0} ft")
}

/// The time of day, UTC, to the minute.
fn clock_of(scenario: &Scenario, time: Millis) -> String {
    let clock = utc(scenario.start, time).map(|instant| instant.to_zoned(jiff::tz::TimeZone::UTC));
    clock.map_or(String::new(), |clock| clock.strftime("%H:%M").to_string())
}

/// A span as people say it: seconds up to two minutes, then minutes.
pub(super) fn lasting(span: Millis) -> String {
    let seconds = span.seconds();
    if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}

fn identity_words(identity: Identity) -> &'static str {
    match identity {
        Identity::Pending => "pending",
        Identity::Unknown => "unknown",
        Identity::AssumedFriend => "ASSUMED FRIEND",
        Identity::Friend => "FRIEND",
        Identity::Neutral => "NEUTRAL",
        Identity::Suspect => "SUSPECT",
        Identity::Hostile => "HOSTILE",
    }
}

pub(super) fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::HostileIdentity => "identified as hostile",
        Reason::WeaponsFree => "weapons free, not identified as friend or neutral",
        Reason::ZoneViolation => "uncoordinated in a restricted operations zone",
        Reason::SelfDefence => "self-defence, it closes in",
        Reason::IdentityPending => "nothing declared yet",
        Reason::Dwell => "not identified as hostile for long enough yet",
        Reason::WeaponsTight => "weapons tight, not identified as hostile",
        Reason::WeaponsHold => "weapons on hold",
        Reason::IdentifiedProtected => "identified as friend or neutral",
        Reason::PlanMatched => "matches a flight plan in hand",
        Reason::SharedTrackOnly => "known from another site alone",
        Reason::InCorridor => "inside a corridor",
        Reason::AwaitingAnswer => "the hotline has not answered yet",
        Reason::HotlineConfirmed => "known on the hotline",
        Reason::LostCommsAutonomous => "no command link, on its own",
        Reason::LostCommsHold => "no command link, hold",
        Reason::AgreedWindow => "in a window agreed for others",
        Reason::OutsideEngagementZone => "outside its weapon engagement zone",
        Reason::InAltitudeBlock => "at an agreed height",
        Reason::FriendlyForceReport => "somebody reported his position there",
        Reason::AwaitingVisualIdentification => "visual identification first",
        Reason::OpticallyCleared => "seen as friend or neutral",
        Reason::NotRecognised => "not recognised by sight",
        Reason::AwaitingConfirmation => "the second operator has not answered yet",
        Reason::NotConfirmed => "the second operator does not confirm",
        Reason::AwaitingApproval => "release has not been answered yet",
        Reason::ApprovalRefused => "release refused",
        Reason::ApprovalOverload => "the authority is too busy to be asked",
        Reason::ApprovalTimedOut => "no answer about release in time",
        Reason::CoolDown => "too soon after another engagement",
        Reason::CeaseFire => "ordered to cease fire",
        Reason::TakenForDestroyed => "taken for destroyed",
        Reason::Claimed => "claimed by another site",
        Reason::BetterPlaced => "left to a site that is better placed",
        Reason::NoChannel => "every fire channel is busy",
        Reason::MagazineEmpty => "no missile left",
    }
}

fn plan_words(
    scenario: &Scenario,
    log: &EventLog,
    aircraft: Option<AircraftId>,
    notice: NoticeState,
) -> String {
    match notice {
        NoticeState::NotFiled => "no plan was filed".to_owned(),
        NoticeState::FiledWithOthers => format!(
            "no plan on file (filed with {} only)",
            addressees(scenario, log, aircraft)
        ),
        NoticeState::Astray => "no plan on file (sent to the wrong addressee)".to_owned(),
        NoticeState::Lost => "no plan on file (lost on the way)".to_owned(),
        NoticeState::Late => "no plan on file (not arrived yet)".to_owned(),
        NoticeState::Stale => "the plan on file is out of date".to_owned(),
        NoticeState::OffTime => "outside the times of its plan".to_owned(),
        NoticeState::OffRoute => "off the route of its plan".to_owned(),
        NoticeState::Unmatched => "its plan is on file but was not matched".to_owned(),
        NoticeState::Matched => "matches its plan".to_owned(),
        NoticeState::ChanceMatch => "matches a plan by chance".to_owned(),
        NoticeState::Unchecked => "plans are not checked".to_owned(),
    }
}

/// Who the flight files its plan with.
fn addressees(scenario: &Scenario, log: &EventLog, aircraft: Option<AircraftId>) -> String {
    let sortie = aircraft.map(|aircraft| &log.sorties[aircraft.index()]);
    sortie
        .and_then(|sortie| log.cast.flights.get(sortie.flight.index()))
        .and_then(|name| scenario.file.flights.get(name))
        .and_then(|flight| flight.plan.as_ref())
        .map(|plan| plan.addressees.join(", "))
        .filter(|names| !names.is_empty())
        .unwrap_or_else(|| "others".to_owned())
}
