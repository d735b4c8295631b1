//! How many threads work, how far they are, and whether they should stop.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{Error, Result};

/// More would only be a typing error.
const MAX_THREADS: usize = 1024;

/// Shared between a computation and whoever waits for it.
#[derive(Debug, Default)]
pub struct Control {
    cancelled: AtomicBool,
    done: AtomicU64,
}

impl Control {
    /// Asks the computation to stop at its next check.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Work finished so far, in the unit that the computation states.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(crate) fn advance(&self, by: u64) {
        self.done.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        Ok(())
    }
}

/// The threads of this crate: `EMBARITH_THREADS` of them, or one a core.
///
/// # Errors
///
/// [`Error::Threads`] if the variable is set to anything but an integer from 1 to 1,024.
pub fn pool() -> Result<&'static ThreadPool> {
    static POOL: OnceLock<std::result::Result<ThreadPool, String>> = OnceLock::new();
    POOL.get_or_init(|| {
        let wanted = match std::env::var("EMBARITH_THREADS") {
            Ok(text) if !text.is_empty() => match text.parse::<usize>() {
                Ok(threads) if (1..=MAX_THREADS).contains(&threads) => threads,
                _ => return Err(text),
            },
            _ => 0, // rayon's word for one a core
        };
        ThreadPoolBuilder::new()
            .num_threads(wanted)
            .thread_name(|i| format!("embarith-{i}"))
            .build()
            .map_err(|error| error.to_string())
    })
    .as_ref()
    .map_err(|text| Error::Threads(text.clone()))
}
