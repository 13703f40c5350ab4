//! What every handler can reach: the services, the clock, and where things are on the web.

use std::sync::Arc;
use std::time::Duration;

use app::pages::Frame;
use app::pages::seat_list::SectionLink;
use axum::http::StatusCode;
use domain::chart::Chart;
use domain::hold::{Hold, HoldRefusal};
use domain::ids::{EventId, HoldId, HolderId};
use domain::time::Millis;
use moka::future::Cache;
use tokio::time::timeout_at;

use super::assets::Manifest;
use super::baskets::Further;
use super::client::Client;
use super::crowd::Crowd;
use super::problem::ApiError;
use crate::availability::Availability;
use crate::bus::Bus;
use crate::catalog::Catalog;
use crate::catalog::types::Event;
use crate::clock::{Clock, random};
use crate::config::Config;
use crate::holds::{Granted, HoldError, Holds, Patience};
use crate::idempotency::{IdempotencyStore, Run};
use crate::limits::Limits;
use crate::mail::FolderMailer;
use crate::payments::test_provider::TestProvider;
use crate::purchase::Purchase;
use crate::trouble::Trouble;
use app::api::holds::HoldRequest;

/// The shop. Clones share everything.
#[derive(Clone)]
pub struct Shop(Arc<Parts>);

impl core::ops::Deref for Shop {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What a shop is made of.
pub struct Parts {
    /// Settings.
    pub config: Config,
    /// The address fans see, without a slash at the end.
    pub public_url: String,
    /// The built browser files.
    pub manifest: Manifest,
    /// Time and randomness.
    pub clock: Arc<dyn Clock>,
    /// What is on, for those who look.
    pub catalog: Catalog,
    /// The same for those who buy: no crowd of lookers is before them.
    pub desk: Catalog,
    /// Who keeps what.
    pub holds: Holds,
    /// News between the processes of the shop.
    pub bus: Arc<dyn Bus>,
    /// What anybody may know of it.
    pub availability: Availability,
    /// Orders.
    pub purchase: Purchase,
    /// The provider of test payments, where it may be used.
    pub test_provider: Option<Arc<TestProvider>>,
    /// Mail that was written to the data folder, for the development page.
    pub letters: Option<Arc<FolderMailer>>,
    /// What addresses did in the last hour.
    pub limits: Limits,
    /// Who holds how much, by address.
    pub crowd: Crowd,
    /// Sections with what is free in them, by event and sequence.
    pub sections: Cache<(EventId, u64, u64), Arc<[SectionLink]>>,
    /// Whole pages that are the same for everybody, for a second: a crowd costs one rendering.
    pub pages: Cache<String, Arc<str>>,
    /// Whether the stores answer, as found within the last second.
    pub readiness: Cache<(), (StatusCode, Arc<str>)>,
    /// Idempotency keys.
    pub keys: Arc<dyn IdempotencyStore>,
    /// Asks whether the database answers.
    pub database: Arc<dyn Health>,
    /// Asks whether Redis answers, where one is set.
    pub cache: Arc<dyn Health>,
}

/// Whether a store answers.
#[async_trait::async_trait]
pub trait Health: Send + Sync + 'static {
    /// Answers, or says what is wrong.
    async fn check(&self) -> Result<(), Trouble>;
}

/// An event with the chart it is sold on.
#[derive(Clone)]
pub struct OnStage {
    /// The event.
    pub event: Arc<Event>,
    /// Its chart; `None` where all stand.
    pub chart: Option<Arc<Chart>>,
}

/// The hold of a call that may have to run again: every time the same.
fn hold_of(run: &Run) -> HoldId {
    let [a, b, c, d, e, f, g, h, i, j, ..] = run.draw("hold");
    HoldId::mint(run.since, [a, b, c, d, e, f, g, h, i, j])
}

/// A look that changes nothing, given up when patience is over.
pub(super) async fn looked<T, E: Into<ApiError>>(
    patience: Patience,
    look: impl Future<Output = Result<T, E>>,
) -> Result<T, ApiError> {
    match timeout_at(patience.until, look).await {
        Ok(seen) => seen.map_err(Into::into),
        Err(_) => Err(Trouble::Unavailable { what: "hold store", detail: "no answer in time".to_owned() }.into()),
    }
}

impl Shop {
    /// A shop of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Does small housework every minute, for as long as the shop is open.
    pub(super) fn every_minute(&self, work: impl Fn() + Send + 'static) {
        let shop = Arc::downgrade(&self.0);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                while shop.strong_count() > 0 {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    work();
                }
            });
        }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The addresses that a page names.
    #[must_use]
    pub fn frame(&self) -> Frame {
        let at = |file: &str| format!("{}{file}", self.manifest.base);
        Frame {
            css: at(&self.manifest.css),
            pages: at("pages.css"),
            font: at("display.woff2"),
            icon: at("favicon.svg"),
            js: at(&self.manifest.js),
            wasm: at(&self.manifest.wasm),
            live: at("live.js"),
        }
    }

    /// The public event of that address part, for somebody who looks.
    ///
    /// # Errors
    /// 404, or trouble.
    pub async fn on_stage(&self, slug: &str) -> Result<OnStage, ApiError> {
        let event = self.catalog.by_slug(slug, self.now()).await?.ok_or_else(|| ApiError::not_found("event"))?;
        self.with_chart(event).await
    }

    /// The event of that address part, for somebody who wants to have places of it.
    ///
    /// # Errors
    /// 404, or trouble.
    pub async fn at_the_desk(&self, slug: &str) -> Result<OnStage, ApiError> {
        let event = self.desk.by_slug(slug, self.now()).await?.ok_or_else(|| ApiError::not_found("event"))?;
        self.with_chart(event).await
    }

    /// The event of that id, for somebody who has places of it.
    ///
    /// # Errors
    /// 404, or trouble.
    pub async fn on_stage_by_id(&self, id: EventId) -> Result<OnStage, ApiError> {
        let event = self.desk.by_id(id, self.now()).await?.ok_or_else(|| ApiError::not_found("event"))?;
        self.with_chart(event).await
    }

    async fn with_chart(&self, event: Arc<Event>) -> Result<OnStage, ApiError> {
        let chart = self.desk.chart_of(&event).await?.map(|loaded| Arc::clone(&loaded.chart));
        Ok(OnStage { event, chart })
    }

    /// Holds what `request` asks for, or says when patience is over that it takes longer. The hold's id is the run's, where
    /// there is one: a buyer who asks again with the same key is never in their own way.
    ///
    /// # Errors
    /// A refusal or trouble, as a problem.
    pub async fn hold(
        &self,
        event: EventId,
        client: Client,
        (holder, patience): (HolderId, Patience),
        request: &HoldRequest,
        run: Option<&Run>,
    ) -> Result<Granted, ApiError> {
        let now = self.now();
        let id = run.map_or_else(|| HoldId::mint(now, random(&*self.clock)), hold_of);
        let further = Further::new(self, client);
        Ok(self.holds.hold_by(patience, (event, holder, id), request, now, further).await?)
    }

    /// Extends a hold, and the order it may have become. A call that runs `again` under its key is told the end that stands
    /// where the extension is used up: an earlier try, maybe at another process, used it and could not say so.
    ///
    /// # Errors
    /// A refusal or trouble, as a problem.
    pub async fn extend(
        &self,
        patience: Patience,
        hold: HoldId,
        holder: HolderId,
        again: bool,
    ) -> Result<Hold, ApiError> {
        let purchase = self.purchase.clone();
        // Whoever has stopped waiting has the time for the order all the same.
        let order = async move |hold: Hold| purchase.extended(hold.id, holder, hold.expires_at).await.map(drop);
        match self.holds.extend_by(patience, (hold, holder), self.now(), order).await {
            Ok(hold) => Ok(hold),
            Err(HoldError::Refused(HoldRefusal::NoExtensionLeft)) if again => {
                looked(patience, self.extended_before(hold, holder)).await
            }
            // A hold that is spent on an order has its extension still, until the order is paid.
            Err(HoldError::Refused(HoldRefusal::Expired)) => match self.purchase.prolong(hold, holder).await? {
                Err(HoldRefusal::NoExtensionLeft) if again => self.order_before(hold, holder).await,
                told => Ok(told?.as_hold()),
            },
            // An order's time is in the books: a hold store in trouble keeps no buyer from it. What it may have done to the
            // hold all the same ends no later than this.
            Err(error @ HoldError::Trouble(_)) => match self.purchase.prolong(hold, holder).await {
                Ok(Ok(order)) => Ok(order.as_hold()),
                Ok(Err(HoldRefusal::NoExtensionLeft)) if again => self.order_before(hold, holder).await,
                Ok(Err(HoldRefusal::NoExtensionLeft)) => Err(HoldRefusal::NoExtensionLeft.into()),
                _ => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a hold that is gone went with the process it lived in: nobody let go of it or paid for it.
    ///
    /// # Errors
    /// Trouble of the books.
    pub(super) async fn forgot(&self, hold: HoldId, holder: HolderId) -> Result<bool, Trouble> {
        let older = !self.holds.is_shared() && hold.minted_at() < self.availability.since();
        Ok(older && self.purchase.of_hold(hold, holder).await?.is_none())
    }

    /// The hold as it stands, with its order's time, which the earlier try may not have come to.
    async fn extended_before(&self, hold: HoldId, holder: HolderId) -> Result<Hold, ApiError> {
        let stands = self.holds.verify(hold, holder, self.now()).await?;
        self.purchase.extended(hold, holder, stands.expires_at).await?;
        Ok(stands)
    }

    async fn order_before(&self, hold: HoldId, holder: HolderId) -> Result<Hold, ApiError> {
        let order = self.purchase.of_hold(hold, holder).await?.ok_or(HoldRefusal::Expired)?;
        Ok(self.purchase.order(order, holder).await?.as_hold())
    }
}
