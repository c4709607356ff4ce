//! Recorded positions, packed: 24 bytes each in memory, some 12 characters each in a file.
//!
//! In a file they are one text an aircraft: for each position its steps from the one before in time (ms), latitude and
//! longitude (1e-7 degrees), altitude (mm) and row, as whole numbers of seven bits a byte, the least first, with alternating
//! sign, in base 64.

use std::ops::Deref;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::geodesy::LatLon;

/// A recorded position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedPosition {
    /// Unix time, ms.
    pub time_ms: i64,
    /// Latitude, 1e-7 degrees north.
    pub lat_e7: i32,
    /// Longitude, 1e-7 degrees east.
    pub lon_e7: i32,
    /// Altitude, mm; below 0 it is flown at 0.
    pub altitude_mm: i32,
    /// The line or the element of the file that it comes from, counted from 1.
    pub row: u32,
}

impl RecordedPosition {
    /// Where.
    pub fn place(&self) -> LatLon {
        LatLon {
            lat_deg: f64::from(self.lat_e7) / 1e7,
            lon_deg: f64::from(self.lon_e7) / 1e7,
        }
    }

    /// Unix time, s.
    pub fn time_s(&self) -> f64 {
        self.time_ms as f64 / 1000.0
    }

    /// Altitude, m.
    pub fn altitude_m(&self) -> f64 {
        f64::from(self.altitude_mm) / 1000.0
    }
}

/// The positions of one aircraft, in order of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Positions(Arc<Vec<RecordedPosition>>);

impl Deref for Positions {
    type Target = [RecordedPosition];

    fn deref(&self) -> &[RecordedPosition] {
        &self.0
    }
}

impl From<Vec<RecordedPosition>> for Positions {
    fn from(positions: Vec<RecordedPosition>) -> Self {
        Positions(Arc::new(positions))
    }
}

/// What is packed of a position.
fn numbers(position: &RecordedPosition) -> [i64; 5] {
    [
        position.time_ms,
        position.lat_e7.into(),
        position.lon_e7.into(),
        position.altitude_mm.into(),
        position.row.into(),
    ]
}

impl Positions {
    /// As a text.
    pub(crate) fn packed(&self) -> String {
        let mut bytes = Vec::with_capacity(self.len() * 9);
        let mut before = [0; 5];
        for position in self.iter() {
            let now = numbers(position);
            for (now, before) in now.iter().zip(before) {
                let step = now.wrapping_sub(before);
                let mut left = ((step << 1) ^ (step >> 63)) as u64;
                while left >= 128 {
                    bytes.push((left & 127) as u8 | 128);
                    left >>= 7;
                }
                bytes.push(left as u8);
            }
            before = now;
        }
        BASE64_STANDARD_NO_PAD.encode(bytes)
    }

    /// From such a text; nothing if it is none.
    pub(crate) fn unpacked(text: &str) -> Option<Positions> {
        let bytes = BASE64_STANDARD_NO_PAD.decode(text).ok()?;
        let mut rest = bytes.iter();
        let mut next = || {
            let mut value = 0u64;
            for shift in (0..64).step_by(7) {
                let &byte = rest.next()?;
                value |= u64::from(byte & 127) << shift;
                if byte < 128 {
                    return Some((value >> 1) as i64 ^ -((value & 1) as i64));
                }
            }
            None
        };
        let mut positions: Vec<RecordedPosition> = Vec::with_capacity(bytes.len() / 9);
        let mut now = [0i64; 5];
        while let Some(step) = next() {
            now[0] = now[0].wrapping_add(step);
            for number in &mut now[1..] {
                *number = number.wrapping_add(next()?);
            }
            let position = RecordedPosition {
                time_ms: now[0],
                lat_e7: i32::try_from(now[1]).ok()?,
                lon_e7: i32::try_from(now[2]).ok()?,
                altitude_mm: i32::try_from(now[3]).ok()?,
                row: u32::try_from(now[4]).ok()?,
            };
            let sound = (0..=LATEST_MS).contains(&position.time_ms)
                && position.lat_e7.abs() <= 900_000_000
                && position.lon_e7.abs() <= 1_800_000_000
                && positions
                    .last()
                    .is_none_or(|last| last.time_ms < position.time_ms);
            if !sound {
                return None;
            }
            positions.push(position);
        }
        rest.as_slice().is_empty().then(|| positions.into())
    }
}

/// The last millisecond of the year 9999.
pub(crate) const LATEST_MS: i64 = 253_402_300_799_999;

impl Serialize for Positions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.packed())
    }
}

impl<'de> Deserialize<'de> for Positions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Positions::unpacked(&text).ok_or_else(|| serde::de::Error::custom("positions are damaged"))
    }
}

impl JsonSchema for Positions {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Positions".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_position_takes_24_bytes() {
        assert_eq!(size_of::<RecordedPosition>(), 24);
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(rows in proptest::collection::vec(
            (1i64..100_000_000, -900_000_000..=900_000_000i32, -1_800_000_000..=1_800_000_000i32, any::<i32>(), any::<u32>()), 0..40
        )) {
            let mut time_ms = 0;
            let positions: Vec<RecordedPosition> = rows.into_iter().map(|(step, lat_e7, lon_e7, altitude_mm, row)| {
                time_ms += step;
                RecordedPosition { time_ms, lat_e7, lon_e7, altitude_mm, row }
            }).collect();
            let positions = Positions::from(positions);
            let text = positions.packed();
            prop_assert_eq!(Positions::unpacked(&text), Some(positions));
        }

        #[test]
        fn no_text_panics(text in "[A-Za-z0-9+/]{0,60}") {
            let _ = Positions::unpacked(&text);
        }
    }
}
