//! Function `report`: sums up a day, yesterday unless somebody asks for another
//! one, leaves it in the bucket and tells of it. Doing it again for the same
//! day writes the same files with what is known by then.

use std::error::Error as StdError;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use shop_core::details::SalesReport;
use shop_core::money::{Currency, MoneyError};
use shop_core::order::now;
use shop_mysql::database::DatabaseError;
use shop_mysql::outbox::{self, Sink};

use crate::day::{bounds, date_at};
use crate::files::Files;
use crate::ledger::Ledger;
use crate::summary::{purchases, summarise};

/// What makes a report.
#[derive(Debug)]
pub struct Reports<S, F> {
    /// The orders.
    pub ledger: Ledger<S>,
    /// Where reports are kept.
    pub files: F,
    /// The shop's clock.
    pub zone: Tz,
    /// What a day without sales is counted in.
    pub currency: Currency,
}

/// Asks for a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct ReportRequest {
    /// The day; yesterday when there is none.
    #[serde(default)]
    pub date: Option<NaiveDate>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Nobody knows yet.
    #[error("{date} has not begun yet: it is {today} in {zone}")]
    Future {
        /// The day.
        date: NaiveDate,
        /// Today.
        today: NaiveDate,
        /// Where.
        zone: Tz,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The sum is too large.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The figures cannot be written as JSON.
    #[error("report cannot be encoded")]
    Encode(#[from] serde_json::Error),
    /// The bucket.
    #[error("report cannot be kept")]
    Files(#[source] Box<dyn StdError + Send + Sync>),
}

/// Function `report`.
pub async fn serve<S: Sink, F: Files>(
    reports: &Reports<S, F>,
    event: LambdaEvent<ReportRequest>,
) -> Result<SalesReport, Error> {
    Ok(reports.make(event.payload.date, now()).await?)
}

impl<S: Sink, F: Files> Reports<S, F> {
    /// The report of `date`, or of the day before `now`.
    ///
    /// # Errors
    /// [`ReportError`]. Files may have been written then; the next report writes them again.
    pub async fn make(
        &self,
        date: Option<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Result<SalesReport, ReportError> {
        let today = date_at(now, self.zone);
        let date = date.or_else(|| today.pred_opt()).unwrap_or(NaiveDate::MIN);
        if date > today {
            let zone = self.zone;
            return Err(ReportError::Future { date, today, zone });
        }
        let (begin, end) = bounds(date, self.zone);
        let sales = self.ledger.sales(begin, end).await?;
        let complete = end <= now;
        let summary = summarise(date, self.zone.name(), complete, &sales, self.currency)?;
        let report = SalesReport {
            summary,
            report_key: format!("reports/date={date}/report.json"),
            purchases_key: format!("purchases/date={date}/purchases.csv"),
        };
        self.put(&report.purchases_key, "text/csv", purchases(&sales))
            .await?;
        let text = serde_json::to_string_pretty(&report.summary)?;
        self.put(&report.report_key, "application/json", text)
            .await?;
        self.ledger
            .tell(async |connection| {
                let name = date.to_string();
                outbox::add(connection, "SalesReportCreated", &name, &report, now).await
            })
            .await?;
        tracing::info!(%date, orders = report.summary.orders, "report made");
        Ok(report)
    }

    async fn put(&self, key: &str, content_type: &str, text: String) -> Result<(), ReportError> {
        self.files
            .put(key, content_type, text)
            .await
            .map_err(ReportError::Files)
    }
}
