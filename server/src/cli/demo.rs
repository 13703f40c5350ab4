//! `parterre demo`: puts an event on sale, also while the server runs, and prints its address.

use domain::chart::import::verdict;
use domain::money::Currency;

use super::database::{Database, Role};
use super::{Demo, chart, serve};
use crate::clock::{Clock, SystemClock};
use crate::demo::{Plan, prices, put_on_sale};
use crate::stores::postgres::partitions;
use crate::wiring;

/// Runs the command; answers what to print.
///
/// # Errors
/// One sentence for whoever typed it.
pub(crate) async fn run(demo: &Demo) -> Result<String, String> {
    let asked: Vec<_> =
        demo.prices.iter().map(|price| prices::parse(price, Currency::EUR)).collect::<Result<_, _>>()?;
    let plan = match &demo.chart {
        None => demo.bowl.map_or(Plan::Arena, Plan::Bowl),
        Some(file) => match chart::read(file)? {
            Ok(imported) => Plan::Imported(Box::new(imported)),
            refused @ Err(_) => return Err(verdict(&refused).0.trim_end().to_owned()),
        },
    };
    let database = Database::open(&demo.config, Role::Guest).await?;
    let made = match database.ready(4).await {
        Ok(pool) => match partitions::ensure(&pool, SystemClock.now()).await {
            Ok(_) => {
                let catalog = wiring::catalog(&pool);
                Role::Guest.told("Putting the event on sale", put_on_sale(&catalog, &SystemClock, plan, &asked)).await
            }
            Err(trouble) => Err(format!("The event was not made: {trouble}.")),
        },
        Err(sentence) => Err(sentence),
    };
    database.close().await;
    let config = &demo.config;
    // A shop that runs on this folder may have another port than this command was told.
    let address = match std::fs::read_to_string(serve::address_file(config)) {
        Ok(address) if config.public_url.is_none() => address.trim().to_owned(),
        _ => config.public_url(config.listen()),
    };
    Ok(format!("On sale: {address}/events/{}\n", made?))
}
