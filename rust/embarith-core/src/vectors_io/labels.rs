//! Labels as Arrow keeps strings: one run of bytes and the offsets of its pieces.

use std::borrow::Cow;

use super::Fault;

/// What to do about bytes that are not UTF-8, by the names of Python's `errors`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Utf8 {
    /// Refuse the file.
    #[default]
    Strict,
    /// Put U+FFFD for each maximal run that begins no character.
    Replace,
    /// Leave the broken bytes out.
    Ignore,
}

impl Utf8 {
    /// The label as valid UTF-8, or `None` if it is broken and must not be.
    pub(super) fn decode(self, label: &[u8]) -> Option<Cow<'_, [u8]>> {
        if std::str::from_utf8(label).is_ok() {
            return Some(Cow::Borrowed(label));
        }
        let stand_in = match self {
            Self::Strict => return None,
            Self::Replace => "\u{fffd}".as_bytes(),
            Self::Ignore => b"",
        };
        let mut decoded = Vec::with_capacity(label.len());
        for chunk in label.utf8_chunks() {
            decoded.extend_from_slice(chunk.valid().as_bytes());
            if !chunk.invalid().is_empty() {
                decoded.extend_from_slice(stand_in);
            }
        }
        Some(Cow::Owned(decoded))
    }
}

/// Strings in the layout of an Arrow string array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Start of each label and the end of the last: one more than there are labels.
    pub offsets: Vec<i32>,
    /// All labels, one after the other, valid UTF-8.
    pub bytes: Vec<u8>,
}

impl Labels {
    pub(super) fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            offsets,
            bytes: Vec::with_capacity(bytes),
        }
    }

    pub(super) fn push(&mut self, label: &[u8]) -> Result<(), Fault> {
        self.bytes.extend_from_slice(label);
        let end = self.bytes.len();
        self.offsets
            .push(i32::try_from(end).map_err(|_| Fault::LabelBytes(end))?);
        Ok(())
    }

    pub(super) fn append(&mut self, other: &Self) -> Result<(), Fault> {
        let base = self.bytes.len();
        let end = base + other.bytes.len();
        let (Ok(base), Ok(_)) = (i32::try_from(base), i32::try_from(end)) else {
            return Err(Fault::LabelBytes(end));
        };
        self.bytes.extend_from_slice(&other.bytes);
        self.offsets
            .extend(other.offsets[1..].iter().map(|offset| base + offset));
        Ok(())
    }

    /// Number of labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of label `row`.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> &[u8] {
        &self.bytes[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }
}
