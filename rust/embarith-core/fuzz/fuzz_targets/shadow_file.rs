//! Saved shadows, damaged and not: one is opened exactly if its layout and checksums hold.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use embarith_core::search::Table;
use embarith_core::shadow::{Key, Shadow};
use embarith_core::{Control, Matrix, Norms};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Case {
    rows: u8,
    dim: u8,
    seed: u32,
    key: u8,
    /// What is done to the file.
    edits: Vec<(u16, u8)>,
    length: Option<u16>,
    tail: Vec<u8>,
    /// Makes the checksums right again.
    seal: bool,
    /// What is asked for beside the table that was saved.
    other: (i8, i8, u8),
}

/// In memory, because `save` waits for the disk.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let name = format!("embarith-fuzz-{}.shadow", std::process::id());
    PathBuf::from("/dev/shm").join(name)
});

fuzz_target!(|case: Case| {
    let (rows, dim) = (usize::from(case.rows) % 150, 1 + usize::from(case.dim) % 20);
    let own = [case.key; 32];
    let mut state = case.seed | 1;
    let values: Vec<f32> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(2_654_435_769).rotate_left(13);
        state as f32 + 1.0
    })
    .take(rows * dim)
    .collect();
    let matrix = Matrix::new(&values, dim).unwrap();
    let norms = Norms::of(matrix, &Control::default()).unwrap();
    let table = Table::new(matrix, &norms).unwrap();
    let shadow = Shadow::new(&table, &Control::default()).unwrap();
    shadow
        .save(&FILE, &own, &norms, &Control::default())
        .unwrap();
    let saved = fs::read(&*FILE).unwrap();
    assert!(holds(&saved, &own, rows, dim), "what `save` wrote");

    let mut file = saved;
    if let Some(length) = case.length {
        file.truncate(usize::from(length));
    }
    file.extend(case.tail);
    for (place, flipped) in case.edits {
        if let Some(byte) = file.get_mut(usize::from(place)) {
            *byte ^= flipped;
        }
    }
    if case.seal {
        seal(&mut file, rows, dim);
    }
    fs::write(&*FILE, &file).unwrap();

    let (more_rows, more_dim, flipped) = case.other;
    let rows = rows.saturating_add_signed(more_rows.into());
    let dim = dim.saturating_add_signed(more_dim.into()).max(1);
    let mut key = own;
    key[31] ^= flipped;
    let opened = Shadow::open(&FILE, &key, rows, dim, &Control::default());
    assert_eq!(opened.is_ok(), holds(&file, &key, rows, dim), "{opened:?}");
    if let Ok((norms, shadow)) = opened {
        let copy = FILE.with_extension("copy");
        shadow
            .save(&copy, &key, &norms, &Control::default())
            .unwrap();
        assert!(fs::read(&copy).unwrap() == file, "saved again");
        fs::remove_file(&copy).unwrap();
    }
    fs::remove_file(&*FILE).unwrap();
});

/// Where the parts of a file begin, and where it ends: codes, scales, lengths of rows, mean,
/// checksums of tiles, checksum of the rest.
fn parts(rows: usize, dim: usize) -> [usize; 7] {
    let tiles = rows.div_ceil(64);
    let sizes = [
        256 * tiles * dim.div_ceil(4),
        12 * tiles,
        8 * rows,
        4 * dim,
        4 * tiles,
        4,
    ];
    let mut starts = [64; 7];
    for (part, size) in sizes.into_iter().enumerate() {
        starts[part + 1] = starts[part] + size;
    }
    starts
}

fn holds(file: &[u8], key: &Key, rows: usize, dim: usize) -> bool {
    let [.., end] = parts(rows, dim);
    let (rows_said, dim_said) = ((rows as u64).to_le_bytes(), (dim as u64).to_le_bytes());
    let header = [b"embarith shadow1", &rows_said[..], &dim_said, key].concat();
    file.len() == end && file.starts_with(&header) && {
        let mut sealed = file.to_vec();
        seal(&mut sealed, rows, dim);
        let [_, scales, lengths, mean, sums, ..] = parts(rows, dim);
        let mut norms = file[lengths..mean].chunks_exact(8);
        let size = floats(&file[mean..sums]).map(|x| x * x).sum::<f64>();
        sealed == file
            && norms.all(|norm| f64::from_le_bytes(norm.try_into().unwrap()).is_normal())
            && floats(&file[scales..lengths]).all(|scale| scale.is_finite() && scale >= 0.0)
            && size < 1.001
    }
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f64> + '_ {
    let values = bytes.chunks_exact(4);
    values.map(|value| f64::from(f32::from_le_bytes(value.try_into().unwrap())))
}

/// Writes the checksums that a file of the right length should have.
fn seal(file: &mut [u8], rows: usize, dim: usize) {
    let [codes, scales, .., sums, last, end] = parts(rows, dim);
    if file.len() != end {
        return;
    }
    for tile in 0..rows.div_ceil(64) {
        let size = 256 * dim.div_ceil(4);
        let sum = crc32(&file[codes + tile * size..][..size]);
        file[sums + 4 * tile..][..4].copy_from_slice(&sum.to_le_bytes());
    }
    let sum = crc32(&[&file[..codes], &file[scales..last]].concat());
    file[last..].copy_from_slice(&sum.to_le_bytes());
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    })
}
