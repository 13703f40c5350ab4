//! The demo: something to look at on the first start, and an event put on sale by one command.

pub mod prices;
mod shows;

use std::collections::BTreeMap;

use domain::chart::Chart;
use domain::chart::document::Document;
use domain::chart::generate::{Arena, Bowl, arena, bowl};
use domain::chart::import::Imported;
use domain::chart::matching::{Matches, match_versions};
use domain::ids::{ChartId, EventId, PromoterId, TierId, VenueId};
use domain::money::{Currency, Money};
use domain::rules::Window;
use domain::seat::SeatId;
use domain::time::{MINUTE, Millis};
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use crate::catalog::Catalog;
use crate::catalog::charts::SaveError;
use crate::catalog::store::Added;
use crate::catalog::types::{NewEvent, NewPromoter, NewVenue, Place, Tier};
use crate::clock::{Clock, random};
use crate::trouble::Trouble;
use shows::{Hall, SHOWS, Show};

/// The clock of a house of which only the plan is known.
const UNKNOWN_ZONE: &str = "UTC";
/// Its country, by the code for one that is not known.
const UNKNOWN_COUNTRY: &str = "ZZ";
const DAY: i64 = 24 * 60 * MINUTE;
/// Most seats in one purchase.
const SEATS_A_PURCHASE: u32 = 10;
/// Of every so many rows, one keeps its first two seats for the house.
const HOUSE_ROWS: usize = 37;
/// Tax contained in prices of [`put_on_sale`], in thousandths.
const USUAL_TAX: i64 = 190;

/// Fills an empty shop: a club night, a theatre, an arena, a bowl. Repeating it adds only what is missing; answers the
/// slugs of what was added.
///
/// # Errors
/// Trouble of the stores. What was added before stays.
pub async fn seed(catalog: &Catalog, clock: &dyn Clock) -> Result<Vec<String>, Trouble> {
    let mut added = Vec::new();
    let mut drawn: BTreeMap<&str, (ChartId, Chart)> = BTreeMap::new();
    for show in SHOWS {
        let hall = show.hall;
        let venue = catalog.store().ensure_venue(&venue(hall, clock)).await?;
        if let Some(draw) = hall.draw
            && !drawn.contains_key(hall.slug)
        {
            let chart = tokio::task::spawn_blocking(draw).await.map_err(|panic| bug(&panic))?;
            let kept = save(catalog, clock, venue, Document::of(chart.clone()), serde_json::json!([])).await?;
            drawn.insert(hall.slug, (kept, chart));
        }
        let event = event(show, venue, drawn.get(hall.slug), catalog, clock).await?;
        if catalog.store().add(&event).await? == Added::Made {
            added.push(event.slug);
        }
    }
    Ok(added)
}

/// What an event of [`put_on_sale`] takes place on.
#[derive(Clone, Debug)]
pub enum Plan {
    /// The built-in arena.
    Arena,
    /// A drawn bowl of so many seats, 100 to 110,000.
    Bowl(u32),
    /// Somebody's own.
    Imported(Box<Imported>),
}

/// Puts one more event on sale, a week from now; answers its slug. An imported chart of the same name that is known already
/// gets a new version, its seats matched to the old ones.
///
/// # Errors
/// A sentence for whoever typed the command.
pub async fn put_on_sale(
    catalog: &Catalog,
    clock: &dyn Clock,
    plan: Plan,
    asked: &[(String, i64)],
) -> Result<String, String> {
    let sentence = |trouble: Trouble| format!("The event was not made: {trouble}.");
    let (document, venue, chart_id, zone) = match plan {
        Plan::Imported(imported) => {
            let document = imported.document.clone();
            let kept = import(catalog, clock, *imported).await?;
            (document, kept.venue, kept.chart, UNKNOWN_ZONE)
        }
        Plan::Arena => {
            let chart = arena(&Arena { name: shows::ARENA.name.to_owned(), ..Arena::default() });
            drawn(catalog, clock, &shows::ARENA, chart).await.map_err(sentence)?
        }
        Plan::Bowl(seats) => {
            let chart = bowl(&Bowl { name: format!("Bowl of {seats} seats"), seats });
            drawn(catalog, clock, &shows::STADIUM, chart).await.map_err(sentence)?
        }
    };
    let chart = &document.chart;
    let prices = prices::by_category(chart, asked)?;
    let now = clock.now();
    let id = EventId::mint(now, random(clock));
    let promoter = NewPromoter {
        id: PromoterId::mint(now, random(clock)),
        slug: "parterre-demo".to_owned(),
        name: "Parterre demo".to_owned(),
    };
    let starts_at = evening(now, 7, (20, 0), zone);
    let tail = id.0.simple().to_string();
    let event = NewEvent {
        id,
        promoter: catalog.store().ensure_promoter(&promoter).await.map_err(sentence)?,
        venue,
        chart: Some(chart_id),
        slug: format!("{}-{}", slug(&chart.name), &tail[tail.len() - 8..]),
        title: format!("Demo night: {}", short(&chart.name)),
        description: "An evening made by the demo command.".to_owned(),
        category: "concert".to_owned(),
        currency: Currency::EUR,
        capacity: capacity(chart),
        doors_at: Some(starts_at.plus(-60 * MINUTE)),
        starts_at,
        ends_at: Some(starts_at.plus(180 * MINUTE)),
        details: serde_json::json!({}),
        tiers: seated(chart, &prices, &[], Currency::EUR, USUAL_TAX, Window::default(), clock),
        kills: Vec::new(),
        max_per_person: None,
    };
    match catalog.store().add(&event).await.map_err(sentence)? {
        Added::Made => Ok(event.slug),
        Added::SlugTaken => Err("The event was not made: its address is taken. Try again.".to_owned()),
    }
}

/// Keeps a chart that was drawn for `hall`.
async fn drawn(
    catalog: &Catalog,
    clock: &dyn Clock,
    hall: &Hall,
    chart: Chart,
) -> Result<(Document, VenueId, ChartId, &'static str), Trouble> {
    let document = Document::of(chart);
    let venue = catalog.store().ensure_venue(&venue(hall, clock)).await?;
    let id = save(catalog, clock, venue, document.clone(), serde_json::json!([])).await?;
    Ok((document, venue, id, hall.time_zone))
}

/// What became of an imported plan.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Whose chart it is.
    pub venue: VenueId,
    /// The version's id: a new one, or the newest where the plan is the same.
    pub chart: ChartId,
    /// How its seats belong to those of the version before, where there is one and it is another. Both documents are
    /// kept, so it can be found out again at any time ([`match_versions`]).
    pub matches: Option<Matches>,
    /// What was odd, what was matched, and which version it is, in words.
    pub text: String,
}

/// Keeps an imported plan as the next version of its chart, its seats matched to those of the version before.
///
/// # Errors
/// A sentence for whoever typed the command.
pub async fn import(catalog: &Catalog, clock: &dyn Clock, imported: Imported) -> Result<Kept, String> {
    let sentence = |trouble: Trouble| format!("The chart was not kept: {trouble}.");
    let mut document = imported.document;
    document.chart.name = short(&document.chart.name);
    let name = document.chart.name.clone();
    let venue = NewVenue {
        id: VenueId::mint(clock.now(), random(clock)),
        slug: slug(&name),
        address: String::new(),
        place: Place {
            name: name.clone(),
            // The plan does not say where its house stands.
            city: String::new(),
            country: UNKNOWN_COUNTRY.to_owned(),
            time_zone: UNKNOWN_ZONE.to_owned(),
        },
        capacity: capacity(&document.chart),
    };
    let venue = catalog.store().ensure_venue(&venue).await.map_err(sentence)?;
    let matches = match catalog.charts().newest(venue, &name).await.map_err(sentence)? {
        Some((_, old)) if old != document => {
            let new = document.clone();
            let work = tokio::task::spawn_blocking(move || match_versions(&old, &new));
            Some(work.await.map_err(|panic| sentence(bug(&panic)))?)
        }
        _ => None,
    };
    let matched = matches.as_ref().map(Matches::to_text).unwrap_or_default();
    let oddities = imported.report.to_text();
    let notes: Vec<_> = oddities.lines().chain(matched.lines()).collect();
    let notes = serde_json::json!(notes);
    let id = ChartId::mint(clock.now(), random(clock));
    let (chart, version) = catalog
        .charts()
        .save(id, venue, document, notes)
        .await
        .map_err(|error| format!("The chart was not kept: {error}."))?;
    let news = if chart == id { "kept as" } else { "is already" };
    Ok(Kept { venue, chart, matches, text: format!("{oddities}{matched}\"{name}\" {news} version {version}.\n") })
}

async fn save(
    catalog: &Catalog,
    clock: &dyn Clock,
    venue: VenueId,
    document: Document,
    notes: serde_json::Value,
) -> Result<ChartId, Trouble> {
    let id = ChartId::mint(clock.now(), random(clock));
    match catalog.charts().save(id, venue, document, notes).await {
        Ok((kept, _)) => Ok(kept),
        Err(SaveError::Trouble(trouble)) => Err(trouble),
        Err(SaveError::Unpackable(detail)) => Err(Trouble::Corrupt { what: "a drawn chart", detail }),
    }
}

fn bug(panic: &tokio::task::JoinError) -> Trouble {
    Trouble::Corrupt { what: "the demo", detail: panic.to_string() }
}

fn venue(hall: &Hall, clock: &dyn Clock) -> NewVenue {
    NewVenue {
        id: VenueId::mint(clock.now(), random(clock)),
        slug: hall.slug.to_owned(),
        address: hall.address.to_owned(),
        place: Place {
            name: hall.name.to_owned(),
            city: hall.city.to_owned(),
            country: hall.country.to_owned(),
            time_zone: hall.time_zone.to_owned(),
        },
        capacity: hall.capacity,
    }
}

async fn event(
    show: &Show,
    venue: VenueId,
    drawn: Option<&(ChartId, Chart)>,
    catalog: &Catalog,
    clock: &dyn Clock,
) -> Result<NewEvent, Trouble> {
    let (now, hall) = (clock.now(), show.hall);
    let promoter = NewPromoter {
        id: PromoterId::mint(now, random(clock)),
        slug: show.promoter.0.to_owned(),
        name: show.promoter.1.to_owned(),
    };
    let starts_at = evening(now, show.in_days, show.at, hall.time_zone);
    let opens_at = if show.sale_in_days > 0 { now.plus(show.sale_in_days * DAY) } else { now.plus(-DAY) };
    let sale = Window { opens_at: Some(opens_at), closes_at: Some(starts_at) };
    let mut tiers = Vec::new();
    let mut kills = Vec::new();
    if let Some((_, chart)) = drawn {
        kills = house_seats(chart);
        let prices = (0_u8..).zip(show.seated.iter().copied()).collect();
        tiers = seated(chart, &prices, &kills, hall.currency, hall.tax, sale, clock);
    }
    for (name, total, quantity, most) in show.standing {
        tiers.push(Tier {
            id: TierId::mint(now, random(clock)),
            name: (*name).to_owned(),
            category: None,
            price: prices::split(Money::new(*total, hall.currency), hall.tax),
            quantity: *quantity,
            sold: 0,
            reserved: 0,
            min_purchase: 1,
            max_purchase: *most,
            sale,
        });
    }
    Ok(NewEvent {
        id: EventId::mint(now, random(clock)),
        promoter: catalog.store().ensure_promoter(&promoter).await?,
        venue,
        chart: drawn.map(|(id, _)| *id),
        slug: show.slug.to_owned(),
        title: show.title.to_owned(),
        description: show.description.to_owned(),
        category: show.category.to_owned(),
        currency: hall.currency,
        capacity: hall.capacity,
        doors_at: Some(starts_at.plus(-show.doors * MINUTE)),
        starts_at,
        ends_at: Some(starts_at.plus(show.lasts * MINUTE)),
        details: shows::details(show),
        tiers,
        kills,
        max_per_person: show.per_person,
    })
}

/// A tier for each category that has a price and a seat: its quantity is what the house does not keep.
fn seated(
    chart: &Chart,
    prices: &BTreeMap<u8, i64>,
    kills: &[(SeatId, String)],
    currency: Currency,
    tax: i64,
    sale: Window,
    clock: &dyn Clock,
) -> Vec<Tier> {
    let mut quantity = [0_u32; 256];
    for category in &chart.seats.category {
        quantity[usize::from(*category)] += 1;
    }
    for (seat, _) in kills {
        if let Some(category) = chart.seats.category.get(seat.index()) {
            quantity[usize::from(*category)] -= 1;
        }
    }
    let mut named: BTreeMap<String, u32> = BTreeMap::new();
    let priced = prices.iter().filter(|(category, _)| quantity[usize::from(**category)] > 0);
    priced
        .map(|(category, total)| {
            let name = chart.categories.get(usize::from(*category)).map_or("", String::as_str);
            let name =
                if name.trim().is_empty() { format!("Category {}", u16::from(*category) + 1) } else { short(name) };
            // A plan may name two categories alike; an event may not.
            let times = named.entry(name.clone()).or_default();
            *times += 1;
            Tier {
                id: TierId::mint(clock.now(), random(clock)),
                name: if *times > 1 { format!("{name} ({times})") } else { name },
                category: Some(*category),
                price: prices::split(Money::new(*total, currency), tax),
                quantity: quantity[usize::from(*category)],
                sold: 0,
                reserved: 0,
                min_purchase: 1,
                max_purchase: SEATS_A_PURCHASE,
                sale,
            }
        })
        .collect()
}

/// Two seats at the head of some rows, kept by the house.
fn house_seats(chart: &Chart) -> Vec<(SeatId, String)> {
    let rows = chart.rows.iter().skip(5).step_by(HOUSE_ROWS).filter(|row| row.seats.len() > 6);
    rows.flat_map(|row| row.seats.clone().take(2)).map(|seat| (SeatId(seat), "house seats".to_owned())).collect()
}

/// A time of day in a zone, some days from now. Where the zone or the hour does not exist: UTC, or the next hour.
fn evening(now: Millis, days: i64, (hour, minute): (i8, i8), zone: &str) -> Millis {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let today = Timestamp::from_millisecond(now.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone());
    let start = today.date().checked_add(days.days()).map(|date| date.at(hour, minute, 0, 0).to_zoned(zone));
    match start {
        Ok(Ok(start)) => Millis(start.timestamp().as_millisecond()),
        _ => now.plus(days * DAY),
    }
}

fn capacity(chart: &Chart) -> u32 {
    u32::try_from(chart.seats.len()).unwrap_or(u32::MAX).max(1)
}

/// At most 100 characters of a name, never none.
fn short(name: &str) -> String {
    let short: String = name.trim().chars().take(100).collect();
    if short.is_empty() { "Seating plan".to_owned() } else { short }
}

/// An address part: lower-case letters, digits and single hyphens, at most 60 of them.
fn slug(name: &str) -> String {
    let ascii = name.to_lowercase();
    let words = ascii.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("-");
    let cut: String = joined.chars().take(60).collect();
    let cut = cut.trim_end_matches('-');
    if cut.is_empty() { "hall".to_owned() } else { cut.to_owned() }
}

#[cfg(test)]
mod tests;
