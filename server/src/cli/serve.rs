//! `parterre serve`: from an empty folder to an open shop, and down again without a trace.

use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::database::{Database, Role};
use crate::clock::SystemClock;
use crate::config::{CONNECTIONS, Config, STREAMS};
use crate::demo;
use crate::http;
use crate::http::assets::Manifest;
use crate::http::peers::Limits;
use crate::stores::postgres::Pool;
use crate::stores::postgres::connect::shares;
use crate::trouble::Trouble;
use crate::wiring;

/// How long requests may take to finish when the server is asked to stop.
const FAREWELL: Duration = Duration::from_secs(5);

/// Descriptors for everything that is neither a connection nor a stream.
const SPARE: u64 = 200;

/// Serves until it is told to stop.
///
/// # Errors
/// One sentence for whoever typed the command.
pub(crate) async fn run(config: Config) -> Result<(), String> {
    // Before anything else, so that a taken port costs nothing.
    let listener = listen(&config).await?;
    let manifest = Manifest::read(&config.assets)?;
    writable(&config)?;
    // From here on there is something to stop.
    let asked = asked_to_stop();
    let database = Database::open(&config, Role::Owner).await?;
    let served = serve(config, listener, manifest, &database, &asked).await;
    database.close().await;
    served
}

async fn listen(config: &Config) -> Result<TcpListener, String> {
    let address = config.listen();
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("Port {} is taken by another program. Choose another with --port.", address.port())
        }
        std::io::ErrorKind::PermissionDenied => {
            format!("Port {} needs more rights than you have. Choose one above 1023 with --port.", address.port())
        }
        _ => format!("Parterre cannot listen on {address}: {error}."),
    })
}

fn writable(config: &Config) -> Result<(), String> {
    let probe = config.data.join(".writable");
    std::fs::create_dir_all(&config.data)
        .and_then(|()| std::fs::write(&probe, b""))
        .and_then(|()| std::fs::remove_file(&probe))
        .map_err(|error| {
            let folder = config.data.display();
            format!("The data folder {folder} cannot be written ({error}). Choose another with --data.")
        })
}

/// Where a running shop says at which address it is.
pub(super) fn address_file(config: &Config) -> PathBuf {
    config.data.join("address")
}

async fn serve(
    mut config: Config,
    listener: TcpListener,
    manifest: Manifest,
    database: &Database,
    asked: &CancellationToken,
) -> Result<(), String> {
    let bound = listener.local_addr().map_err(|error| error.to_string())?;
    let public_url = config.public_url(bound);
    let address_file = address_file(&config);
    let filled = async {
        let pool = database.ready(shares(config.database_pool).0).await?;
        if config.demo {
            fill(&pool).await?;
        }
        Ok::<_, String>(pool)
    };
    let pool = tokio::select! {
        pool = filled => pool?,
        () = asked.cancelled() => return Ok(()),
    };
    fit(&mut config);
    let opened = wiring::open(config, pool.clone(), manifest, public_url.clone());
    let house = Role::Owner.told("Opening the shop", opened).await?;
    let shop = house.shop.clone();
    let limits = Limits {
        all: shop.config.connections as usize,
        each: shop.config.connections_per_address,
        proxies: shop.config.trusted_proxies.as_slice().into(),
    };
    let stop = CancellationToken::new();
    let jobs = house.start(&stop);
    let server = http::serve::serve(listener, shop.router(), limits, shop.clock.clone(), stop.clone());
    // For `parterre demo`, which runs beside the shop and prints addresses in it.
    if let Err(error) = std::fs::write(address_file, &public_url) {
        tracing::warn!(%error, "the shop's address could not be written down");
    }
    println!("Parterre is ready: {public_url}");
    let mut server = tokio::spawn(server);
    let ended = tokio::select! {
        ended = &mut server => Some(ended),
        () = asked.cancelled() => None,
    };
    stop.cancel();
    let availability = shop.availability.clone();
    // A stream has no end of its own: browsers come back to whatever is served here next.
    let closed = tokio::task::spawn_blocking(move || availability.close());
    if tokio::time::timeout(FAREWELL, closed).await.is_err() {
        tracing::warn!("live streams did not end in time");
    }
    if ended.is_none() && tokio::time::timeout(FAREWELL, &mut server).await.is_err() {
        server.abort();
    }
    for job in jobs {
        if tokio::time::timeout(FAREWELL, job).await.is_err() {
            tracing::warn!("a background job did not stop in time");
        }
    }
    let _ = tokio::time::timeout(FAREWELL, pool.close()).await;
    match ended {
        Some(Err(error)) => Err(format!("The server stopped: {error}.")),
        _ => Ok(()),
    }
}

/// Cuts connections and streams down to the descriptors that the system gives the process, whose soft limit is raised as
/// far as the hard one allows.
fn fit(config: &mut Config) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = u64::from(config.connections) + u64::from(config.streams) + SPARE;
    let limit = getrlimit(Resource::Nofile);
    let goal = limit.maximum.map_or(wanted, |hard| hard.min(wanted));
    if limit.current.is_some_and(|soft| soft < goal)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(goal), maximum: limit.maximum })
    {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    let room = getrlimit(Resource::Nofile).current.unwrap_or(wanted);
    let (connections, streams) = share(room, config.connections, config.streams);
    // Who named no number and looks at the demo is content with what there is.
    if room < wanted && config.demo && (config.connections, config.streams) == (CONNECTIONS, STREAMS) {
        tracing::info!(room, wanted, connections, streams, "fewer files may be open than a full house wants");
    } else if room < wanted {
        tracing::warn!(room, wanted, connections, streams, "fewer files may be open than wanted: see ulimit -n");
    }
    (config.connections, config.streams) = (connections, streams);
}

/// How `room` descriptors are shared by so many connections and streams: where they do not suffice, connections may have
/// half of them, for without one nobody can even ask. Never nothing.
fn share(room: u64, connections: u32, streams: u32) -> (u32, u32) {
    let free = room.saturating_sub(SPARE).max(room / 2).max(2);
    let fits = |wanted: u32, free: u64| u32::try_from(free).map_or(wanted, |free| wanted.min(free));
    let connections = fits(connections, (free / 2).max(free.saturating_sub(streams.into())));
    (connections, fits(streams, free - u64::from(connections)))
}

/// Fills an empty shop with the demo.
async fn fill(pool: &Pool) -> Result<(), String> {
    let sentence = |trouble: Trouble| format!("The demo could not be made: {trouble}.");
    let catalog = wiring::catalog(pool);
    if !catalog.store().any().await.map_err(sentence)? {
        Role::Owner.say("Putting the demo events on sale");
        demo::seed(&catalog, &SystemClock).await.map_err(sentence)?;
    }
    Ok(())
}

/// Hears Ctrl-C, a polite kill or a closed terminal from now on.
fn asked_to_stop() -> CancellationToken {
    let asked = CancellationToken::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        if let Ok(mut stream) = signal(kind) {
            let asked = asked.clone();
            tokio::spawn(async move {
                stream.recv().await;
                asked.cancel();
            });
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_and_streams_never_want_more_descriptors_than_there_are() {
        assert_eq!(share(200_000, 10_000, 100_000), (10_000, 100_000));
        assert_eq!(share(20_200, 10_000, 100_000), (10_000, 10_000));
        assert_eq!(share(1_024, 10_000, 100_000), (412, 412));
        assert_eq!(share(1_024, 10_000, 24), (800, 24));
        for room in [0, 1, 2, 64, 200, 256, 300, 4_096, 65_536, u64::MAX] {
            let (connections, streams) = share(room, 10_000, 100_000);
            assert!(connections > 0 && streams > 0);
            assert!(u64::from(connections) + u64::from(streams) <= room.max(2), "{room}: {connections}, {streams}");
        }
    }
}
