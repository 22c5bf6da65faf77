//! Whether items in any order correspond to each other.

/// Whether each of `count` items on one side can be paired with another one on the other side.
///
/// Items may fit several others (ranges overlap, a text without a language fits any), so that
/// taking the first that fits is not enough: a pair that was made is changed if that helps.
pub(super) fn is_possible(count: usize, fits: impl Fn(usize, usize) -> bool) -> bool {
    let mut partners: Vec<Option<usize>> = vec![None; count];
    (0..count).all(|item| {
        let mut seen = vec![false; count];
        assign(item, &mut partners, &mut seen, &fits)
    })
}

fn assign(
    item: usize,
    partners: &mut [Option<usize>],
    seen: &mut [bool],
    fits: &impl Fn(usize, usize) -> bool,
) -> bool {
    for other in 0..partners.len() {
        if seen[other] || !fits(item, other) {
            continue;
        }
        seen[other] = true;
        let is_free = partners[other].is_none_or(|partner| assign(partner, partners, seen, fits));
        if is_free {
            partners[other] = Some(item);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_a_pair_if_that_helps() {
        // The first fits both, the second only the first.
        assert!(is_possible(2, |item, other| item == 0 || other == 0));
        assert!(!is_possible(2, |_, other| other == 0));
        assert!(is_possible(0, |_, _| false));
    }
}
