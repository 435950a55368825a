//! What people are told, in words. Nothing here sends anything.

use askama::Template;
use serde::Deserialize;
use shop_core::id::Id;
use shop_core::money::Money;
use shop_core::order::{CancellationReason, CustomerOrder, OrderStatus};

use crate::notice::{Channel, MailError, Notice, Shop};
use crate::view::OrderView;

/// To the customer, whatever it is about.
#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerHtml<'a> {
    shop: &'a str,
    subject: &'a str,
    heading: &'a str,
    paragraphs: &'a [String],
    order: &'a OrderView<'a>,
}

#[derive(Template)]
#[template(path = "customer.txt")]
struct CustomerText<'a> {
    heading: &'a str,
    paragraphs: &'a [String],
    order: &'a OrderView<'a>,
}

#[derive(Template)]
#[template(path = "owner.html")]
struct OwnerHtml<'a> {
    shop: &'a str,
    subject: &'a str,
    order: &'a OrderView<'a>,
}

#[derive(Template)]
#[template(path = "owner.txt")]
struct OwnerText<'a> {
    subject: &'a str,
    order: &'a OrderView<'a>,
}

#[derive(Template)]
#[template(path = "low_stock.html")]
struct LowStockHtml<'a> {
    shop: &'a str,
    subject: &'a str,
    products: &'a [LowProduct],
}

#[derive(Template)]
#[template(path = "low_stock.txt")]
struct LowStockText<'a> {
    shop: &'a str,
    products: &'a [LowProduct],
}

/// A product that is running out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LowProduct {
    /// Which.
    pub product_id: Id,
    /// Its name.
    pub name: String,
    /// Pieces that are left.
    pub quantity: u32,
}

/// What is told about a new order: to the owner, and to everybody who subscribed (U143, U146). The
/// customer hears of it when its goods are set aside.
pub fn order_created(shop: &Shop, order: &CustomerOrder) -> Result<Vec<Notice>, MailError> {
    let view = OrderView::new(shop, order)?;
    let id = |whom: &str| format!("order_created/{}/{whom}", view.order_id);
    let subject = format!("New order: {}", view.total);
    let mail = owner(shop, id("owner"), subject, &view)?;
    let topic = Notice {
        id: id("topic"),
        channel: Channel::Topic,
        ..mail.clone()
    };
    Ok(vec![mail, topic])
}

/// What the customer is told when the order came to another status (U140, U141, U144).
/// `reduced`: packing took something out of it.
pub fn order_moved(
    shop: &Shop,
    order: &CustomerOrder,
    reduced: bool,
) -> Result<Vec<Notice>, MailError> {
    let view = OrderView::new(shop, order)?;
    let customer = Customer { shop, order };
    let for_nothing = "You pay nothing for it. What was held on your card is free again.";
    match order.order.status {
        OrderStatus::New => Ok(Vec::new()),
        OrderStatus::Confirmed => customer.told(
            "order_confirmed",
            format!("Your order at {}", shop.name),
            format!("Thank you, {}", view.name),
            vec![format!(
                "We have your order of {} and are getting it ready. You will hear from us when it leaves.",
                view.date
            )],
            &view,
        ),
        OrderStatus::Packaged if reduced => customer.told(
            "order_reduced",
            format!("Your order at {}: not everything is there", shop.name),
            "Not everything is there".to_owned(),
            vec![
                "We could not pack everything that you ordered, and we are sorry for that. This is what you get, and you pay for no more than this.".to_owned(),
            ],
            &view,
        ),
        OrderStatus::Packaged => Ok(Vec::new()),
        OrderStatus::Cancelled => customer.told(
            "order_cancelled",
            format!("Your order at {} is cancelled", shop.name),
            "Your order is cancelled".to_owned(),
            vec![why(order), for_nothing.to_owned()],
            &view.for_nothing(&order.order),
        ),
        OrderStatus::PackagingFailed => customer.told(
            "order_cancelled",
            format!("Your order at {} is cancelled", shop.name),
            "Your order is cancelled".to_owned(),
            vec![
                "We are sorry: when we wanted to pack it, nothing of it was there.".to_owned(),
                for_nothing.to_owned(),
            ],
            &view.for_nothing(&order.order),
        ),
        OrderStatus::Fulfilled => customer.told(
            "order_delivered",
            format!("Your order at {} was delivered", shop.name),
            "It was delivered".to_owned(),
            vec!["We hope you like it. Your card is charged with the total below.".to_owned()],
            &view,
        ),
        OrderStatus::DeliveryFailed => customer.told(
            "order_not_delivered",
            format!("Your order at {} could not be delivered", shop.name),
            "It could not be delivered".to_owned(),
            vec![
                "We are sorry: the courier could not hand it over, and it is on its way back to us.".to_owned(),
                for_nothing.to_owned(),
            ],
            &view.for_nothing(&order.order),
        ),
    }
}

/// What the customer is told when the courier has the package (U144).
pub fn order_shipped(
    shop: &Shop,
    order: &CustomerOrder,
    tracking_number: &str,
) -> Result<Vec<Notice>, MailError> {
    let view = OrderView::new(shop, order)?;
    Customer { shop, order }.told(
        "order_shipped",
        format!("Your order at {} is on its way", shop.name),
        "It is on its way".to_owned(),
        vec![format!(
            "The courier has your package. Its tracking number is {tracking_number}."
        )],
        &view,
    )
}

/// What customer and owner are told when the provider refused to take what is `owed` for an order that
/// the customer has already. `occasion` tells one refusal from the next.
pub fn payment_refused(
    shop: &Shop,
    order: &CustomerOrder,
    owed: Money,
    occasion: &str,
) -> Result<Vec<Notice>, MailError> {
    let view = OrderView::new(shop, order)?;
    let what = format!("payment_refused-{occasion}");
    let mut notices = Customer { shop, order }.told(
        &what,
        format!("Your order at {} is not paid yet", shop.name),
        "We could not charge your card".to_owned(),
        vec![format!(
            "Your bank refused to pay {owed} for the order that you have. Please pay for it with another card."
        )],
        &view,
    )?;
    let subject = format!("Payment refused: {owed}");
    notices.push(owner(
        shop,
        format!("{what}/{}/owner", view.order_id),
        subject,
        &view,
    )?);
    Ok(notices)
}

/// A mail to the owner about an order.
fn owner(
    shop: &Shop,
    id: String,
    subject: String,
    view: &OrderView<'_>,
) -> Result<Notice, MailError> {
    let text = OwnerText {
        subject: &subject,
        order: view,
    }
    .render()?;
    let html = OwnerHtml {
        shop: &shop.name,
        order: view,
        subject: &subject,
    }
    .render()?;
    Ok(Notice {
        id,
        text,
        channel: Channel::Mail {
            to: shop.owner.clone(),
            html,
        },
        subject,
    })
}

/// What the owner is told when products run out (U142). `id` names the occasion.
pub fn low_stock(shop: &Shop, id: &str, products: &[LowProduct]) -> Result<Vec<Notice>, MailError> {
    let subject = match products {
        [] => return Ok(Vec::new()),
        [only] => format!("Running out: {}", only.name),
        several => format!("Running out: {} products", several.len()),
    };
    let text = LowStockText {
        shop: &shop.name,
        products,
    };
    let html = LowStockHtml {
        shop: &shop.name,
        subject: &subject,
        products,
    };
    Ok(vec![Notice {
        id: format!("low_stock/{id}/owner"),
        text: text.render()?,
        channel: Channel::Mail {
            to: shop.owner.clone(),
            html: html.render()?,
        },
        subject,
    }])
}

struct Customer<'a> {
    shop: &'a Shop,
    order: &'a CustomerOrder,
}

impl Customer<'_> {
    /// A mail to the customer; none when there is no address.
    fn told(
        &self,
        what: &str,
        subject: String,
        heading: String,
        paragraphs: Vec<String>,
        view: &OrderView<'_>,
    ) -> Result<Vec<Notice>, MailError> {
        let Some(to) = &self.order.email else {
            return Ok(Vec::new());
        };
        let text = CustomerText {
            heading: &heading,
            paragraphs: &paragraphs,
            order: view,
        };
        let html = CustomerHtml {
            shop: &self.shop.name,
            subject: &subject,
            heading: &heading,
            paragraphs: &paragraphs,
            order: view,
        };
        Ok(vec![Notice {
            id: format!("{what}/{}/customer", view.order_id),
            text: text.render()?,
            channel: Channel::Mail {
                to: to.clone(),
                html: html.render()?,
            },
            subject,
        }])
    }
}

/// Why an order was cancelled, in a sentence.
fn why(order: &CustomerOrder) -> String {
    let cancellation = order.order.cancellation.as_ref();
    match cancellation.map(|cancellation| cancellation.reason) {
        Some(CancellationReason::NoStock) => {
            let short: Vec<String> = cancellation
                .into_iter()
                .flat_map(|cancellation| &cancellation.shortages)
                .map(|shortage| {
                    let mut items = order.order.items.iter();
                    let item = items.find(|item| item.article.product_id == shortage.product_id);
                    let name = item.map_or("a product", |item| item.name.as_str());
                    format!("{name}: {} of {}", shortage.available, shortage.needed)
                })
                .collect();
            if short.is_empty() {
                "We are sorry: there is not enough left of what you ordered.".to_owned()
            } else {
                format!(
                    "We are sorry: there is not enough left of what you ordered ({}).",
                    short.join(", ")
                )
            }
        }
        Some(CancellationReason::Customer) | None => {
            "As you wished, we have cancelled it.".to_owned()
        }
    }
}

#[cfg(test)]
#[path = "mail_tests.rs"]
mod tests;
