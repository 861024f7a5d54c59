//! `kilnbox gc` for what a build made at AWS.
//!
//! The journal says where it is and how the build got there; static credentials of a template are not in it, so those
//! of the environment are used then.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kilnbox_engine::Reclaimer;
use serde_json::Value as Json;

use crate::{
    access::{Accounts, Keys, Reach},
    limits,
    options::delay_of_environment,
    remove::remove,
    resource::{Kind, Resource},
};

/// One per kind of resource.
pub fn reclaimers() -> Vec<Arc<dyn Reclaimer>> {
    let delay = delay_of_environment();
    let accounts = Arc::new(Accounts::default());
    Kind::ALL
        .into_iter()
        .map(|kind| {
            let accounts = accounts.clone();
            Arc::new(AmazonReclaimer {
                kind,
                accounts,
                delay,
            }) as Arc<dyn Reclaimer>
        })
        .collect()
}

#[derive(Debug)]
struct AmazonReclaimer {
    kind: Kind,
    accounts: Arc<Accounts>,
    delay: Option<Duration>,
}

#[async_trait]
impl Reclaimer for AmazonReclaimer {
    fn kind(&self) -> &'static str {
        self.kind.name()
    }

    fn describe(&self, data: &Json) -> String {
        match read(data) {
            Ok(resource) => format!(
                "{} {} in {}",
                self.kind.words(),
                resource.id.as_deref().unwrap_or(&resource.name),
                resource.reach.region.as_deref().unwrap_or("an unknown region")
            ),
            Err(error) => format!("{} ({error})", self.kind.words()),
        }
    }

    async fn reclaim(&self, data: &Json) -> Result<(), String> {
        let resource = read(data)?;
        let reach = Reach {
            retries: limits::RETRIES,
            delay: self.delay,
            ..resource.reach.clone()
        };
        let place = self
            .accounts
            .reach(&reach, &Keys::default())
            .await
            .map_err(|error| error.message)?;
        remove(self.kind, &place, &resource, false).await
    }

    fn limit(&self) -> Duration {
        limits::CLEANUP
    }
}

fn read(data: &Json) -> Result<Resource, String> {
    serde_json::from_value(data.clone()).map_err(|error| format!("the journal's entry: {error}"))
}
