//! The coast around Tripoli, for maps alone: nothing is decided by it.
//!
//! 79 points between 11.4 and 15.6 E, 31.4 and 33.8 N, WGS84, from Natural Earth at 1:10 million, which is in the public
//! domain ("Made with Natural Earth"). Error: about 1 km, so a site on the beach may be drawn in the water.

use crate::geodesy::{LatLon, to_plane};

/// Who made the data; stands under every map.
pub(super) const CREDIT: &str = "Coast: made with Natural Earth, public domain.";

const POINTS: &str = include_str!("coast.csv");

/// The lines of the coast in the local plane, east and north, m.
pub(super) fn lines() -> Vec<Vec<(f64, f64)>> {
    let mut lines: Vec<(u32, Vec<(f64, f64)>)> = Vec::new();
    for row in POINTS.lines().skip(1) {
        let mut fields = row.split(',');
        let line = fields.next().and_then(|field| field.parse::<u32>().ok());
        let mut degrees = || fields.next()?.parse::<f64>().ok();
        let (Some(line), Some(lon_deg), Some(lat_deg)) = (line, degrees(), degrees()) else {
            continue;
        };
        let point = to_plane(LatLon { lat_deg, lon_deg });
        match lines.last_mut().filter(|(last, _)| *last == line) {
            Some((_, points)) => points.push((point.x, point.y)),
            None => lines.push((line, vec![(point.x, point.y)])),
        }
    }
    lines.into_iter().map(|(_, points)| points).collect()
}

/// The land south of the longest line: that line, closed far in the south.
pub(super) fn land(lines: &[Vec<(f64, f64)>]) -> Vec<(f64, f64)> {
    const SOUTH_M: f64 = -400_000.0;
    let longest = lines.iter().max_by_key(|line| line.len());
    let mut land = longest.cloned().unwrap_or_default();
    if let (Some(&(first, _)), Some(&(last, _))) = (land.first(), land.last()) {
        let outwards = |here: f64, there: f64| if here > there { 400_000.0 } else { -400_000.0 };
        let (start, end) = (first + outwards(first, last), last + outwards(last, first));
        let (start_north, end_north) = (land[0].1, land[land.len() - 1].1);
        land.extend([
            (end, end_north),
            (end, SOUTH_M),
            (start, SOUTH_M),
            (start, start_north),
        ]);
    }
    land
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_read_and_tripoli_lies_on_the_coast() {
        let lines = lines();
        assert_eq!(
            lines.iter().map(Vec::len).sum::<usize>(),
            POINTS.lines().count() - 1
        );
        let tripoli = to_plane(LatLon {
            lat_deg: 32.90,
            lon_deg: 13.19,
        });
        let nearest = lines
            .iter()
            .flatten()
            .map(|(east, north)| (east - tripoli.x).hypot(north - tripoli.y))
            .fold(f64::INFINITY, f64::min);
        assert!(nearest < 10_000.0, "{nearest}");
        assert!(land(&lines).len() > 70);
    }
}
