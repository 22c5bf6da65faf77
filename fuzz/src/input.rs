//! Inputs that have parts.

use acta_xapi::Version;

/// A byte that no UTF-8 text has: it stands between the parts of an input.
pub(crate) const SEPARATOR: u8 = 0xFF;

/// The first byte, which chooses what is done, and the rest.
pub(crate) fn split_choice(input: &[u8]) -> (u8, &[u8]) {
    input.split_first().map_or((0, input), |(choice, rest)| (*choice, rest))
}

/// The first `N` parts; those that are missing are empty.
pub(crate) fn split_parts<const N: usize>(input: &[u8]) -> [&[u8]; N] {
    let mut parts = input.splitn(N, |byte| *byte == SEPARATOR);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// The version that the lowest bit of `choice` stands for.
pub(crate) fn version_of(choice: u8) -> Version {
    Version::EVERY[usize::from(choice & 1)]
}
