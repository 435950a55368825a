//! Who may use a route.

use serde_json::{Value, json};

/// The security scheme of people: their ID token.
pub(super) const LOGIN: &str = "login";
/// The security scheme of services: a signature.
pub(super) const SIGNED: &str = "signed";

/// Who may use a route. Administrators may do whatever a group may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a token.
    Everybody,
    /// Everybody with an account, about himself.
    Account,
    /// Whose it is. Somebody else's does not exist.
    Owner,
    /// Whose it is, and administrators.
    OwnerOrAdmin,
    /// Who packs.
    Warehouse,
    /// Who delivers.
    Delivery,
    /// Who runs the shop.
    Admin,
}

impl Access {
    /// The roles of which one is needed; none when an account is enough, `None` when not even that.
    pub(super) fn roles(self) -> Option<&'static [&'static str]> {
        match self {
            Access::Everybody => None,
            Access::Account => Some(&[]),
            Access::Owner => Some(&["owner"]),
            Access::OwnerOrAdmin => Some(&["owner", "admin"]),
            Access::Warehouse => Some(&["warehouse", "admin"]),
            Access::Delivery => Some(&["delivery", "admin"]),
            Access::Admin => Some(&["admin"]),
        }
    }

    /// As security requirements: any one of them is enough, and each names the role that it wants
    /// (OpenAPI 3.1.1, "Security Requirement Object").
    pub(super) fn requirements(self) -> Value {
        match self.roles() {
            None => json!([]),
            Some([]) => json!([{ LOGIN: [] }]),
            Some(roles) => roles.iter().map(|role| json!({ LOGIN: [role] })).collect(),
        }
    }

    /// Whether there is somebody who is logged in and told that this is not for him.
    pub(super) fn forbids(self) -> bool {
        !matches!(self, Access::Everybody | Access::Account | Access::Owner)
    }
}
