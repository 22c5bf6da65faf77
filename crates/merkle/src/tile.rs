//! Tiles: the hashes of a tree in pieces of 256, and the paths at which they are served.
//!
//! Spec: C2SP tlog-tiles.

use std::fmt;
use std::str::FromStr;

use crate::hash::Hash;
use crate::text::{Malformed, SIZE_MAX, parse_decimal};

/// Hashes of a full tile, and entries of a full bundle.
pub const TILE_HASHES: u16 = 256;

/// Levels of the tree that one level of tiles stands for.
pub(crate) const TILE_HEIGHT: u32 = TILE_HASHES.ilog2();

/// The same as a number of a path.
const FULL: u64 = TILE_HASHES as u64;

/// Numbers below this are one element of a path.
const PATH_ELEMENT: u64 = 1000;

/// A tile: its level, its index within the level, and how many hashes it has.
///
/// At level 0, hashes are those of leaves; further up, each is the root over a full tile of the
/// level below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    level: u8,
    index: u64,
    width: u16,
}

impl TileId {
    /// Highest level of a path. No tree of [`SIZE_MAX`] leaves has more than eight levels.
    pub const LEVEL_MAX: u8 = 63;

    /// The tile, if there is one with this level and width.
    pub fn new(level: u8, index: u64, width: u16) -> Option<Self> {
        let exists = level <= Self::LEVEL_MAX && is_place(index, width);
        exists.then_some(Self { level, index, width })
    }

    /// The tile of a tree of `size` leaves that has the hash at `position` of a level: full, or
    /// as wide as the tree makes it.
    pub(crate) fn with_position(level: u8, position: u64, size: u64) -> Option<Self> {
        let index = position >> TILE_HEIGHT;
        let hashes = hash_count(level, size).checked_sub(index << TILE_HEIGHT)?;
        let width = u16::try_from(hashes).unwrap_or(u16::MAX).min(TILE_HASHES);
        Self::new(level, index, width)
    }

    /// Every tile of a tree of `size` leaves, by level and index.
    pub fn all_of(size: u64) -> impl Iterator<Item = Self> {
        levels(size).flat_map(move |level| {
            let tiles = hash_count(level, size).div_ceil(FULL);
            (0..tiles)
                .filter_map(move |index| Self::with_position(level, index << TILE_HEIGHT, size))
        })
    }

    /// The partial tiles of a tree of `size` leaves, by level: its right edge.
    pub fn edge_of(size: u64) -> impl Iterator<Item = Self> {
        // The tile that the next hash of a level goes into, if it has hashes already.
        levels(size)
            .filter_map(move |level| Self::with_position(level, hash_count(level, size), size))
    }

    /// The level, from 0 for leaves.
    pub const fn level(self) -> u8 {
        self.level
    }

    /// The index within the level.
    pub const fn index(self) -> u64 {
        self.index
    }

    /// How many hashes it has: 256 if it is full.
    pub const fn width(self) -> u16 {
        self.width
    }

    /// Whether it has all its hashes, and therefore never changes.
    pub const fn is_full(self) -> bool {
        self.width == TILE_HASHES
    }

    /// The path below the address of the log.
    pub fn path(self) -> String {
        TilePath::Hashes(self).to_string()
    }
}

/// Hashes that a level has in a tree of `size` leaves.
pub(crate) fn hash_count(level: u8, size: u64) -> u64 {
    size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0)
}

/// Levels of tiles that a tree of `size` leaves has.
fn levels(size: u64) -> impl Iterator<Item = u8> {
    (0..=TileId::LEVEL_MAX).take_while(move |level| hash_count(*level, size) > 0)
}

fn is_place(index: u64, width: u16) -> bool {
    index <= SIZE_MAX && (1..=TILE_HASHES).contains(&width)
}

/// A bundle of entries: those whose hashes are in the tile of level 0 with the same index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BundleId {
    index: u64,
    width: u16,
}

impl BundleId {
    /// The bundle, if there is one with this width.
    pub fn new(index: u64, width: u16) -> Option<Self> {
        is_place(index, width).then_some(Self { index, width })
    }

    /// The index, from 0.
    pub const fn index(self) -> u64 {
        self.index
    }

    /// How many entries it has: 256 if it is full.
    pub const fn width(self) -> u16 {
        self.width
    }

    /// Whether it has all its entries, and therefore never changes.
    pub const fn is_full(self) -> bool {
        self.width == TILE_HASHES
    }
}

/// What a path below the address of a log means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TilePath {
    /// `tile/<level>/<index>`: hashes.
    Hashes(TileId),
    /// `tile/entries/<index>`: entries.
    Entries(BundleId),
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match self {
            Self::Hashes(tile) => {
                write!(f, "tile/{}/", tile.level)?;
                (tile.index, tile.width)
            }
            Self::Entries(bundle) => {
                f.write_str("tile/entries/")?;
                (bundle.index, bundle.width)
            }
        };
        write_index(f, index)?;
        if width < TILE_HASHES { write!(f, ".p/{width}") } else { Ok(()) }
    }
}

/// As in `x001/x234/067`.
fn write_index(f: &mut fmt::Formatter<'_>, index: u64) -> fmt::Result {
    let mut elements = vec![index % PATH_ELEMENT];
    let mut rest = index / PATH_ELEMENT;
    while rest > 0 {
        elements.push(rest % PATH_ELEMENT);
        rest /= PATH_ELEMENT;
    }
    for element in elements.iter().skip(1).rev() {
        write!(f, "x{element:03}/")?;
    }
    write!(f, "{:03}", elements[0])
}

impl FromStr for TilePath {
    type Err = Malformed;

    fn from_str(path: &str) -> Result<Self, Malformed> {
        let reason = "it is not `tile/`, a level or `entries`, and an index";
        parse_path(path).ok_or(Malformed { format: "the path of a tile", reason })
    }
}

fn parse_path(path: &str) -> Option<TilePath> {
    let (level, place) = path.strip_prefix("tile/")?.split_once('/')?;
    let (index, width) = match place.split_once(".p/") {
        Some((index, width)) => (index, parse_decimal(width).filter(|width| *width < FULL)?),
        None => (place, FULL),
    };
    let (index, width) = (parse_index(index)?, u16::try_from(width).ok()?);
    if level == "entries" {
        return BundleId::new(index, width).map(TilePath::Entries);
    }
    let level = u8::try_from(parse_decimal(level)?).ok()?;
    TileId::new(level, index, width).map(TilePath::Hashes)
}

fn parse_index(text: &str) -> Option<u64> {
    let (before, last) = text.rsplit_once('/').map_or((None, text), |(a, b)| (Some(a), b));
    let mut index = 0;
    for element in before.into_iter().flat_map(|before| before.split('/')) {
        index = append_element(index, element.strip_prefix('x')?)?;
        if index == 0 {
            return None;
        }
    }
    append_element(index, last)
}

fn append_element(index: u64, digits: &str) -> Option<u64> {
    let is_element = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let element: u64 = digits.parse().ok().filter(|_| is_element)?;
    index.checked_mul(PATH_ELEMENT)?.checked_add(element)
}

/// A tile to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Which one it is.
    pub id: TileId,
    /// Its hashes, as many as it is wide.
    pub hashes: Vec<Hash>,
}

impl Tile {
    /// What is stored and served.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(Hash::as_bytes).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(level: u8, index: u64, width: u16) -> TilePath {
        TilePath::Hashes(TileId::new(level, index, width).unwrap())
    }

    fn bundle(index: u64, width: u16) -> TilePath {
        TilePath::Entries(BundleId::new(index, width).unwrap())
    }

    #[test]
    fn a_path_prints_and_parses_as_the_specification_has_it() {
        let max = SIZE_MAX / 256;
        for (path, text) in [
            (tile(0, 0, 256), "tile/0/000"),
            (tile(0, 273, 112), "tile/0/273.p/112"),
            (tile(1, 1_234_067, 256), "tile/1/x001/x234/067"),
            (tile(63, 1000, 255), "tile/63/x001/000.p/255"),
            (tile(0, max, 1), "tile/0/x036/x028/x797/x018/x963/967.p/1"),
            (bundle(0, 1), "tile/entries/000.p/1"),
            (bundle(1_234_067, 256), "tile/entries/x001/x234/067"),
        ] {
            assert_eq!(path.to_string(), text);
            assert_eq!(text.parse(), Ok(path));
        }
    }

    #[test]
    fn paths_of_another_form_are_refused() {
        for text in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x000",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/x001/x002",
            "tile/0/x001//002",
            "tile/0/X001/002",
            "tile/0/-01",
            "tile/0/+01",
            "tile/00/000",
            "tile/64/000",
            "tile/300/000",
            "tile/data/000",
            "tile/Entries/000",
            "tile/0/000/",
            "/tile/0/000",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/000.p/256",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/0/000.p/1.p/1",
            "tile/0/000.P/1",
            "tile/0/x009/x223/x372/x036/x854/x775/808",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "checkpoint",
        ] {
            assert!(text.parse::<TilePath>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() {
        let tiles: Vec<TileId> = TileId::all_of(70_000).collect();
        let of = |level| tiles.iter().filter(move |tile| tile.level() == level);
        let full = |level| of(level).filter(|tile| tile.is_full()).count();
        let partial = |level| -> Vec<String> {
            of(level).filter(|tile| !tile.is_full()).map(|tile| tile.path()).collect()
        };
        assert_eq!((full(0), partial(0)), (273, vec!["tile/0/273.p/112".to_owned()]));
        assert_eq!((full(1), partial(1)), (1, vec!["tile/1/001.p/17".to_owned()]));
        assert_eq!((full(2), partial(2)), (0, vec!["tile/2/000.p/1".to_owned()]));
        assert_eq!(tiles.len(), 274 + 2 + 1);
        let edge: Vec<String> = TileId::edge_of(70_000).map(TileId::path).collect();
        assert_eq!(edge, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    }

    #[test]
    fn a_full_tile_is_one_hash_of_the_level_above() {
        let paths = |size| TileId::all_of(size).map(TileId::path).collect::<Vec<_>>();
        assert_eq!(paths(0), [""; 0]);
        assert_eq!(paths(1), ["tile/0/000.p/1"]);
        assert_eq!(paths(256), ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(paths(257), ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
        assert_eq!(
            TileId::edge_of(65_536).map(TileId::path).collect::<Vec<_>>(),
            ["tile/2/000.p/1"]
        );
        assert_eq!(TileId::edge_of(SIZE_MAX).count(), 8);
    }
}
