//! The parser of word2vec, fastText and `GloVe` text against a slow and obvious one.
#![no_main]

mod words;

use embarith_core::vectors_io::{Layout, Options};
use libfuzzer_sys::{Corpus, fuzz_target};
use words::{Header, Slow, agree, decode, on_this_thread};

fuzz_target!(init: on_this_thread(), |input: &[u8]| -> Corpus {
    if agree(input, &[Layout::Word2vecText, Layout::Glove], slow) {
        Corpus::Keep
    } else {
        Corpus::Reject
    }
});

fn slow(file: &[u8], header: Option<Header>, options: &Options) -> Option<Slow> {
    let start = match header {
        Some(header) => header.end,
        None if file.starts_with(b"\xef\xbb\xbf") => 3,
        None => 0,
    };
    let lines = lines(&file[start..], options.limit);
    let dimensions = header.map_or_else(|| most_common_count(&lines), |header| header.dimensions);
    let limit = options.limit.unwrap_or(usize::MAX);
    if dimensions == 0 || header.is_some_and(|header| lines.len() != header.rows.min(limit)) {
        return None;
    }
    let mut slow = Slow {
        labels: Vec::new(),
        vectors: Vec::new(),
        dimensions,
        dropped: 0,
    };
    for line in lines {
        match row(line, dimensions) {
            Some((label, numbers)) => {
                slow.labels.push(decode(label, options.utf8)?);
                slow.vectors.extend(numbers);
            }
            None if options.drop_bad => slow.dropped += 1,
            None => return None,
        }
    }
    Some(slow)
}

/// The lines, without blanks at their ends and without empty lines at the end of the file.
fn lines(body: &[u8], limit: Option<usize>) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = body.split(|&byte| byte == b'\n').map(trim_end).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines.truncate(limit.unwrap_or(usize::MAX));
    lines
}

fn trim_end(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t' | b'\r'] = line {
        line = rest;
    }
    line
}

/// Where the fields of a line begin and end.
fn fields(line: &[u8]) -> Vec<(usize, usize)> {
    let mut fields = Vec::new();
    let mut start = 0;
    for field in line.split(|&byte| byte == b' ' || byte == b'\t') {
        if !field.is_empty() {
            fields.push((start, start + field.len()));
        }
        start += field.len() + 1;
    }
    fields
}

/// Whether a line begins with a label; before a separator there is only the empty one.
fn is_labelled(line: &[u8]) -> bool {
    !matches!(line, [] | [b' ' | b'\t', ..])
}

fn count(line: &[u8]) -> usize {
    fields(line).len() - usize::from(is_labelled(line))
}

/// Numbers on most of the first 1,000 lines; of equally common counts the larger one.
fn most_common_count(lines: &[&[u8]]) -> usize {
    let counts: Vec<usize> = lines.iter().take(1000).map(|line| count(line)).collect();
    let times = |count: usize| counts.iter().filter(|&&other| other == count).count();
    let most = counts.iter().max_by_key(|&&count| (times(count), count));
    most.copied().unwrap_or(0)
}

/// Label and numbers, or `None` for a bad row.
fn row(line: &[u8], dimensions: usize) -> Option<(&[u8], Vec<f32>)> {
    if count(line) < dimensions {
        return None;
    }
    let number = |&(start, end): &(usize, usize)| -> Option<f32> {
        std::str::from_utf8(&line[start..end]).ok()?.parse().ok()
    };
    let fields = fields(line);
    let (before, numbers) = fields.split_at(fields.len() - dimensions);
    let numbers: Vec<f32> = numbers.iter().map(number).collect::<Option<_>>()?;
    let Some(last) = before.last() else {
        return Some((b"", numbers));
    };
    // A label that ends in a space and a number is a number too many.
    let alone = last.0 == 0;
    (alone || number(last).is_none()).then_some((&line[..last.1], numbers))
}
