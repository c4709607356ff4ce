//! Typed indices into the scenario's tables, and the keys that tie random draws to declared names.
//!
//! An index is only valid within one [`Theatre`](crate::theatre::Theatre) (or one replication of it, for
//! [`AircraftId`] and [`SiteId`]); a [`Key`] is the same in every scenario that uses the name.

use serde::{Deserialize, Serialize};

macro_rules! index {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the table this index points into.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

index! {
    /// A real party: `gna`, `lna`, `us`.
    SideId;
    /// A row of the aircraft type table.
    TypeId;
    /// A declared flight; it may put several aircraft into the air.
    FlightId;
    /// One aircraft of one replication, in the order (flight name, number within the flight).
    AircraftId;
    /// A row of the site class table.
    ClassId;
    /// One air-defence site of one replication, in the order (site name, number within the entry).
    SiteId;
    /// A node of the coordination graph.
    NodeId;
    /// A named zone.
    ZoneId;
}

impl AircraftId {
    /// No aircraft: what is behind a track of false alarms.
    pub const NOBODY: AircraftId = AircraftId(u32::MAX);
}

/// What a draw is about, as 64 bits made from a declared name: reordering a file changes no draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

impl Key {
    /// The key of a draw that is about nothing in particular.
    pub const NONE: Key = Key(0);

    /// FNV-1a over the bytes of `name`, then the SplitMix64 finaliser.
    ///
    /// Two names of one scenario that collide (chance 2^-64 a pair) would share their random numbers, no more.
    pub fn of(name: &str) -> Key {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Key(mix(hash))
    }

    /// The key of the `number`-th thing declared under this name (aircraft of a flight, sites of an entry).
    pub fn nth(self, number: u32) -> Key {
        Key(mix(self.0
            ^ (u64::from(number) + 1)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }
}

impl Key {
    /// The key of what is about both, in this order.
    pub fn and(self, other: Key) -> Key {
        Key(mix(self.0 ^ mix(other.0).rotate_left(32)))
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_two_depends_on_both_and_their_order() {
        let [a, b, c] = ["a", "b", "c"].map(Key::of);
        let keys = [
            a,
            b,
            a.and(b),
            b.and(a),
            a.and(c),
            a.and(b).and(c),
            a.and(b.and(c)),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key));
        }
    }

    #[test]
    fn keys_differ_by_name_and_number() {
        let mut keys = std::collections::BTreeSet::new();
        for name in ["us-1", "us-2", "us", "su", ""] {
            keys.insert(Key::of(name));
            for number in 0..100 {
                keys.insert(Key::of(name).nth(number));
            }
        }
        assert_eq!(keys.len(), 5 * 101);
    }
}
