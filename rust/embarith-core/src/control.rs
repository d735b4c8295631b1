//! How many threads work, how far they are, and whether they should stop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

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
/// A process that was forked has none of its parent's threads and gets its own.
///
/// # Errors
///
/// [`Error::Threads`] if the variable is set to anything but an integer from 1 to 1,024;
/// [`Error::NoThreads`] if the system refuses them.
pub fn pool() -> Result<&'static ThreadPool> {
    static POOL: Mutex<Option<(u32, &ThreadPool)>> = Mutex::new(None);
    let mut held = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((process, pool)) = *held
        && process == std::process::id()
    {
        return Ok(pool);
    }
    let pool = ThreadPoolBuilder::new()
        .num_threads(wanted()?)
        .thread_name(|i| format!("embarith-{i}"))
        .build()
        .map_err(|error| Error::NoThreads(error.to_string()))?;
    let pool = Box::leak(Box::new(pool));
    *held = Some((std::process::id(), pool));
    Ok(pool)
}

/// What the variable says; 0, rayon's word for one a core, where it is not set.
fn wanted() -> Result<usize> {
    let Some(text) = std::env::var_os("EMBARITH_THREADS").filter(|text| !text.is_empty()) else {
        return Ok(0);
    };
    let text = text.to_string_lossy();
    match text.parse() {
        Ok(threads) if (1..=MAX_THREADS).contains(&threads) => Ok(threads),
        _ => Err(Error::Threads(text.into())),
    }
}
