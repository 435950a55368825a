//! Table and user pool in memory, for tests.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use shop_core::cursor::cut;

use crate::groups::{ADMIN, Groups};
use crate::profile::{Profile, Username};
use crate::registry::{Accounts, Failure, Page, Place, Registry, Unique, Written};

/// The profile of an account that is called as the user is.
pub fn profile(name: &str) -> Profile {
    let opened = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
    Profile {
        user_id: name.to_owned(),
        username: Username::new(name).unwrap(),
        email: format!("{name}@example.com"),
        full_name: None,
        addresses: Vec::new(),
        created_date: opened,
        modified_date: opened,
        version: 1,
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct FakeWorld {
    profiles: RefCell<BTreeMap<String, Profile>>,
    guards: RefCell<BTreeMap<Unique, String>>,
    deleted: RefCell<BTreeSet<String>>,
    locked: Cell<bool>,
    /// Accounts with their groups.
    pub accounts: RefCell<BTreeMap<String, Groups>>,
    /// Makes every call to the table fail.
    pub down: Cell<bool>,
    /// Makes every call to the pool fail.
    pub pool_down: Cell<bool>,
    /// Makes the next write find another version, as if somebody had been faster.
    pub overtaken: Cell<bool>,
}

impl FakeWorld {
    /// With these users, who have accounts.
    pub fn with(profiles: impl IntoIterator<Item = Profile>) -> Self {
        let world = FakeWorld::default();
        for profile in profiles {
            world.put(None, Some(&profile));
            let user_id = profile.user_id;
            world.accounts.borrow_mut().insert(user_id, Groups::new());
        }
        world
    }

    /// What is guarded, as text.
    pub fn guarded(&self) -> Vec<String> {
        let guards = self.guards.borrow();
        guards.keys().map(crate::row::guard_id).collect()
    }

    fn put(&self, old: Option<&Profile>, new: Option<&Profile>) {
        let unique = |profile: &Profile| {
            [
                Unique::Username(profile.username.clone()),
                Unique::Email(profile.email.clone()),
            ]
        };
        for gone in old.map(unique).into_iter().flatten() {
            self.guards.borrow_mut().remove(&gone);
        }
        let mut profiles = self.profiles.borrow_mut();
        if let Some(old) = old {
            profiles.remove(&old.user_id);
        }
        if let Some(new) = new {
            for come in unique(new) {
                self.guards.borrow_mut().insert(come, new.user_id.clone());
            }
            profiles.insert(new.user_id.clone(), new.clone());
        }
    }

    fn up(&self) -> Result<(), Failure> {
        match self.down.get() {
            true => Err(Failure::Table("it is down".into())),
            false => Ok(()),
        }
    }

    fn pool_up(&self) -> Result<(), Failure> {
        match self.pool_down.get() {
            true => Err(Failure::Pool("it is down".into())),
            false => Ok(()),
        }
    }
}

impl Registry for FakeWorld {
    async fn profile(&self, user_id: &str) -> Result<Option<Profile>, Failure> {
        self.up()?;
        Ok(self.profiles.borrow().get(user_id).cloned())
    }

    async fn owner(&self, unique: &Unique) -> Result<Option<String>, Failure> {
        self.up()?;
        Ok(self.guards.borrow().get(unique).cloned())
    }

    async fn page(&self, limit: u16, from: Option<&Place>) -> Result<Page, Failure> {
        self.up()?;
        let mut profiles: Vec<_> = self.profiles.borrow().values().cloned().collect();
        profiles.sort_by(|a, b| a.username.cmp(&b.username));
        profiles.retain(|profile| from.is_none_or(|from| profile.username > from.username));
        let (profiles, follows) = cut(profiles, limit, false);
        let next = profiles.last().filter(|_| follows).map(|last| Place {
            username: last.username.clone(),
            user_id: last.user_id.clone(),
        });
        Ok(Page { profiles, next })
    }

    async fn write(
        &self,
        old: Option<&Profile>,
        new: Option<&Profile>,
        _: DateTime<Utc>,
    ) -> Result<Written, Failure> {
        self.up()?;
        let user_id = &old.or(new).expect("something to write").user_id;
        let known = self
            .profiles
            .borrow()
            .get(user_id)
            .map(|profile| profile.version);
        if self.overtaken.take() || known != old.map(|profile| profile.version) {
            return Ok(Written::Overtaken);
        }
        if old.is_none() && self.deleted.borrow().contains(user_id) {
            return Ok(Written::Gone);
        }
        if let Some(new) = new {
            let owner = |unique| self.guards.borrow().get(&unique).cloned();
            let other = |owner: Option<String>| owner.is_some_and(|owner| owner != new.user_id);
            if other(owner(Unique::Username(new.username.clone()))) {
                return Ok(Written::UsernameTaken);
            }
            if other(owner(Unique::Email(new.email.clone()))) {
                return Ok(Written::EmailTaken);
            }
        } else {
            self.deleted.borrow_mut().insert(user_id.clone());
        }
        self.put(old, new);
        Ok(Written::Done)
    }

    async fn lock(&self, _: DateTime<Utc>) -> Result<bool, Failure> {
        self.up()?;
        Ok(!self.locked.replace(true))
    }

    async fn unlock(&self) -> Result<(), Failure> {
        self.locked.set(false);
        Ok(())
    }
}

impl Accounts for FakeWorld {
    async fn groups(&self, user_id: &str) -> Result<Option<Groups>, Failure> {
        self.pool_up()?;
        Ok(self.accounts.borrow().get(user_id).cloned())
    }

    async fn join(&self, user_id: &str, group: &str) -> Result<(), Failure> {
        self.pool_up()?;
        let mut accounts = self.accounts.borrow_mut();
        accounts.get_mut(user_id).unwrap().insert(group.to_owned());
        Ok(())
    }

    async fn leave(&self, user_id: &str, group: &str) -> Result<(), Failure> {
        self.pool_up()?;
        self.accounts
            .borrow_mut()
            .get_mut(user_id)
            .unwrap()
            .remove(group);
        Ok(())
    }

    async fn other_administrator(&self, user_id: &str) -> Result<bool, Failure> {
        self.pool_up()?;
        let accounts = self.accounts.borrow();
        Ok(accounts
            .iter()
            .any(|(id, groups)| id != user_id && groups.contains(ADMIN)))
    }

    async fn delete(&self, user_id: &str) -> Result<(), Failure> {
        self.pool_up()?;
        self.accounts.borrow_mut().remove(user_id);
        Ok(())
    }
}
