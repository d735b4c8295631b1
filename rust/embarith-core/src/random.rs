//! Philox4x64-10: every random word is a function of a key and a counter alone, so that work can be
//! shared out in any way without changing a number (Salmon, Moraes, Dror and Shaw: Parallel random
//! numbers: as easy as 1, 2, 3. SC 2011).
//!
//! `numpy.random.Philox` is the same generator: with the same key, and the counter
//! `[0, stream[0], stream[1], 0]`, it gives the same [`words`].

/// Two words that tell purposes and seeds apart.
pub type Key = [u64; 2];

const MULTIPLIERS: [u64; 2] = [0xD2E7_470E_E14C_6C93, 0xCA5A_8263_9512_1157];
const STEPS: Key = [0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B];
const ROUNDS: usize = 10;

fn philox(mut counter: [u64; 4], mut key: Key) -> [u64; 4] {
    for _ in 0..ROUNDS {
        let [first, second] = [0, 1].map(|i| {
            let product = u128::from(MULTIPLIERS[i]) * u128::from(counter[2 * i]);
            [product as u64, (product >> 64) as u64]
        });
        counter = [
            second[1] ^ counter[1] ^ key[0],
            second[0],
            first[1] ^ counter[3] ^ key[1],
            first[0],
        ];
        key = [0, 1].map(|i| key[i].wrapping_add(STEPS[i]));
    }
    counter
}

/// The random words of one stream, of which every key has 2¹²⁸.
pub fn words(key: Key, stream: [u64; 2]) -> impl Iterator<Item = u64> {
    // NumPy counts before it draws, so its first block is number one.
    (1..).flat_map(move |block| philox([block, stream[0], stream[1], 0], key))
}

/// Makes a word an exponential number of mean one, by inversion of 53 bits.
///
/// `libm` computes the logarithm in plain arithmetic, the same on every machine; that of the
/// platform differs in the last digit from one C library to the next.
#[must_use]
pub fn exponential(word: u64) -> f64 {
    const UNIT: f64 = 1.0 / (1_u64 << 53) as f64;
    -libm::log(1.0 - (word >> 11) as f64 * UNIT)
}

/// Makes a word an integer below `bound`.
///
/// The high half of word · bound, without rejection: no integer is off its share by more than
/// 2⁻⁶⁴, one part in 2³² for a bound of 2³².
#[must_use]
pub fn below(word: u64, bound: usize) -> usize {
    ((u128::from(word) * bound as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of Random123, the authors' own library: `kat_vectors`, philox4x64 with ten rounds.
    #[test]
    fn known_answers() {
        let ones = u64::MAX;
        let answers = [
            (
                [0; 4],
                [0; 2],
                [
                    0x1655_4d9e_ca36_314c,
                    0xdb20_fe9d_672d_0fdc,
                    0xd7e7_72ce_e186_176b,
                    0x7e68_b68a_ec7b_a23b,
                ],
            ),
            (
                [ones; 4],
                [ones; 2],
                [
                    0x87b0_92c3_013f_e90b,
                    0x438c_3c67_be8d_0224,
                    0x9cc7_d7c6_9cd7_77b6,
                    0xa09c_aebf_594f_0ba0,
                ],
            ),
            (
                [
                    0x243f_6a88_85a3_08d3,
                    0x1319_8a2e_0370_7344,
                    0xa409_3822_299f_31d0,
                    0x082e_fa98_ec4e_6c89,
                ],
                [0x4528_21e6_38d0_1377, 0xbe54_66cf_34e9_0c6c],
                [
                    0xa528_f454_03e6_1d95,
                    0x38c7_2dbd_566e_9788,
                    0xa5a1_610e_72fd_18b5,
                    0x57bd_43b5_e52b_7fe6,
                ],
            ),
        ];
        for (counter, key, answer) in answers {
            assert_eq!(philox(counter, key), answer);
        }
    }

    #[test]
    fn a_stream_counts_from_one() {
        let (key, stream) = ([3, 4], [5, 6]);
        let drawn: Vec<u64> = words(key, stream).take(6).collect();
        assert_eq!(drawn[..4], philox([1, 5, 6, 0], key));
        assert_eq!(drawn[4..], philox([2, 5, 6, 0], key)[..2]);
    }

    #[test]
    fn words_become_numbers() {
        assert_eq!(exponential(0), 0.0);
        assert_eq!(exponential(1 << 63), std::f64::consts::LN_2);
        assert!(exponential(u64::MAX) < 37.0);
        assert_eq!([0, u64::MAX].map(|word| below(word, 7)), [0, 6]);
        assert_eq!(below(1 << 63, 7), 3);
    }
}
