//! A table's rows, cut into strips of tiles of unit vectors in `f32`.

use super::Table;
use crate::kernel::{Kernel, Lanes, TILE};
use crate::matrix::Matrix;

/// Below this many atoms, rows are read where they lie: packing a tile would cost more.
const PACK_FROM: usize = 4;

/// Bytes of cosines a strip: they stay in a core's second-level cache while every question
/// combines them.
const CACHE: usize = 1 << 20;

/// Most tiles a strip: one bit each in a `u16` and, with few atoms, enough work a step.
const MAX_TILES: usize = 16;

/// One thread's buffers for a strip: cosines of every atom with every row.
pub(crate) struct Strip {
    /// One dimension after the other.
    packed: Vec<Lanes>,
    /// `cosines[tile · atoms + atom][lane]`, each within [`crate::score::cosine_error`] of the
    /// exact one.
    pub(crate) cosines: Vec<Lanes>,
    /// ‖row‖ by tile and lane.
    norms: Vec<[f64; TILE]>,
    /// First row.
    pub(crate) start: usize,
    /// Rows, the last tile's included.
    pub(crate) rows: usize,
}

/// Tiles a strip of so many atoms.
pub(crate) fn tiles(atoms: usize) -> usize {
    (CACHE / (atoms * size_of::<Lanes>())).clamp(1, MAX_TILES)
}

impl Strip {
    pub(crate) fn new(dim: usize, atoms: usize, tiles: usize) -> Self {
        Self {
            packed: vec![Lanes::splat(0.0); dim],
            cosines: vec![Lanes::splat(0.0); atoms * tiles],
            norms: vec![[1.0; TILE]; tiles],
            start: 0,
            rows: 0,
        }
    }

    /// Fills the buffers for the rows from `start` on; `atoms` are unit vectors, row-major.
    pub(crate) fn fill(&mut self, table: &Table<'_>, kernel: &Kernel, atoms: &[f32], start: usize) {
        let matrix = table.matrix();
        let capacity = self.norms.len() * TILE;
        self.start = start;
        self.rows = capacity.min(matrix.rows() - start);
        let count = self.cosines.len() / self.norms.len();
        for tile in 0..self.rows.div_ceil(TILE) {
            let first = start + tile * TILE;
            let lanes = TILE.min(matrix.rows() - first);
            let norms = &mut self.norms[tile];
            norms[..lanes].copy_from_slice(&table.norms()[first..first + lanes]);
            let cosines = &mut self.cosines[tile * count..][..count];
            if count < PACK_FROM && table.fits_f32() {
                scan(matrix, kernel, atoms, first, &norms[..lanes], cosines);
            } else {
                pack(&mut self.packed, matrix, first, &norms[..lanes]);
                (kernel.dots)(atoms, &self.packed, cosines);
            }
        }
    }

    /// The tiles that hold rows, as one bit each.
    pub(crate) fn filled(&self) -> u16 {
        u16::MAX >> (MAX_TILES - self.rows.div_ceil(TILE))
    }

    /// Whether every lane holds a row.
    pub(crate) fn is_full(&self) -> bool {
        self.rows == self.norms.len() * TILE
    }

    pub(crate) fn tile(&self, number: usize) -> Tile<'_> {
        let count = self.cosines.len() / self.norms.len();
        let lanes = TILE.min(self.rows - number * TILE);
        Tile {
            cosines: &self.cosines[number * count..][..count],
            norms: &self.norms[number],
            start: (self.start + number * TILE) as u32,
            valid: u64::MAX >> (TILE - lanes),
        }
    }
}

/// One tile of a strip.
#[derive(Clone, Copy)]
pub(crate) struct Tile<'a> {
    /// Cosines by atom.
    pub(crate) cosines: &'a [Lanes],
    /// ‖row‖ by lane.
    pub(crate) norms: &'a [f64; TILE],
    /// First row.
    pub(crate) start: u32,
    /// One bit for each lane that holds a row.
    pub(crate) valid: u64,
}

fn scan(
    matrix: Matrix<'_>,
    kernel: &Kernel,
    atoms: &[f32],
    first: usize,
    norms: &[f64],
    cosines: &mut [Lanes],
) {
    let rows = matrix.run(first, norms.len());
    for (lanes, atom) in cosines.iter_mut().zip(atoms.chunks_exact(matrix.dim())) {
        let lanes = &mut lanes[..norms.len()];
        (kernel.dot_rows)(atom, rows, lanes);
        for (lane, norm) in lanes.iter_mut().zip(norms) {
            *lane *= (1.0 / norm) as f32;
        }
    }
}

fn pack(columns: &mut [Lanes], matrix: Matrix<'_>, first: usize, norms: &[f64]) {
    for (lane, norm) in norms.iter().enumerate() {
        let inverse = 1.0 / norm;
        for (column, &value) in columns.iter_mut().zip(matrix.row(first + lane)) {
            column[lane] = (f64::from(value) * inverse) as f32;
        }
    }
    for column in columns {
        column[norms.len()..].fill(0.0);
    }
}
