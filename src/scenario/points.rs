//! Points and areas as typed to points and areas of the local plane.

use std::collections::BTreeMap;

use super::file::{LatLonPoint, PlaceFile, PointFile, SectorFile};
use crate::geodesy::{self, FARTHEST_M, LatLon};
use crate::geometry::{Area, Point};

/// Named places in the plane; `None` for a place that is itself at fault, so that it is reported once.
pub(crate) type Places = BTreeMap<String, Option<Point>>;

/// Why a point cannot be placed.
pub(crate) enum Fault {
    /// Neither the name of a place nor an MGRS reference.
    NoPlace(String),
    /// Something else, as a sentence without its subject.
    Other(String),
}

/// A named place in the plane, or what is wrong with it.
pub(crate) fn place(place: &PlaceFile) -> Result<Point, String> {
    in_reach(LatLon {
        lat_deg: place.lat,
        lon_deg: place.lon,
    })
}

/// A point in the plane; `Ok(None)` for a place that is at fault itself.
pub(crate) fn point(point: &PointFile, places: &Places) -> Result<Option<Point>, Fault> {
    match point {
        PointFile::Named(name) => {
            if let Some(place) = places.get(name) {
                return Ok(*place);
            }
            if !geodesy::looks_like_mgrs(name) {
                return Err(Fault::NoPlace(name.clone()));
            }
            let found = geodesy::parse_mgrs(name).map_err(|error| {
                Fault::Other(format!("is {name:?}, which is no MGRS reference: {error}"))
            })?;
            in_reach(found).map(Some).map_err(Fault::Other)
        }
        PointFile::LatLon(LatLonPoint { lat, lon }) => in_reach(LatLon {
            lat_deg: *lat,
            lon_deg: *lon,
        })
        .map(Some)
        .map_err(Fault::Other),
        PointFile::Local(local) => Ok(Some(Point::new(local.east_m, local.north_m))),
    }
}

/// The point of the plane for a place, or, as a sentence without its subject, that it is too far.
pub(crate) fn in_reach(place: LatLon) -> Result<Point, String> {
    let point = geodesy::to_plane(place);
    let distance_m = point.norm();
    if distance_m > FARTHEST_M {
        return Err(format!(
            "lies {:.0} km from the origin, 32.60 N 13.30 E; expected at most {:.0} km",
            distance_m / 1000.0,
            FARTHEST_M / 1000.0
        ));
    }
    Ok(point)
}

/// Width of a sector from one bearing clockwise to another, degrees; 0 to 360 is the full ring.
pub(crate) fn width_deg(from_deg: f64, to_deg: f64) -> f64 {
    if to_deg >= from_deg {
        to_deg - from_deg
    } else {
        to_deg - from_deg + 360.0
    }
}

/// A sector about a centre.
pub(crate) fn sector(center: Point, sector: &SectorFile) -> Area {
    Area::Sector {
        center,
        min_range_m: sector.min_range_m,
        max_range_m: sector.max_range_m,
        from_deg: sector.from_deg,
        width_deg: width_deg(sector.from_deg, sector.to_deg),
    }
}
