//! Catches the panics of a library, of which nothing is then printed.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// Whether a panic on this thread is caught below.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// What `work` returns; none if it panics. All that it works on has to end with it.
pub(super) fn catch<T>(work: impl FnOnce() -> T) -> Option<T> {
    // The hook is the process's own: every other panic goes to the one that was there.
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IS_CAUGHT.get() {
                others(panic);
            }
        }));
    });
    let before = IS_CAUGHT.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work)).ok();
    IS_CAUGHT.set(before);
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_none_and_the_next_one_is_not_quiet() {
        assert_eq!(catch(|| 5), Some(5));
        assert_eq!(catch::<()>(|| panic!("not to be seen")), None);
        assert!(!IS_CAUGHT.get());
    }
}
