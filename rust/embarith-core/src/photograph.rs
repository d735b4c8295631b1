//! Photographs as tensors: scaled, cut and normalised in one go, to the bit as Pillow and
//! torchvision do it.
//!
//! Pillow scales in two passes, one an axis, with weights of 2⁻²² and values rounded to bytes
//! between the passes. The rounding makes the order of the passes visible; since version 13 the
//! vertical one goes first where the height loses more than twice what the width loses.
//!
//! Both passes are the same weighted sum of rows of bytes: for the horizontal one, strips of
//! sixteen lines are turned on their side and back.

use crate::kernel::{FRACTION, Kernel, kernel};
use crate::{Error, Result};

/// Red, green, blue.
const CHANNELS: usize = 3;

/// The curve by which neighbours are weighted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// A triangle over two pixels.
    Bilinear,
    /// Keys' cubic with a = −½ over four pixels.
    Bicubic,
}

impl Filter {
    fn reach(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, at: f64) -> f64 {
        const A: f64 = -0.5;
        let x = at.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    }
}

/// How a photograph becomes a tensor. Pairs are height and width, or top and left.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// Size that the photograph is scaled to.
    pub scaled: [usize; 2],
    /// Where in the scaled photograph the tensor's frame begins.
    pub corner: [usize; 2],
    /// Size of the tensor.
    pub frame: [usize; 2],
    /// The filter of the scaling.
    pub filter: Filter,
    /// Whether the filter widens where the photograph shrinks.
    pub antialias: bool,
    /// Of every channel, on a scale from 0 to 1.
    pub mean: [f32; CHANNELS],
    /// Of every channel.
    pub std: [f32; CHANNELS],
}

/// Writes `(scaled − mean) / std`, one plane a channel, into `out`.
///
/// # Errors
///
/// [`Error::Shape`] where sizes do not fit each other or are zero.
pub fn to_tensor(rgb: &[u8], size: [usize; 2], recipe: &Recipe, out: &mut [f32]) -> Result<()> {
    let Recipe {
        scaled,
        corner,
        frame,
        ..
    } = *recipe;
    let fits = (0..2).all(|axis| {
        size[axis] > 0 && frame[axis] > 0 && corner[axis] + frame[axis] <= scaled[axis]
    });
    if !fits
        || rgb.len() != size[0] * size[1] * CHANNELS
        || out.len() != frame[0] * frame[1] * CHANNELS
    {
        return Err(Error::Shape(format!(
            "{} bytes of {size:?} pixels scaled to {scaled:?}, {frame:?} of them from {corner:?} \
             on, into {} values",
            rgb.len(),
            out.len()
        )));
    }
    let [rows, columns] = [0, 1].map(|axis| Axis::new(size[axis], axis, recipe));
    let loss = |axis: usize| size[axis] as i64 - scaled[axis] as i64;
    let kernel = kernel()?;
    let line = size[1] * CHANNELS;
    let pixels = if loss(0) > 0 && loss(0) > 2 * loss(1) {
        let flat = vertical(&kernel, rgb, line, &rows);
        horizontal(&kernel, &flat, line, &columns)
    } else {
        let kept = rows.sources();
        let lines = &rgb[kept.start * line..kept.end * line];
        let narrow = horizontal(&kernel, lines, line, &columns);
        vertical(
            &kernel,
            &narrow,
            frame[1] * CHANNELS,
            &rows.shifted(kept.start),
        )
    };
    normalise(&pixels, recipe, out);
    Ok(())
}

/// The weights of one axis: every place of the frame takes `width` sources from its first on.
struct Axis {
    firsts: Vec<usize>,
    width: usize,
    weights: Vec<i32>,
}

impl Axis {
    fn new(size: usize, axis: usize, recipe: &Recipe) -> Self {
        let scale = size as f64 / recipe.scaled[axis] as f64;
        let stretch = if recipe.antialias {
            scale.max(1.0)
        } else {
            1.0
        };
        let reach = recipe.filter.reach() * stretch;
        let width = (reach.ceil() as usize * 2 + 1).min(size);
        let (mut firsts, mut weights) = (Vec::new(), Vec::new());
        for place in recipe.corner[axis]..recipe.corner[axis] + recipe.frame[axis] {
            let center = (place as f64 + 0.5) * scale;
            let first = (center - reach + 0.5).max(0.0) as usize;
            let last = ((center + reach + 0.5) as usize).min(size);
            let curve: Vec<f64> = (first..last)
                .map(|at| {
                    recipe
                        .filter
                        .weight((at as f64 - center + 0.5) * (1.0 / stretch))
                })
                .collect();
            let sum: f64 = curve.iter().sum();
            // Places at the far edge begin earlier, with weights of zero.
            let start = first.min(size - width);
            let mut row = vec![0; width];
            for (to, weight) in row[first - start..].iter_mut().zip(&curve) {
                let share = if sum == 0.0 { *weight } else { weight / sum };
                *to = (share * f64::from(1 << FRACTION)).round() as i32;
            }
            firsts.push(start);
            weights.append(&mut row);
        }
        Self {
            firsts,
            width,
            weights,
        }
    }

    /// What the axis takes of its source, from the first to the last.
    fn sources(&self) -> std::ops::Range<usize> {
        // Firsts only grow.
        let last = self.firsts[self.firsts.len() - 1];
        self.firsts[0]..last + self.width
    }

    /// The axis on a source that begins later.
    fn shifted(mut self, by: usize) -> Self {
        for first in &mut self.firsts {
            *first -= by;
        }
        self
    }

    fn places(&self) -> impl Iterator<Item = (usize, &[i32])> {
        self.firsts
            .iter()
            .copied()
            .zip(self.weights.chunks_exact(self.width))
    }
}

fn vertical(kernel: &Kernel, bytes: &[u8], line: usize, rows: &Axis) -> Vec<u8> {
    let mut out = vec![0; rows.firsts.len() * line];
    for (to, (first, weights)) in out.chunks_exact_mut(line).zip(rows.places()) {
        (kernel.blend)(&bytes[first * line..], line, weights, to);
    }
    out
}

/// Lines of a strip: as many bytes as one register holds on any machine.
const STRIP: usize = 16;

fn horizontal(kernel: &Kernel, bytes: &[u8], line: usize, columns: &Axis) -> Vec<u8> {
    let narrow = columns.firsts.len() * CHANNELS;
    let lines = bytes.len() / line;
    let mut out = vec![0; lines * narrow];
    let mut upright = vec![[0; STRIP]; line];
    let mut blended = vec![[0; STRIP]; narrow];
    for (strip, to) in bytes
        .chunks(STRIP * line)
        .zip(out.chunks_mut(STRIP * narrow))
    {
        turn(strip, line, &mut upright);
        let source = upright.as_flattened();
        for ((first, weights), to) in columns.places().zip(blended.chunks_exact_mut(CHANNELS)) {
            // The three channels of a pixel lie one behind the other, those of the next follow.
            let stride = CHANNELS * STRIP;
            (kernel.blend)(
                &source[first * stride..],
                stride,
                weights,
                to.as_flattened_mut(),
            );
        }
        turn_back(&blended, narrow, to);
    }
    out
}

/// Writes the bytes that stand one above the other in a strip of lines side by side.
fn turn(strip: &[u8], line: usize, upright: &mut [[u8; STRIP]]) {
    let (blocks, rest) = upright.as_chunks_mut::<STRIP>();
    for (number, block) in blocks.iter_mut().enumerate() {
        let lines = std::array::from_fn(|at| {
            let bytes = strip.get(at * line + number * STRIP..);
            bytes
                .and_then(<[u8]>::first_chunk)
                .copied()
                .unwrap_or_default()
        });
        *block = transposed(lines);
    }
    let done = line - rest.len();
    for (place, column) in rest.iter_mut().enumerate() {
        for (at, byte) in column.iter_mut().enumerate() {
            *byte = strip
                .get(at * line + done + place)
                .copied()
                .unwrap_or_default();
        }
    }
}

/// The reverse of [`turn`].
fn turn_back(upright: &[[u8; STRIP]], line: usize, strip: &mut [u8]) {
    let (blocks, rest) = upright.as_chunks::<STRIP>();
    for (number, block) in blocks.iter().enumerate() {
        let bytes = transposed(*block);
        for (to, from) in strip.chunks_exact_mut(line).zip(bytes) {
            to[number * STRIP..][..STRIP].copy_from_slice(&from);
        }
    }
    let done = line - rest.len();
    for (at, to) in strip.chunks_exact_mut(line).enumerate() {
        for (byte, column) in to[done..].iter_mut().zip(rest) {
            *byte = column[at];
        }
    }
}

/// Transposes by interleaving rows eight apart, four times over.
fn transposed(mut rows: [[u8; STRIP]; STRIP]) -> [[u8; STRIP]; STRIP] {
    for _ in 0..STRIP.ilog2() {
        let mut next = [[0; STRIP]; STRIP];
        let (upper, lower) = rows.split_at(STRIP / 2);
        for ((pair, &upper), &lower) in next.as_chunks_mut().0.iter_mut().zip(upper).zip(lower) {
            *pair = interleaved(upper, lower);
        }
        rows = next;
    }
    rows
}

#[cfg(target_arch = "x86_64")]
fn interleaved(left: [u8; STRIP], right: [u8; STRIP]) -> [[u8; STRIP]; 2] {
    use std::arch::x86_64::{__m128i, _mm_unpackhi_epi8, _mm_unpacklo_epi8};
    // SAFETY: any sixteen bytes are a register's value and the reverse; SSE2 is part of x86-64.
    unsafe {
        let [left, right]: [__m128i; 2] = std::mem::transmute([left, right]);
        std::mem::transmute([
            _mm_unpacklo_epi8(left, right),
            _mm_unpackhi_epi8(left, right),
        ])
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn interleaved(left: [u8; STRIP], right: [u8; STRIP]) -> [[u8; STRIP]; 2] {
    std::array::from_fn(|half| {
        std::array::from_fn(|at| {
            let side = if at % 2 == 0 { &left } else { &right };
            side[half * STRIP / 2 + at / 2]
        })
    })
}

fn normalise(pixels: &[u8], recipe: &Recipe, out: &mut [f32]) {
    let plane = pixels.len() / CHANNELS;
    let (pixels, _) = pixels.as_chunks::<CHANNELS>();
    for (channel, plane) in out.chunks_exact_mut(plane).enumerate() {
        let (mean, std) = (recipe.mean[channel], recipe.std[channel]);
        let values: [f32; 256] = std::array::from_fn(|value| (value as f32 / 255.0 - mean) / std);
        for (to, pixel) in plane.iter_mut().zip(pixels) {
            *to = values[usize::from(pixel[channel])];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Recipe = Recipe {
        scaled: [2, 2],
        corner: [0, 0],
        frame: [2, 2],
        filter: Filter::Bicubic,
        antialias: true,
        mean: [0.0; CHANNELS],
        std: [1.0; CHANNELS],
    };

    #[test]
    fn weights_of_a_place_sum_to_one() {
        for filter in [Filter::Bilinear, Filter::Bicubic] {
            for (size, scaled) in [(1, 7), (7, 7), (100, 7), (7, 100), (3, 2)] {
                let recipe = Recipe {
                    scaled: [scaled; 2],
                    frame: [scaled; 2],
                    filter,
                    ..PLAIN
                };
                let axis = Axis::new(size, 0, &recipe);
                assert!(axis.sources().end <= size);
                for (_, weights) in axis.places() {
                    let sum: i32 = weights.iter().sum();
                    assert!((sum - (1 << FRACTION)).unsigned_abs() as usize <= weights.len());
                }
            }
        }
    }

    #[test]
    fn turning_a_strip_and_back_keeps_it() {
        for line in [1, 15, 16, 17, 50] {
            for lines in [1, 7, STRIP] {
                let strip: Vec<u8> = (0..lines * line).map(|at| (at % 251) as u8).collect();
                let mut upright = vec![[0; STRIP]; line];
                turn(&strip, line, &mut upright);
                assert_eq!(upright[line - 1][lines - 1], strip[lines * line - 1]);
                let mut back = vec![0; strip.len()];
                turn_back(&upright, line, &mut back);
                assert_eq!(back, strip);
            }
        }
    }

    #[test]
    fn one_colour_stays_itself_at_any_size() {
        let mut out = [0.0; 12];
        for size in [[1, 1], [2, 2], [3, 40], [40, 3]] {
            let rgb = [51, 102, 255].repeat(size[0] * size[1]);
            to_tensor(&rgb, size, &PLAIN, &mut out).unwrap();
            for (plane, value) in out.chunks(4).zip([0.2, 0.4, 1.0]) {
                assert_eq!(plane, [value; 4]);
            }
        }
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let mut out = [0.0; 12];
        let recipes = [
            Recipe {
                corner: [1, 0],
                ..PLAIN
            },
            Recipe {
                frame: [2, 0],
                ..PLAIN
            },
            Recipe {
                frame: [1, 2],
                ..PLAIN
            },
        ];
        for recipe in recipes {
            assert!(to_tensor(&[0; 12], [2, 2], &recipe, &mut out).is_err());
        }
        assert!(to_tensor(&[0; 11], [2, 2], &PLAIN, &mut out).is_err());
        assert!(to_tensor(&[], [0, 2], &PLAIN, &mut out).is_err());
    }
}
