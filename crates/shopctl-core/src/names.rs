//! Newtypes for the identifiers that travel through the whole tool, so that a
//! stack of the project is never mistaken for a stack on AWS.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps `value`; whoever reads it from input checks its form first.
            pub fn new(value: impl Into<String>) -> Self {
                Self(value.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self(value.to_owned())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

identifier! {
    /// A stack's name in the project file, for instance `products`.
    StackName
}
identifier! {
    /// A stack's name in CloudFormation, for instance `shop-local-products`.
    CloudStackName
}
identifier! {
    /// A resource's logical ID in a template.
    LogicalId
}
identifier! {
    /// An environment's name in the project file.
    EnvironmentName
}
identifier! {
    /// SHA-256 in lower-case hexadecimal digits of an artifact's bytes.
    ArtifactDigest
}
