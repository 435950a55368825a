//! For tests: two processes that share something, in every order of their steps.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures::future::{FusedFuture, FutureExt};

/// Where the other process may come in between: a fake of what they share awaits it first in each of
/// its methods.
pub async fn step() {
    let mut came = false;
    poll_fn(|context| {
        if came {
            return Poll::Ready(());
        }
        came = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Takes two processes to their ends in the order that the bits of `turns` say, the lowest first: for
/// 1 `one` takes a step, for 0 the `other`. What is left then is done by `other` first. All numbers
/// below 2^n are all orders of the first n steps.
pub fn interleave(turns: u32, one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (pin!(one.fuse()), pin!(other.fuse()));
    let bits = u32::BITS - turns.leading_zeros();
    for turn in 0..bits {
        if turns >> turn & 1 == 1 {
            advance(one.as_mut());
        } else {
            advance(other.as_mut());
        }
    }
    while !other.is_terminated() {
        advance(other.as_mut());
    }
    while !one.is_terminated() {
        advance(one.as_mut());
    }
}

fn advance(process: Pin<&mut impl Future<Output = ()>>) {
    let _ = process.poll(&mut Context::from_waker(Waker::noop()));
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_orders_come_about() {
        let mut orders = BTreeSet::new();
        for turns in 0..1 << 6 {
            let done = RefCell::new(String::new());
            let process = async |name: &str| {
                for _ in 0..2 {
                    step().await;
                    done.borrow_mut().push_str(name);
                }
            };
            interleave(turns, process("a"), process("b"));
            orders.insert(done.take());
        }
        let all = ["aabb", "abab", "abba", "baab", "baba", "bbaa"];
        assert_eq!(orders, all.map(str::to_owned).into());
    }
}
