//! The parsers against a slow and obvious one, on files made at random and on every fault.
// Parsed numbers must be equal to the bit, and texts are put together for reading, not for speed.
#![allow(clippy::float_cmp, clippy::format_collect)]

use embarith_core::vectors_io::{self, Fault, Layout, Options, Utf8, Words};
use embarith_core::{Control, Error};
use proptest::prelude::*;

const STRICT: Options = Options {
    limit: None,
    utf8: Utf8::Strict,
    drop_bad: false,
};

fn parse(bytes: &[u8], options: &Options) -> Result<Words, Error> {
    vectors_io::parse(bytes, options, &Control::default())
}

fn labels(words: &Words) -> Vec<String> {
    (0..words.labels.len())
        .map(|row| String::from_utf8(words.labels.get(row).to_vec()).unwrap())
        .collect()
}

fn message(bytes: &[u8], options: &Options) -> String {
    parse(bytes, options).unwrap_err().to_string()
}

/// The reference: split every line, take the numbers from its end with the standard library.
fn slow_text(text: &str, dimensions: usize) -> (Vec<String>, Vec<f32>) {
    let mut labels = Vec::new();
    let mut vectors = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line
            .trim_end()
            .split(' ')
            .filter(|f| !f.is_empty())
            .collect();
        let (label, numbers) = fields.split_at(fields.len() - dimensions);
        labels.push(label.join(" "));
        vectors.extend(numbers.iter().map(|number| number.parse::<f32>().unwrap()));
    }
    (labels, vectors)
}

fn bits(vectors: &[f32]) -> Vec<u32> {
    vectors.iter().map(|value| value.to_bits()).collect()
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<f32>()
            .prop_filter("finite", |x| x.is_finite())
            .prop_map(|x| x.to_string()),
        any::<f32>()
            .prop_filter("finite", |x| x.is_finite())
            .prop_map(|x| format!("{x:e}")),
        (-9.0f64..9.0).prop_map(|x| format!("{x:.5}")),
        "[+-]?[0-9]{1,30}\\.[0-9]{1,30}(e-?[0-9]{1,2})?",
        "-?\\.[0-9]{1,20}",
        "[0-9]{1,3}\\.",
    ]
}

/// Words without white space, or such joined by spaces as in `GloVe` 840B; no word is a number.
fn label() -> impl Strategy<Value = String> {
    let word = "[a-zA-Z.,é☃\u{a0}\u{85}\u{2028}]{0,3}[x.é☃]";
    prop_oneof![9 => word, 1 => (word, word).prop_map(|(a, b)| format!("{a} {b}"))]
}

fn rows() -> impl Strategy<Value = (usize, Vec<(String, Vec<String>)>)> {
    (2usize..9).prop_flat_map(|dimensions| {
        let row = (label(), prop::collection::vec(number(), dimensions));
        (Just(dimensions), prop::collection::vec(row, 1..12))
    })
}

proptest! {
    #[test]
    fn text_equals_the_slow_parser(
        (dimensions, rows) in rows(),
        header: bool,
        end in prop::sample::select(vec!["\n", "\r\n", " \n", " \r\n"]),
        finished: bool,
    ) {
        let mut body: String =
            rows.iter().map(|(label, row)| format!("{label} {}{end}", row.join(" "))).collect();
        if !finished {
            body.truncate(body.trim_end().len());
        }
        // Without header the plain rows must be in the majority to show the dimensions.
        let plain = rows.iter().filter(|(label, _)| !label.contains(' ')).count();
        prop_assume!(header || plain * 2 > rows.len());
        let head = if header { format!("{} {dimensions}{end}", rows.len()) } else { String::new() };
        let words = parse(format!("{head}{body}").as_bytes(), &STRICT).unwrap();
        let (slow_labels, slow_vectors) = slow_text(&body.replace('\r', ""), dimensions);
        prop_assert_eq!(labels(&words), slow_labels);
        prop_assert_eq!(bits(&words.vectors), bits(&slow_vectors));
        prop_assert_eq!(words.layout, if header { Layout::Word2vecText } else { Layout::Glove });
    }

    #[test]
    fn binary_gives_back_what_was_written(
        rows in prop::collection::vec(("[a-zé☃.]{0,12}", prop::collection::vec(any::<u32>(), 7)), 1..40),
        newline: bool,
        limit in prop::option::of(1usize..50),
    ) {
        let mut bytes = format!("{} 7\n", rows.len()).into_bytes();
        for (label, row) in &rows {
            bytes.extend_from_slice(label.as_bytes());
            bytes.push(b' ');
            bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
            bytes.extend_from_slice(if newline { b"\n" } else { b"" });
        }
        let words = parse(&bytes, &Options { limit, ..STRICT }).unwrap();
        let kept = limit.unwrap_or(rows.len()).min(rows.len());
        let expected: Vec<u32> = rows[..kept].iter().flat_map(|(_, row)| row.clone()).collect();
        prop_assert_eq!(words.layout, Layout::Word2vecBinary);
        prop_assert_eq!(labels(&words), rows[..kept].iter().map(|(l, _)| l.clone()).collect::<Vec<_>>());
        prop_assert_eq!(bits(&words.vectors), expected);
    }

    #[test]
    fn no_bytes_make_it_panic_or_disagree_with_itself(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        head in prop::sample::select(vec!["", "3 2\n", "1 1\n", "99999999999999999999 7\n", "a 1 2\n"]),
        limit in prop::option::of(0usize..5),
        drop_bad: bool,
    ) {
        let bytes = [head.as_bytes(), &bytes].concat();
        for utf8 in [Utf8::Strict, Utf8::Replace, Utf8::Ignore] {
            if let Ok(words) = parse(&bytes, &Options { limit, utf8, drop_bad }) {
                prop_assert_eq!(words.vectors.len(), words.labels.len() * words.dimensions);
                prop_assert!(std::str::from_utf8(&words.labels.bytes).is_ok());
            }
        }
    }

    #[test]
    fn a_limit_reads_the_first_rows_of_the_whole((_, rows) in rows(), limit in 1usize..50) {
        let row = |(label, row): &(String, Vec<String>)| {
            format!("{} {}\n", label.replace(' ', "_"), row.join(" "))
        };
        let text: String = rows.iter().map(row).collect();
        let whole = parse(text.as_bytes(), &STRICT).unwrap();
        let part = parse(text.as_bytes(), &Options { limit: Some(limit), ..STRICT }).unwrap();
        let kept = limit.min(rows.len());
        prop_assert_eq!(&labels(&part), &labels(&whole)[..kept]);
        prop_assert_eq!(bits(&part.vectors), bits(&whole.vectors[..kept * whole.dimensions]));
    }
}

#[test]
fn many_chunks_keep_their_order_and_line_numbers() {
    let row = |n: usize| format!("word{n} {n} 0.5 {}\n", n as f32 / 7.0);
    let mut text: String = (0..200_000).map(row).collect();
    assert!(text.len() > 4 << 20, "several chunks");
    let words = parse(text.as_bytes(), &STRICT).unwrap();
    for n in [0, 1, 99_999, 199_999] {
        assert_eq!(words.labels.get(n), format!("word{n}").as_bytes());
        assert_eq!(
            words.vectors[3 * n..3 * n + 3],
            [n as f32, 0.5, n as f32 / 7.0]
        );
    }
    text = text
        .replace("word150000 150000 ", "word150000 ")
        .replace("word9 9 ", "word9 x ");
    let fault = message(text.as_bytes(), &STRICT);
    assert_eq!(fault, "line 10, number 1: \"x\" is not a number");
    let words = parse(
        text.as_bytes(),
        &Options {
            drop_bad: true,
            ..STRICT
        },
    )
    .unwrap();
    assert_eq!((words.dropped, words.labels.len()), (2, 199_998));
    assert_eq!(words.labels.get(199_997), b"word199999");
    assert_eq!(words.vectors[3 * 199_997], 199_999.0);
}

#[test]
fn empty_lines_at_a_limit_are_bad_rows_unless_the_file_ends_there() {
    let read = |text: &str, limit, drop_bad| {
        let options = Options {
            limit: Some(limit),
            drop_bad,
            ..STRICT
        };
        parse(text.as_bytes(), &options).map(|words| (words.labels.len(), words.dropped))
    };
    let fault = read("a 1\n\nb 2\n", 2, false).unwrap_err().to_string();
    assert_eq!(
        fault,
        "line 2: 0 numbers, expected 1 (as on most of the first lines)"
    );
    assert_eq!(read("a 1\n\nb 2\n", 2, true).unwrap(), (1, 1));
    assert_eq!(read("3 1\na 1\n\nb 2\n", 2, true).unwrap(), (1, 1));
    assert_eq!(read("a 1\nb 2\n\n \r\n", 3, false).unwrap(), (2, 0));
}

#[test]
fn no_rows_of_any_size_can_be_asked_for() {
    let none = Options {
        limit: Some(0),
        ..STRICT
    };
    let words = parse(format!("1 {}\na \0", 1_u64 << 62).as_bytes(), &none).unwrap();
    assert!(words.labels.is_empty() && words.vectors.is_empty());
}

#[test]
fn labels_with_spaces_are_what_stands_before_the_numbers() {
    let text = "the 1 2 3\n. . . 4 5 6\nof 7 8 9\nat name@domain.com 1 1 1\nto 2 2 2\n";
    let words = parse(text.as_bytes(), &STRICT).unwrap();
    assert_eq!(
        labels(&words),
        ["the", ". . .", "of", "at name@domain.com", "to"]
    );
    assert_eq!(words.vectors[3..6], [4.0, 5.0, 6.0]);
}

#[test]
fn broken_utf8_follows_pythons_errors() {
    let text = b"caf\xe9\xe9 1 2\nok 3 4\n\xed\xa0\x80a 5 6\n";
    assert_eq!(
        message(text, &STRICT),
        "line 1, byte 0: the label \"caf\u{fffd}\u{fffd}\" is not UTF-8; read with \
         errors=\"replace\" or \"ignore\""
    );
    let read = |utf8| labels(&parse(text, &Options { utf8, ..STRICT }).unwrap());
    assert_eq!(
        read(Utf8::Replace),
        ["caf\u{fffd}\u{fffd}", "ok", "\u{fffd}\u{fffd}\u{fffd}a"]
    );
    assert_eq!(read(Utf8::Ignore), ["caf", "ok", "a"]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    for text in ["\u{feff}2 2\na 1 2\nb 3 4\n", "\u{feff}a 1 2\nb 3 4\n"] {
        assert_eq!(
            labels(&parse(text.as_bytes(), &STRICT).unwrap()),
            ["a", "b"]
        );
    }
}

#[test]
fn text_faults_name_line_and_values() {
    let says = |text: &str| message(text.as_bytes(), &STRICT);
    assert_eq!(says(""), "the file is empty");
    assert_eq!(says(" \n\n"), "the file is empty");
    assert_eq!(says("the\nof\n"), "line 1: a label but no numbers");
    assert_eq!(
        says("3 2\na 1 2\nb 3 4\n"),
        "line 1: the header says 3 rows of 2 numbers, but the file holds 2 rows"
    );
    assert_eq!(
        says("2 3\na 1 2\nb 3 4\n"),
        "line 2: 2 numbers, expected 3 (the header on line 1)"
    );
    assert_eq!(
        says("2 1\na 1 2\nb 3 4\n"),
        "line 2: 2 numbers, expected 1 (the header on line 1); a label must not end in a space \
         and a number"
    );
    assert_eq!(
        says("a 1 2\nb 3\nc 5 6\n"),
        "line 2: 1 numbers, expected 2 (as on most of the first lines)"
    );
    assert_eq!(
        says("a 1 2\nb 3 4\nc 5"),
        "line 3: 1 numbers, expected 2 (as on most of the first lines); the file ends here, it \
         may be cut"
    );
    assert_eq!(
        says("a 1 2\n\nc 5 6\n"),
        "line 2: 0 numbers, expected 2 (as on most of the first lines)"
    );
    assert_eq!(
        says("a 1 2\nb 3 4x\nc 5 6\n"),
        "line 2, number 2: \"4x\" is not a number"
    );
    assert_eq!(
        says("0 300\na 1 2\n"),
        "line 1: the header \"0 300\" must hold two positive sizes, rows and dimensions"
    );
    assert_eq!(
        says("99999999999999999999999 300\na 1 2\n"),
        "line 1: the header \"99999999999999999999999 300\" must hold two positive sizes, rows \
         and dimensions"
    );
    // Sizes that would take exabytes are refused by the first row, before anything is allocated.
    for dimensions in [1_000_000_000_000, 1 << 63, u64::MAX] {
        assert_eq!(
            says(&format!("1000000000000 {dimensions}\na 1 2\n")),
            format!("line 2: 2 numbers, expected {dimensions} (the header on line 1)")
        );
    }
}

#[test]
fn binary_faults_name_byte_and_values() {
    let row = |label: &[u8], value: f32| {
        let mut bytes = [label, b" "].concat();
        (0..3).for_each(|_| bytes.extend_from_slice(&value.to_le_bytes()));
        bytes
    };
    let file = |head: &str| [head.as_bytes(), &row(b"a", 1.5), &row(b"b", 2.5)].concat();
    let says = |bytes: &[u8]| message(bytes, &STRICT);
    assert_eq!(
        says(&file("1000000000000 3\n")),
        "line 1: the header says 1000000000000 rows of 3 numbers, at least 13000000000016 bytes, \
         but the file has 44: it is cut, or the header lies"
    );
    assert_eq!(
        says(&file("2 3\n")[..31]),
        "byte 18: the file ends within row 1 of 2 rows of 3 numbers: it is cut, or the header lies"
    );
    assert_eq!(
        says(&file("1 3\n")),
        "byte 18: 14 bytes follow the 1 rows of 3 numbers that the header says: the header lies"
    );
    let latin = [b"1 3\n".as_slice(), &row(b"caf\xe9", 1.5)].concat();
    assert_eq!(
        says(&latin),
        "byte 4: the label of row 0, \"caf\u{fffd}\", is not UTF-8; read with errors=\"replace\" \
         or \"ignore\", or the header's 3 dimensions are wrong"
    );
    let fault = parse(b"\0\0\0\0", &STRICT).unwrap_err();
    assert!(matches!(fault, Error::Vectors(Fault::NotWords)));
}

#[test]
fn numbers_are_rounded_once() {
    // Just above the midpoint of 1 and its successor: through f64 it would round down to 1.
    let text = "a 1.000000059604644775390625000000000001 2\n";
    let words = parse(text.as_bytes(), &STRICT).unwrap();
    assert_eq!(words.vectors[0], 1.0 + f32::EPSILON);
}

#[test]
fn parsing_can_be_stopped() {
    let control = Control::default();
    control.cancel();
    for bytes in [
        b"a 1 2\n".as_slice(),
        b"1 2\na 1 2\n",
        b"1 1\na \0\0\x80\x3f",
    ] {
        let stopped = vectors_io::parse(bytes, &STRICT, &control);
        assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
    }
}
