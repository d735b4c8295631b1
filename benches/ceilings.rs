//! What this machine can do at most: bytes read from memory, f32 and 8-bit multiply-adds a second.
//!
//! `rustc -O benches/ceilings.rs -o ceilings && ./ceilings THREADS` prints one JSON object. Every
//! figure is the best of many short runs, because a ceiling is what nothing goes beyond.

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_add_epi32, _mm256_dpbusd_avx_epi32, _mm256_fmadd_ps, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_epi8, _mm256_set1_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps,
    _mm512_set1_epi8, _mm512_set1_ps,
};
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

/// Short enough that a shared machine leaves some of them alone.
const RUNS: usize = 40;
/// Chains of dependent operations, as many as latency times throughput needs on any of today's CPUs.
const CHAINS: usize = 12;
const STEPS: usize = 200_000;
/// Far beyond any cache that one virtual machine is given a share of.
const BYTES: usize = 1 << 30;

fn main() {
    let threads = std::env::args().nth(1).map_or_else(
        || thread::available_parallelism().map_or(1, usize::from),
        |text| text.parse().expect("a number of threads"),
    );
    let memory = vec![1_u64; BYTES / 8];
    let share = memory.len() / threads;
    let read = best(threads, |thread| {
        black_box(sum(&memory[thread * share..][..share]));
    });
    println!("{{\n  \"threads\": {threads},");
    print!("  \"read_gb_s\": {:.1}", BYTES as f64 / read / 1e9);
    type Work = unsafe fn();
    let kinds: [(&str, bool, Work, usize); 5] = [
        ("f32_avx2_gmac_s", is_x86_feature_detected!("fma"), f32_avx2, 8),
        ("f32_avx512_gmac_s", is_x86_feature_detected!("avx512f"), f32_avx512, 16),
        ("i8_avx2_gmac_s", is_x86_feature_detected!("avx2"), i8_avx2, 32),
        ("i8_avxvnni_gmac_s", is_x86_feature_detected!("avxvnni"), i8_avxvnni, 32),
        ("i8_avx512_gmac_s", is_x86_feature_detected!("avx512vnni"), i8_avx512, 64),
    ];
    for (name, present, work, lanes) in kinds {
        if present {
            // SAFETY: the CPU has the feature that the function needs.
            let seconds = best(threads, |_| unsafe { work() });
            let done = (threads * STEPS * CHAINS * lanes) as f64;
            print!(",\n  \"{name}\": {:.1}", done / seconds / 1e9);
        }
    }
    println!("\n}}");
}

/// Seconds of the fastest run in which all threads work at once.
fn best(threads: usize, work: impl Fn(usize) + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    let runs = |thread: usize| -> Vec<f64> {
        (0..RUNS)
            .map(|_| {
                barrier.wait();
                let start = Instant::now();
                work(thread);
                barrier.wait();
                start.elapsed().as_secs_f64()
            })
            .collect()
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|thread| scope.spawn(move || runs(thread))).collect();
        let own = runs(0).into_iter().fold(f64::INFINITY, f64::min);
        others.into_iter().for_each(|other| drop(other.join()));
        own
    })
}

fn sum(words: &[u64]) -> u64 {
    let mut lanes = [0_u64; 64];
    for chunk in words.chunks_exact(64) {
        for (lane, word) in lanes.iter_mut().zip(chunk) {
            *lane = lane.wrapping_add(*word);
        }
    }
    lanes.iter().fold(0, |all, lane| all.wrapping_add(*lane))
}

#[target_feature(enable = "avx2,fma")]
fn f32_avx2() {
    let (x, y) = (black_box(_mm256_set1_ps(1e-9)), black_box(_mm256_set1_ps(0.5)));
    let mut sums = [_mm256_set1_ps(0.0); CHAINS];
    for _ in 0..STEPS {
        for sum in &mut sums {
            *sum = _mm256_fmadd_ps(x, y, *sum);
        }
    }
    black_box(sums);
}

#[target_feature(enable = "avx512f")]
fn f32_avx512() {
    let (x, y) = (black_box(_mm512_set1_ps(1e-9)), black_box(_mm512_set1_ps(0.5)));
    let mut sums = [_mm512_set1_ps(0.0); CHAINS];
    for _ in 0..STEPS {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(x, y, *sum);
        }
    }
    black_box(sums);
}

/// Products of bytes summed in 32 bits, the way that a CPU without VNNI has to go.
#[target_feature(enable = "avx2")]
fn i8_avx2() {
    let ones = black_box(_mm256_set1_epi16(1));
    let codes = black_box([_mm256_set1_epi8(1); CHAINS]);
    let mut sums: [__m256i; CHAINS] = [_mm256_set1_epi8(0); CHAINS];
    for step in 0..STEPS {
        // Another operand every step, or the products would be computed once.
        let rows = _mm256_set1_epi8(black_box(step as i8));
        for (sum, &code) in sums.iter_mut().zip(&codes) {
            let pairs = _mm256_maddubs_epi16(rows, code);
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
        }
    }
    black_box(sums);
}

#[target_feature(enable = "avx2,avxvnni")]
fn i8_avxvnni() {
    let (x, y) = (black_box(_mm256_set1_epi8(1)), black_box(_mm256_set1_epi8(2)));
    let mut sums: [__m256i; CHAINS] = [_mm256_set1_epi8(0); CHAINS];
    for _ in 0..STEPS {
        for sum in &mut sums {
            *sum = _mm256_dpbusd_avx_epi32(*sum, x, y);
        }
    }
    black_box(sums);
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn i8_avx512() {
    let (x, y) = (black_box(_mm512_set1_epi8(1)), black_box(_mm512_set1_epi8(2)));
    let mut sums: [__m512i; CHAINS] = [_mm512_set1_epi8(0); CHAINS];
    for _ in 0..STEPS {
        for sum in &mut sums {
            *sum = _mm512_dpbusd_epi32(*sum, x, y);
        }
    }
    black_box(sums);
}
