//! An order as mails show it: everything is text already.

use std::borrow::Cow;

use shop_core::money::{Money, MoneyError};
use shop_core::order::{CustomerOrder, Order, OrderItem};

use crate::notice::Shop;

/// One product.
pub struct Line<'a> {
    pub title: Cow<'a, str>,
    pub quantity: u32,
    pub each: String,
    pub price: String,
}

/// Everything that mails about an order say.
pub struct OrderView<'a> {
    pub shop: &'a str,
    pub order_id: &'a str,
    pub name: &'a str,
    pub email: Option<&'a str>,
    pub date: String,
    pub lines: Vec<Line<'a>>,
    /// What stands between the products and the total: name and amount.
    pub extras: Vec<(String, String)>,
    pub total: String,
    pub address: Vec<String>,
    pub link: String,
}

impl<'a> OrderView<'a> {
    /// The order as it is.
    pub fn new(shop: &'a Shop, order: &'a CustomerOrder) -> Result<Self, MoneyError> {
        let CustomerOrder { email, order, .. } = order;
        let lines: Result<_, _> = order.items.iter().map(line).collect();
        Ok(OrderView {
            shop: &shop.name,
            order_id: order.order_id.as_str(),
            name: &order.address.name,
            email: email.as_deref(),
            date: order.created_date.format("%-d %B %Y").to_string(),
            lines: lines?,
            extras: extras(order),
            total: order.total.to_string(),
            address: address(order),
            link: format!(
                "{}/orders/{}",
                shop.site_url.trim_end_matches('/'),
                order.order_id
            ),
        })
    }

    /// The order when nothing of it is to be paid (feature U141).
    pub fn for_nothing(mut self, order: &Order) -> Self {
        self.extras.clear();
        self.total = nothing(order.total).to_string();
        self
    }
}

fn nothing(like: Money) -> Money {
    Money { amount: 0, ..like }
}

fn extras(order: &Order) -> Vec<(String, String)> {
    let mut extras = Vec::new();
    if let Some(discount) = order.discount.filter(|discount| discount.amount > 0) {
        let code = order.promotion.as_ref().map(|promotion| &promotion.code);
        let name = match code {
            Some(code) => format!("Discount ({code})"),
            None => "Discount".to_owned(),
        };
        let off = Money {
            amount: -discount.amount,
            ..discount
        };
        extras.push((name, off.to_string()));
    }
    if order.delivery_price.amount > 0 {
        extras.push(("Delivery".to_owned(), order.delivery_price.to_string()));
    }
    extras
}

fn address(order: &Order) -> Vec<String> {
    let address = &order.address;
    let mut lines = vec![address.name.clone()];
    lines.extend(address.company_name.clone());
    lines.push(address.street.clone());
    lines.push(format!("{} {}", address.postal_code, address.city));
    lines.extend(address.state.clone());
    lines.push(address.country.clone());
    lines
}

fn line(item: &OrderItem) -> Result<Line<'_>, MoneyError> {
    Ok(Line {
        title: item.title(),
        quantity: item.quantity,
        each: item.unit_price.to_string(),
        price: item.unit_price.checked_mul(item.quantity)?.to_string(),
    })
}
