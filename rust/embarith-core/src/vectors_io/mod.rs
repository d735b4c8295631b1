//! Word vectors out of word2vec .bin, word2vec .txt, fastText .vec and `GloVe` text, in parallel
//! and from a memory map.
//!
//! The text layouts differ only in the header line `rows dimensions`, which `GloVe` lacks. Labels
//! come back the way Arrow stores strings (offsets and one run of bytes), vectors as one
//! contiguous matrix, so that nothing is made per row.

mod binary;
mod fault;
mod labels;
mod text;

use std::fs::File;
use std::path::Path;

use crate::{Control, Result};

pub use fault::Fault;
pub use labels::{Labels, Utf8};

use text::{fields, trim_end};

/// The layouts told apart by [`sniff`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Header line, then `label`, a space and little-endian f32 values for each row.
    Word2vecBinary,
    /// Header line, then one row a line; fastText's .vec is the same.
    Word2vecText,
    /// One row a line without a header.
    Glove,
}

impl Layout {
    /// The name that provenance records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Word2vecBinary => "word2vec-binary",
            Self::Word2vecText => "word2vec-text",
            Self::Glove => "glove",
        }
    }
}

/// What the first line of a word2vec file claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Number of rows that follow.
    pub rows: usize,
    /// Numbers in each row.
    pub dimensions: usize,
    /// Bytes of the header, its newline included.
    bytes: usize,
}

/// How to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Read the first so many rows of the file and leave the rest untouched.
    pub limit: Option<usize>,
    /// What to do about labels that are not UTF-8.
    pub utf8: Utf8,
    /// Leave out and count short rows, long rows and rows with a bad number.
    pub drop_bad: bool,
}

/// Labels and vectors of one file.
#[derive(Debug, PartialEq)]
pub struct Words {
    /// Layout that was found.
    pub layout: Layout,
    /// One label a row.
    pub labels: Labels,
    /// Row-major matrix, `labels.len()` × `dimensions`.
    pub vectors: Vec<f32>,
    /// Numbers in each row.
    pub dimensions: usize,
    /// Rows left out because of `drop_bad`.
    pub dropped: usize,
}

/// Read the word vectors of a file through a memory map.
///
/// # Errors
/// As [`parse`], and [`Fault::Io`] with the operating system's error.
pub fn read(path: &Path, options: &Options, control: &Control) -> Result<Words> {
    let file = File::open(path).map_err(Fault::Io)?;
    if file.metadata().map_err(Fault::Io)?.len() == 0 {
        return Err(Fault::Empty.into());
    }
    // SAFETY: the map is private, read-only and dropped before this function returns. Truncation
    // by another process while it lives would raise SIGBUS, as with every mapped reader; bytes
    // that change under it can change what is parsed but break no invariant, because each is
    // checked where it is used and labels are validated from the copy that is kept.
    let map = unsafe { memmap2::Mmap::map(&file) }.map_err(Fault::Io)?;
    parse(&map, options, control)
}

/// Parse word vectors that lie in memory.
///
/// # Errors
/// [`Fault`] with the line or byte at fault; [`crate::Error::Memory`] for more vectors than there is
/// room for; [`crate::Error::Interrupted`] if `control` was cancelled.
pub fn parse(bytes: &[u8], options: &Options, control: &Control) -> Result<Words> {
    let (layout, header) = sniff(bytes)?;
    match (layout, header) {
        (Layout::Word2vecBinary, Some(header)) => binary::parse(bytes, header, options, control),
        (_, header) => text::parse(bytes, header, options, control),
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const HEADER_MAX: usize = 128;
const SNIFFED: usize = 1 << 16;

/// Find the layout of word vectors from their first bytes.
///
/// # Errors
/// [`Fault`] if the bytes are empty, binary without a header, or have a header of impossible sizes.
pub fn sniff(bytes: &[u8]) -> std::result::Result<(Layout, Option<Header>), Fault> {
    let window = &bytes[..bytes.len().min(SNIFFED)];
    if trim_end(window).is_empty() {
        return Err(Fault::Empty);
    }
    let Some(header) = header(window)? else {
        if window.contains(&0) {
            return Err(Fault::NotWords);
        }
        return Ok((Layout::Glove, None));
    };
    let body = &window[header.bytes..];
    // Text is made of digits for the most part; of the bytes of little-endian floats about one in
    // sixteen looks like one, and nearly all vectors hold a zero byte early on.
    let digits = body
        .iter()
        .filter(|byte| b"0123456789+-.eE \t\r\n".contains(byte))
        .count();
    let text = !body.contains(&0) && digits * 3 >= body.len();
    let layout = if text {
        Layout::Word2vecText
    } else {
        Layout::Word2vecBinary
    };
    Ok((layout, Some(header)))
}

fn header(window: &[u8]) -> std::result::Result<Option<Header>, Fault> {
    let start = if window.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let end = memchr::memchr(b'\n', window).unwrap_or(window.len());
    if end > HEADER_MAX {
        return Ok(None);
    }
    let line = &window[start..end];
    let integers: Vec<&[u8]> = fields(line).collect();
    let [rows, dimensions] = integers[..] else {
        return Ok(None);
    };
    if !(is_integer(rows) && is_integer(dimensions)) {
        return Ok(None);
    }
    let size = |field: &[u8]| {
        std::str::from_utf8(field)
            .ok()?
            .parse()
            .ok()
            .filter(|&n| n > 0usize)
    };
    match (size(rows), size(dimensions)) {
        (Some(rows), Some(dimensions)) => {
            let bytes = (end + 1).min(window.len());
            Ok(Some(Header {
                rows,
                dimensions,
                bytes,
            }))
        }
        _ => Err(Fault::Header {
            text: String::from_utf8_lossy(trim_end(line)).into_owned(),
        }),
    }
}

fn is_integer(field: &[u8]) -> bool {
    let digits = field.strip_prefix(b"-").unwrap_or(field);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}
