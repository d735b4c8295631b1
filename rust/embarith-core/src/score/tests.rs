use proptest::prelude::*;

use super::*;
use crate::Control;
use crate::kernel::{Lanes, available};
use crate::matrix::Matrix;
use crate::norms::Norms;
use crate::search::strip::Strip;

const DIM: usize = 7;

fn lengths() -> impl Strategy<Value = f32> {
    prop::sample::select(vec![1e-30, 1e-12, 0.3, 1.0, 1.000_001, 40.0, 1e9, 1e30])
}

/// Rows of very different lengths, some of them close to others or the same.
fn rows() -> impl Strategy<Value = Vec<f32>> {
    let row = (
        prop::collection::vec(-1.0_f32..1.0, DIM),
        lengths(),
        0..4_u8,
    );
    prop::collection::vec(row, 5..90).prop_map(|rows| {
        let mut out: Vec<f32> = Vec::new();
        for (mut row, length, kind) in rows {
            if kind == 0 && !out.is_empty() {
                row = out[..DIM].iter().map(|value| value.next_up()).collect();
            } else if kind == 1 && !out.is_empty() {
                row = out[out.len() - DIM..].to_vec();
            } else {
                row[0] += 2.0; // no zero rows
                for value in &mut row {
                    *value *= length;
                }
            }
            out.extend(row);
        }
        out
    })
}

fn methods() -> Vec<(Method, usize)> {
    let mut all = vec![
        (Method::Offset, 1),
        (Method::Offset, 2),
        (Method::Offset, 3),
        (Method::CosMul { epsilon: 1e-3 }, 3),
        (Method::CosMul { epsilon: 1e-6 }, 3),
        (Method::CosMul { epsilon: 1e-40 }, 3),
        (Method::CosMul { epsilon: 1e-300 }, 3),
        (Method::CosMul { epsilon: 1e300 }, 3),
    ];
    for raw in [false, true] {
        all.push((Method::PairDistance { raw }, 2));
        all.push((Method::LogisticCosine { raw }, 2));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The contract between the stages: every exact score lies within its bounds.
    #[test]
    fn exact_scores_lie_within_their_bounds(
        data in rows(),
        weights in prop::array::uniform3(-2.0_f64..2.0),
        places in prop::array::uniform3(0..5_usize),
    ) {
        let matrix = Matrix::new(&data, DIM).unwrap();
        let norms = Norms::of(matrix, &Control::default()).unwrap();
        let table = Table::new(matrix, &norms).unwrap();
        for (method, terms) in methods() {
            let raw = matches!(
                method,
                Method::PairDistance { raw: true } | Method::LogisticCosine { raw: true }
            );
            let atoms: Vec<Vec<f64>> = places[..terms]
                .iter()
                .map(|&place| {
                    let scale = if raw { 1.0 } else { norms.values()[place] };
                    matrix.row(place).iter().map(|x| f64::from(*x) / scale).collect()
                })
                .collect();
            let mut question = Question { atoms: [&[]; 3], weights, terms };
            for (slot, atom) in question.atoms.iter_mut().zip(&atoms) {
                *slot = atom;
            }
            let last = terms as u32 - 1;
            let plan = Plan::new(method, &question, [0, 1.min(last), 2.min(last)], DIM);
            let units: Vec<f32> = atoms
                .iter()
                .flat_map(|atom| {
                    let length = exact::norm(atom);
                    atom.iter().map(move |x| (x / length) as f32)
                })
                .collect();
            let margin = plan.outer_margin(method);
            for kernel in available() {
                let mut scorer = Scorer::new(&table, kernel, method);
                scorer.load(question);
                let mut strip = Strip::new(DIM, terms, 2);
                strip.fill(&table, &kernel, &units, 0);
                for number in 0..matrix.rows().div_ceil(TILE) {
                    let tile = strip.tile(number);
                    let (mut lower, mut upper) = (Lanes::splat(0.0), Lanes::splat(0.0));
                    plan.bounds(method, &kernel, tile, &mut lower, &mut upper);
                    let rows = tile.valid.count_ones() as usize;
                    let best = upper[..rows].iter().copied().fold(f32::MIN, f32::max);
                    let best = best.min(f32::MAX); // as lower bounds are, which rows must reach
                    for bound in [best, best.next_down(), best - 0.5 * best.abs(), f32::NEG_INFINITY] {
                        let tiles =
                            plan.reach(method, &kernel, &strip.cosines, terms, bound);
                        prop_assert!(tiles >> number & 1 == 1, "{method:?} {bound}");
                    }
                    for lane in 0..tile.valid.count_ones() as usize {
                        let score = scorer.score(tile.start + lane as u32);
                        let low = f64::from(lower[lane] - margin);
                        let high = f64::from(upper[lane] + margin);
                        prop_assert!(
                            low <= score && score <= high,
                            "{method:?} {}: {score} not in {low}..{high}",
                            kernel.name
                        );
                    }
                }
            }
        }
    }
}
