//! Connections to MySQL, and transactions that are tried again when the server
//! asks for it.
//!
//! On AWS a function logs in with a token that its role signs ([`crate::token`])
//! over TLS to a server that proves to be RDS; on this machine with a password.

use std::env;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_types::SdkConfig;
use shop_core::runtime::{StartError, setting};
use sqlx::mysql::{
    MySqlConnectOptions, MySqlConnection, MySqlPool, MySqlPoolOptions, MySqlSslMode,
};

use crate::token::{Login, TokenError, token};

/// Whom RDS has its certificates from.
const AUTHORITIES: &str = include_str!("../certificates/rds.pem");

/// A token is made anew well before RDS would refuse it.
const TOKEN_AGE: Duration = Duration::from_secs(10 * 60);

/// How often a transaction is begun that others stop.
const ATTEMPTS: u32 = 6;
/// The pause after the first time; it doubles.
const PAUSE: Duration = Duration::from_millis(10);

/// MySQL's numbers for a deadlock that this transaction lost, and for a lock that was not to be
/// had in time. The whole transaction has been, or has to be, rolled back; trying it again is what
/// the manual asks for.
const TRY_AGAIN: [u16; 2] = [1213, 1205];

/// Why the database did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It did not answer, or with an error.
    #[error("database cannot be used")]
    Sql(#[from] sqlx::Error),
    /// The credentials of the function are not there.
    #[error("the function has no credentials")]
    Credentials(#[from] aws_credential_types::provider::error::CredentialsError),
    /// They make no token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// What is kept as JSON cannot be written or read.
    #[error("row cannot be read or written")]
    Json(#[from] serde_json::Error),
    /// What a row holds is none of the values that it may hold.
    #[error("row holds {0}")]
    Row(String),
}

impl DatabaseError {
    /// Whether the transaction may well succeed when it is begun again.
    fn is_passing(&self) -> bool {
        let Self::Sql(sqlx::Error::Database(error)) = self else {
            return false;
        };
        error
            .try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
            .is_some_and(|error| TRY_AGAIN.contains(&error.number()))
    }
}

/// Where the database is and as whom to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The schema.
    pub schema: String,
    /// The user.
    pub user: String,
    /// Its password; a token of the function's role when there is none.
    pub password: Option<String>,
}

impl Place {
    /// As the function's environment says: `DATABASE_HOST`, `DATABASE_PORT`, `DATABASE_SCHEMA`,
    /// which is the user's name, too, and `DATABASE_PASSWORD` on this machine.
    ///
    /// # Errors
    /// [`StartError`] when one is missing, or the port is no number.
    pub fn from_environment() -> Result<Self, StartError> {
        let schema = setting("DATABASE_SCHEMA")?;
        let port = setting("DATABASE_PORT")?;
        Ok(Place {
            host: setting("DATABASE_HOST")?,
            port: port
                .parse()
                .map_err(|_| StartError::MissingSetting("DATABASE_PORT (a number)".to_owned()))?,
            user: schema.clone(),
            schema,
            password: env::var("DATABASE_PASSWORD")
                .ok()
                .filter(|text| !text.is_empty()),
        })
    }

    /// What a driver needs to log in with `password`, into the schema or into none.
    pub fn options(&self, password: &str, schema: Option<&str>) -> MySqlConnectOptions {
        let options = MySqlConnectOptions::new()
            .host(&self.host)
            .port(self.port)
            .username(&self.user)
            .password(password);
        let options = match schema {
            Some(schema) => options.database(schema),
            None => options,
        };
        if is_loopback(&self.host) {
            // The server of the local cloud has no certificate, and the way to it no listeners.
            return options.ssl_mode(MySqlSslMode::Disabled);
        }
        options
            .ssl_mode(MySqlSslMode::VerifyIdentity)
            .ssl_ca_from_pem(AUTHORITIES.into())
            // How RDS takes tokens; the server has proved who it is by then.
            .enable_cleartext_plugin(self.password.is_none())
    }
}

fn is_loopback(host: &str) -> bool {
    host == "127.0.0.1"
}

/// Who signs tokens, and when that was last done.
#[derive(Debug)]
struct Signer {
    credentials: SharedCredentialsProvider,
    region: String,
    signed: Mutex<Option<Instant>>,
}

/// A service's schema.
#[derive(Debug)]
pub struct Database {
    place: Place,
    pool: MySqlPool,
    signer: Option<Signer>,
}

impl Database {
    /// The database at `place`. Connects when it is first used, and keeps one connection: a
    /// function does one thing at a time, and a small instance has not many to give.
    pub fn new(place: Place, aws: &SdkConfig) -> Self {
        let signer = match place.password {
            Some(_) => None,
            None => aws.credentials_provider().map(|credentials| Signer {
                credentials,
                region: aws
                    .region()
                    .map_or_else(String::new, |region| region.to_string()),
                signed: Mutex::new(None),
            }),
        };
        let options = place.options(
            place.password.as_deref().unwrap_or_default(),
            Some(&place.schema),
        );
        Database::with(place, options, 1, signer)
    }

    /// The schema behind `options`, with up to `connections` of them.
    #[cfg(feature = "testing")]
    pub(crate) fn of_test(place: Place, options: MySqlConnectOptions, connections: u32) -> Self {
        Database::with(place, options, connections, None)
    }

    fn with(
        place: Place,
        options: MySqlConnectOptions,
        connections: u32,
        signer: Option<Signer>,
    ) -> Self {
        let pool = MySqlPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(8))
            // Locks on rows that exist and on nothing between them: transactions that take their
            // rows in one order do not stop each other then.
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
                        .execute(connection)
                        .await
                        .map(drop)
                })
            })
            .connect_lazy_with(options);
        Database {
            place,
            pool,
            signer,
        }
    }

    /// The schema's name.
    pub fn schema(&self) -> &str {
        &self.place.schema
    }

    /// Connections, with a token that is good for the next one.
    ///
    /// # Errors
    /// [`DatabaseError`] when no token can be made.
    pub async fn pool(&self) -> Result<&MySqlPool, DatabaseError> {
        if let Some(signer) = &self.signer
            && signer.is_due()
        {
            let credentials = signer.credentials.provide_credentials().await?;
            let login = Login {
                host: &self.place.host,
                port: self.place.port,
                user: &self.place.user,
                region: &signer.region,
            };
            let token = token(&login, &credentials, SystemTime::now())?;
            let options = self.place.options(&token, Some(&self.place.schema));
            self.pool.set_connect_options(options);
            signer.done();
        }
        Ok(&self.pool)
    }

    /// Does `work` in one transaction: all of it, or, when it fails, nothing. It is begun anew
    /// when the server stops it for the sake of another one, so that it must do nothing but talk
    /// to the database.
    ///
    /// # Errors
    /// What `work` fails with, or [`DatabaseError::Sql`].
    pub async fn transact<T>(
        &self,
        work: impl AsyncFn(&mut MySqlConnection) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            let error = match self.attempt(&work).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            if attempt == ATTEMPTS || !error.is_passing() {
                return Err(error);
            }
            tracing::info!(attempt, "transaction is begun again");
            tokio::time::sleep(pause).await;
            pause *= 2;
            attempt += 1;
        }
    }

    async fn attempt<T>(
        &self,
        work: &impl AsyncFn(&mut MySqlConnection) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let mut transaction = self.pool().await?.begin().await?;
        let done = work(&mut transaction).await;
        match done {
            Ok(done) => {
                transaction.commit().await?;
                Ok(done)
            }
            Err(error) => {
                // The answer is why the work failed; a rollback that fails, too, adds nothing.
                let _ = transaction.rollback().await;
                Err(error)
            }
        }
    }
}

impl Signer {
    fn is_due(&self) -> bool {
        let signed = self.signed.lock().map_or(None, |signed| *signed);
        signed.is_none_or(|signed| signed.elapsed() > TOKEN_AGE)
    }

    fn done(&self) {
        if let Ok(mut signed) = self.signed.lock() {
            *signed = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn only_this_machine_is_talked_to_in_the_open() {
        let place = |host: &str| Place {
            host: host.to_owned(),
            port: 3306,
            schema: "inventory".to_owned(),
            user: "inventory".to_owned(),
            password: None,
        };
        let mode = |host: &str| place(host).options("", None).get_ssl_mode();
        assert!(matches!(mode("127.0.0.1"), MySqlSslMode::Disabled));
        assert!(matches!(
            mode("shop.x.eu-central-1.rds.amazonaws.com"),
            MySqlSslMode::VerifyIdentity
        ));
    }

    #[test]
    fn the_authorities_of_rds_are_all_there() {
        let certificates = AUTHORITIES.matches("-----BEGIN CERTIFICATE-----").count();
        assert!(certificates > 80, "{certificates}");
        for region in ["us-east-1", "eu-central-1", "ap-southeast-2"] {
            let name = format!("# Amazon RDS {region} Root CA RSA2048 G1");
            assert!(AUTHORITIES.contains(&name), "{region}");
        }
    }
}
