//! OpenAPI 3.1 documents of the services' routes, made of the types that requests are read into and
//! answers are written from (features U177 and U021).
//!
//! The documents are `frontend/public/openapi/<stack>.json`: the site serves them, and shows them at
//! `/api-docs`; below the site's folder, because the tool builds the site anew when something there
//! changes. Each service says in a test what its routes are for, and [`Service::assert_documented`]
//! holds that against the code, the template and the document (`INSTA_UPDATE=always` writes it).
//!
//! Who may use a route stands in its security requirements, as roles. The end-to-end test asks every
//! route of every document as every role.

mod access;
mod body;
mod call;
mod operation;
mod response;
mod service;

pub use access::Access;
pub use call::Call;
pub use operation::Operation;
pub use service::Service;

#[cfg(test)]
mod tests;
