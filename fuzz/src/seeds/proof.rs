//! Proofs: examples of the specifications.

const LINE: &str = "\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
const COSIGNATURE: &str = "\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
const TEXT: &str =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const HASH: &str = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";

const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fn seed(choice: u8, bytes: &[u8]) -> Vec<u8> {
    [&[choice], bytes].concat()
}

/// For each of the checks of `proof`, in its order.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let checkpoint = format!("{TEXT}\n{LINE}{COSIGNATURE}");
    let path = HASH.repeat(4);
    let texts = [
        (0, format!("This is an example message.\n\n{LINE}")),
        (0, format!("a\n\nb\n\n{COSIGNATURE}{LINE}")),
        (1, checkpoint.clone()),
        (1, format!("{TEXT}extension\n")),
        (2, "tile/1/x001/x234/067".to_owned()),
        (2, "tile/0/273.p/112".to_owned()),
        (2, "tile/entries/000.p/1".to_owned()),
        (3, format!("c2sp.org/tlog-proof@v1\nindex 1\n{path}\n{checkpoint}")),
        (3, format!("c2sp.org/tlog-proof@v1\nextra AQI=\nindex 0\n\n{checkpoint}")),
        (4, format!("old 20852014\n{path}\n{checkpoint}")),
        (4, format!("old 0\n\n{checkpoint}")),
        (4, "20852014\n".to_owned()),
        (4, format!("{LINE}{COSIGNATURE}")),
        (5, "example.com/foo".to_owned()),
        (5, KEY.to_owned()),
        (5, HASH.trim_end().to_owned()),
    ];
    let bundles = [seed(6, &[0, 1, 7]), seed(6, &[0, 33].repeat(2)), seed(6, &[0; 512])];
    let trees = [(0_u64, 1_u64), (255, 256), (69_999, 70_000), (1 << 40, u64::MAX >> 1)];
    let trees = trees.map(|(index, size)| {
        let numbers = [index.to_le_bytes(), size.to_le_bytes()].concat();
        seed(7, &[numbers, vec![7; 32 * 17]].concat())
    });
    let texts = texts.into_iter().map(|(choice, text)| seed(choice, text.as_bytes()));
    texts.chain(bundles).chain(trees).collect()
}
