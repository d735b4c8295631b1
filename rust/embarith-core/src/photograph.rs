//! Photographs as tensors: scaled, cut and normalised in one go, to the bit as Pillow and
//! torchvision do it.
//!
//! Pillow scales in two passes, one an axis, with weights of 2⁻²² and values rounded to bytes
//! between the passes. The rounding makes the order of the passes visible; since version 13 the
//! vertical one goes first where the height loses more than twice what the width loses.
//!
//! Both passes are the same weighted sum of rows of bytes: for the horizontal one, strips of lines
//! are turned on their side and back.

use std::cell::RefCell;
use std::ops::Range;
use std::slice::ChunksExactMut;

use crate::kernel::{FRACTION, Kernel, Places, Taps, kernel, prefetch};
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
    let tall = loss(0) > 0 && loss(0) > 2 * loss(1);
    let kept = rows.sources();
    let lines = &rgb[kept.start * line..kept.end * line];
    let narrow = frame[1] * CHANNELS;
    let mut normal = Normal::new(recipe, out);
    SCRATCH.with_borrow_mut(|scratch| {
        let Scratch {
            flat,
            strips,
            waiting,
            ready,
        } = scratch;
        if tall {
            flat.resize(frame[0] * line, 0);
            (kernel.blend)(lines, line, rows.places(), flat);
            horizontal(&kernel, flat, line, &columns, strips, |lines| {
                normal.write(lines);
            });
        } else {
            let mut vertical = Vertical::new(&kernel, &rows, narrow, waiting, ready);
            horizontal(&kernel, lines, line, &columns, strips, |lines| {
                normal.write(vertical.take(lines));
            });
        }
    });
    Ok(())
}

thread_local! {
    // Memory that is new with every photograph takes as long to get as the work takes.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// What the passes write to.
#[derive(Default)]
struct Scratch {
    flat: Vec<u8>,
    strips: Strips,
    waiting: Vec<u8>,
    ready: Vec<u8>,
}

/// The weights of one axis: every place of the frame takes `width` sources from its first on.
struct Axis {
    start: usize,
    /// Counted from `start`.
    firsts: Vec<usize>,
    width: usize,
    taps: Vec<Taps>,
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
        let places = recipe.corner[axis]..recipe.corner[axis] + recipe.frame[axis];
        let center = |place: usize| (place as f64 + 0.5) * scale;
        let sources = |center: f64| {
            let first = (center - reach + 0.5).max(0.0) as usize;
            first..((center + reach + 0.5) as usize).min(size)
        };
        let width = places
            .clone()
            .map(|place| sources(center(place)).len())
            .max()
            .unwrap_or(0);
        let (mut firsts, mut taps) = (Vec::new(), Vec::new());
        let mut curve = vec![0.0; width];
        for place in places {
            let center = center(place);
            let sources = sources(center);
            // Places at the far edge begin earlier, with weights of zero.
            let start = sources.start.min(size - width);
            curve.fill(0.0);
            for at in sources {
                curve[at - start] = recipe
                    .filter
                    .weight((at as f64 - center + 0.5) * (1.0 / stretch));
            }
            let sum: f64 = curve.iter().sum();
            let weight = |at: usize| {
                let weight = curve.get(at).copied().unwrap_or(0.0);
                let share = if sum == 0.0 { weight } else { weight / sum };
                (share * f64::from(1 << FRACTION) + 0.5_f64.copysign(share)) as i32
            };
            taps.extend(
                (0..width)
                    .step_by(2)
                    .map(|at| Taps::new([weight(at), weight(at + 1)])),
            );
            firsts.push(start);
        }
        let start = firsts[0];
        for first in &mut firsts {
            *first -= start;
        }
        Self {
            start,
            firsts,
            width,
            taps,
        }
    }

    /// What the axis takes of its source, from the first to the last.
    fn sources(&self) -> Range<usize> {
        // Firsts only grow.
        self.start..self.start + self.firsts[self.firsts.len() - 1] + self.width
    }

    fn places(&self) -> Places<'_> {
        Places {
            firsts: &self.firsts,
            width: self.width,
            taps: &self.taps,
        }
    }
}

/// The vertical pass on lines that come a strip at a time, while they are in the cache.
struct Vertical<'a> {
    kernel: &'a Kernel,
    rows: Places<'a>,
    line: usize,
    /// Lines that places to come take, the first of them the one numbered `first`.
    waiting: &'a mut Vec<u8>,
    first: usize,
    ready: &'a mut Vec<u8>,
}

impl<'a> Vertical<'a> {
    fn new(
        kernel: &'a Kernel,
        rows: &'a Axis,
        line: usize,
        waiting: &'a mut Vec<u8>,
        ready: &'a mut Vec<u8>,
    ) -> Self {
        waiting.clear();
        Self {
            kernel,
            rows: rows.places(),
            line,
            waiting,
            first: 0,
            ready,
        }
    }

    /// Takes lines, and returns those of the places that have all of theirs now.
    fn take(&mut self, lines: &[u8]) -> &[u8] {
        let Places {
            firsts,
            width,
            taps,
        } = self.rows;
        self.waiting.extend_from_slice(lines);
        let end = self.first + self.waiting.len() / self.line;
        let count = firsts.partition_point(|first| first + width <= end);
        let (now, later) = firsts.split_at(count);
        let now: Vec<usize> = now.iter().map(|first| first - self.first).collect();
        self.ready.resize(count * self.line, 0);
        let places = Places {
            firsts: &now,
            width,
            taps,
        };
        (self.kernel.blend)(self.waiting, self.line, places, self.ready);
        self.rows = Places {
            firsts: later,
            width,
            taps: &taps[count * width.div_ceil(2)..],
        };
        let first = later.first().copied().unwrap_or(end).min(end);
        self.waiting.drain(..(first - self.first) * self.line);
        self.first = first;
        self.ready
    }
}

/// Lines of a strip: two transposed blocks, as many bytes as one wide register holds.
const STRIP: usize = 2 * SIDE;

/// The bytes that stand one above the other in a strip.
type Upright = [[u8; SIDE]; STRIP / SIDE];

/// What the horizontal pass writes to.
#[derive(Default)]
struct Strips {
    upright: Vec<Upright>,
    blended: Vec<Upright>,
    lines: Vec<u8>,
}

/// Hands out a strip of lines after the other, the channels of a line one behind the other.
fn horizontal(
    kernel: &Kernel,
    bytes: &[u8],
    line: usize,
    columns: &Axis,
    strips: &mut Strips,
    mut hand: impl FnMut(&[u8]),
) {
    let Strips {
        upright,
        blended,
        lines: made,
    } = strips;
    let kept = columns.sources();
    let narrow = columns.firsts.len() * CHANNELS;
    upright.resize(kept.len() * CHANNELS, Upright::default());
    blended.resize(narrow, Upright::default());
    for strip in bytes.chunks(STRIP * line) {
        let count = strip.len() / line;
        // Of lines that are not there the last one takes the place.
        let lines: [&[u8]; STRIP] = std::array::from_fn(|at| {
            let line = &strip[at.min(count - 1) * line..][..line];
            &line[kept.start * CHANNELS..kept.end * CHANNELS]
        });
        turn(&lines, upright);
        (kernel.blend)(
            upright.as_flattened().as_flattened(),
            CHANNELS * STRIP,
            columns.places(),
            blended.as_flattened_mut().as_flattened_mut(),
        );
        made.resize(count * narrow, 0);
        turn_back(blended, made);
        hand(made);
    }
}

/// Writes the bytes that stand one above the other in lines side by side.
fn turn(lines: &[&[u8]; STRIP], upright: &mut [Upright]) {
    let (blocks, rest) = upright.as_chunks_mut::<SIDE>();
    let done = blocks.len() * SIDE;
    for (number, block) in blocks.iter_mut().enumerate() {
        let start = number * SIDE;
        if start.is_multiple_of(LINE) {
            // Machines see ahead in a few lines, not in so many.
            for line in lines {
                prefetch(
                    line.get(start + 2 * LINE..=start + 2 * LINE)
                        .unwrap_or_default(),
                );
            }
        }
        for (half, lines) in lines.as_chunks::<SIDE>().0.iter().enumerate() {
            let bytes = std::array::from_fn(|at| {
                let bytes = lines[at][start..].first_chunk();
                *bytes.expect("a block ends within its line")
            });
            for (column, bytes) in block.iter_mut().zip(transposed(bytes)) {
                column[half] = bytes;
            }
        }
    }
    for (place, column) in rest.iter_mut().enumerate() {
        for (to, line) in column.as_flattened_mut().iter_mut().zip(lines) {
            *to = line[done + place];
        }
    }
}

/// Bytes that come into the cache together.
const LINE: usize = 64;

/// The reverse of [`turn`], and parts the channels.
fn turn_back(upright: &[Upright], strip: &mut [u8]) {
    let line = upright.len();
    let (pixels, _) = upright.as_chunks::<CHANNELS>();
    for channel in 0..CHANNELS {
        let (blocks, rest) = pixels.as_chunks::<SIDE>();
        let start = channel * pixels.len();
        for (number, block) in blocks.iter().enumerate() {
            for (half, lines) in strip.chunks_mut(SIDE * line).enumerate() {
                let bytes = transposed(std::array::from_fn(|at| block[at][channel][half]));
                for (to, from) in lines.chunks_exact_mut(line).zip(bytes) {
                    to[start + number * SIDE..][..SIDE].copy_from_slice(&from);
                }
            }
        }
        let start = start + blocks.len() * SIDE;
        for (row, to) in strip.chunks_exact_mut(line).enumerate() {
            for (byte, pixel) in to[start..].iter_mut().zip(rest) {
                *byte = pixel[channel].as_flattened()[row];
            }
        }
    }
}

/// Bytes and lines of a transposed block: one register on any machine.
const SIDE: usize = 16;

/// Transposes by interleaving rows eight apart, four times over.
fn transposed(mut rows: [[u8; SIDE]; SIDE]) -> [[u8; SIDE]; SIDE] {
    for _ in 0..SIDE.ilog2() {
        let mut next = [[0; SIDE]; SIDE];
        let (upper, lower) = rows.split_at(SIDE / 2);
        for ((pair, &upper), &lower) in next.as_chunks_mut().0.iter_mut().zip(upper).zip(lower) {
            *pair = interleaved(upper, lower);
        }
        rows = next;
    }
    rows
}

#[cfg(target_arch = "x86_64")]
fn interleaved(left: [u8; SIDE], right: [u8; SIDE]) -> [[u8; SIDE]; 2] {
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
fn interleaved(left: [u8; SIDE], right: [u8; SIDE]) -> [[u8; SIDE]; 2] {
    std::array::from_fn(|half| {
        std::array::from_fn(|at| {
            let side = if at % 2 == 0 { &left } else { &right };
            side[half * SIDE / 2 + at / 2]
        })
    })
}

/// The tensor, line by line: bytes on the scale that the model was trained with.
struct Normal<'a> {
    values: [[f32; 256]; CHANNELS],
    planes: [ChunksExactMut<'a, f32>; CHANNELS],
    columns: usize,
}

impl<'a> Normal<'a> {
    fn new(recipe: &Recipe, out: &'a mut [f32]) -> Self {
        let [rows, columns] = recipe.frame;
        let mut planes = out.chunks_exact_mut(rows * columns);
        Self {
            values: std::array::from_fn(|channel| {
                let (mean, std) = (recipe.mean[channel], recipe.std[channel]);
                std::array::from_fn(|value| (value as f32 / 255.0 - mean) / std)
            }),
            planes: std::array::from_fn(|_| {
                let plane = planes.next().unwrap_or_default();
                plane.chunks_exact_mut(columns)
            }),
            columns,
        }
    }

    /// Takes the next lines, the channels of each one behind the other.
    fn write(&mut self, lines: &[u8]) {
        for line in lines.chunks_exact(self.columns * CHANNELS) {
            let channels = self.planes.iter_mut().zip(&self.values);
            for ((plane, values), bytes) in channels.zip(line.chunks_exact(self.columns)) {
                let to = plane.next().expect("no more lines than the tensor has");
                for (to, &byte) in to.iter_mut().zip(bytes) {
                    *to = values[usize::from(byte)];
                }
            }
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
                for taps in axis.taps.chunks(axis.width.div_ceil(2)) {
                    let sum: i32 = taps.iter().flat_map(|taps| taps.weights()).sum();
                    assert!((sum - (1 << FRACTION)).unsigned_abs() as usize <= axis.width);
                }
            }
        }
    }

    #[test]
    fn turning_a_strip_and_back_parts_its_channels() {
        for columns in [1, 5, 16, 17, 50] {
            let line = columns * CHANNELS;
            for rows in [1, 7, SIDE, SIDE + 1, STRIP] {
                let strip: Vec<u8> = (0..rows * line).map(|at| (at % 251) as u8).collect();
                let lines = std::array::from_fn(|at| &strip[at.min(rows - 1) * line..][..line]);
                let mut upright = vec![Upright::default(); line];
                turn(&lines, &mut upright);
                let mut back = vec![0; strip.len()];
                turn_back(&upright, &mut back);
                for (line, back) in strip.chunks(line).zip(back.chunks(line)) {
                    for (at, &byte) in line.iter().enumerate() {
                        assert_eq!(back[at % CHANNELS * columns + at / CHANNELS], byte);
                    }
                }
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
