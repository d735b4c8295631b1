//! A table's rows, cut into tiles of unit vectors in `f32`.

use crate::kernel::{Kernel, Lanes, TILE};
use crate::matrix::Matrix;
use crate::search::Table;

/// Below this many atoms, rows are read where they lie: packing a tile would cost more.
const PACK_FROM: usize = 4;

/// One thread's buffers for a tile: cosines of every atom with every row.
pub(crate) struct Tile {
    packed: Vec<f32>,
    /// `cosines[atom][lane]`, each within [`crate::score::cosine_error`] of the exact one.
    pub(crate) cosines: Vec<Lanes>,
    /// ‖row‖ by lane.
    pub(crate) norms: [f64; TILE],
    /// One bit for each lane that holds a row.
    pub(crate) valid: u64,
}

impl Tile {
    pub(crate) fn new(dim: usize, atoms: usize) -> Self {
        Self {
            packed: vec![0.0; dim * TILE],
            cosines: vec![[0.0; TILE]; atoms],
            norms: [1.0; TILE],
            valid: 0,
        }
    }

    /// Fills the buffers for the rows from `start` on; `atoms` are unit vectors, row-major.
    pub(crate) fn fill(&mut self, table: &Table<'_>, kernel: &Kernel, atoms: &[f32], start: usize) {
        let matrix = table.matrix();
        let lanes = TILE.min(matrix.rows() - start);
        self.valid = u64::MAX >> (TILE - lanes);
        self.norms[..lanes].copy_from_slice(&table.norms()[start..start + lanes]);
        if self.cosines.len() < PACK_FROM && table.fits_f32() {
            self.scan(matrix, kernel, atoms, start, lanes);
        } else {
            self.pack(matrix, start, lanes);
            (kernel.dots)(atoms, &self.packed, &mut self.cosines);
        }
    }

    fn scan(
        &mut self,
        matrix: Matrix<'_>,
        kernel: &Kernel,
        atoms: &[f32],
        start: usize,
        lanes: usize,
    ) {
        for lane in 0..lanes {
            let inverse = (1.0 / self.norms[lane]) as f32;
            let row = matrix.row(start + lane);
            for (cosines, atom) in self
                .cosines
                .iter_mut()
                .zip(atoms.chunks_exact(matrix.dim()))
            {
                cosines[lane] = (kernel.dot)(atom, row) * inverse;
            }
        }
    }

    fn pack(&mut self, matrix: Matrix<'_>, start: usize, lanes: usize) {
        let (columns, _) = self.packed.as_chunks_mut::<TILE>();
        for lane in 0..lanes {
            let inverse = 1.0 / self.norms[lane];
            for (column, &value) in columns.iter_mut().zip(matrix.row(start + lane)) {
                column[lane] = (f64::from(value) * inverse) as f32;
            }
        }
        for column in columns {
            column[lanes..].fill(0.0);
        }
    }
}
