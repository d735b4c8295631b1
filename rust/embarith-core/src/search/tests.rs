use super::*;

fn bits(answers: &Answers) -> Vec<(i64, u64)> {
    let scores = answers.scores.iter().map(|score| score.to_bits());
    answers.rows.iter().copied().zip(scores).collect()
}

/// A third of the rows repeat an earlier one, a third hardly differ from it; all lean one way.
#[test]
fn a_shadow_changes_no_answer() {
    for (count, dim) in [(1500, 3), (700, 20), (130, 65), (65, 1), (1, 300)] {
        let mut rows: Vec<f32> = Vec::new();
        for row in 0..count {
            let model = (row % 3 * row / 5) * dim;
            if row % 3 == 0 {
                rows.extend((0..dim).map(|i| ((row * dim + i) as f32 * 12.9898).sin() + 0.8));
            } else {
                rows.extend_from_within(model % rows.len() / dim * dim..);
                rows.truncate((row + 1) * dim);
                if row % 3 == 2 {
                    rows[row * dim] = rows[row * dim].next_up();
                }
            }
        }
        let matrix = Matrix::new(&rows, dim).unwrap();
        let norms = Norms::of(matrix, &Control::default()).unwrap();
        let plain = Table::new(matrix, &norms).unwrap();
        let shadow = Shadow::new(&plain, &Control::default()).unwrap();
        let atoms: Vec<f64> = (0..6 * dim)
            .map(|i| f64::from(rows[i * 7 % rows.len()]) + 0.01 * (i as f64).cos())
            .collect();
        for terms_per_question in 1..=3 {
            let terms: Vec<i64> = (0..6 * terms_per_question as i64)
                .map(|i| i * 5 % 6)
                .collect();
            let weights: Vec<f64> = (0..terms.len()).map(|i| [1.0, -0.75, 0.5][i % 3]).collect();
            for k in [1, 10, count + 3] {
                let request = Request {
                    method: Method::Offset,
                    atoms: Atoms::Double(&atoms),
                    ranked: false,
                    terms: &terms,
                    weights: &weights,
                    terms_per_question,
                    exclude: &[0, -1, -1, 0, -1, -1],
                    gold: &[],
                    k,
                    fair: true,
                    limit: None,
                };
                assert!(request.suits_shadow(dim));
                for kernel in crate::kernel::available() {
                    let [want, got] = [plain, plain.with_shadow(Some(&shadow))]
                        .map(|table| solve_on(kernel, &table, &request, &Control::default()))
                        .map(Result::unwrap);
                    assert_eq!(bits(&got.fair), bits(&want.fair), "{}", kernel.name);
                    assert_eq!(
                        bits(&got.restricted),
                        bits(&want.restricted),
                        "{}",
                        kernel.name
                    );
                }
            }
        }
    }
}

#[test]
fn sizes_whose_squares_leave_the_range_are_refused() {
    let matrix = Matrix::new(&[1.0, 0.0, 0.0, 1.0], 2).unwrap();
    let norms = Norms::of(matrix, &Control::default()).unwrap();
    let table = Table::new(matrix, &norms).unwrap();
    for (atom, weight) in [(1e200, 1.0), (1e-170, 1.0), (f64::NAN, 1.0), (1.0, 1e40)] {
        let request = Request {
            method: Method::Offset,
            atoms: Atoms::Double(&[atom, 0.0]),
            ranked: false,
            terms: &[0],
            weights: &[weight],
            terms_per_question: 1,
            exclude: &[],
            gold: &[],
            k: 1,
            fair: false,
            limit: None,
        };
        let got = solve_on(kernel().unwrap(), &table, &request, &Control::default());
        assert!(
            matches!(got, Err(Error::Size(..))),
            "{atom} {weight}: {got:?}"
        );
    }
}

#[test]
fn atoms_are_what_they_are_made_of() {
    let rows = [
        3.0, -1.0, 2.5, 0.5, 4.0, -2.0, 1.0, 1.5, 7.0, 0.25, -3.0, 2.0_f32,
    ];
    let matrix = Matrix::new(&rows, 4).unwrap();
    let control = Control::default();
    let norms = Norms::of(matrix, &control).unwrap();
    let table = Table::new(matrix, &norms).unwrap();
    let wide: Vec<f64> = rows.iter().map(|&value| value.into()).collect();
    let ranks: Vec<f64> = crate::rank::centered_ranks(&rows, 4, &control)
        .unwrap()
        .into_iter()
        .map(f64::from)
        .collect();
    let ask = |atoms, ranked| {
        let request = Request {
            method: Method::Offset,
            atoms,
            ranked,
            terms: &[0, 1, 2, 0],
            weights: &[1.0, -0.5, 1.0, 2.0],
            terms_per_question: 2,
            exclude: &[],
            gold: &[],
            k: 3,
            fair: true,
            limit: None,
        };
        solve_on(kernel().unwrap(), &table, &request, &control)
    };
    let want = ask(Atoms::Double(&wide), false).unwrap();
    assert_eq!(ask(Atoms::Single(&rows), false).unwrap(), want);
    assert_eq!(ask(Atoms::Rows(&[0, 1, 2]), false).unwrap(), want);
    let want = ask(Atoms::Double(&ranks), false).unwrap();
    for atoms in [
        Atoms::Single(&rows),
        Atoms::Double(&wide),
        Atoms::Rows(&[0, 1, 2]),
    ] {
        assert_eq!(ask(atoms, true).unwrap(), want);
    }
    for (atoms, message) in [
        (Atoms::Rows(&[0, 1, 3]), "row 3 of a table of 3 rows"),
        (Atoms::Rows(&[0, 1]), "a question names atom 2 of 2"),
        (Atoms::Single(&rows[1..]), "11 values in rows of 4"),
    ] {
        assert_eq!(ask(atoms, false).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_row_of_another_length_than_was_taken_is_named() {
    let matrix = Matrix::new(&[1.0, 0.0, 0.0, 2.0, 3.0, 4.0], 2).unwrap();
    let norms = Norms::new(vec![1.0, 1.0, 5.0]).unwrap();
    assert!(matches!(
        norms.check(matrix, &Control::default()),
        Err(Error::Changed(1))
    ));
    let table = Table::new(matrix, &norms).unwrap();
    for (exclude, gold, k) in [(-1, -1, 1), (-1, -1, 3), (-1, 1, 0), (1, 0, 0)] {
        let request = Request {
            method: Method::Offset,
            atoms: Atoms::Double(&[1.0, 1.0]),
            ranked: false,
            terms: &[0],
            weights: &[1.0],
            terms_per_question: 1,
            exclude: &[exclude],
            gold: &[gold],
            k,
            fair: true,
            limit: None,
        };
        let got = solve_on(kernel().unwrap(), &table, &request, &Control::default());
        assert!(matches!(got, Err(Error::Changed(1))), "{got:?}");
        let damaged = Request {
            atoms: Atoms::Rows(&[1]),
            ..request
        };
        let got = solve_on(kernel().unwrap(), &table, &damaged, &Control::default());
        assert!(matches!(got, Err(Error::Changed(1))), "{got:?}");
        let more = Request {
            k: usize::MAX,
            ..request
        };
        let got = solve_on(kernel().unwrap(), &table, &more, &Control::default());
        assert!(matches!(got, Err(Error::Memory(_))), "{got:?}");
    }
}

/// Row 0 points away from the first atom, so that only a tiny ε keeps its score finite. As a
/// right answer that may not answer it makes its question visit the rows twice.
#[test]
fn scores_beyond_f32_are_ranked_and_answer_once() {
    let rows = [-1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
    let matrix = Matrix::new(&rows, 2).unwrap();
    let norms = Norms::of(matrix, &Control::default()).unwrap();
    let table = Table::new(matrix, &norms).unwrap();
    for epsilon in [1e-3, 1e-30, 1e-40, 1e-300] {
        let request = Request {
            method: Method::CosMul { epsilon },
            atoms: Atoms::Double(&[1.0, 0.0, 0.0, 1.0]),
            ranked: false,
            terms: &[1, 1, 0],
            weights: &[1.0; 3],
            terms_per_question: 3,
            exclude: &[0],
            gold: &[0, 2],
            k: 3,
            fair: true,
            limit: None,
        };
        for kernel in crate::kernel::available() {
            let got = solve_on(kernel, &table, &request, &Control::default()).unwrap();
            assert_eq!(got.fair.rows, [0, 2, 1], "{} {epsilon}", kernel.name);
            assert_eq!(got.restricted.rows, [2, 1, -1], "{}", kernel.name);
            let want = [
                0.25 / epsilon,
                1.0 / (0.5 + epsilon),
                0.25 / (1.0 + epsilon),
            ];
            assert_eq!(got.fair.scores, want, "{}", kernel.name);
            assert_eq!(got.rank_fair.above, [0], "{}", kernel.name);
            assert_eq!(got.rank_restricted.above, [0], "{}", kernel.name);
        }
        // Nothing but such a row.
        let one = Matrix::new(&rows[..2], 2).unwrap();
        let norms = Norms::of(one, &Control::default()).unwrap();
        let table = Table::new(one, &norms).unwrap();
        let request = Request {
            exclude: &[],
            gold: &[],
            ..request
        };
        for kernel in crate::kernel::available() {
            let got = solve_on(kernel, &table, &request, &Control::default()).unwrap();
            assert_eq!(got.fair.rows, [0, -1, -1], "{} {epsilon}", kernel.name);
        }
    }
}
