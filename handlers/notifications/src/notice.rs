//! Something to be told to somebody. Nothing here writes or sends it.

use shop_core::money::MoneyError;

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
    /// What it is about and for whom: no two notices share it, and one that is to be told again
    /// has it again.
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
