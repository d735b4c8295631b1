//! What the two targets for word vectors share: how files are told apart, done the slow way, and
//! the comparison.
//!
//! The first byte of an input holds the options, the others are the file, so that inputs can be
//! read and written by hand: `@` is strict, `A` replaces and `B` ignores broken UTF-8, `D` drops
//! bad rows, `H`, `P` and `X` limit to 0, 1 and 2 rows.

use embarith_core::Control;
use embarith_core::vectors_io::{Layout, Options, Utf8, parse};
use rayon::ThreadPoolBuilder;

/// What a file holds.
pub struct Slow {
    pub labels: Vec<Vec<u8>>,
    pub vectors: Vec<f32>,
    pub dimensions: usize,
    pub dropped: usize,
}

/// `None` is a refusal.
type Parser = fn(file: &[u8], header: Option<Header>, options: &Options) -> Option<Slow>;

#[derive(Clone, Copy)]
pub struct Header {
    pub rows: usize,
    pub dimensions: usize,
    /// Where the next line begins.
    pub end: usize,
}

/// Keeps to the fuzzer's thread: to wake others takes longer than to parse a few lines.
pub fn on_this_thread() {
    ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build_global()
        .unwrap();
}

/// Whether the file is of one of the layouts and both parsers agree on it.
pub fn agree(input: &[u8], layouts: &[Layout], slow: Parser) -> bool {
    let Some((&choice, file)) = input.split_first() else {
        return false;
    };
    let options = options(choice);
    let fast = parse(file, &options, &Control::default());
    let Some((layout, header)) = sniff(file) else {
        assert!(fast.is_err(), "layout, {options:?}: {fast:?}");
        return false;
    };
    if !layouts.contains(&layout) {
        return false;
    }
    let slow = slow(file, header, &options);
    match (&fast, &slow) {
        (Err(_), None) => {}
        (Ok(words), Some(slow)) => {
            let labels: Vec<&[u8]> = (0..words.labels.len())
                .map(|row| words.labels.get(row))
                .collect();
            assert_eq!(labels, slow.labels, "labels, {options:?}");
            assert_eq!(
                bits(&words.vectors),
                bits(&slow.vectors),
                "numbers, {options:?}"
            );
            assert_eq!(
                (words.layout, words.dimensions, words.dropped),
                (layout, slow.dimensions, slow.dropped),
                "{options:?}"
            );
        }
        (fast, slow) => panic!(
            "the slow parser {}, {options:?}: {fast:?}",
            if slow.is_some() { "accepts" } else { "refuses" }
        ),
    }
    true
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn options(choice: u8) -> Options {
    Options {
        utf8: [Utf8::Strict, Utf8::Replace, Utf8::Ignore, Utf8::Strict][usize::from(choice & 3)],
        drop_bad: choice & 4 != 0,
        limit: usize::from(choice >> 3 & 7).checked_sub(1),
    }
}

fn sniff(file: &[u8]) -> Option<(Layout, Option<Header>)> {
    if file.iter().all(|byte| b" \t\r\n".contains(byte)) {
        return None;
    }
    let Some(header) = header(file).ok()? else {
        return (!file.contains(&0)).then_some((Layout::Glove, None));
    };
    let body = &file[header.end..];
    let of_numbers = |byte: &&u8| b"0123456789+-.eE \t\r\n".contains(byte);
    let text = !body.contains(&0) && 3 * body.iter().filter(of_numbers).count() >= body.len();
    let layout = if text {
        Layout::Word2vecText
    } else {
        Layout::Word2vecBinary
    };
    Some((layout, Some(header)))
}

/// Two integers alone on a first line of 128 bytes or fewer; an error if they are no sizes.
fn header(file: &[u8]) -> Result<Option<Header>, ()> {
    let line = file.split(|&byte| byte == b'\n').next().unwrap_or(file);
    let end = file.len().min(line.len() + 1);
    let text = std::str::from_utf8(line).unwrap_or("");
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fields: Vec<&str> = text
        .trim_end_matches([' ', '\t', '\r'])
        .split([' ', '\t'])
        .filter(|field| !field.is_empty())
        .collect();
    let integer = |field: &&str| {
        let digits = field.strip_prefix('-').unwrap_or(field);
        !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit())
    };
    if line.len() > 128 || fields.len() != 2 || !fields.iter().all(integer) {
        return Ok(None);
    }
    match (fields[0].parse(), fields[1].parse()) {
        (Ok(rows @ 1..), Ok(dimensions @ 1..)) => Ok(Some(Header {
            rows,
            dimensions,
            end,
        })),
        _ => Err(()),
    }
}

/// The label in UTF-8, character by character; `None` if it must not be broken and is.
pub fn decode(label: &[u8], utf8: Utf8) -> Option<Vec<u8>> {
    match (std::str::from_utf8(label), utf8) {
        (Ok(_), _) => Some(label.to_vec()),
        (Err(_), Utf8::Strict) => None,
        (Err(_), Utf8::Replace) => Some(String::from_utf8_lossy(label).into_owned().into_bytes()),
        (Err(error), Utf8::Ignore) => {
            let (valid, rest) = label.split_at(error.valid_up_to());
            let broken = error.error_len().unwrap_or(rest.len());
            Some([valid, &decode(&rest[broken..], utf8)?].concat())
        }
    }
}
