//! What can be wrong with a file of word vectors.

/// A fault of a word-vector file, with its line (from 1) or byte (from 0) and the values.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The operating system's word on the file.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// Binary bytes, but no word2vec header.
    #[error("neither text nor word2vec binary: zero bytes and no header line `rows dimensions`")]
    NotWords,
    /// A header whose sizes cannot be.
    #[error("line 1: the header {text:?} must hold two positive sizes, rows and dimensions")]
    Header {
        /// The line.
        text: String,
    },
    /// A header with another number of rows than the file.
    #[error(
        "line 1: the header says {says} rows of {dimensions} numbers, but the file holds {found} rows"
    )]
    HeaderRows {
        /// Rows claimed.
        says: usize,
        /// Dimensions claimed.
        dimensions: usize,
        /// Rows found.
        found: usize,
    },
    /// A binary header that needs more bytes than there are.
    #[error(
        "line 1: the header says {rows} rows of {dimensions} numbers, at least {needs} bytes, but the file \
         has {has}: it is cut, or the header lies"
    )]
    HeaderSize {
        /// Rows claimed.
        rows: usize,
        /// Dimensions claimed.
        dimensions: usize,
        /// Bytes that these take at least.
        needs: u128,
        /// Bytes in the file.
        has: usize,
    },
    /// A first line without numbers.
    #[error("line {line}: a label but no numbers")]
    NoNumbers {
        /// Line, from 1.
        line: usize,
    },
    /// A row with too few numbers.
    #[error("line {line}: {found} numbers, expected {expected} ({reason}){}", if *.last { "; the file ends here, it may be cut" } else { "" })]
    ShortRow {
        /// Line, from 1.
        line: usize,
        /// Numbers found.
        found: usize,
        /// Numbers expected.
        expected: usize,
        /// Where the expectation comes from.
        reason: &'static str,
        /// Whether this is an unfinished last line.
        last: bool,
    },
    /// A row with too many numbers.
    #[error(
        "line {line}: {found} numbers, expected {expected} ({reason}); a label must not end in a space and a number"
    )]
    LongRow {
        /// Line, from 1.
        line: usize,
        /// Numbers found.
        found: usize,
        /// Numbers expected.
        expected: usize,
        /// Where the expectation comes from.
        reason: &'static str,
    },
    /// A field that is no number.
    #[error("line {line}, number {position}: {text:?} is not a number")]
    Number {
        /// Line, from 1.
        line: usize,
        /// Number within the row, from 1.
        position: usize,
        /// The field.
        text: String,
    },
    /// A label of a text file that is not UTF-8.
    #[error(
        "line {line}, byte {byte}: the label {label:?} is not UTF-8; read with errors=\"replace\" or \"ignore\""
    )]
    TextUtf8 {
        /// Line, from 1.
        line: usize,
        /// Byte in the file, from 0.
        byte: usize,
        /// The label, with U+FFFD for what is broken.
        label: String,
    },
    /// A label of a binary file that is not UTF-8.
    #[error(
        "byte {byte}: the label of row {row}, {label:?}, is not UTF-8; read with errors=\"replace\" or \"ignore\", \
         or the header's {dimensions} dimensions are wrong"
    )]
    BinaryUtf8 {
        /// Byte in the file, from 0.
        byte: usize,
        /// Row, from 0.
        row: usize,
        /// The label, with U+FFFD for what is broken.
        label: String,
        /// Dimensions claimed by the header.
        dimensions: usize,
    },
    /// A binary file that ends too early.
    #[error(
        "byte {byte}: the file ends within row {row} of {rows} rows of {dimensions} numbers: it is cut, or the \
         header lies"
    )]
    Truncated {
        /// Byte at which the row begins, from 0.
        byte: usize,
        /// Row, from 0.
        row: usize,
        /// Rows claimed by the header.
        rows: usize,
        /// Dimensions claimed by the header.
        dimensions: usize,
    },
    /// A binary file with more in it than the header says.
    #[error(
        "byte {byte}: {extra} bytes follow the {rows} rows of {dimensions} numbers that the header says: the \
         header lies"
    )]
    Trailing {
        /// First byte too many, from 0.
        byte: usize,
        /// How many follow.
        extra: usize,
        /// Rows claimed by the header.
        rows: usize,
        /// Dimensions claimed by the header.
        dimensions: usize,
    },
    /// More text in the labels than Arrow's 32-bit offsets reach.
    #[error("the labels hold {0} bytes; a table takes {max} at most", max = i32::MAX)]
    LabelBytes(usize),
}
