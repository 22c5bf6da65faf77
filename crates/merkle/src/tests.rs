//! What holds of trees, tiles and proofs together, and what others say of the same trees.

use std::cell::Cell;
use std::collections::BTreeMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;

/// Tiles as an engine keeps them.
#[derive(Default)]
struct Store {
    tiles: BTreeMap<TileId, Vec<u8>>,
    read_count: Cell<usize>,
}

impl Store {
    fn add(&mut self, tiles: &[Tile]) {
        self.tiles.extend(tiles.iter().map(|tile| (tile.id, tile.to_bytes())));
    }

    /// Of a tree that got all leaves at once.
    fn of(leaves: &[Hash]) -> (Self, Tree) {
        let (mut store, mut tree) = (Self::default(), Tree::new());
        store.add(&tree.append(leaves));
        (store, tree)
    }
}

impl TileReader for Store {
    type Error = TileError;

    fn read_tiles(&self, ids: &[TileId]) -> Result<TileSet, TileError> {
        self.read_count.set(self.read_count.get() + 1);
        let mut set = TileSet::default();
        for (id, bytes) in ids.iter().filter_map(|id| Some((*id, self.tiles.get(id)?))) {
            set.insert(id, bytes)?;
        }
        Ok(set)
    }
}

fn entry(index: usize) -> [u8; 8] {
    (index as u64).to_be_bytes()
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|index| Hash::of_leaf(&entry(index))).collect()
}

/// The root as RFC 6962 defines it.
fn defined_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
            Hash::of_children([&defined_root(left), &defined_root(right)])
        }
    }
}

fn head(leaves: &[Hash]) -> TreeHead {
    TreeHead { size: leaves.len() as u64, root: defined_root(leaves) }
}

fn hash_of(hexadecimal: &str) -> Hash {
    let digits = hexadecimal.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    let bytes: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    Hash::from_bytes(bytes.try_into().unwrap())
}

fn with_bit_changed(hash: &Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8 % Hash::LEN_BYTES] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}

fn prove_inclusion(store: &Store, place: LeafPlace) -> InclusionProof {
    prove_inclusions(store, &[place]).unwrap().remove(0)
}

#[test]
fn the_reference_entries_of_certificate_transparency_have_their_roots() {
    let entries: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = Tree::new();
    assert_eq!(tree.head(), TreeHead::EMPTY);
    for (entry, root) in entries.into_iter().zip(roots) {
        tree.append(&[Hash::of_leaf(entry)]);
        assert_eq!(tree.root(), hash_of(root), "{} leaves", tree.size());
    }
}

#[test]
fn a_tree_of_seventy_thousand_has_its_root_and_tiles() {
    let (store, tree) = Store::of(&leaves(70_000));
    let root = hash_of("0759167a0f98e35e802d46ff7c7d29d2c3f03a63a256deb6abbff357a91b63b1");
    assert_eq!(tree.head(), TreeHead { size: 70_000, root });
    assert!(store.tiles.keys().copied().eq(TileId::all_of(70_000)));
    assert!(store.tiles.iter().all(|(id, bytes)| bytes.len() == 32 * usize::from(id.width())));
    assert_eq!(read_root(&store, 70_000).unwrap(), root);
    let place = LeafPlace { index: 65_000, size: 70_000 };
    let proof = prove_inclusion(&store, place);
    assert_eq!(proof.verify(&Hash::of_leaf(&entry(65_000)), &tree.head()), Ok(()));
}

#[test]
fn many_proofs_read_each_tile_once() {
    let (store, tree) = Store::of(&leaves(1_000));
    let places: Vec<LeafPlace> = (0..1_000).map(|index| LeafPlace { index, size: 1_000 }).collect();
    let proofs = prove_inclusions(&store, &places).unwrap();
    assert_eq!(store.read_count.get(), 1);
    for (proof, leaf) in proofs.iter().zip(leaves(1_000)) {
        assert_eq!(proof.verify(&leaf, &tree.head()), Ok(()));
    }
    let plan = Plan::inclusion(places[0]).unwrap();
    let paths: Vec<String> = plan.tiles().map(TileId::path).collect();
    assert_eq!(paths, ["tile/0/000", "tile/0/003.p/232", "tile/1/000.p/3"]);
}

#[test]
fn missing_and_damaged_tiles_are_named() {
    let (mut store, tree) = Store::of(&leaves(300));
    let partial = TileId::new(0, 1, 44).unwrap();
    let place = LeafPlace { index: 1, size: 300 };
    let bytes = store.tiles.remove(&partial).unwrap();
    let missing = prove_inclusions(&store, &[place]).unwrap_err();
    assert!(matches!(missing, ReadError::Tile(TileError::Missing(id)) if id == partial));
    for damaged in [&bytes[1..], &bytes[32..], &[&bytes[..], &[0]].concat(), &[0; 257 * 32]] {
        store.tiles.insert(partial, damaged.to_vec());
        let damaged = prove_inclusions(&store, &[place]).unwrap_err();
        assert!(matches!(damaged, ReadError::Reader(TileError::Length(id)) if id == partial));
    }
    // The full tile of a larger tree stands for the partial one.
    store.tiles.insert(partial, [&bytes[..], &[7; 212 * 32]].concat());
    let proof = prove_inclusion(&store, place);
    assert_eq!(proof.verify(&Hash::of_leaf(&entry(1)), &tree.head()), Ok(()));
    assert!(matches!(Tree::resume(300, &TileSet::default()), Err(TileError::Missing(_))));
}

#[test]
fn what_no_tree_has_is_not_proved() {
    for (index, size) in [(0, 0), (1, 1), (7, 3), (0, SIZE_MAX + 1), (u64::MAX, u64::MAX)] {
        let place = LeafPlace { index, size };
        assert_eq!(Plan::inclusion(place), Err(ProofError::OutOfRange));
        let proof = InclusionProof { index, path: vec![] };
        let head = TreeHead { size, root: Hash::EMPTY };
        assert_eq!(proof.verify(&Hash::EMPTY, &head), Err(ProofError::OutOfRange));
    }
    for (older, newer) in [(1, 0), (3, 2), (0, SIZE_MAX + 1), (1, u64::MAX)] {
        assert_eq!(Plan::consistency(Growth { older, newer }), Err(ProofError::OutOfRange));
        let [older, newer] = [older, newer].map(|size| TreeHead { size, root: Hash::EMPTY });
        let proof = ConsistencyProof { path: vec![] };
        assert_eq!(proof.verify(&Growth { older, newer }), Err(ProofError::OutOfRange));
    }
}

#[test]
fn trees_of_equal_size_or_from_nothing_need_equal_roots_and_no_hashes() {
    let [one, two] = [1, 2].map(|count| head(&leaves(count)));
    let false_empty = TreeHead { size: 0, ..one };
    let false_two = TreeHead { size: 2, ..one };
    for (older, newer, is_proved) in [
        (TreeHead::EMPTY, TreeHead::EMPTY, true),
        (TreeHead::EMPTY, two, true),
        (two, two, true),
        (false_empty, false_empty, false),
        (false_empty, two, false),
        (TreeHead::EMPTY, false_empty, false),
        (two, false_two, false),
    ] {
        let growth = Growth { older, newer };
        let proof = ConsistencyProof { path: vec![] };
        assert_eq!(proof.verify(&growth).is_ok(), is_proved, "{growth:?}");
        let proof = ConsistencyProof { path: vec![one.root] };
        assert!(proof.verify(&growth).is_err(), "{growth:?}");
    }
}

/// A log of the largest size whose leaves are all the same: every tile of a level is known.
struct Uniform {
    levels: Vec<Hash>,
}

impl Uniform {
    fn new() -> Self {
        let mut levels = vec![Hash::of_leaf(b"same")];
        while levels.len() < 8 {
            let root =
                (0..8).fold(levels[levels.len() - 1], |node, _| Hash::of_children([&node, &node]));
            levels.push(root);
        }
        Self { levels }
    }
}

impl TileReader for Uniform {
    type Error = TileError;

    fn read_tiles(&self, ids: &[TileId]) -> Result<TileSet, TileError> {
        let mut set = TileSet::default();
        for id in ids {
            let hash = self.levels[usize::from(id.level())].as_bytes();
            set.insert(*id, &hash.repeat(usize::from(id.width())))?;
        }
        Ok(set)
    }
}

#[test]
fn the_largest_trees_have_proofs() {
    let reader = Uniform::new();
    let leaf = Hash::of_leaf(b"same");
    let head = |size| TreeHead { size, root: read_root(&reader, size).unwrap() };
    for size in [SIZE_MAX, SIZE_MAX - 1, 1 << 62, (1 << 62) + 1, (1 << 40) + 12_345] {
        for index in [0, 1, 255, 256, size / 2, size - 2, size - 1] {
            let proofs = prove_inclusions(&reader, &[LeafPlace { index, size }]).unwrap();
            assert!(proofs[0].path.len() <= PATH_HASHES_MAX);
            assert_eq!(proofs[0].verify(&leaf, &head(size)), Ok(()), "{index} {size}");
        }
        for older in [1, 2, 3, 256, 65_537, size / 2, size - 1] {
            let proof = prove_consistency(&reader, Growth { older, newer: size }).unwrap();
            let growth = Growth { older: head(older), newer: head(size) };
            assert_eq!(proof.verify(&growth), Ok(()), "{older} {size}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn trees_have_the_same_tiles_whatever_the_batches_are(
        batches in prop::collection::vec(prop_oneof![0_usize..8, 200_usize..600], 1..8),
    ) {
        let leaves = leaves(batches.iter().sum());
        let (mut store, mut tree, mut size) = (Store::default(), Tree::new(), 0);
        for batch in batches {
            let tiles = tree.append(&leaves[size..size + batch]);
            prop_assert!(tiles.iter().all(|tile| !store.tiles.contains_key(&tile.id)));
            store.add(&tiles);
            size += batch;
            prop_assert_eq!(tree.head(), head(&leaves[..size]));
            prop_assert_eq!(read_root(&store, tree.size()).unwrap(), tree.root());
            let edge: Vec<TileId> = TileId::edge_of(tree.size()).collect();
            let resumed = Tree::resume(tree.size(), &store.read_tiles(&edge).unwrap());
            prop_assert_eq!(resumed.as_ref(), Ok(&tree));
        }
        let (whole, _) = Store::of(&leaves);
        prop_assert!(whole.tiles.iter().all(|(id, bytes)| store.tiles.get(id) == Some(bytes)));
        prop_assert!(whole.tiles.keys().copied().eq(TileId::all_of(leaves.len() as u64)));
        let full = |store: &Store| store.tiles.keys().filter(|id| id.is_full()).count();
        prop_assert_eq!(full(&store), full(&whole));
    }

    #[test]
    fn proofs_are_those_that_others_make(size in 1_usize..600, at in any::<prop::sample::Index>()) {
        let index = at.index(size);
        let (store, tree) = Store::of(&leaves(size));
        let mut others = MemoryBackedTree::<Sha256, [u8; 8]>::new();
        (0..size).for_each(|index| others.push(entry(index)));
        let (root, other_root) = (tree.root(), others.root());
        prop_assert_eq!(root.as_bytes().as_slice(), other_root.as_bytes().as_slice());
        let bytes =
            |path: &[Hash]| path.iter().flat_map(|hash| *hash.as_bytes()).collect::<Vec<_>>();
        let place = LeafPlace { index: index as u64, size: size as u64 };
        let proof = prove_inclusion(&store, place);
        let other_proof = others.prove_inclusion(index);
        prop_assert_eq!(bytes(&proof.path), other_proof.as_bytes());
        let sizes = Growth { older: index as u64 + 1, newer: size as u64 };
        let proof = prove_consistency(&store, sizes).unwrap();
        let other_proof = others.prove_consistency(size - index - 1);
        prop_assert_eq!(bytes(&proof.path), other_proof.as_bytes());
    }

    #[test]
    fn an_inclusion_proof_proves_one_leaf_of_one_tree(
        size in 1_usize..600,
        at in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        bit in 0_usize..256,
    ) {
        let leaves = leaves(size + 1);
        let index = at.index(size);
        let (store, tree) = Store::of(&leaves[..size]);
        let (leaf, head) = (leaves[index], tree.head());
        let proof = prove_inclusion(&store, LeafPlace { index: index as u64, size: size as u64 });
        prop_assert_eq!(proof.verify(&leaf, &head), Ok(()));
        prop_assert!(proof.verify(&with_bit_changed(&leaf, bit), &head).is_err());
        let root = with_bit_changed(&head.root, bit);
        prop_assert_eq!(proof.verify(&leaf, &TreeHead { root, ..head }), Err(ProofError::Root));
        prop_assert!(proof.verify(&leaf, &self::head(&leaves)).is_err());
        prop_assert!(proof.verify(&leaf, &self::head(&leaves[..size - 1])).is_err());
        let other_index = InclusionProof { index: other.index(size) as u64, ..proof.clone() };
        prop_assert_eq!(other_index.verify(&leaf, &head).is_ok(), other_index == proof);
        let mut longer = proof.clone();
        longer.path.push(leaf);
        prop_assert_eq!(longer.verify(&leaf, &head), Err(ProofError::Length));
        if !proof.path.is_empty() {
            let mut changed = proof.clone();
            let place = other.index(proof.path.len());
            changed.path[place] = with_bit_changed(&changed.path[place], bit);
            prop_assert_eq!(changed.verify(&leaf, &head), Err(ProofError::Root));
            changed.path.pop();
            prop_assert_eq!(changed.verify(&leaf, &head), Err(ProofError::Length));
        }
    }

    #[test]
    fn a_consistency_proof_proves_that_one_tree_continues_another(
        size in 2_usize..600,
        at in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        bit in 0_usize..256,
    ) {
        let leaves = leaves(size + 1);
        let old_size = 1 + at.index(size - 1);
        let (store, tree) = Store::of(&leaves[..size]);
        let (older, newer) = (head(&leaves[..old_size]), tree.head());
        let sizes = Growth { older: older.size, newer: newer.size };
        let proof = prove_consistency(&store, sizes).unwrap();
        prop_assert_eq!(proof.verify(&Growth { older, newer }), Ok(()));
        let changed = |head: TreeHead| TreeHead { root: with_bit_changed(&head.root, bit), ..head };
        for (older, newer) in [
            (changed(older), newer),
            (older, changed(newer)),
            (older, head(&leaves)),
            (head(&leaves[..old_size - 1]), newer),
            (head(&leaves[..=old_size]), newer),
        ] {
            let is_proved = proof.verify(&Growth { older, newer }).is_ok();
            prop_assert!(!is_proved);
        }
        let growth = Growth { older, newer };
        let mut longer = proof.clone();
        longer.path.push(older.root);
        prop_assert_eq!(longer.verify(&growth), Err(ProofError::Length));
        let mut changed = proof;
        let place = other.index(changed.path.len());
        changed.path[place] = with_bit_changed(&changed.path[place], bit);
        prop_assert_eq!(changed.verify(&growth), Err(ProofError::Root));
        changed.path.pop();
        prop_assert_eq!(changed.verify(&growth), Err(ProofError::Length));
    }
}
