//! Which rows of a block count, and the groups that they are in.

/// One bit for each row of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mask {
    words: Vec<u64>,
    count: usize,
}

impl Mask {
    /// All of `count` rows, or none of them.
    pub(crate) fn of(count: usize, all: bool) -> Self {
        let mut mask =
            Self { words: vec![if all { u64::MAX } else { 0 }; count.div_ceil(64)], count };
        mask.trim();
        mask
    }

    /// The rows whose value passes.
    #[inline]
    pub(crate) fn test<T: Copy>(values: &[T], passes: impl Fn(T) -> bool) -> Self {
        let (chunks, rest) = values.as_chunks::<64>();
        let mut words = Vec::with_capacity(values.len().div_ceil(64));
        words.extend(chunks.iter().map(|chunk| bits_of(&chunk.map(|it| u8::from(passes(it))))));
        if !rest.is_empty() {
            let mut flags = [0; 64];
            let of_rest = flags.iter_mut().zip(rest);
            of_rest.for_each(|(flag, value)| *flag = u8::from(passes(*value)));
            words.push(bits_of(&flags));
        }
        Self { words, count: values.len() }
    }

    fn trim(&mut self) {
        let rest = self.count % 64;
        if let Some(last) = self.words.last_mut().filter(|_| rest != 0) {
            *last &= (1 << rest) - 1;
        }
    }

    pub(crate) fn and(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    pub(crate) fn or(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    pub(crate) fn invert(&mut self) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.trim();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether a row counts.
    pub(crate) fn has(&self, row: u32) -> bool {
        self.words.get(row as usize / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    pub(crate) fn remove(&mut self, row: usize) {
        if let Some(word) = self.words.get_mut(row / 64) {
            *word &= !(1 << (row % 64));
        }
    }

    /// The rows that count.
    pub(crate) fn rows(&self) -> Vec<u32> {
        let mut rows =
            Vec::with_capacity(self.words.iter().map(|word| word.count_ones() as usize).sum());
        self.each(|row| rows.push(u32::try_from(row).unwrap_or(u32::MAX)));
        rows
    }

    /// Calls `take` for each row that counts.
    #[inline]
    pub(crate) fn each(&self, mut take: impl FnMut(usize)) {
        for (start, word) in (0..).step_by(64).zip(&self.words) {
            let mut word = *word;
            while word != 0 {
                take(start + word.trailing_zeros() as usize);
                word &= word - 1;
            }
        }
    }
}

/// The bits of flags that are 0 or 1.
#[inline]
fn bits_of(flags: &[u8; 64]) -> u64 {
    // Moves the lowest bit of each byte to the highest byte, each to its place, without carries.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let bytes = flags.as_chunks::<8>().0.iter();
    let bits = bytes.map(|bytes| u64::from_le_bytes(*bytes).wrapping_mul(GATHER) >> 56);
    (0..).step_by(8).zip(bits).fold(0, |word, (place, bits)| word | bits << place)
}

/// A set of codes: one, or bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CodeBits {
    /// The only code, if there is only one; there are no bits then.
    single: Option<u32>,
    words: Vec<u64>,
}

impl CodeBits {
    pub(crate) fn insert(&mut self, code: u32) {
        if self.single == Some(code) {
            return;
        }
        if self.words.is_empty() && self.single.is_none() {
            self.single = Some(code);
            return;
        }
        self.single.take().into_iter().for_each(|single| self.insert_bit(single));
        self.insert_bit(code);
    }

    fn insert_bit(&mut self, code: u32) {
        let index = code as usize / 64;
        if self.words.len() <= index {
            self.words.resize(index + 1, 0);
        }
        self.words[index] |= 1 << (code % 64);
    }

    #[inline]
    pub(crate) fn has(&self, code: u32) -> bool {
        self.single == Some(code)
            || self.words.get(code as usize / 64).is_some_and(|word| word >> (code % 64) & 1 == 1)
    }

    /// The only code, if there is only one.
    pub(crate) const fn single(&self) -> Option<u32> {
        self.single
    }

    /// Bytes of memory.
    pub(crate) const fn memory_bytes(&self) -> usize {
        8 * self.words.len()
    }

    /// Whether one of the codes is in a range.
    pub(crate) fn meets(&self, min: u32, max: u32) -> bool {
        if let Some(single) = self.single {
            return (min..=max).contains(&single);
        }
        let (first, last) = (min as usize / 64, max as usize / 64);
        let words = self.words.get(first..self.words.len().min(last + 1)).unwrap_or_default();
        words.iter().zip(first..).any(|(word, index)| {
            let low = if index == first { u64::MAX << (min % 64) } else { u64::MAX };
            let high = if index == last { u64::MAX >> (63 - max % 64) } else { u64::MAX };
            word & low & high != 0
        })
    }
}

impl FromIterator<u32> for CodeBits {
    fn from_iter<I: IntoIterator<Item = u32>>(codes: I) -> Self {
        let mut bits = Self::default();
        codes.into_iter().for_each(|code| bits.insert(code));
        bits
    }
}

/// Rows of a block.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    /// All, of which there are so many.
    All(usize),
    /// Those with these indices.
    Some(Vec<u32>),
}

impl Rows {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Some(rows) => rows.len(),
        }
    }

    /// Their values in a column.
    #[inline]
    pub(crate) fn choose<T: Copy>(&self, column: &[T]) -> Vec<T> {
        match self {
            Self::All(count) => column[..*count].to_vec(),
            Self::Some(rows) => rows.iter().map(|row| column[*row as usize]).collect(),
        }
    }
}

/// Groups of rows.
#[derive(Clone, Debug)]
pub(crate) enum Groups {
    /// All rows are in the first group.
    One,
    /// The number of the group of each row.
    Each(Vec<u32>),
}

/// Rows, each with its group.
#[derive(Clone, Debug)]
pub(crate) struct Grouped {
    pub(crate) rows: Rows,
    pub(crate) groups: Groups,
    pub(crate) group_count: usize,
}

impl Grouped {
    /// Those of the rows that are in a mask, if there is one.
    pub(crate) const fn within<'g>(&'g self, mask: Option<&'g Mask>) -> GroupedIn<'g> {
        GroupedIn { grouped: self, mask }
    }
}

/// Rows with their groups, as far as they are in a mask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupedIn<'g> {
    grouped: &'g Grouped,
    mask: Option<&'g Mask>,
}

impl GroupedIn<'_> {
    /// How many groups there are.
    pub(crate) const fn group_count(&self) -> usize {
        self.grouped.group_count
    }

    /// How many rows there are at most.
    pub(crate) fn len(&self) -> usize {
        self.grouped.rows.len()
    }

    /// How many rows there are, if it is known that all are in the first group.
    pub(crate) fn len_of_one(&self) -> Option<u64> {
        let is_one = matches!(self.grouped.groups, Groups::One) && self.mask.is_none();
        is_one.then(|| self.grouped.rows.len() as u64)
    }

    /// As [`GroupedIn::each`], for the rows that are to be kept.
    #[inline]
    pub(crate) fn each_if(&self, keep: impl Fn(usize) -> bool, mut take: impl FnMut(usize, usize)) {
        self.each(|row, group| {
            if keep(row) {
                take(row, group);
            }
        });
    }

    /// Calls `take` for each row with its index in the block and the number of its group.
    #[inline]
    pub(crate) fn each(&self, mut take: impl FnMut(usize, usize)) {
        let is_in = |row: u32| self.mask.is_none_or(|mask| mask.has(row));
        match (&self.grouped.rows, &self.grouped.groups, self.mask) {
            (Rows::All(count), Groups::One, None) => (0..*count).for_each(|row| take(row, 0)),
            (Rows::All(_), Groups::One, Some(mask)) => mask.each(|row| take(row, 0)),
            (Rows::All(_), Groups::Each(groups), None) => {
                groups.iter().enumerate().for_each(|(row, group)| take(row, *group as usize));
            }
            (Rows::All(_), Groups::Each(groups), Some(mask)) => {
                mask.each(|row| take(row, groups[row] as usize));
            }
            (Rows::Some(rows), Groups::One, _) => {
                let rows = rows.iter().filter(|row| is_in(**row));
                rows.for_each(|row| take(*row as usize, 0));
            }
            (Rows::Some(rows), Groups::Each(groups), _) => {
                let pairs = rows.iter().zip(groups).filter(|(row, _)| is_in(**row));
                pairs.for_each(|(row, group)| take(*row as usize, *group as usize));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_which_rows_count() {
        let values: Vec<u32> = (0..130).collect();
        let mut mask = Mask::test(&values, |value| value % 2 == 1);
        assert_eq!(mask.rows(), (0..130).filter(|row| row % 2 == 1).collect::<Vec<_>>());
        mask.invert();
        assert_eq!(mask.rows(), (0..130).filter(|row| row % 2 == 0).collect::<Vec<_>>());
        mask.and(&Mask::test(&values, |value| value < 3));
        assert_eq!(mask.rows(), [0, 2]);
        mask.or(&Mask::test(&values, |value| value == 129));
        mask.remove(0);
        assert_eq!((mask.rows(), mask.has(129), mask.has(0)), (vec![2, 129], true, false));
        assert!(Mask::of(70, false).is_empty());
        assert_eq!(Mask::of(70, true).rows().len(), 70);
    }

    #[test]
    fn tells_whether_a_range_holds_one_of_its_codes() {
        let bits: CodeBits = [3, 70, 200].into_iter().collect();
        let table = [
            ((0, 2), false),
            ((3, 3), true),
            ((4, 69), false),
            ((64, 70), true),
            ((71, 199), false),
            ((71, 200), true),
            ((201, 900), false),
            ((0, 900), true),
        ];
        for ((min, max), expected) in table {
            assert_eq!(bits.meets(min, max), expected, "{min} to {max}");
        }
        let single: CodeBits = [5, 5].into_iter().collect();
        assert_eq!((bits.single(), single.single()), (None, Some(5)));
        let found = [single.has(5), single.has(4), single.meets(4, 5), single.meets(6, 9)];
        assert_eq!((found, single.memory_bytes()), ([true, false, true, false], 0));
        let two: CodeBits = [5, 9].into_iter().collect();
        assert_eq!([5, 9, 6].map(|code| two.has(code)), [true, true, false]);
    }
}
