//! Function `api`: everybody's own profile, and the users and roles for administrators.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent};
use serde::Serialize;
use shop_core::cursor;
use shop_core::http::{self, Answer, Refusal, Request};
use shop_core::order::now;
use shop_core::problem::{Problem, Violation};
use shop_core::version;

use crate::edit::ProfileRequest;
use crate::enrol::{EnrolError, Newcomer, enrol};
use crate::groups::{ADMIN, Groups, GroupsRequest, as_last_but_one, assign};
use crate::profile::{Profile, Username, folded};
use crate::registry::{Accounts, Place, Registry, Unique, Written};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    GetMine,
    PutMine,
    DeleteMine,
    List,
    Get,
    Delete,
    GetGroups,
    PutGroups,
}

/// Every route key of the template, and nothing else; what each is for says `openapi.rs`, and a test
/// compares them.
const ROUTES: [(&str, Route); 8] = [
    ("GET /api/users/me", Route::GetMine),
    ("PUT /api/users/me", Route::PutMine),
    ("DELETE /api/users/me", Route::DeleteMine),
    ("GET /api/users", Route::List),
    ("GET /api/users/{username}", Route::Get),
    ("DELETE /api/users/{username}", Route::Delete),
    ("GET /api/users/{username}/groups", Route::GetGroups),
    ("PUT /api/users/{username}/groups", Route::PutGroups),
];

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct UserList {
    users: Vec<Profile>,
    next_token: Option<String>,
}

/// The groups of an account.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct GroupList {
    groups: Groups,
}

/// Answers one request.
pub async fn serve(
    registry: &impl Registry,
    accounts: &impl Accounts,
    event: LambdaEvent<ApiGatewayV2httpRequest>,
) -> Result<ApiGatewayV2httpResponse, Error> {
    http::serve(event, async |request| {
        answer(registry, accounts, &request, now()).await
    })
    .await
}

async fn answer(
    registry: &impl Registry,
    accounts: &impl Accounts,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let route = ROUTES.iter().find(|(key, _)| *key == request.route_key());
    let Some((_, route)) = route else {
        return Err(Problem::not_found("there is no such resource").into());
    };
    let caller = request.caller()?;
    match route {
        Route::GetMine => versioned(&mine(registry, request, now).await?),
        Route::PutMine => put_mine(registry, request, now).await,
        Route::DeleteMine => {
            let profile = match registry.profile(&caller.user_id).await? {
                Some(profile) => Some(profile),
                // One who never looked at it gets his profile now, so that its end is told: he may
                // have ordered something. None is made for an account that is gone.
                None => match mine(registry, request, now).await {
                    Ok(profile) => Some(profile),
                    Err(Refusal::Problem(problem)) if problem.status < 500 => None,
                    Err(error) => return Err(error),
                },
            };
            delete(registry, accounts, &caller.user_id, profile, now).await
        }
        Route::Get => get(registry, request).await,
        administration => {
            caller.require(ADMIN)?;
            match administration {
                Route::List => list(registry, request).await,
                Route::Delete => {
                    let profile = named(registry, request).await?;
                    let user_id = profile.user_id.clone();
                    delete(registry, accounts, &user_id, Some(profile), now).await
                }
                Route::PutGroups => put_groups(registry, accounts, request, now).await,
                _ => get_groups(registry, accounts, request).await,
            }
        }
    }
}

/// The caller's profile. The first request makes it, if the user pool has not; a later one brings
/// the e-mail address up to date, which is changed and verified in the user pool.
async fn mine(
    registry: &impl Registry,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Profile, Refusal> {
    let caller = request.caller()?;
    let verified = request.claim("email_verified") != Some("false");
    let email = caller.email.as_deref().filter(|_| verified).map(folded);
    if let Some(profile) = registry.profile(&caller.user_id).await? {
        let Some(email) = email.filter(|email| *email != profile.email) else {
            return Ok(profile);
        };
        let moved = Profile {
            email,
            modified_date: now,
            version: profile.version + 1,
            ..profile.clone()
        };
        written(registry.write(Some(&profile), Some(&moved), now).await?)?;
        return Ok(moved);
    }
    let Some(email) = email else {
        return Err(Problem::bad_request(
            "an ID token with a verified e-mail address is needed the first time",
        )
        .into());
    };
    let newcomer = Newcomer {
        user_id: caller.user_id,
        email,
        username: request
            .claim("preferred_username")
            .and_then(|name| Username::new(name).ok()),
        full_name: caller.name,
    };
    match enrol(registry, &newcomer, now).await {
        Ok(profile) => Ok(profile),
        Err(EnrolError::EmailTaken) => {
            written(Written::EmailTaken)?;
            Err(Problem::internal().into())
        }
        Err(EnrolError::Gone) => Err(gone().into()),
        Err(EnrolError::Registry(error)) => Err(error.into()),
    }
}

async fn put_mine(
    registry: &impl Registry,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let body: ProfileRequest = request.json()?;
    let old = mine(registry, request, now).await?;
    if version::seen(request)?.is_some_and(|seen| seen != old.version) {
        return Err(version::outdated().into());
    }
    let Some(new) = body.apply(&old, now).map_err(Problem::validation)? else {
        return versioned(&old);
    };
    written(registry.write(Some(&old), Some(&new), now).await?)?;
    versioned(&new)
}

/// Deletes the account first, then the profile with its guards: when this stops half-way, what is
/// left of the user can still be named and deleted, and nobody can log in any more. What he ordered
/// stays with the order service, which keeps its books without this profile.
async fn delete(
    registry: &impl Registry,
    accounts: &impl Accounts,
    user_id: &str,
    profile: Option<Profile>,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let work = async || {
        accounts.delete(user_id).await?;
        if let Some(profile) = &profile {
            written(registry.write(Some(profile), None, now).await?)?;
        }
        tracing::info!(user_id, "user deleted");
        Ok(())
    };
    let groups = accounts.groups(user_id).await?.unwrap_or_default();
    if groups.contains(ADMIN) {
        as_last_but_one(registry, accounts, user_id, now, work).await?;
    } else {
        work().await?;
    }
    Ok(Answer::empty(204))
}

async fn list(registry: &impl Registry, request: &Request) -> Result<Answer, Refusal> {
    let limit = request.limit()?;
    let from: Option<Place> = request.query("nextToken").map(cursor::decode).transpose()?;
    let page = registry.page(limit, from.as_ref()).await?;
    Ok(Answer::json(
        200,
        &UserList {
            users: page.profiles,
            next_token: page.next.as_ref().map(cursor::encode).transpose()?,
        },
    )?)
}

/// A profile for administrators and for its owner. Anybody else is told the same whether there is
/// such a user or not.
async fn get(registry: &impl Registry, request: &Request) -> Result<Answer, Refusal> {
    let caller = request.caller()?;
    let profile = named(registry, request).await;
    if !caller.is(ADMIN) && !matches!(&profile, Ok(profile) if profile.user_id == caller.user_id) {
        return Err(Problem::forbidden("this is for its owner and for administrators").into());
    }
    versioned(&profile?)
}

async fn get_groups(
    registry: &impl Registry,
    accounts: &impl Accounts,
    request: &Request,
) -> Result<Answer, Refusal> {
    let profile = named(registry, request).await?;
    let groups = accounts.groups(&profile.user_id).await?.unwrap_or_default();
    Ok(Answer::json(200, &GroupList { groups })?)
}

async fn put_groups(
    registry: &impl Registry,
    accounts: &impl Accounts,
    request: &Request,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let wanted = request
        .json::<GroupsRequest>()?
        .check()
        .map_err(Problem::validation)?;
    let profile = named(registry, request).await?;
    assign(registry, accounts, &profile.user_id, &wanted, now).await?;
    tracing::info!(user_id = profile.user_id, ?wanted, "groups assigned");
    Ok(Answer::json(200, &GroupList { groups: wanted })?)
}

/// The profile that the path names.
async fn named(registry: &impl Registry, request: &Request) -> Result<Profile, Refusal> {
    let not_found = || Problem::not_found("there is no such user");
    // What is no username is nobody's either.
    let username = Username::new(request.path("username")?).map_err(|_| not_found())?;
    let owner = registry.owner(&Unique::Username(username)).await?;
    let user_id = owner.ok_or_else(not_found)?;
    Ok(registry.profile(&user_id).await?.ok_or_else(not_found)?)
}

/// The problem of a write that was not done.
fn written(written: Written) -> Result<(), Problem> {
    let taken = |pointer: &str, detail: &str| {
        let mut problem = Problem::conflict(detail);
        problem.errors = vec![Violation::new(pointer, detail)];
        Err(problem)
    };
    match written {
        Written::Done => Ok(()),
        Written::UsernameTaken => taken("/username", "somebody else has this username"),
        Written::EmailTaken => taken("/email", "another user has this e-mail address"),
        Written::Overtaken => Err(version::outdated()),
        Written::Gone => Err(gone()),
    }
}

fn gone() -> Problem {
    Problem::not_found("this user was deleted")
}

fn versioned(profile: &Profile) -> Result<Answer, Refusal> {
    let etag = version::etag(profile.version);
    Ok(Answer::json(200, profile)?.with_header("etag", &etag))
}

#[cfg(test)]
#[path = "openapi.rs"]
mod openapi;

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
