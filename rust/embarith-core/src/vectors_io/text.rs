//! Text layouts: a label and its numbers a line, separated by spaces or tabs.
//!
//! The last `dimensions` fields are the numbers; what stands before them is the label, which may
//! hold spaces (`. . .` in `GloVe` 840B). Only `\n` ends a line: labels hold U+0085 and U+2028.

use std::collections::HashMap;

use memchr::{memchr, memchr_iter, memchr2};
use rayon::prelude::*;

use crate::pages::zeros;
use crate::{Control, Result};

use super::{BYTE_ORDER_MARK, Fault, Header, Labels, Layout, Options, Words};

const CHUNK: usize = 1 << 20;
/// Lines looked at to find the dimensions of a file without header.
const SAMPLE: usize = 1000;

fn is_separator(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn is_blank(byte: u8) -> bool {
    is_separator(byte) || byte == b'\r' || byte == b'\n'
}

/// The fields of a line, runs of separators taken as one.
pub(super) fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    trim_end(line)
        .split(|&byte| is_separator(byte))
        .filter(|field| !field.is_empty())
}

/// Without the spaces, tabs and line ends at the end.
pub(super) fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .iter()
        .rposition(|&byte| !is_blank(byte))
        .map_or(0, |last| last + 1);
    &bytes[..end]
}

/// What holds for every row of a file.
struct Rows<'a> {
    dimensions: usize,
    reason: &'static str,
    /// Address of the file's first byte, for offsets in messages.
    file: &'a [u8],
    /// Line that the file ends in without a newline, if it does.
    unfinished: bool,
    options: &'a Options,
}

/// A run of whole lines and what is known before they are parsed.
struct Chunk<'a> {
    text: &'a [u8],
    first_line: usize,
    /// Lines long enough to hold all numbers; others are faults and get no place in the matrix.
    rows: usize,
}

/// What one chunk gave.
struct Part {
    labels: Labels,
    dropped: usize,
}

pub(super) fn parse(
    file: &[u8],
    header: Option<Header>,
    options: &Options,
    control: &Control,
) -> Result<Words> {
    let mark = if file.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let start = header.map_or(mark, |header| header.bytes);
    let (body, after) = first_lines(&file[start..], options.limit);
    let unfinished = after.is_empty() && !file.ends_with(b"\n");
    // Empty lines are no rows at the end of the file, but bad ones within it.
    let body = if after.iter().all(|&byte| is_blank(byte)) {
        trim_end(body)
    } else {
        body
    };
    let first_line = 1 + usize::from(header.is_some());
    let (dimensions, reason) = match header {
        Some(header) => (header.dimensions, "the header on line 1"),
        None => (most_common_count(body), "as on most of the first lines"),
    };
    if dimensions == 0 {
        return Err(Fault::NoNumbers { line: first_line }.into());
    }

    let (chunks, lines) = chunks(body, first_line, dimensions, control)?;
    let total: usize = chunks.iter().map(|chunk| chunk.rows).sum();
    // A row of d numbers takes 2 d bytes or more, so this is never more than twice the file.
    let mut vectors = zeros(total * dimensions)?;
    let mut rest = vectors.as_mut_slice();
    let mut work = Vec::with_capacity(chunks.len());
    for chunk in &chunks {
        let (block, others) = rest.split_at_mut(chunk.rows * dimensions);
        work.push((chunk, block));
        rest = others;
    }
    let rows = Rows {
        dimensions,
        reason,
        file,
        unfinished,
        options,
    };
    let parts: Vec<Result<Part>> = work
        .into_par_iter()
        .map(|(chunk, block)| {
            control.check()?;
            Ok(rows.parse(chunk, block)?)
        })
        .collect();

    let mut labels = Labels::with_capacity(total, total * 8);
    let mut dropped = 0;
    let mut place = 0;
    for (chunk, part) in chunks.iter().zip(parts) {
        let part = part?;
        let kept = labels.len();
        if kept < place {
            let begin = place * dimensions;
            vectors.copy_within(
                begin..begin + part.labels.len() * dimensions,
                kept * dimensions,
            );
        }
        place += chunk.rows;
        labels.append(&part.labels)?;
        dropped += part.dropped;
    }
    vectors.truncate(labels.len() * dimensions);
    if let Some(Header {
        rows: says,
        dimensions,
        ..
    }) = header
        && lines != says.min(options.limit.unwrap_or(says))
    {
        return Err(Fault::HeaderRows {
            says,
            dimensions,
            found: lines,
        }
        .into());
    }
    let layout = if header.is_some() {
        Layout::Word2vecText
    } else {
        Layout::Glove
    };
    Ok(Words {
        layout,
        labels,
        vectors,
        dimensions,
        dropped,
    })
}

/// The first so many lines, found without touching what follows, and what follows.
fn first_lines(text: &[u8], limit: Option<usize>) -> (&[u8], &[u8]) {
    let end = match limit {
        None => text.len(),
        Some(0) => 0,
        Some(limit) => memchr_iter(b'\n', text)
            .nth(limit - 1)
            .map_or(text.len(), |end| end + 1),
    };
    text.split_at(end)
}

/// Numbers a row by the most common count among the first lines. Of equally common counts the
/// larger one, so that the others are faults and never labels with spaces.
fn most_common_count(body: &[u8]) -> usize {
    let mut seen: HashMap<usize, usize> = HashMap::new();
    for line in lines(body).take(SAMPLE) {
        *seen.entry(numbers(line)).or_default() += 1;
    }
    seen.into_iter()
        .map(|(count, times)| (times, count))
        .max()
        .map_or(0, |(_, count)| count)
}

/// Fields after the label, which is empty when the line begins with a separator.
fn numbers(line: &[u8]) -> usize {
    let labelled = line.first().is_some_and(|&byte| !is_separator(byte));
    fields(line).count().saturating_sub(usize::from(labelled))
}

/// Cut the body at line ends and count, in parallel.
fn chunks<'t>(
    body: &'t [u8],
    first_line: usize,
    dimensions: usize,
    control: &Control,
) -> Result<(Vec<Chunk<'t>>, usize)> {
    let mut texts = Vec::with_capacity(body.len() / CHUNK + 1);
    let mut rest = body;
    while !rest.is_empty() {
        let after = CHUNK.min(rest.len());
        let end = memchr(b'\n', &rest[after..]).map_or(rest.len(), |newline| after + newline + 1);
        let (text, others) = rest.split_at(end);
        texts.push(text);
        rest = others;
    }
    let counts: Vec<(usize, usize)> = texts
        .par_iter()
        .map(|text| {
            control.check()?;
            Ok(lines(text).fold((0, 0), |(lines, rows), line| {
                (lines + 1, rows + usize::from(line.len() / 2 >= dimensions))
            }))
        })
        .collect::<Result<_>>()?;
    let mut seen = 0;
    let chunks = texts.into_iter().zip(counts).map(|(text, (lines, rows))| {
        seen += lines;
        Chunk {
            text,
            first_line: first_line + seen - lines,
            rows,
        }
    });
    Ok((chunks.collect(), seen))
}

/// The lines of a chunk, without the empty one after its last newline.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let mut start = 0;
    memchr_iter(b'\n', text)
        .chain(std::iter::once(text.len()))
        .map(move |end| {
            let line = &text[start..end];
            start = end + 1;
            line
        })
}

impl Rows<'_> {
    fn parse(&self, chunk: &Chunk<'_>, block: &mut [f32]) -> std::result::Result<Part, Fault> {
        let mut labels = Labels::with_capacity(chunk.rows, chunk.rows * 8);
        let mut dropped = 0;
        for (index, line) in lines(chunk.text).enumerate() {
            let number = chunk.first_line + index;
            let place = labels.len() * self.dimensions;
            let row = block.get_mut(place..place + self.dimensions);
            match self.row(trim_end(line), number, row) {
                Ok(label) => labels.push(&self.decode(label, number)?)?,
                Err(_) if self.options.drop_bad => dropped += 1,
                Err(fault) => return Err(fault),
            }
        }
        Ok(Part { labels, dropped })
    }

    /// Parse one line into `row`, which is `None` only where the rows counted are used up.
    fn row<'l>(
        &self,
        line: &'l [u8],
        number: usize,
        row: Option<&mut [f32]>,
    ) -> std::result::Result<&'l [u8], Fault> {
        let Some(row) = row else {
            return Err(self.short(line, number));
        };
        match simple_row(line, row) {
            Some(label) => Ok(label),
            None => self.odd_row(line, number, row),
        }
    }

    /// Rows that are not plainly label and numbers: labels with spaces, and faults.
    fn odd_row<'l>(
        &self,
        line: &'l [u8],
        number: usize,
        row: &mut [f32],
    ) -> std::result::Result<&'l [u8], Fault> {
        let found = numbers(line);
        if found < self.dimensions {
            return Err(self.short(line, number));
        }
        let all: Vec<&[u8]> = fields(line).collect();
        let (before, values) = all.split_at(all.len() - self.dimensions);
        for (index, (slot, text)) in row.iter_mut().zip(values).enumerate() {
            *slot = fast_float2::parse(text).map_err(|_| Fault::Number {
                line: number,
                position: index + 1,
                text: String::from_utf8_lossy(text).into_owned(),
            })?;
        }
        let is_number = |field: &&&[u8]| fast_float2::parse::<f32, _>(field).is_ok();
        let excess = before
            .iter()
            .rev()
            .take(found - self.dimensions)
            .take_while(is_number)
            .count();
        if excess > 0 {
            let (expected, reason) = (self.dimensions, self.reason);
            return Err(Fault::LongRow {
                line: number,
                found: expected + excess,
                expected,
                reason,
            });
        }
        let label_end = before
            .last()
            .map_or(0, |last| offset(line, last) + last.len());
        Ok(&line[..label_end])
    }

    fn short(&self, line: &[u8], number: usize) -> Fault {
        Fault::ShortRow {
            line: number,
            found: numbers(line),
            expected: self.dimensions,
            reason: self.reason,
            last: self.unfinished && offset(self.file, line) + line.len() == self.file.len(),
        }
    }

    fn decode<'l>(
        &self,
        label: &'l [u8],
        line: usize,
    ) -> std::result::Result<std::borrow::Cow<'l, [u8]>, Fault> {
        self.options
            .utf8
            .decode(label)
            .ok_or_else(|| Fault::TextUtf8 {
                line,
                byte: offset(self.file, label),
                label: String::from_utf8_lossy(label).into_owned(),
            })
    }
}

/// Where `part`, a piece of `whole`, begins in it.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

/// A label without separators and exactly as many numbers as `row` takes, or `None`.
fn simple_row<'l>(line: &'l [u8], row: &mut [f32]) -> Option<&'l [u8]> {
    let label_end = memchr2(b' ', b'\t', line)?;
    let (label, mut rest) = line.split_at(label_end);
    for slot in row {
        let blank = rest.iter().take_while(|&&byte| is_separator(byte)).count();
        if blank == 0 {
            return None;
        }
        let (value, length) = fast_float2::parse_partial(&rest[blank..]).ok()?;
        *slot = value;
        rest = &rest[blank + length..];
    }
    rest.is_empty().then_some(label)
}
