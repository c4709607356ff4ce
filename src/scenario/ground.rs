//! Elevation grids: ESRI ASCII and GeoTIFF, read whole or refused, and laid onto the local plane.
//!
//! A grid is known by the SHA-256 of its file, which a stored scenario keeps with the path it was read from; where that is read again, it must
//! be the same bytes. Degrees are those of WGS84, longitude and latitude along the axes; metres those of the local plane. Other projections are
//! refused: they would have to be undone first.

use std::io::Cursor;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::Tag;

use super::file::{CoordinatesFile, TerrainFile};
use super::tree::clip;
use crate::geodesy::{Frame, LatLon};
use crate::geometry::Point;
use crate::terrain::Grid;

/// Most points of a grid.
const MOST_POINTS: usize = 50_000_000;

/// Largest file read.
const LARGEST: u64 = 1 << 30;

/// Elevations that are believed, m: from the Mariana Trench to above Everest.
const BELIEVED_M: (f64, f64) = (-12_000.0, 9_000.0);

/// A grid as it stands in its file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Raw {
    /// The south-westernmost point with an elevation: longitude and latitude, or east and north.
    west: f64,
    south: f64,
    /// From one point to the next.
    east_step: f64,
    north_step: f64,
    pub columns: usize,
    pub rows: usize,
    /// Row by row from the south; not a number where there is none.
    elevations_m: Vec<f32>,
}

/// A grid that was read.
pub(crate) struct Read {
    pub raw: Raw,
    pub sha256: String,
}

/// The grid that was read last, by the checksum of its file and what its coordinates are: variants of one scenario share it.
static LAST: Mutex<Option<(String, Arc<Raw>)>> = Mutex::new(None);

fn last(sha256: &str) -> Option<Arc<Raw>> {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let same = last.as_ref().filter(|(other, _)| other == sha256);
    same.map(|(_, raw)| Arc::clone(raw))
}

/// Reads the grid in a file and remembers it.
pub(crate) fn read(path: &Path, coordinates: CoordinatesFile) -> Result<Read, String> {
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if about.len() > LARGEST {
        return Err(format!(
            "it has {} bytes; expected at most {LARGEST}",
            about.len()
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let sha256: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let raw = if bytes.starts_with(b"II") || bytes.starts_with(b"MM") {
        geotiff(bytes, coordinates)?
    } else {
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            "is neither a GeoTIFF nor text; expected an ESRI ASCII grid or a GeoTIFF".to_owned()
        })?;
        ascii(text)?
    };
    raw.plausible(coordinates)?;
    let shared = Arc::new(raw.clone());
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some((sha256.clone(), shared));
    Ok(Read { raw, sha256 })
}

/// The grid of a scenario on its plane.
pub(crate) fn grid(file: &TerrainFile, frame: &Frame) -> Result<Grid, String> {
    let stored = file.grid.as_ref().ok_or("terrain has not been read")?;
    let raw = match last(&stored.sha256) {
        Some(raw) => raw,
        None => {
            let read = read(Path::new(&stored.path), file.coordinates)
                .map_err(|_| format!("terrain.grid.path: {} cannot be read as a grid of elevations; expected the one with the SHA-256 {}", stored.path, stored.sha256))?;
            if read.sha256 != stored.sha256 {
                return Err(format!(
                    "terrain.grid.path: {} has the SHA-256 {}; expected {}, that of the grid this scenario was run with",
                    stored.path, read.sha256, stored.sha256
                ));
            }
            Arc::new(read.raw)
        }
    };
    raw.on_plane(file.coordinates, frame)
}

impl Raw {
    fn plausible(&self, coordinates: CoordinatesFile) -> Result<(), String> {
        let north = self.south + (self.rows - 1) as f64 * self.north_step;
        let east = self.west + (self.columns - 1) as f64 * self.east_step;
        let on_earth = self.south >= -90.0 && north <= 90.0 && self.west >= -180.0 && east <= 360.0;
        if coordinates == CoordinatesFile::Degrees && !on_earth {
            return Err(format!(
                "reaches from {}, {} to {}, {} (x, y), which are no degrees; expected degrees, or coordinates = \"metres\" for a grid in the local plane",
                self.west, self.south, east, north
            ));
        }
        Ok(())
    }

    /// The elevation at a place, between the four points about it; 0 outside and where a point has none.
    fn at(&self, x: f64, y: f64) -> f64 {
        let (column, row) = (
            (x - self.west) / self.east_step,
            (y - self.south) / self.north_step,
        );
        let inside = column >= 0.0
            && row >= 0.0
            && column <= (self.columns - 1) as f64
            && row <= (self.rows - 1) as f64;
        if !inside {
            return 0.0;
        }
        let (left, below) = (libm::floor(column), libm::floor(row));
        let (x, y) = (column - left, row - below);
        let (left, below) = (left as usize, below as usize);
        let (right, above) = (
            (left + 1).min(self.columns - 1),
            (below + 1).min(self.rows - 1),
        );
        let value = |column: usize, row: usize| {
            let value = f64::from(self.elevations_m[row * self.columns + column]);
            if value.is_nan() { 0.0 } else { value }
        };
        (value(left, below) * (1.0 - x) + value(right, below) * x) * (1.0 - y)
            + (value(left, above) * (1.0 - x) + value(right, above) * x) * y
    }

    /// The same ground on squares of the local plane, no coarser than it is.
    fn on_plane(&self, coordinates: CoordinatesFile, frame: &Frame) -> Result<Grid, String> {
        /// Metres in a degree of latitude.
        const DEGREE_M: f64 = 111_195.0;
        /// Squares between two places that are taken back to degrees exactly: between them that is a plane to centimetres.
        const LATTICE: usize = 32;
        let (last_x, last_y) = ((self.columns - 1) as f64, (self.rows - 1) as f64);
        let place = |column: f64, row: f64| {
            let (x, y) = (
                self.west + column * self.east_step,
                self.south + row * self.north_step,
            );
            match coordinates {
                CoordinatesFile::Metres => Point::new(x, y),
                CoordinatesFile::Degrees => frame.to_plane(LatLon {
                    lat_deg: y,
                    lon_deg: if x > 180.0 { x - 360.0 } else { x },
                }),
            }
        };
        let spacing_m = match coordinates {
            CoordinatesFile::Metres => self.east_step.min(self.north_step),
            CoordinatesFile::Degrees => {
                let middle = self.south + last_y / 2.0 * self.north_step;
                let across = self.east_step * libm::cos(middle.to_radians()).max(0.1);
                across.min(self.north_step) * DEGREE_M
            }
        };
        // Its outline, walked.
        let (mut low, mut high) = (place(0.0, 0.0), place(0.0, 0.0));
        for step in 0..=64 {
            let share = f64::from(step) / 64.0;
            let along = [
                (share * last_x, 0.0),
                (share * last_x, last_y),
                (0.0, share * last_y),
                (last_x, share * last_y),
            ];
            for (column, row) in along {
                let there = place(column, row);
                low = low.inf(&there);
                high = high.sup(&there);
            }
        }
        let points = |from: f64, to: f64| libm::ceil((to - from) / spacing_m - 1e-9) as usize + 1;
        let (columns, rows) = (points(low.x, high.x), points(low.y, high.y));
        if columns.saturating_mul(rows) > MOST_POINTS {
            return Err(format!(
                "terrain.file needs {columns} by {rows} points on the plane; expected at most {MOST_POINTS}"
            ));
        }
        let mut elevations_m = vec![0.0_f32; columns * rows];
        let at = |column: usize, row: usize| {
            let point = low + Point::new(column as f64, row as f64) * spacing_m;
            match coordinates {
                CoordinatesFile::Metres => point,
                CoordinatesFile::Degrees => {
                    let place = frame.from_plane(point);
                    // A grid may count its longitudes to 360.
                    let east = place.lon_deg
                        + if place.lon_deg < self.west - 1.0 {
                            360.0
                        } else {
                            0.0
                        };
                    Point::new(east, place.lat_deg)
                }
            }
        };
        for row in (0..rows).step_by(LATTICE) {
            for column in (0..columns).step_by(LATTICE) {
                let corners = [
                    at(column, row),
                    at(column + LATTICE, row),
                    at(column, row + LATTICE),
                    at(column + LATTICE, row + LATTICE),
                ];
                for north in 0..LATTICE.min(rows - row) {
                    for east in 0..LATTICE.min(columns - column) {
                        let (x, y) = (east as f64 / LATTICE as f64, north as f64 / LATTICE as f64);
                        let there = (corners[0] * (1.0 - x) + corners[1] * x) * (1.0 - y)
                            + (corners[2] * (1.0 - x) + corners[3] * x) * y;
                        elevations_m[(row + north) * columns + column + east] =
                            self.at(there.x, there.y) as f32;
                    }
                }
            }
        }
        Ok(Grid {
            south_west: low,
            spacing_m,
            columns,
            rows,
            elevations_m,
        })
    }
}

fn believed(value: f64) -> bool {
    (BELIEVED_M.0..=BELIEVED_M.1).contains(&value)
}

fn unbelievable(value: f64) -> String {
    format!(
        "is {value}; expected an elevation from {} to {} m, or the value that stands for none",
        BELIEVED_M.0, BELIEVED_M.1
    )
}

/// An ESRI ASCII grid: a head of names and numbers, then rows from north to south.
fn ascii(text: &str) -> Result<Raw, String> {
    const KEYS: [&str; 10] = [
        "ncols",
        "nrows",
        "xllcorner",
        "xllcenter",
        "yllcorner",
        "yllcenter",
        "cellsize",
        "dx",
        "dy",
        "nodata_value",
    ];
    let mut head: [Option<f64>; 10] = [None; 10];
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((number, line)) = lines.peek().copied() {
        let mut words = line.split_ascii_whitespace();
        let Some(word) = words.next() else {
            lines.next();
            continue;
        };
        if word.parse::<f64>().is_ok() {
            break;
        }
        let lower = word.to_ascii_lowercase();
        let Some(at) = KEYS.iter().position(|key| *key == lower) else {
            return Err(format!(
                "line {number} begins with {:?}; expected one of {}, or elevations",
                clip(word),
                KEYS.join(", ")
            ));
        };
        let value = words
            .next()
            .and_then(|value| value.parse::<f64>().ok())
            .filter(|value| value.is_finite());
        let (Some(value), None) = (value, words.next()) else {
            return Err(format!(
                "line {number} says nothing of {lower}; expected one number behind it"
            ));
        };
        if head[at].replace(value).is_some() {
            return Err(format!("line {number} says {lower} again"));
        }
        lines.next();
    }
    let known = |key: &str| {
        KEYS.iter()
            .position(|other| *other == key)
            .and_then(|at| head[at])
    };
    let count = |key: &str| {
        let value = known(key).ok_or_else(|| format!("its head has no {key}"))?;
        if (2.0..=1e6).contains(&value) && libm::floor(value) == value {
            Ok(value as usize)
        } else {
            Err(format!(
                "its {key} is {value}; expected a whole number from 2 to 1000000"
            ))
        }
    };
    let (columns, rows) = (count("ncols")?, count("nrows")?);
    let points = columns * rows;
    if points > MOST_POINTS {
        return Err(format!(
            "it has {points} points; expected at most {MOST_POINTS}"
        ));
    }
    let step = |own: &str| {
        let value = known(own).or(known("cellsize"));
        let value = value.ok_or_else(|| format!("its head has neither cellsize nor {own}"))?;
        if value > 0.0 {
            Ok(value)
        } else {
            Err(format!("its cells are {value} wide; expected > 0"))
        }
    };
    let (east_step, north_step) = (step("dx")?, step("dy")?);
    let corner = |corner: &str, center: &str, step: f64| match (known(corner), known(center)) {
        (Some(at), None) => Ok(at + step / 2.0),
        (None, Some(at)) => Ok(at),
        (Some(_), Some(_)) => Err(format!(
            "its head has both {corner} and {center}; expected one"
        )),
        (None, None) => Err(format!("its head has neither {corner} nor {center}")),
    };
    let west = corner("xllcorner", "xllcenter", east_step)?;
    let south = corner("yllcorner", "yllcenter", north_step)?;
    let none = known("nodata_value").unwrap_or(-9999.0);
    let mut from_north: Vec<f32> = Vec::with_capacity(points);
    for (number, line) in lines {
        for (at, word) in line.split_ascii_whitespace().enumerate() {
            let value: f64 = word.parse().map_err(|_| {
                format!(
                    "line {number}, value {}, is {:?}; expected a number",
                    at + 1,
                    clip(word)
                )
            })?;
            if from_north.len() == points {
                return Err(format!(
                    "line {number} goes on behind the {columns} by {rows} values that its head says"
                ));
            }
            if value == none {
                from_north.push(f32::NAN);
            } else if believed(value) {
                from_north.push(value as f32);
            } else {
                return Err(format!(
                    "line {number}, value {}, {}",
                    at + 1,
                    unbelievable(value)
                ));
            }
        }
    }
    if from_north.len() < points {
        return Err(format!(
            "it has {} values; expected {points}, as its head says {columns} columns and {rows} rows",
            from_north.len()
        ));
    }
    Ok(Raw {
        west,
        south,
        east_step,
        north_step,
        columns,
        rows,
        elevations_m: northward(&from_north, columns),
    })
}

/// Rows the other way round.
fn northward(from_north: &[f32], columns: usize) -> Vec<f32> {
    from_north
        .chunks(columns)
        .rev()
        .flatten()
        .copied()
        .collect()
}

/// A GeoTIFF with one band, north up, in degrees or in metres of the local plane.
fn geotiff(bytes: Vec<u8>, coordinates: CoordinatesFile) -> Result<Raw, String> {
    /// The tag of a grid that is turned.
    const TRANSFORMATION: u16 = 34_264;
    /// The kind of coordinates, and whether values stand for points or for areas.
    const MODEL_TYPE: u16 = 1024;
    const RASTER_TYPE: u16 = 1025;
    let fault = |error: tiff::TiffError| format!("is no GeoTIFF that can be read: {error}");
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(fault)?;
    let (columns, rows) = decoder.dimensions().map_err(fault)?;
    let (columns, rows) = (columns as usize, rows as usize);
    if columns < 2 || rows < 2 || columns.saturating_mul(rows) > MOST_POINTS {
        return Err(format!(
            "it has {columns} by {rows} points; expected at least 2 by 2 and at most {MOST_POINTS}"
        ));
    }
    let mut numbers = |tag: Tag| -> Result<Option<Vec<f64>>, String> {
        let value = decoder.find_tag(tag).map_err(fault)?;
        value
            .map(|value| value.into_f64_vec())
            .transpose()
            .map_err(fault)
    };
    if numbers(Tag::Unknown(TRANSFORMATION))
        .ok()
        .flatten()
        .is_some()
    {
        return Err(
            "is turned or sheared (ModelTransformation); expected a grid with north up".to_owned(),
        );
    }
    let scale = numbers(Tag::ModelPixelScaleTag)?.filter(|scale| scale.len() >= 2);
    let scale = scale.ok_or("has no ModelPixelScale, so that its place is not known")?;
    let tie = numbers(Tag::ModelTiepointTag)?.filter(|tie| tie.len() >= 6);
    let tie = tie.ok_or("has no ModelTiepoint, so that its place is not known")?;
    let (east_step, north_step) = (scale[0], scale[1]);
    if !(east_step > 0.0 && north_step > 0.0 && tie.iter().all(|value| value.is_finite())) {
        return Err(format!(
            "its points are {east_step} by {north_step} apart; expected > 0"
        ));
    }
    let keys = decoder.find_tag(Tag::GeoKeyDirectoryTag).map_err(fault)?;
    let keys = keys
        .map(|keys| keys.into_u16_vec())
        .transpose()
        .map_err(fault)?
        .unwrap_or_default();
    let key = |wanted: u16| {
        let mut entries = keys.chunks_exact(4).skip(1);
        entries
            .find(|entry| entry[0] == wanted && entry[1] == 0)
            .map(|entry| entry[3])
    };
    match (key(MODEL_TYPE), coordinates) {
        (Some(2) | None, CoordinatesFile::Degrees) | (None, CoordinatesFile::Metres) => {}
        (Some(2), CoordinatesFile::Metres) => {
            return Err(
                "has degrees (GTModelType 2), and terrain.coordinates is \"metres\"".to_owned(),
            );
        }
        (Some(other), _) => {
            return Err(format!(
                "is projected (GTModelType {other}); expected degrees of WGS84 (GTModelType 2): gdalwarp -t_srs EPSG:4326 makes them"
            ));
        }
    }
    let none = decoder.find_tag(Tag::GdalNodata).map_err(fault)?;
    let none = none.and_then(|value| value.into_string().ok());
    let none: Option<f64> = none.and_then(|text| text.trim_matches(['\0', ' ']).parse().ok());
    let values: Vec<f64> = match decoder.read_image().map_err(fault)? {
        DecodingResult::U8(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::U16(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::U32(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::I8(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::I16(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::I32(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::F32(values) => values.into_iter().map(f64::from).collect(),
        DecodingResult::F64(values) => values,
        _ => return Err("has values of a kind that elevations are not kept in; expected whole numbers up to 32 bits, or floats".to_owned()),
    };
    if values.len() != columns * rows {
        return Err(format!(
            "it has {} values at {columns} by {rows} points; expected one band",
            values.len()
        ));
    }
    let mut from_north = Vec::with_capacity(values.len());
    for (at, value) in values.into_iter().enumerate() {
        if none == Some(value) || value.is_nan() {
            from_north.push(f32::NAN);
        } else if believed(value) {
            from_north.push(value as f32);
        } else {
            let (row, column) = (at / columns + 1, at % columns + 1);
            return Err(format!(
                "row {row}, column {column}, {}",
                unbelievable(value)
            ));
        }
    }
    // The corner of the first value, or its middle.
    let inner = if key(RASTER_TYPE) == Some(2) {
        0.0
    } else {
        0.5
    };
    let west = tie[3] + (inner - tie[0]) * east_step;
    let north = tie[4] - (inner - tie[1]) * north_step;
    Ok(Raw {
        west,
        south: north - (rows - 1) as f64 * north_step,
        east_step,
        north_step,
        columns,
        rows,
        elevations_m: northward(&from_north, columns),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tiff::encoder::{TiffEncoder, colortype};

    const SMALL: &str = "ncols 3\nnrows 2\nxllcorner 13\nyllcorner 32\ncellsize 0.5\nNODATA_value -9999\n1 2 3\n4 -9999 6\n";

    #[test]
    fn an_ascii_grid_is_read_from_the_north() {
        let raw = ascii(SMALL).unwrap();
        assert_eq!((raw.columns, raw.rows), (3, 2));
        assert_eq!((raw.west, raw.south), (13.25, 32.25));
        assert_eq!(raw.at(13.25, 32.75), 1.0);
        assert_eq!(raw.at(14.25, 32.25), 6.0);
        assert_eq!(raw.at(14.0, 32.75), 2.5);
        assert_eq!(raw.at(13.75, 32.25), 0.0, "no value");
        assert_eq!(raw.at(20.0, 32.25), 0.0, "outside");
    }

    #[test]
    fn what_is_wrong_with_a_grid_is_told_with_its_line() {
        for (from, to, told) in [
            ("ncols 3\n", "", "its head has no ncols"),
            (
                "ncols 3",
                "ncols 3.5",
                "its ncols is 3.5; expected a whole number",
            ),
            ("ncols 3", "columns 3", "line 1 begins with \"columns\""),
            ("nrows 2", "nrows two", "line 2 says nothing of nrows"),
            ("cellsize 0.5\n", "", "its head has neither cellsize nor dx"),
            ("cellsize 0.5", "cellsize 0", "expected > 0"),
            (
                "xllcorner 13",
                "xllcorner 13\nxllcenter 13",
                "both xllcorner and xllcenter",
            ),
            ("1 2 3", "1 x 3", "line 7, value 2, is \"x\""),
            ("1 2 3", "1 2", "it has 5 values; expected 6"),
            (
                "1 2 3",
                "1 2 3 4",
                "line 8 goes on behind the 3 by 2 values",
            ),
            (
                "1 2 3",
                "1 2 32767",
                "line 7, value 3, is 32767; expected an elevation",
            ),
            ("1 2 3", "1 2 nan", "line 7, value 3, is NaN"),
        ] {
            assert!(SMALL.contains(from));
            let why = ascii(&SMALL.replacen(from, to, 1)).unwrap_err();
            assert!(why.contains(told), "{why}, expected {told}");
        }
    }

    /// The same grid as a GeoTIFF, and what is refused of one.
    #[test]
    fn a_geotiff_is_the_same_ground() {
        let written = |model: u16, scale: bool| {
            let mut bytes = Cursor::new(Vec::new());
            let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
            let mut image = encoder.new_image::<colortype::Gray32Float>(3, 2).unwrap();
            let tags = image.encoder();
            if scale {
                tags.write_tag(Tag::ModelPixelScaleTag, &[0.5_f64, 0.5, 0.0][..])
                    .unwrap();
            }
            tags.write_tag(
                Tag::ModelTiepointTag,
                &[0.0_f64, 0.0, 0.0, 13.0, 33.0, 0.0][..],
            )
            .unwrap();
            let keys: [u16; 12] = [1, 1, 0, 2, 1024, 0, 1, model, 1025, 0, 1, 1];
            tags.write_tag(Tag::GeoKeyDirectoryTag, &keys[..]).unwrap();
            tags.write_tag(Tag::GdalNodata, "-9999").unwrap();
            image
                .write_data(&[1.0, 2.0, 3.0, 4.0, -9999.0, 6.0])
                .unwrap();
            bytes.into_inner()
        };
        let raw = geotiff(written(2, true), CoordinatesFile::Degrees).unwrap();
        let same = ascii(SMALL).unwrap();
        assert_eq!(
            (raw.west, raw.south, raw.columns),
            (same.west, same.south, 3)
        );
        for (x, y) in [
            (13.25, 32.75),
            (14.25, 32.25),
            (14.0, 32.75),
            (13.75, 32.25),
        ] {
            assert_eq!(raw.at(x, y), same.at(x, y));
        }
        let refused =
            |model, scale, coordinates| geotiff(written(model, scale), coordinates).unwrap_err();
        assert!(
            refused(1, true, CoordinatesFile::Degrees).contains("is projected (GTModelType 1)")
        );
        assert!(refused(2, false, CoordinatesFile::Degrees).contains("ModelPixelScale"));
        assert!(refused(2, true, CoordinatesFile::Metres).contains("terrain.coordinates"));
        let mut cut = written(2, true);
        cut.truncate(40);
        assert!(geotiff(cut, CoordinatesFile::Degrees).is_err());
    }

    /// A plane that rises northward and eastward in degrees is the same ground on the local plane, far from its origin, to what lies
    /// between two points.
    #[test]
    fn degrees_come_to_lie_where_they_are() {
        let mut text =
            "ncols 121\nnrows 101\nxllcenter 13\nyllcenter 32\ncellsize 0.01\n".to_owned();
        for row in 0..101 {
            for column in 0..121 {
                let (lon, lat) = (
                    13.0 + f64::from(column) * 0.01,
                    33.0 - f64::from(row) * 0.01,
                );
                text += &format!("{:.4} ", 1000.0 * (lat - 32.0) + 300.0 * (lon - 13.0));
            }
            text += "\n";
        }
        let raw = ascii(&text).unwrap();
        let frame = Frame::about(LatLon {
            lat_deg: 32.2,
            lon_deg: 13.9,
        });
        let grid = raw.on_plane(CoordinatesFile::Degrees, &frame).unwrap();
        assert!(grid.spacing_m > 900.0 && grid.spacing_m < 1_112.0);
        for (lat, lon) in [(32.1, 13.1), (32.9, 14.1), (32.5, 13.5), (32.2, 13.9)] {
            let place = frame.to_plane(LatLon {
                lat_deg: lat,
                lon_deg: lon,
            });
            let expected = 1000.0 * (lat - 32.0) + 300.0 * (lon - 13.0);
            let found = grid.elevation_m(place);
            assert!(
                (found - expected).abs() < 0.2,
                "{lat} {lon}: {found}, expected {expected}"
            );
        }
    }
}
