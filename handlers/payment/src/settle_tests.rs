//! Settling against a table and a provider in memory. Every call of the world can be the last thing
//! a process does, before or after it had its effect, and others may come in between.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use shop_core::money::Currency;

use super::*;
use crate::order::OrderState;

/// What the provider has of a token. It follows the rules of `handlers/payment-3p`.
#[derive(Debug, Clone, Default)]
struct Hold {
    held: i64,
    charged: i64,
    charges: u32,
    over_by: Option<String>,
    refunds: BTreeMap<String, i64>,
    refuses: bool,
}

impl Hold {
    fn answer(&mut self, call: &Call) -> bool {
        let is_open = self.over_by.is_none();
        let was_by = |reference: &str, it: &Self| it.over_by.as_deref() == Some(reference);
        match call {
            Call::Check { amount } => is_open && amount.amount <= self.held,
            Call::Lower { amount } => {
                let ok = is_open && amount.amount <= self.held;
                if ok {
                    self.held = amount.amount;
                }
                ok
            }
            Call::Capture { amount, reference } if is_open => {
                let ok = !self.refuses && amount.amount <= self.held;
                if ok {
                    self.held = 0;
                    self.charged += amount.amount;
                    self.charges += 1;
                    self.over_by = Some(reference.clone());
                }
                ok
            }
            Call::Capture { amount, reference } => {
                was_by(reference, self) && self.charges == 1 && self.charged == amount.amount
            }
            Call::Cancel { reference } if is_open => {
                self.held = 0;
                self.over_by = Some(reference.clone());
                true
            }
            Call::Cancel { reference } => was_by(reference, self) && self.charges == 0,
            Call::Refund { amount, reference } => {
                if let Some(before) = self.refunds.get(reference) {
                    return *before == amount.amount;
                }
                let ok = self.charges == 1 && amount.amount <= self.charged - self.refunded();
                if ok {
                    self.refunds.insert(reference.clone(), amount.amount);
                }
                ok
            }
        }
    }

    fn refunded(&self) -> i64 {
        self.refunds.values().sum()
    }
}

#[derive(Default)]
pub struct FakeWorld {
    rows: RefCell<HashMap<Id, Payment>>,
    tokens: RefCell<HashMap<String, (Id, String)>>,
    provider: RefCell<BTreeMap<String, Hold>>,
    /// The call with this number, counted down, has its effect but no answer comes back.
    lost: Cell<Option<u32>>,
}

impl FakeWorld {
    /// Others, or the end, may come before the effect of a call.
    async fn before(&self) {
        tokio::task::yield_now().await;
    }

    /// And after it.
    async fn after<T>(&self, answer: T) -> Result<T, Failure> {
        tokio::task::yield_now().await;
        let lost = self.lost.get();
        self.lost.set(lost.and_then(|left| left.checked_sub(1)));
        match lost {
            Some(0) => Err("no answer came back".into()),
            _ => Ok(answer),
        }
    }

    fn bind_now(&self, payment: &Payment) -> Binding {
        let (mut rows, mut tokens) = (self.rows.borrow_mut(), self.tokens.borrow_mut());
        let owner = (payment.order_id.clone(), payment.user_id.clone());
        let version = rows.get(&payment.order_id).map_or(0, |row| row.version);
        match tokens.get(&payment.payment_token) {
            Some(known) if *known != owner => Binding::Taken,
            _ if version + 1 != payment.version => Binding::Changed,
            _ => {
                tokens.insert(payment.payment_token.clone(), owner);
                rows.insert(payment.order_id.clone(), payment.clone());
                Binding::Bound
            }
        }
    }

    pub fn hold(&self, token: &str, amount: i64) {
        let hold = Hold {
            held: amount,
            ..Hold::default()
        };
        self.provider.borrow_mut().insert(token.to_owned(), hold);
    }

    pub fn refuse_captures(&self, token: &str) {
        self.provider.borrow_mut().get_mut(token).unwrap().refuses = true;
    }

    pub fn payment(&self) -> Payment {
        self.rows.borrow()[&order_id()].clone()
    }

    /// Of all tokens: charges, what was taken, given back, is still held.
    pub fn books(&self) -> (u32, i64, i64, i64) {
        let provider = self.provider.borrow();
        provider
            .values()
            .fold((0, 0, 0, 0), |(charges, taken, back, held), hold| {
                (
                    charges + hold.charges,
                    taken + hold.charged,
                    back + hold.refunded(),
                    held + hold.held,
                )
            })
    }
}

impl World for FakeWorld {
    async fn get(&self, order_id: &Id) -> Result<Option<Payment>, Failure> {
        self.before().await;
        let found = self.rows.borrow().get(order_id).cloned();
        self.after(found).await
    }

    async fn bind(&self, payment: &Payment) -> Result<Binding, Failure> {
        self.before().await;
        let binding = self.bind_now(payment);
        self.after(binding).await
    }

    async fn replace(&self, payment: &Payment) -> Result<bool, Failure> {
        self.before().await;
        let fits = {
            let mut rows = self.rows.borrow_mut();
            let row = rows.get_mut(&payment.order_id);
            let row = row.filter(|row| row.version + 1 == payment.version);
            row.map(|row| *row = payment.clone()).is_some()
        };
        self.after(fits).await
    }

    async fn ask(&self, token: &str, call: &Call) -> Result<bool, Failure> {
        self.before().await;
        let ok = match self.provider.borrow_mut().get_mut(token) {
            Some(hold) => hold.answer(call),
            None => false,
        };
        self.after(ok).await
    }
}

pub fn euro(amount: i64) -> Money {
    Money::new(amount, Currency::EUR)
}

pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
}

pub fn order_id() -> Id {
    Id::fixed(1_767_225_600, "a")
}

pub fn request(token: &str, total: i64) -> AuthoriseRequest {
    AuthoriseRequest {
        order_id: order_id(),
        user_id: "eve".to_owned(),
        payment_token: token.to_owned(),
        total: euro(total),
    }
}

pub fn order(status: &str, total: i64, seconds: i64) -> OrderState {
    OrderState {
        order_id: order_id(),
        status: status.to_owned(),
        total: euro(total),
        modified_date: at(seconds),
        is_deleted: false,
    }
}

pub async fn hear(world: &FakeWorld, order: &OrderState) -> Result<Option<Payment>, Failure> {
    settle(world, &order.order_id, order.modified_date, |payment| {
        Ok::<_, Failure>(payment.next(order).map(|step| Task {
            step,
            order_date: Some(order.modified_date),
        }))
    })
    .await
}

/// A world with an authorised order of 3000.
pub async fn placed() -> FakeWorld {
    let world = FakeWorld::default();
    world.hold("t1", 3000);
    let answer = authorise(&world, &request("t1", 3000), at(0)).await;
    assert_eq!(answer.unwrap(), Authorised::YES);
    world
}

#[tokio::test]
async fn money_is_taken_at_delivery_and_only_what_the_order_costs_then() {
    let world = placed().await;
    for status in ["CONFIRMED", "PACKAGED"] {
        hear(&world, &order(status, 3000, 1)).await.unwrap();
        assert_eq!(world.books(), (0, 0, 0, 3000));
    }
    // It became cheaper, and this is the first that is heard of it.
    hear(&world, &order("FULFILLED", 2500, 2)).await.unwrap();
    assert_eq!(world.books(), (1, 2500, 0, 0));
    let payment = world.payment();
    assert_eq!(payment.status, Status::Captured);
    assert_eq!(payment.amount, euro(2500));
    // News of before come late.
    hear(&world, &order("PACKAGED", 2500, 1)).await.unwrap();
    assert_eq!(world.payment(), payment);
}

#[tokio::test]
async fn an_order_that_is_called_off_is_not_paid() {
    for status in ["CANCELLED", "PACKAGING_FAILED", "DELIVERY_FAILED"] {
        let world = placed().await;
        for _ in 0..2 {
            hear(&world, &order(status, 3000, 1)).await.unwrap();
        }
        assert_eq!(world.payment().status, Status::Cancelled, "{status}");
        assert_eq!(world.books(), (0, 0, 0, 0));
    }
}

#[tokio::test]
async fn g32_a_deleted_delivery_lets_the_money_go() {
    // The delivery's event makes the order DELIVERY_FAILED, and that is what is heard here.
    let world = placed().await;
    hear(&world, &order("DELIVERY_FAILED", 3000, 9))
        .await
        .unwrap();
    assert_eq!(world.payment().status, Status::Cancelled);
    assert_eq!(world.books(), (0, 0, 0, 0));
}

#[tokio::test]
async fn money_that_was_taken_already_is_given_back() {
    let world = placed().await;
    hear(&world, &order("FULFILLED", 3000, 1)).await.unwrap();
    for _ in 0..2 {
        hear(&world, &order("CANCELLED", 3000, 2)).await.unwrap();
    }
    assert_eq!(world.books(), (1, 3000, 3000, 0));
    assert_eq!(world.payment().status, Status::Refunded);
}

#[tokio::test]
async fn a_cheaper_order_holds_less_and_old_news_do_not_count() {
    let world = placed().await;
    hear(&world, &order("NEW", 2000, 2)).await.unwrap();
    hear(&world, &order("NEW", 2500, 1)).await.unwrap();
    assert_eq!(world.books(), (0, 0, 0, 2000));
    assert_eq!(world.payment().amount, euro(2000));
}

#[tokio::test]
async fn a_dearer_order_needs_a_token_that_covers_it() {
    let world = placed().await;
    let answer = authorise(&world, &request("t1", 4000), at(1)).await;
    assert_eq!(
        answer.unwrap(),
        Authorised::no(NotAuthorised::NotCovered),
        "the old one does not"
    );
    world.hold("t2", 4000);
    let answer = authorise(&world, &request("t2", 4000), at(2)).await;
    assert_eq!(answer.unwrap(), Authorised::YES);
    assert_eq!(world.books(), (0, 0, 0, 4000), "the old one is let go");
    hear(&world, &order("NEW", 4000, 3)).await.unwrap();
    hear(&world, &order("FULFILLED", 4000, 4)).await.unwrap();
    assert_eq!(world.books(), (1, 4000, 0, 0));
}

#[tokio::test]
async fn a_dearer_order_that_nobody_authorised_is_a_failure_that_shows() {
    let world = placed().await;
    hear(&world, &order("NEW", 4000, 1)).await.unwrap();
    let payment = world.payment();
    assert_eq!(payment.status, Status::Failed);
    assert_eq!(payment.failure, Some(crate::payment::StepKind::Raise));
    assert_eq!(payment.amount, euro(3000));
}

#[tokio::test]
async fn a_refused_capture_shows_and_is_not_repeated() {
    let world = placed().await;
    world.refuse_captures("t1");
    for _ in 0..2 {
        hear(&world, &order("FULFILLED", 3000, 1)).await.unwrap();
    }
    let payment = world.payment();
    assert_eq!(payment.status, Status::Failed);
    assert_eq!(payment.failure, Some(crate::payment::StepKind::Capture));
    assert_eq!(payment.history.len(), 2);
    assert_eq!(world.books(), (0, 0, 0, 3000));
}

#[tokio::test]
async fn a_token_pays_for_one_order_of_one_customer() {
    let world = placed().await;
    let mut other_order = request("t1", 1000);
    other_order.order_id = Id::fixed(1_767_225_600, "b");
    let mut other_user = request("t1", 1000);
    other_user.user_id = "bob".to_owned();
    for stolen in [other_order, other_user] {
        let answer = authorise(&world, &stolen, at(1)).await.unwrap();
        assert_eq!(answer, Authorised::no(NotAuthorised::TokenUsed));
    }
    let answer = authorise(&world, &request("t1", 3000), at(1)).await;
    assert_eq!(answer.unwrap(), Authorised::YES, "the same request again");
    assert_eq!(world.payment().version, 1);
}

#[tokio::test]
async fn what_is_no_token_or_is_over_is_refused() {
    let world = placed().await;
    for token in ["", "unknown", &"x".repeat(201)] {
        let answer = authorise(&world, &request(token, 3000), at(1)).await;
        assert_eq!(answer.unwrap(), Authorised::no(NotAuthorised::NotCovered));
    }
    hear(&world, &order("CANCELLED", 3000, 1)).await.unwrap();
    let answer = authorise(&world, &request("t1", 3000), at(2)).await;
    assert_eq!(answer.unwrap(), Authorised::no(NotAuthorised::Closed));
}

#[tokio::test]
async fn a_free_order_is_paid_like_any_other() {
    let world = FakeWorld::default();
    world.hold("t0", 0);
    let answer = authorise(&world, &request("t0", 0), at(0)).await;
    assert_eq!(answer.unwrap(), Authorised::YES);
    hear(&world, &order("FULFILLED", 0, 1)).await.unwrap();
    assert_eq!(world.payment().status, Status::Captured);
    assert_eq!(world.books(), (1, 0, 0, 0));
}

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
            vec!["FULFILLED"],
            vec!["CANCELLED"],
            vec!["DELIVERY_FAILED"],
            vec!["PACKAGED"],
            // Should not happen; the customer's money comes first.
            vec!["FULFILLED", "CANCELLED"],
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
        let mut events = vec![order("NEW", total, clock)];
        let ended = std::iter::once(None);
        let story = happenings.into_iter().map(Some).chain(ended).chain(late.into_iter().map(Some));
        let mut is_over = false;
        for happening in story {
            clock += 1;
            match happening {
                None => {
                    is_over = true;
                    events.extend(ends.iter().map(|end| order(end, total, clock)));
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
                    events.push(order("NEW", total, clock));
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
            ["FULFILLED"] => {
                prop_assert_eq!((charges, taken, held), (1, total, 0));
                prop_assert_eq!(payment.amount, euro(total));
                prop_assert_eq!(payment.refundable(), taken - back);
            }
            ["FULFILLED", "CANCELLED"] => {
                prop_assert_eq!((taken, held), (back, 0));
            }
            ["PACKAGED"] => {
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
