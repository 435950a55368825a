//! What people are told, in words. Nothing here sends anything.

use askama::Template;
use shop_core::money::MoneyError;
use shop_core::order::{CustomerOrder, OrderItem};

/// The shop as mails speak of it.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Its name.
    pub name: String,
    /// Where its page is.
    pub site_url: String,
    /// Where mails to its owner go.
    pub owner: String,
}

/// How a notice travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// A mail with this address and this HTML beside the text.
    Mail {
        /// Who gets it.
        to: String,
        /// The same in HTML.
        html: String,
    },
    /// Everybody who subscribed to the shop's topic.
    Topic,
}

/// Something to be told to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about and for whom: no two notices of one order share it.
    pub id: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// How it travels.
    pub channel: Channel,
}

/// Why a notice cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// A price times a quantity does not fit.
    #[error("order cannot be shown")]
    Amount(#[from] MoneyError),
    /// A template.
    #[error("mail cannot be written")]
    Template(#[from] askama::Error),
}

struct Line<'a> {
    name: &'a str,
    quantity: u32,
    each: String,
    price: String,
}

/// Everything that mails about an order say.
struct OrderView<'a> {
    shop: &'a str,
    order_id: &'a str,
    name: &'a str,
    email: Option<&'a str>,
    date: String,
    lines: Vec<Line<'a>>,
    total: String,
    address: Vec<String>,
    link: String,
}

#[derive(Template)]
#[template(path = "customer.html")]
struct CustomerHtml<'a> {
    subject: &'a str,
    order: &'a OrderView<'a>,
}

#[derive(Template)]
#[template(path = "customer.txt")]
struct CustomerText<'a> {
    order: &'a OrderView<'a>,
}

#[derive(Template)]
#[template(path = "owner.html")]
struct OwnerHtml<'a> {
    subject: &'a str,
    order: &'a OrderView<'a>,
}

#[derive(Template)]
#[template(path = "owner.txt")]
struct OwnerText<'a> {
    order: &'a OrderView<'a>,
}

/// What is told about a new order: to the customer (if there is an address), to the owner, and to
/// everybody who subscribed.
pub fn order_created(shop: &Shop, order: &CustomerOrder) -> Result<Vec<Notice>, MailError> {
    let view = view(shop, order)?;
    let id = |whom: &str| format!("order_created/{}/{whom}", view.order_id);
    let mut notices = Vec::new();
    if let Some(to) = &order.email {
        let subject = format!("Your order at {}", shop.name);
        notices.push(Notice {
            id: id("customer"),
            text: CustomerText { order: &view }.render()?,
            channel: Channel::Mail {
                to: to.clone(),
                html: CustomerHtml {
                    order: &view,
                    subject: &subject,
                }
                .render()?,
            },
            subject,
        });
    }
    let subject = format!("New order: {}", view.total);
    let text = OwnerText { order: &view }.render()?;
    let html = OwnerHtml {
        order: &view,
        subject: &subject,
    }
    .render()?;
    notices.push(Notice {
        id: id("owner"),
        subject: subject.clone(),
        text: text.clone(),
        channel: Channel::Mail {
            to: shop.owner.clone(),
            html,
        },
    });
    notices.push(Notice {
        id: id("topic"),
        subject,
        text,
        channel: Channel::Topic,
    });
    Ok(notices)
}

fn view<'a>(shop: &'a Shop, order: &'a CustomerOrder) -> Result<OrderView<'a>, MoneyError> {
    let CustomerOrder { email, order, .. } = order;
    let address = &order.address;
    let lines: Result<_, _> = order.items.iter().map(line).collect();
    Ok(OrderView {
        shop: &shop.name,
        order_id: order.order_id.as_str(),
        name: &address.name,
        email: email.as_deref(),
        date: order.created_date.format("%-d %B %Y").to_string(),
        lines: lines?,
        total: order.total.to_string(),
        address: vec![
            address.name.clone(),
            address.street.clone(),
            format!("{} {}", address.postal_code, address.city),
            address.country.clone(),
        ],
        link: format!(
            "{}/orders/{}",
            shop.site_url.trim_end_matches('/'),
            order.order_id
        ),
    })
}

fn line(item: &OrderItem) -> Result<Line<'_>, MoneyError> {
    Ok(Line {
        name: &item.name,
        quantity: item.quantity,
        each: item.unit_price.to_string(),
        price: item.unit_price.checked_mul(item.quantity)?.to_string(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use serde_json::json;
    use shop_core::id::Id;

    use super::*;

    fn shop() -> Shop {
        Shop {
            name: "Tarnside".to_owned(),
            site_url: "https://shop.example/".to_owned(),
            owner: "owner@shop.example".to_owned(),
        }
    }

    fn order(name: &str, product: &str) -> CustomerOrder {
        serde_json::from_value(json!({
            "userId": "eve", "email": "eve@example.com",
            "orderId": Id::fixed(1_767_225_600, "order"), "status": "NEW",
            "createdDate": "2026-03-04T23:04:05.678Z", "modifiedDate": "2026-03-04T23:04:06Z",
            "items": [
                {"productId": Id::fixed(1, "boot"), "name": product, "quantity": 2,
                 "unitPrice": {"amount": 21900, "currency": "EUR"}},
                {"productId": Id::fixed(1, "cup"), "name": "Enamel cup", "quantity": 1,
                 "unitPrice": {"amount": 1450, "currency": "EUR"}},
            ],
            "address": {"name": name, "street": "1 Main Street", "city": "Springfield",
                        "postalCode": "12345", "country": "DE"},
            "deliveryPrice": {"amount": 0, "currency": "EUR"},
            "total": {"amount": 45250, "currency": "EUR"},
            "history": [],
        }))
        .unwrap()
    }

    fn html(notice: &Notice) -> &str {
        match &notice.channel {
            Channel::Mail { html, .. } => html,
            Channel::Topic => panic!("not a mail"),
        }
    }

    #[test]
    fn customer_owner_and_subscribers_are_told() {
        let notices = order_created(&shop(), &order("Eve Example", "Boot")).unwrap();
        let told: Vec<_> = notices
            .iter()
            .map(|notice| match &notice.channel {
                Channel::Mail { to, .. } => (to.as_str(), notice.subject.as_str()),
                Channel::Topic => ("topic", notice.subject.as_str()),
            })
            .collect();
        assert_eq!(
            told,
            [
                ("eve@example.com", "Your order at Tarnside"),
                ("owner@shop.example", "New order: 452.50 EUR"),
                ("topic", "New order: 452.50 EUR"),
            ]
        );
    }

    #[test]
    fn an_order_without_an_address_is_told_to_the_owner_only() {
        let mut order = order("Eve Example", "Boot");
        order.email = None;
        let notices = order_created(&shop(), &order).unwrap();
        assert_eq!(notices.len(), 2);
        assert!(!notices[0].text.contains('('), "{}", notices[0].text);
    }

    #[test]
    fn the_customers_text() {
        let notices = order_created(&shop(), &order("Eve Example", "Boot")).unwrap();
        insta::assert_snapshot!(notices[0].text, @r#"
        Thank you, Eve Example

        We have your order of 4 March 2026 and are getting it ready.
        You will hear from us when it leaves.

        2 x Boot, 219.00 EUR each: 438.00 EUR
        1 x Enamel cup, 14.50 EUR each: 14.50 EUR
        Total: 452.50 EUR

        Delivery to:
        Eve Example
        1 Main Street
        12345 Springfield
        DE

        View your order: https://shop.example/orders/37dGanieeHLM9PAB95k3xZM9paZ

        Tarnside, order 37dGanieeHLM9PAB95k3xZM9paZ
        "#);
    }

    #[test]
    fn the_owners_text() {
        let notices = order_created(&shop(), &order("Eve Example", "Boot")).unwrap();
        insta::assert_snapshot!(notices[1].text, @r#"
        New order: 452.50 EUR

        Eve Example (eve@example.com) ordered on 4 March 2026.

        2 x Boot, 219.00 EUR each: 438.00 EUR
        1 x Enamel cup, 14.50 EUR each: 14.50 EUR
        Total: 452.50 EUR

        Delivery to:
        Eve Example
        1 Main Street
        12345 Springfield
        DE

        Tarnside, order 37dGanieeHLM9PAB95k3xZM9paZ
        "#);
    }

    #[test]
    fn the_customers_html() {
        let notices = order_created(&shop(), &order("Eve Example", "Boot")).unwrap();
        insta::assert_snapshot!(html(&notices[0]));
    }

    #[test]
    fn the_owners_html() {
        let notices = order_created(&shop(), &order("Eve Example", "Boot")).unwrap();
        insta::assert_snapshot!(html(&notices[1]));
    }

    #[test]
    fn nobody_writes_html_into_a_mail() {
        let order = order("<script>alert(1)</script>", "Boots & \"more\"");
        for notice in order_created(&shop(), &order).unwrap() {
            // A plain text shows what was typed.
            assert!(notice.text.contains("Boots & \"more\""), "{}", notice.text);
            if let Channel::Mail { html, .. } = &notice.channel {
                assert!(!html.contains("<script"), "{html}");
                assert!(!html.contains("& \"more"), "{html}");
            }
        }
    }

    #[test]
    fn no_two_notices_share_an_identifier() {
        let notices = order_created(&shop(), &order("Eve Example", "Boot")).unwrap();
        let ids: std::collections::BTreeSet<_> = notices.iter().map(|notice| &notice.id).collect();
        assert_eq!(ids.len(), notices.len());
    }
}
