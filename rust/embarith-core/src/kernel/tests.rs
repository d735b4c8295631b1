use super::*;
use crate::exact;

#[test]
fn the_environment_pins_and_requires() {
    assert_eq!(choose(Some("portable"), None).unwrap().name, "portable");
    assert_eq!(choose(None, None).unwrap().name, available()[0].name);
    let message = choose(Some("avx3"), None).unwrap_err().to_string();
    assert!(
        message.contains("avx512, avxvnni, avx2, portable"),
        "{message}"
    );
    assert!(message.starts_with("EMBARITH_ISA=avx3: "), "{message}");
    assert!(choose(None, Some("portable")).is_ok());
}

/// Run with `EMBARITH_REQUIRE_ISA` set, this shows that a lesser CPU takes the path named.
#[test]
fn the_environment_of_this_run_can_be_had() {
    assert!(kernel().is_ok(), "{:?}", kernel().map(|one| one.name));
}

#[test]
fn every_path_blends_bytes_alike() {
    let byte = |i: usize| (i * 37 % 256) as u8;
    for stride in (1..=130).chain([672]) {
        for width in [1, 2, 5, 22] {
            let firsts = [0, 1, 1, 4];
            let source: Vec<u8> = (0..(4 + width) * stride).map(byte).collect();
            let weights: Vec<i32> = (0..width * firsts.len())
                .map(|at| {
                    let tap = (at % width) as i32;
                    (at as i32 % 3 - 1) * (5 << 17) + tap + 3_000_000 / width as i32
                })
                .collect();
            let taps: Vec<Taps> = weights
                .chunks(width)
                .flat_map(|weights| weights.chunks(2))
                .map(|pair| Taps::new([pair[0], pair.get(1).copied().unwrap_or(0)]))
                .collect();
            let mut want = Vec::new();
            for (first, weights) in firsts.iter().zip(weights.chunks(width)) {
                for lane in 0..stride {
                    let values = source[first * stride + lane..].iter().step_by(stride);
                    let sum: i64 = values
                        .zip(weights)
                        .map(|(&x, &w)| i64::from(x) * i64::from(w))
                        .sum();
                    let rounded = (sum + (1 << (FRACTION - 1))) >> FRACTION;
                    want.push(rounded.clamp(0, 255) as u8);
                }
            }
            let places = Places {
                firsts: &firsts,
                width,
                taps: &taps,
            };
            for kernel in available() {
                let mut out = vec![7; want.len()];
                (kernel.blend)(&source, stride, places, &mut out);
                assert_eq!(out, want, "{} {stride} bytes, {width} taps", kernel.name);
            }
        }
    }
}

#[test]
fn weights_are_put_together_again() {
    for weight in [
        0,
        1,
        -1,
        1023,
        1024,
        -1024,
        -1025,
        1 << FRACTION,
        -(1 << 25),
        (1 << 26) - 1025,
    ] {
        assert_eq!(Taps::new([weight, -weight]).weights(), [weight, -weight]);
    }
}

/// Small integers make every order of summation exact, so all paths must agree to the bit.
#[test]
fn every_path_agrees_on_every_tail_length() {
    for dim in (0..=130).chain([300, 512, 2048, 4096]) {
        let value = |i: usize, step: usize| ((i * step) % 7) as f32 - 3.0;
        for atoms_count in [1, 2, 5, 6, 7, 13] {
            if dim > 130 && atoms_count != 13 {
                continue;
            }
            let atoms: Vec<f32> = (0..atoms_count * dim).map(|i| value(i, 5)).collect();
            let tile: Vec<Lanes> = (0..dim)
                .map(|i| Lanes(std::array::from_fn(|lane| value(i * TILE + lane, 3))))
                .collect();
            for kernel in available() {
                let mut out = vec![Lanes::splat(f32::NAN); atoms_count];
                (kernel.dots)(&atoms, &tile, &mut out);
                for (atom, lanes) in out.iter().enumerate() {
                    for (lane, &got) in lanes.iter().enumerate() {
                        let left = &atoms[atom * dim..][..dim];
                        let right: Vec<f32> = tile.iter().map(|row| row[lane]).collect();
                        let want: f64 = exact::dot(left, &right);
                        assert_eq!(f64::from(got), want, "{} dim {dim}", kernel.name);
                        let wide: Vec<f64> = left.iter().map(|&x| f64::from(x) / 3.0).collect();
                        let exact: f64 = exact::dot(&wide, &right);
                        let same = (kernel.dot_exact)(&wide, &right).to_bits();
                        assert_eq!(same, exact.to_bits(), "{} dim {dim}", kernel.name);
                        if atom == 0 {
                            let rows = [&right[..], left].concat();
                            let mut both = [f32::NAN; 2];
                            (kernel.dot_rows)(left, &rows, &mut both);
                            let squared = exact::dot(left, left);
                            let both = both.map(f64::from);
                            assert_eq!(both, [want, squared], "{} dim {dim}", kernel.name);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn screens_agree_with_plain_sums() {
    for groups in [1, 2, 3, 16, 75] {
        let codes: Vec<Codes> = (0..groups)
            .map(|group| {
                let first = group * TILE * GROUP;
                Codes(std::array::from_fn(|i| ((first + i) * 89 % 256) as u8))
            })
            .collect();
        for (count, kernel) in
            (1..=14).flat_map(|count| available().into_iter().map(move |one| (count, one)))
        {
            let most = i32::from(kernel.largest_code);
            let queries: Vec<i8> = (0..(count * groups * GROUP) as i32)
                .map(|i| (i * 57 % (2 * most + 1) - most) as i8)
                .collect();
            let sums: Vec<Sums> = queries
                .chunks_exact(groups * GROUP)
                .map(|query| {
                    std::array::from_fn(|row| {
                        let code = |i: usize| codes[i / GROUP][row * GROUP + i % GROUP];
                        let products = |(i, &q): (usize, &i8)| i32::from(code(i)) * i32::from(q);
                        query.iter().enumerate().map(products).sum()
                    })
                })
                .collect();
            // Every other query misses its limit by one.
            let limit = |(i, sums): (usize, &Sums)| {
                sums.iter().max().expect("a tile has rows") + i32::from(i % 2 == 1)
            };
            let limits: Vec<i32> = sums.iter().enumerate().map(limit).collect();
            let mut found = Vec::new();
            (kernel.screen)(&codes, &codes, &queries, &limits, &mut |i, rows, sums| {
                found.push((i, rows, *sums));
            });
            let reaching = |i: usize| {
                let bits = sums[i].iter().enumerate();
                bits.map(|(row, &sum)| u64::from(sum >= limits[i]) << row)
                    .sum()
            };
            let hits: Vec<(usize, u64, Sums)> = (0..count)
                .step_by(2)
                .map(|i| (i, reaching(i), sums[i]))
                .collect();
            assert_eq!(found, hits, "{} {groups} {count}", kernel.name);
        }
    }
}

/// The largest codes of all: sums of sixteen bits must not saturate.
#[test]
fn the_largest_codes_fit() {
    for kernel in available() {
        for code in [kernel.largest_code, -kernel.largest_code] {
            let (codes, queries) = ([Codes([255; TILE * GROUP]); 3], [code; 3 * GROUP]);
            let mut found = Vec::new();
            (kernel.screen)(&codes, &codes, &queries, &[i32::MIN], &mut |_, _, sums| {
                found.push(*sums);
            });
            let want = 255 * i32::from(code) * (3 * GROUP) as i32;
            assert_eq!(found, [[want; TILE]], "{}", kernel.name);
        }
    }
}

#[test]
fn weighted_sums_agree_to_the_bit() {
    for columns in 1..=9 {
        let values: Vec<f64> = (0..columns * 70).map(|i| (i as f64).sin()).collect();
        let weights: Vec<Draws> = (0..70)
            .map(|i| {
                Draws(std::array::from_fn(|draw| {
                    ((i * DRAWS + draw) as f64).cos()
                }))
            })
            .collect();
        for kernel in available() {
            let mut sums = vec![Draws([0.5; DRAWS]); columns];
            (kernel.add_weighted)(&values, &weights, &mut sums);
            for (column, sums) in sums.iter().enumerate() {
                for (draw, &sum) in sums.iter().enumerate() {
                    let want = weights
                        .iter()
                        .enumerate()
                        .fold(0.5, |want, (row, weights)| {
                            want + values[row * columns + column] * weights[draw]
                        });
                    assert_eq!(sum.to_bits(), f64::to_bits(want), "{}", kernel.name);
                }
            }
        }
    }
}

#[test]
fn combining_and_masks_agree() {
    let lanes = |step: usize| Lanes(std::array::from_fn(|i| ((i * step) % 11) as f32 - 5.0));
    let terms = [&lanes(3), &lanes(5), &lanes(7)];
    for kernel in available() {
        let mut out = Lanes::splat(f32::NAN);
        (kernel.combine)(terms, [1.0, -2.0, 0.5], &mut out);
        for lane in 0..TILE {
            let want = terms[0][lane] - 2.0 * terms[1][lane] + 0.5 * terms[2][lane];
            assert_eq!(out[lane], want, "{}", kernel.name);
        }
        for bound in [
            -6.0,
            -5.0,
            0.0,
            0.25,
            5.0,
            6.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
        ] {
            let want = (0..TILE).fold(0_u64, |mask, lane| {
                mask | u64::from(terms[0][lane] >= bound) << lane
            });
            assert_eq!((kernel.at_least)(terms[0], bound), want, "{}", kernel.name);
            let strip = [*terms[0], Lanes::splat(-9.0), Lanes::splat(-9.0), *terms[0]];
            let tiles = (kernel.reach)(&strip, 2, [0, 1, 1], [1.0, 0.0, 0.0], bound);
            let second = (kernel.reach)(&strip, 2, [1, 0, 0], [0.0, 1.0, 0.0], bound);
            let any = u16::from(want != 0);
            let low = u16::from(-9.0 >= bound);
            assert_eq!(tiles, any | low << 1, "{}", kernel.name);
            assert_eq!(second, any | low << 1, "{}", kernel.name);
            let counted = (kernel.count)(&strip, 2, [0, 1, 1], [1.0, 0.0, 0.0], [2.0, bound]);
            let (above, open) = [&strip[0], &strip[2]].iter().enumerate().fold(
                (0, 0),
                |(above, open), (number, lanes)| {
                    let between = lanes.iter().any(|&x| x >= bound && x < 2.0);
                    let high = lanes.iter().filter(|&&x| x >= 2.0).count() as u32;
                    (above + high, open | u16::from(between) << number)
                },
            );
            assert_eq!(counted, (above, open), "{}", kernel.name);
            // Whole numbers and halves: every instruction set adds them up exactly.
            let weights = [1.0, -2.0, 0.5];
            let bounds = [bound, 2.0, bound / 2.0];
            let reached = bounds.map(|bound| {
                (0..TILE).fold(0_u64, |mask, lane| {
                    mask | u64::from(out[lane] >= bound) << lane
                })
            });
            let masks = (kernel.sift)(terms, weights, bounds);
            assert_eq!(masks, reached, "{}", kernel.name);
            let strip = terms.map(|lanes| *lanes);
            let tiles = (kernel.reach)(&strip, 3, [0, 1, 2], weights, bound);
            assert_eq!(tiles, u16::from(reached[0] != 0), "{}", kernel.name);
            let counted = (kernel.count)(&strip, 3, [0, 1, 2], weights, [2.0, bound]);
            let open = u16::from(reached[0] & !reached[1] != 0);
            assert_eq!(counted, (reached[1].count_ones(), open), "{}", kernel.name);
        }
    }
}
