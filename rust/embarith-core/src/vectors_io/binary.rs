//! word2vec's binary layout: a header line, then label, space and little-endian f32 values a row.
//! word2vec.c ends each row with a newline, gensim does not.

use memchr::memchr;
use rayon::prelude::*;

use crate::pages::zeros;
use crate::{Control, Error, Result};

use super::{Fault, Header, Labels, Layout, Options, Words};

const ROWS_A_TASK: usize = 4096;

pub(super) fn parse(
    bytes: &[u8],
    header: Header,
    options: &Options,
    control: &Control,
) -> Result<Words> {
    let Header {
        rows: says,
        dimensions,
        bytes: start,
    } = header;
    let rows = says.min(options.limit.unwrap_or(says));
    check_size(bytes.len(), rows, header)?;

    let mut labels = Labels::with_capacity(rows, rows * 8);
    let mut starts = Vec::with_capacity(rows);
    let mut at = start;
    for row in 0..rows {
        if row.is_multiple_of(ROWS_A_TASK) {
            control.check()?;
        }
        while bytes.get(at) == Some(&b'\n') {
            at += 1;
        }
        let cut = || Fault::Truncated {
            byte: at,
            row,
            rows: says,
            dimensions,
        };
        let length = memchr(b' ', &bytes[at..]).ok_or_else(cut)?;
        let label = &bytes[at..at + length];
        let vector = at + length + 1;
        if bytes.len() - vector < 4 * dimensions {
            return Err(cut().into());
        }
        let decoded = options
            .utf8
            .decode(label)
            .ok_or_else(|| Fault::BinaryUtf8 {
                byte: at,
                row,
                label: String::from_utf8_lossy(&label[..length.min(64)]).into_owned(),
                dimensions,
            })?;
        labels.push(&decoded)?;
        starts.push(vector);
        at = vector + 4 * dimensions;
    }
    let extra = bytes[at..].iter().position(|&byte| byte != b'\n');
    if let (Some(skipped), true) = (extra, rows == says) {
        let byte = at + skipped;
        return Err(Fault::Trailing {
            byte,
            extra: bytes.len() - byte,
            rows,
            dimensions,
        }
        .into());
    }

    let mut vectors = zeros(rows * dimensions)?;
    vectors
        .par_chunks_mut(dimensions.saturating_mul(ROWS_A_TASK))
        .zip(starts.par_chunks(ROWS_A_TASK))
        .try_for_each(|(block, starts)| {
            control.check()?;
            for (row, &start) in block.chunks_exact_mut(dimensions).zip(starts) {
                let (values, _) = bytes[start..start + 4 * dimensions].as_chunks();
                for (number, &value) in row.iter_mut().zip(values) {
                    *number = f32::from_le_bytes(value);
                }
            }
            Ok::<_, Error>(())
        })?;
    Ok(Words {
        layout: Layout::Word2vecBinary,
        labels,
        vectors,
        dimensions,
        dropped: 0,
    })
}

/// Refuse sizes that the file cannot hold before anything is allocated for them.
fn check_size(has: usize, rows: usize, header: Header) -> std::result::Result<(), Fault> {
    let Header {
        rows: says,
        dimensions,
        bytes,
    } = header;
    let bytes_for = |rows: usize| bytes as u128 + rows as u128 * (1 + 4 * dimensions as u128);
    if bytes_for(rows) <= has as u128 {
        return Ok(());
    }
    Err(Fault::HeaderSize {
        rows: says,
        dimensions,
        needs: bytes_for(says),
        has,
    })
}
