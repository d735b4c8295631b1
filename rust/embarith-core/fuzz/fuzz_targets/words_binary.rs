//! The parser of word2vec's binary layout against a slow and obvious one.
#![no_main]

mod words;

use embarith_core::vectors_io::{Layout, Options};
use libfuzzer_sys::{Corpus, fuzz_target};
use words::{Header, Slow, agree, decode, on_this_thread};

fuzz_target!(init: on_this_thread(), |input: &[u8]| -> Corpus {
    if agree(input, &[Layout::Word2vecBinary], slow) {
        Corpus::Keep
    } else {
        Corpus::Reject
    }
});

fn slow(file: &[u8], header: Option<Header>, options: &Options) -> Option<Slow> {
    let header = header?;
    let mut slow = Slow {
        labels: Vec::new(),
        vectors: Vec::new(),
        dimensions: header.dimensions,
        dropped: 0,
    };
    let mut rest = file[header.end..].iter().copied();
    for _ in 0..header.rows.min(options.limit.unwrap_or(usize::MAX)) {
        let mut label = Vec::new();
        loop {
            match rest.next()? {
                b' ' => break,
                b'\n' if label.is_empty() => {}
                byte => label.push(byte),
            }
        }
        for _ in 0..header.dimensions {
            let bytes = [rest.next()?, rest.next()?, rest.next()?, rest.next()?];
            slow.vectors.push(f32::from_le_bytes(bytes));
        }
        slow.labels.push(decode(&label, options.utf8)?);
    }
    let whole = slow.labels.len() == header.rows;
    (!whole || rest.all(|byte| byte == b'\n')).then_some(slow)
}
