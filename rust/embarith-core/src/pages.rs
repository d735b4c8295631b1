//! Large pieces of memory: where they come from, and the size of their pages.

use std::alloc::{Layout, alloc_zeroed};
use std::ptr::slice_from_raw_parts_mut;

use crate::{Error, Result};

/// Values that are zero when all of their bytes are.
///
/// # Safety
///
/// Zero bytes must be a value of the type.
pub(crate) unsafe trait Zeroed: Copy {}

// SAFETY: the number 0.
unsafe impl Zeroed for f32 {}
// SAFETY: an array of bytes.
unsafe impl Zeroed for crate::kernel::Codes {}

/// Zeros in huge pages. The system hands a page out when it is first written to: by the threads
/// that fill the values, not by one that fills them with zeros before.
///
/// # Errors
///
/// [`Error::Memory`], where a plain vector would end the process.
pub(crate) fn zeros<T: Zeroed>(count: usize) -> Result<Vec<T>> {
    let refused = || Error::Memory(count.saturating_mul(size_of::<T>()));
    let layout = Layout::array::<T>(count).map_err(|_| refused())?;
    if layout.size() == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the layout has a size.
    let values = unsafe { alloc_zeroed(layout) }.cast::<T>();
    if values.is_null() {
        return Err(refused());
    }
    // SAFETY: just allocated, as boxes are, for so many values, which zero bytes are.
    let values = unsafe { Box::from_raw(slice_from_raw_parts_mut(values, count)) }.into_vec();
    prefer_huge(&values);
    Ok(values)
}

/// Asks the system to hold values in huge pages, where it has them: rows that lie anywhere in a
/// large table cost more in looking up their small pages than in arithmetic.
pub fn prefer_huge<T>(values: &[T]) {
    #[cfg(target_os = "linux")]
    {
        const HUGE: usize = 2 << 20;
        let first = values.as_ptr() as usize;
        let (start, end) = (
            first.next_multiple_of(HUGE),
            (first + size_of_val(values)) / HUGE * HUGE,
        );
        if start < end {
            // SAFETY: the advice changes no contents; the range lies within `values`.
            unsafe { libc::madvise(start as *mut _, end - start, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = values;
}
