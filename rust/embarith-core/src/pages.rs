//! The size of the pages that memory is held in.

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
