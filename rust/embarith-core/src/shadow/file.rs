//! A shadow as a file beside its table, used where it lies.
//!
//! Little-endian, one part after the other:
//!
//! | part | bytes |
//! | --- | --- |
//! | mark, rows, dimensions, key of the table | 16 + 8 + 8 + 32 |
//! | codes | 256 a tile and group |
//! | step, error, length of every tile | 12 a tile |
//! | length of every row | 8 a row |
//! | mean | 4 a dimension |
//! | CRC-32 of every tile's codes | 4 a tile |
//! | CRC-32 of everything but the codes | 4 |

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use memmap2::Mmap;
use rayon::prelude::*;

use super::{Scale, Shadow, Stock};
use crate::control::{Control, pool};
use crate::kernel::{Codes, GROUP, TILE};
use crate::norms::Norms;
use crate::pages::prefer_huge;
use crate::{Error, Result};

const MARK: &[u8; 16] = b"embarith shadow1";
/// Keeps the codes on cache lines of their own.
const HEADER: usize = 64;
/// Codes written at a time: 4 MB.
const PIECE: usize = 1 << 14;

/// What tells tables apart, such as a SHA-256 of the content.
pub type Key = [u8; 32];

fn header(rows: usize, dim: usize, key: &Key) -> [u8; HEADER] {
    let mut out = [0; HEADER];
    out[..16].copy_from_slice(MARK);
    out[16..24].copy_from_slice(&(rows as u64).to_le_bytes());
    out[24..32].copy_from_slice(&(dim as u64).to_le_bytes());
    out[32..].copy_from_slice(key);
    out
}

impl Shadow {
    /// Writes the shadow and the lengths of its table's rows.
    ///
    /// # Errors
    ///
    /// [`Error::File`] with that of the file system; [`Error::Interrupted`] if `control` was
    /// cancelled.
    pub fn save(&self, path: &Path, key: &Key, norms: &Norms, control: &Control) -> Result<()> {
        let header = header(norms.values().len(), self.mean.len(), key);
        let mut rest = Vec::new();
        for scale in &self.tiles {
            for value in [scale.step, scale.error, scale.length] {
                rest.extend(value.to_le_bytes());
            }
        }
        rest.extend(norms.values().iter().flat_map(|norm| norm.to_le_bytes()));
        rest.extend(self.mean.iter().flat_map(|value| value.to_le_bytes()));
        let sums = pool()?.install(|| self.checksums(control))?;
        rest.extend(sums.iter().flat_map(|sum| sum.to_le_bytes()));
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&header)?;
        for piece in self.codes.chunks(PIECE) {
            control.check()?;
            for codes in piece {
                file.write_all(&codes.0)?;
            }
            // Once for all would take long, and nothing stops it.
            file.flush()?;
            file.get_ref().sync_data()?;
        }
        file.write_all(&rest)?;
        file.write_all(&checksum(&header, &rest).to_le_bytes())?;
        file.flush()?;
        file.get_ref().sync_all()?;
        Ok(())
    }

    /// Maps the shadow of the table that `key` tells from others, and reads the lengths of its
    /// rows. Everything is checked against its checksum, the codes by all threads.
    ///
    /// # Errors
    ///
    /// [`Error::Shadow`] if the file cannot be read, is damaged, or belongs to another table;
    /// [`Error::Interrupted`] if `control` was cancelled.
    pub fn open(
        path: &Path,
        key: &Key,
        rows: usize,
        dim: usize,
        control: &Control,
    ) -> Result<(Norms, Self)> {
        let fault = |what: &str| Error::Shadow(format!("{}: {what}", path.display()));
        let file = File::open(path).map_err(|error| fault(&error.to_string()))?;
        // SAFETY: the map is read only; as for every mapped table, a file that another process
        // cuts short while it is in use is beyond our care.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| fault(&error.to_string()))?;
        prefer_huge(&map);
        let (tiles, groups) = (rows.div_ceil(TILE), dim.div_ceil(GROUP));
        let codes = HEADER + tiles * groups * size_of::<Codes>();
        let sizes = [12 * tiles, 8 * rows, 4 * dim, 4 * tiles];
        let Some((start, rest)) = map.split_at_checked(codes) else {
            return Err(fault("cut short, or of another table"));
        };
        if start[..HEADER] != header(rows, dim, key) {
            return Err(fault("belongs to another table or another version"));
        }
        let Some((rest, sum)) = rest.split_last_chunk::<4>() else {
            return Err(fault("cut short"));
        };
        if rest.len() != sizes.iter().sum::<usize>()
            || checksum(&start[..HEADER], rest) != u32::from_le_bytes(*sum)
        {
            return Err(fault("damaged"));
        }
        let (scales, rest) = rest.split_at(sizes[0]);
        let (norms, rest) = rest.split_at(sizes[1]);
        let (mean, sums) = rest.split_at(sizes[2]);
        let norms = norms.as_chunks().0.iter().copied();
        let norms = Norms::new(norms.map(f64::from_le_bytes).collect())?;
        let sums: Vec<u32> = sums
            .as_chunks()
            .0
            .iter()
            .copied()
            .map(u32::from_le_bytes)
            .collect();
        let [scales, mean] = [scales, mean].map(|bytes| {
            let values = bytes.as_chunks().0.iter().copied();
            values.map(f32::from_le_bytes).collect::<Vec<f32>>()
        });
        let sound = |value: &f32| value.is_finite() && *value >= 0.0;
        let length = mean
            .iter()
            .map(|&value| f64::from(value).powi(2))
            .sum::<f64>();
        if !scales.iter().all(sound) || !(0.0..1.001).contains(&length) {
            return Err(fault("holds scales that none has"));
        }
        let tiles = scales.as_chunks().0.iter();
        let tiles = tiles.map(|&[step, error, length]| Scale {
            step,
            error,
            length,
        });
        let shadow = Self {
            tiles: tiles.collect(),
            mean,
            groups,
            codes: Stock::Mapped(map, HEADER..codes),
        };
        if pool()?.install(|| shadow.checksums(control))? != sums {
            return Err(fault("damaged"));
        }
        Ok((norms, shadow))
    }

    fn checksums(&self, control: &Control) -> Result<Vec<u32>> {
        let tiles = self.codes.par_chunks_exact(self.groups);
        tiles
            .map(|tile| {
                control.check()?;
                let mut hasher = crc32fast::Hasher::new();
                for codes in tile {
                    hasher.update(&codes.0);
                }
                Ok(hasher.finalize())
            })
            .collect()
    }
}

fn checksum(header: &[u8], rest: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(rest);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Control;
    use crate::matrix::Matrix;
    use crate::search::Table;

    #[test]
    fn what_was_saved_is_opened_and_damage_is_noticed() {
        let (rows, dim, control) = (150, 11, Control::default());
        let data: Vec<f32> = (0..rows * dim)
            .map(|i| ((i * 37 % 101) as f32) - 50.0)
            .collect();
        let matrix = Matrix::new(&data, dim).unwrap();
        let norms = Norms::of(matrix, &control).unwrap();
        let table = Table::new(matrix, &norms).unwrap();
        let shadow = Shadow::new(&table, &control).unwrap();
        let path = std::env::temp_dir().join(format!("embarith-{}.shadow", std::process::id()));
        let key = [7; 32];
        shadow.save(&path, &key, &norms, &control).unwrap();

        let (lengths, opened) = Shadow::open(&path, &key, rows, dim, &control).unwrap();
        assert_eq!(lengths, norms);
        assert_eq!(*opened.codes, *shadow.codes);
        assert_eq!((&opened.tiles, &opened.mean), (&shadow.tiles, &shadow.mean));
        drop(opened);

        assert!(Shadow::open(&path, &[8; 32], rows, dim, &control).is_err());
        assert!(Shadow::open(&path, &key, rows - 1, dim, &control).is_err());
        assert!(Shadow::open(&path, &key, rows, dim + 1, &control).is_err());
        let whole = std::fs::read(&path).unwrap();
        for place in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
            let mut damaged = whole.clone();
            damaged[place] ^= 4;
            std::fs::write(&path, &damaged).unwrap();
            let error = Shadow::open(&path, &key, rows, dim, &control)
                .unwrap_err()
                .to_string();
            assert!(error.contains("shadow"), "{error}");
        }
        for length in [0, 10, HEADER, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(
                Shadow::open(&path, &key, rows, dim, &control).is_err(),
                "{length}"
            );
        }
        control.cancel();
        std::fs::write(&path, &whole).unwrap();
        let stopped = Shadow::open(&path, &key, rows, dim, &control);
        assert!(matches!(stopped, Err(Error::Interrupted)));
        let stopped = shadow.save(&path, &key, &norms, &control);
        assert!(matches!(stopped, Err(Error::Interrupted)));

        std::fs::remove_file(&path).unwrap();
        assert!(Shadow::open(&path, &key, rows, dim, &control).is_err());
    }
}
