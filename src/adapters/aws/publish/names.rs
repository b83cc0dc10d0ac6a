//! Names in order, in little memory. Files of one table differ in a few digits: where each name is told by what it does
//! not share with the one before, a hundred thousand take a megabyte or two, not ten.

/// Names from one that is held whole to the next such: the most that must be read to return one.
const BLOCK: usize = 16;

/// Many names, by number from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// One after the other: how many bytes of its beginning and of its end a name shares with the one before, how many
    /// are between, and these.
    packed: Vec<u8>,
    /// Where the names begin that are held whole.
    blocks: Vec<usize>,
    len: usize,
    /// How many bytes all have together.
    bytes: usize,
    last: Vec<u8>,
}

impl Names {
    pub(super) fn push(&mut self, name: &str) {
        let name = name.as_bytes();
        if self.len.is_multiple_of(BLOCK) {
            self.blocks.push(self.packed.len());
            self.last.clear();
        }
        let begin = shared(self.last.iter().zip(name));
        let end = shared(self.last[begin..].iter().rev().zip(name[begin..].iter().rev()));
        let between = &name[begin..name.len() - end];
        for it in [begin, end, between.len()] {
            write(&mut self.packed, it);
        }
        self.packed.extend_from_slice(between);
        self.len += 1;
        self.bytes += name.len();
        self.last.truncate(begin);
        self.last.extend_from_slice(&name[begin..]);
    }

    /// Says whether `name` comes after the one that was pushed last.
    pub(super) fn are_before(&self, name: &str) -> bool {
        self.len == 0 || *self.last < *name.as_bytes()
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns how many bytes all have together.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the name that was pushed as number `at`.
    pub(super) fn get(&self, at: usize) -> String {
        self.from(at).next().expect("there is a name of this number")
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = String> {
        self.from(0)
    }

    /// Returns the names from number `at` on.
    pub(super) fn from(&self, at: usize) -> impl Iterator<Item = String> {
        let mut rest = self.blocks.get(at / BLOCK).map_or(&[][..], |it| &self.packed[*it..]);
        let mut name = Vec::new();
        let all = std::iter::from_fn(move || {
            rest = next(rest, &mut name)?;
            Some(String::from_utf8(name.clone()).expect("what was a text still is one"))
        });
        all.skip(at % BLOCK)
    }
}

/// Counts the pairs of equal bytes that come first.
fn shared<'a>(pairs: impl Iterator<Item = (&'a u8, &'a u8)>) -> usize {
    pairs.take_while(|(one, other)| one == other).count()
}

/// Makes of a name the one that is packed next. Returns what is packed behind that, or `None` if there is no next.
fn next<'a>(packed: &'a [u8], name: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (begin, packed) = read(packed)?;
    let (end, packed) = read(packed)?;
    let (between, packed) = read(packed)?;
    let (between, packed) = packed.split_at_checked(between)?;
    let end = name.len().checked_sub(end)?;
    name.splice(begin..end, between.iter().copied());
    Some(packed)
}

/// Writes a number, seven bits a byte, the lowest first; all but the last byte have their highest bit set.
fn write(to: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        to.push(0x80 | low(number));
        number >>= 7;
    }
    to.push(low(number));
}

fn low(number: usize) -> u8 {
    u8::try_from(number & 0x7f).expect("seven bits are less than a byte")
}

/// Reads what [`write()`] has written, and returns what is behind it too.
fn read(from: &[u8]) -> Option<(usize, &[u8])> {
    let last = from.iter().position(|it| it & 0x80 == 0)?;
    let (number, rest) = from.split_at(last + 1);
    Some((number.iter().rev().fold(0, |sum, it| sum << 7 | usize::from(it & 0x7f)), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_come_back(names in prop::collection::btree_set("[a-cé]{0,5}", 0..60)) {
            let mut kept = Names::default();
            names.iter().for_each(|it| kept.push(it));
            prop_assert!(kept.iter().eq(names.iter().cloned()));
            prop_assert!((0..kept.len()).map(|it| kept.get(it)).eq(names.iter().cloned()));
            prop_assert_eq!(kept.from(names.len()).next(), None);
            prop_assert_eq!(kept.bytes(), names.iter().map(String::len).sum::<usize>());
        }

        #[test]
        fn names_of_any_length_and_in_any_order_come_back(names in prop::collection::vec(".{0,400}", 0..40)) {
            let mut kept = Names::default();
            names.iter().for_each(|it| kept.push(it));
            prop_assert!(kept.iter().eq(names));
        }

        #[test]
        fn numbers_come_back(number: usize, rest: Vec<u8>) {
            let mut packed = Vec::new();
            write(&mut packed, number);
            packed.extend(&rest);
            prop_assert_eq!(read(&packed), Some((number, &rest[..])));
        }
    }

    #[test]
    fn files_of_one_table_take_a_sixth() {
        let mut names = Names::default();
        let name = |part| format!("shop/public.orders/1/part-{part:05}-5e1c88f0-d6b3.gz.parquet");
        (0..10_000).for_each(|part| names.push(&name(part)));
        assert!(names.packed.len() + names.blocks.len() * 8 < names.bytes() / 6, "{}", names.packed.len());
    }
}
