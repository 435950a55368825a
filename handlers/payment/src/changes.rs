//! Function `changes`: tells the other services what happens to payments, as the table's stream says
//! it (`PaymentCreated`, `PaymentModified`), and counts what was won and lost (feature U126).

use aws_lambda_events::dynamodb::Event;
use aws_lambda_events::streams::DynamoDbEventResponse;
use lambda_runtime::{Error, LambdaEvent};
use shop_core::details::{PaymentState, PaymentStep, PaymentStepKind as StepKind};
use shop_core::events::{Outgoing, Publisher};
use shop_core::metrics::{self, Metric};
use shop_core::money::Money;
use shop_core::stream::{Change, publish_changes};

use crate::payment::Payment;

/// Tells one batch.
pub async fn serve(
    publisher: &Publisher,
    event: LambdaEvent<Event>,
) -> Result<DynamoDbEventResponse, Error> {
    Ok(publish_changes(event.payload, publisher, |change| {
        count(&change);
        describe(&change)
    })
    .await)
}

/// The event of one change. A step that was only begun is no news.
fn describe(change: &Change<Payment>) -> Result<Vec<Outgoing>, serde_json::Error> {
    let Some(order_id) = change.new.as_ref().or(change.old.as_ref()) else {
        return Ok(Vec::new());
    };
    let order_id = order_id.order_id.to_string();
    let side = |payment: &Option<Payment>| {
        let view = payment.as_ref().map(PaymentState::from);
        view.map(serde_json::to_value).transpose()
    };
    let change = Change {
        old: side(&change.old)?,
        new: side(&change.new)?,
    };
    Ok(change.told("Payment", &order_id).into_iter().collect())
}

fn count(change: &Change<Payment>) {
    let Some(new) = &change.new else {
        return;
    };
    let figures = figures(change.old.as_ref(), new);
    if !figures.is_empty() {
        metrics::record(&figures, &[("order_id", new.order_id.as_str())]);
    }
}

/// What the new lines of the history mean for the books.
fn figures(old: Option<&Payment>, new: &Payment) -> Vec<Metric> {
    let known = old.map_or(0, |old| old.history.len());
    let before = old.map_or(new.amount, |old| old.amount);
    let lines = new.history.iter().skip(known);
    lines
        .flat_map(|line| figures_of(line, before, old.is_none()))
        .collect()
}

fn figures_of(line: &PaymentStep, before: Money, is_first: bool) -> Vec<Metric> {
    let amount = line.amount.unwrap_or(before);
    let difference = Money::new((amount.amount - before.amount).abs(), before.currency);
    match line.step {
        _ if !line.ok => vec![Metric::count("paymentFailed")],
        StepKind::Authorise if is_first => vec![
            Metric::count("paymentCreated"),
            Metric::amount("amountAuthorised", amount),
        ],
        StepKind::Capture => vec![
            Metric::count("paymentProcessed"),
            Metric::amount("amountProcessed", amount),
        ],
        StepKind::Cancel => vec![
            Metric::count("paymentCancelled"),
            Metric::amount("amountLost", before),
        ],
        StepKind::Refund => vec![
            Metric::count("paymentRefunded"),
            Metric::amount("amountRefunded", amount),
        ],
        StepKind::Authorise | StepKind::Raise | StepKind::Lower => {
            match amount.amount.cmp(&before.amount) {
                std::cmp::Ordering::Less => vec![Metric::amount("amountLost", difference)],
                std::cmp::Ordering::Equal => Vec::new(),
                std::cmp::Ordering::Greater => vec![Metric::amount("amountWon", difference)],
            }
        }
        StepKind::Release => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use shop_core::schemas::assert_documented;

    use super::*;
    use crate::fake::{at, euro, order_id};
    use crate::payment::{Due, Step};

    fn payment() -> Payment {
        let token = "secret-token".to_owned();
        Payment::new(order_id(), "eve".to_owned(), token, euro(3000), at(0))
    }

    fn done(payment: &Payment, step: Step, ok: bool) -> (Payment, Payment) {
        let begun = payment.begin(step, None);
        let finished = begun.finish(ok, at(1));
        (begun, finished)
    }

    fn told(old: Option<&Payment>, new: Option<&Payment>) -> Vec<Outgoing> {
        let change = Change {
            old: old.cloned(),
            new: new.cloned(),
        };
        let told = describe(&change).unwrap();
        for event in &told {
            assert_documented("shop.payment", event);
        }
        told
    }

    #[test]
    fn the_bus_hears_what_happened_and_never_the_token() {
        let new = payment();
        let created = told(None, Some(&new));
        assert_eq!(created[0].detail_type, "PaymentCreated");
        assert_eq!(created[0].resource, order_id().to_string());

        let capture = Step::Capture { amount: euro(2500) };
        let (begun, captured) = done(&new, capture, true);
        assert!(told(Some(&new), Some(&begun)).is_empty(), "only begun");
        let modified = told(Some(&begun), Some(&captured));
        assert_eq!(modified[0].detail_type, "PaymentModified");
        assert_eq!(modified[0].detail["old"]["status"], "AUTHORISED");
        assert_eq!(modified[0].detail["new"]["status"], "CAPTURED");

        for event in created.iter().chain(&modified) {
            assert!(!event.detail.to_string().contains("secret-token"));
        }
    }

    #[test]
    fn a_refusal_is_told() {
        let (begun, refused) = done(&payment(), Step::Cancel, false);
        let event = &told(Some(&begun), Some(&refused))[0];
        assert_eq!(event.detail["new"]["status"], "FAILED");
        assert_eq!(event.detail["new"]["failure"], "CANCEL");
        assert_eq!(
            figures(Some(&begun), &refused),
            [Metric::count("paymentFailed")]
        );
    }

    #[test]
    fn what_is_won_and_lost_is_counted_once() {
        let new = payment();
        assert_eq!(
            figures(None, &new),
            [
                Metric::count("paymentCreated"),
                Metric::amount("amountAuthorised", euro(3000))
            ]
        );
        let lower = Step::Lower { amount: euro(2000) };
        let (begun, lowered) = done(&new, lower, true);
        assert_eq!(figures(Some(&new), &begun), []);
        assert_eq!(
            figures(Some(&begun), &lowered),
            [Metric::amount("amountLost", euro(1000))]
        );
        let dearer = lowered.authorised_again("t2", euro(2600), Due::AtDelivery, at(2));
        assert_eq!(
            figures(Some(&lowered), &dearer),
            [Metric::amount("amountWon", euro(600))]
        );
        let (begun, cancelled) = done(&lowered, Step::Cancel, true);
        assert_eq!(
            figures(Some(&begun), &cancelled),
            [
                Metric::count("paymentCancelled"),
                Metric::amount("amountLost", euro(2000))
            ]
        );
    }
}
