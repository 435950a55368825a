//! Random stories of orders: whatever happens, nobody is charged twice.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use shop_core::details::PaymentStatus as Status;
use shop_core::order::OrderStatus;
use shop_core::payment::Authorised;

use crate::fake::{FakeWorld, at, euro, hear, order, order_id, request};
use crate::payment::Step;
use crate::settle::{Failure, Task, authorise, settle};

/// What happens to an order, in this order.
#[derive(Debug, Clone)]
enum Happening {
    /// It gets another total; one that is higher needs a new token first.
    Edit(i64),
    /// An administrator gives some of the money back.
    GiveBack(i64),
    /// Some of the events so far are delivered, several at a time.
    Deliver(Vec<Delivery>),
}

/// One of the events so far is delivered.
#[derive(Debug, Clone)]
struct Delivery {
    /// Which one.
    event: prop::sample::Index,
    /// After so many steps, the process ends.
    dies_after: Option<usize>,
}

fn happening() -> impl Strategy<Value = Happening> {
    let delivery = (any::<prop::sample::Index>(), prop::option::of(0_usize..16));
    let delivery = delivery.prop_map(|(event, dies_after)| Delivery { event, dies_after });
    prop_oneof![
        2 => (0_i64..5000).prop_map(Happening::Edit),
        1 => (1_i64..3000).prop_map(Happening::GiveBack),
        5 => prop::collection::vec(delivery, 1..4).prop_map(Happening::Deliver),
    ]
}

type Work<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Runs processes at the same time, whose turn it is by `turns`; each ends after its number of
/// steps, if it has one. Dropping a future is what a crash is: nothing of it happens any more.
fn run_together(mut works: Vec<(Work<'_>, Option<usize>)>, turns: &[usize]) {
    let mut turns = turns.iter().cycle();
    let mut context = Context::from_waker(Waker::noop());
    while !works.is_empty() {
        let turn = turns.next().map_or(0, |turn| turn % works.len());
        let (work, left) = &mut works[turn];
        let is_over = match left {
            Some(0) => true,
            _ => {
                *left = left.map(|left| left - 1);
                matches!(work.as_mut().poll(&mut context), Poll::Ready(()))
            }
        };
        if is_over {
            drop(works.swap_remove(turn));
        }
    }
}

fn run_alone<T>(work: impl Future<Output = T>) -> T {
    let mut work = Box::pin(work);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(answer) = work.as_mut().poll(&mut context) {
            return answer;
        }
    }
}

/// A refund as function `api` makes one.
async fn give_back(world: &FakeWorld, amount: i64, reference: &str) {
    let amount = euro(amount);
    let _ = settle(world, &order_id(), at(0), |payment| {
        let fits = amount.amount <= payment.refundable();
        let step = Step::Refund {
            amount,
            reference: reference.to_owned(),
            reason: None,
        };
        let known = payment.refund(reference).is_some();
        Ok::<_, Failure>((fits && !known).then_some(Task {
            step,
            order_date: None,
        }))
    })
    .await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Whatever comes twice, late, at the same time or not at all, and wherever a process dies:
    /// nobody is charged twice, nobody is charged more than the order costs, and when all events
    /// were heard at last, the money is where it belongs.
    #[test]
    fn nobody_is_charged_twice(
        happenings in prop::collection::vec(happening(), 0..12),
        ends in prop::sample::select(vec![
            vec![OrderStatus::Fulfilled],
            vec![OrderStatus::Cancelled],
            vec![OrderStatus::DeliveryFailed],
            vec![OrderStatus::Packaged],
            // Should not happen; the customer's money comes first.
            vec![OrderStatus::Fulfilled, OrderStatus::Cancelled],
        ]),
        late in prop::collection::vec(happening(), 0..6),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        turns in prop::collection::vec(0_usize..6, 1..40),
        lost in prop::option::of(0_u32..40),
    ) {
        let world = FakeWorld::default();
        world.hold("t0", 3000);
        run_alone(authorise(&world, &request("t0", 3000), at(0))).unwrap();
        world.lost.set(lost);

        let mut clock = 1;
        let mut total = 3000;
        let mut tokens = 0;
        let mut events = vec![order(OrderStatus::New, total, clock)];
        let ended = std::iter::once(None);
        let story = happenings.into_iter().map(Some).chain(ended).chain(late.into_iter().map(Some));
        let mut is_over = false;
        for happening in story {
            clock += 1;
            match happening {
                None => {
                    is_over = true;
                    events.extend(ends.iter().map(|end| order(*end, total, clock)));
                }
                Some(Happening::Edit(new)) if !is_over => {
                    if new > total {
                        tokens += 1;
                        let token = format!("t{tokens}");
                        world.hold(&token, new);
                        let ask = request(&token, new);
                        // The order service asks again until there is an answer.
                        let answer = loop {
                            if let Ok(answer) = run_alone(authorise(&world, &ask, at(clock))) {
                                break answer;
                            }
                        };
                        prop_assert_eq!(answer, Authorised::YES);
                        clock += 1;
                    }
                    total = new;
                    events.push(order(OrderStatus::New, total, clock));
                }
                Some(Happening::Edit(_)) => {}
                Some(Happening::GiveBack(amount)) => {
                    run_alone(give_back(&world, amount, &clock.to_string()));
                }
                Some(Happening::Deliver(deliveries)) => {
                    let works = deliveries.iter().map(|delivery| {
                        let event = delivery.event.get(&events);
                        let work: Work<'_> = Box::pin(async { drop(hear(&world, event).await) });
                        (work, delivery.dies_after)
                    });
                    run_together(works.collect(), &turns);
                }
            }
            let (charges, taken, back, _) = world.books();
            prop_assert!(charges <= 1, "{charges} charges");
            prop_assert!(taken <= total);
            prop_assert!(back <= taken);
        }

        // The queue delivers until each event was handled, some of them once more.
        world.lost.set(None);
        let again = again.iter().map(|index| index.get(&events));
        for event in events.iter().rev().chain(again) {
            run_alone(hear(&world, event)).unwrap();
        }

        let (charges, taken, back, held) = world.books();
        let payment = world.payment();
        prop_assert!(charges <= 1);
        prop_assert_eq!(&payment.pending, &None);
        prop_assert!(payment.failure.is_none(), "{:?}", payment.failure);
        match ends[..] {
            [OrderStatus::Fulfilled] => {
                prop_assert_eq!((charges, taken, held), (1, total, 0));
                prop_assert_eq!(payment.amount, euro(total));
                prop_assert_eq!(payment.refundable(), taken - back);
            }
            [OrderStatus::Fulfilled, OrderStatus::Cancelled] => {
                prop_assert_eq!((taken, held), (back, 0));
            }
            [OrderStatus::Packaged] => {
                prop_assert_eq!((charges, held), (0, total));
                prop_assert_eq!(payment.status, Status::Authorised);
            }
            _ => {
                prop_assert_eq!((charges, held), (0, 0));
                prop_assert_eq!(payment.status, Status::Cancelled);
            }
        }
    }
}
