//! Which row a label names: a hash table of row numbers, over labels that stay in Arrow's buffers.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::{Control, Error, Result};

/// Labels end to end, and where each begins and ends.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    offsets: &'a [i32],
    bytes: &'a [u8],
}

impl<'a> Labels<'a> {
    /// Borrows Arrow's buffers: label i is `bytes[offsets[i]..offsets[i + 1]]`.
    #[must_use]
    pub fn new(offsets: &'a [i32], bytes: &'a [u8]) -> Self {
        Self { offsets, bytes }
    }

    fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    fn get(&self, row: usize) -> &'a [u8] {
        &self.bytes[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }
}

/// Rows by the hash of their label.
#[derive(Clone, Debug)]
pub struct LabelIndex {
    rows: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl LabelIndex {
    /// Indexes labels; of equal ones the first counts.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] for offsets that fall, lie outside of the bytes, or are too many;
    /// [`Error::Interrupted`] if `control` was cancelled.
    pub fn new(labels: Labels<'_>, control: &Control) -> Result<Self> {
        let ends = labels.offsets.last().map_or(0, |&last| last as usize);
        let rising = labels.offsets.is_sorted() && labels.offsets.first().is_none_or(|&at| at >= 0);
        if !rising || ends > labels.bytes.len() || u32::try_from(labels.len()).is_err() {
            return Err(Error::Shape("label offsets do not fit their bytes".into()));
        }
        let mut index = Self {
            rows: HashTable::with_capacity(labels.len()),
            hasher: DefaultHashBuilder::default(),
        };
        let Self { rows, hasher } = &mut index;
        for row in 0..labels.len() {
            control.check()?;
            let label = labels.get(row);
            let same = |&other: &u32| labels.get(other as usize) == label;
            let hash = |&other: &u32| hasher.hash_one(labels.get(other as usize));
            rows.entry(hasher.hash_one(label), same, hash)
                .or_insert(row as u32);
        }
        Ok(index)
    }

    /// How many labels differ from each other.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.rows.len()
    }

    /// The row of a label among those that were indexed.
    #[must_use]
    pub fn find(&self, labels: Labels<'_>, label: &[u8]) -> Option<usize> {
        let same = |&row: &u32| labels.get(row as usize) == label;
        let row = self.rows.find(self.hasher.hash_one(label), same)?;
        Some(*row as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_is_found_at_its_first_row() {
        let words: Vec<String> = (0..5000).map(|i| format!("w{}", i % 4999)).collect();
        let mut offsets = vec![0];
        let mut bytes = Vec::new();
        for word in &words {
            bytes.extend(word.as_bytes());
            offsets.push(bytes.len() as i32);
        }
        let labels = Labels::new(&offsets, &bytes);
        let control = Control::default();
        let index = LabelIndex::new(labels, &control).unwrap();
        for (row, word) in words.iter().enumerate() {
            assert_eq!(index.find(labels, word.as_bytes()), Some(row % 4999));
        }
        assert_eq!(index.distinct(), 4999);
        assert_eq!(index.find(labels, b"w"), None);
        assert_eq!(index.find(labels, b""), None);
        control.cancel();
        assert!(LabelIndex::new(labels, &control).is_err());
    }

    #[test]
    fn no_labels_hold_none() {
        for offsets in [&[][..], &[0]] {
            let labels = Labels::new(offsets, b"");
            let index = LabelIndex::new(labels, &Control::default()).unwrap();
            assert_eq!(index.find(labels, b""), None);
        }
    }

    #[test]
    fn offsets_that_do_not_fit_are_refused() {
        for offsets in [&[0, 3, 2][..], &[0, 9], &[-1, 2]] {
            let labels = Labels::new(offsets, b"abcd");
            assert!(LabelIndex::new(labels, &Control::default()).is_err());
        }
    }
}
