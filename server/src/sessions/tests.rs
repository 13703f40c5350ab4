//! What holds of sessions on any store.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use rstest::rstest;

use super::*;
use crate::cache::memory::MemoryCache;
use crate::cache::redis::RedisCache;
use crate::clock::SystemClock;
use crate::test_support::redis;

type Store = Arc<dyn CacheStore>;

async fn memory() -> Store {
    Arc::new(MemoryCache::default())
}

async fn one() -> Store {
    Arc::new(RedisCache::new(redis::one().await))
}

async fn cluster() -> Store {
    Arc::new(RedisCache::new(redis::cluster().await))
}

fn sessions(store: &Store) -> Sessions<String> {
    Sessions::new(Arc::clone(store), Arc::new(SystemClock))
}

#[rstest]
#[case::memory(memory())]
#[case::redis(one())]
#[case::redis_cluster(cluster())]
#[tokio::test]
async fn a_session_is_its_holders_in_every_process_until_it_ends(#[case] store: impl Future<Output = Store>) {
    let store = store.await;
    let (here, there) = (sessions(&store), sessions(&store));
    let (ada, grace) = (here.begin(&"Ada".into()).await.unwrap(), here.begin(&"Grace".into()).await.unwrap());
    assert_ne!(ada, grace);
    let carried = Proof::parse(&ada.text()).unwrap();
    assert_eq!(there.look(carried).await, Ok(Some("Ada".into())));
    assert_eq!(there.look(Proof([7; 32])).await, Ok(None));
    there.end(ada).await.unwrap();
    assert_eq!(here.look(ada).await, Ok(None));
    assert_eq!(here.look(grace).await, Ok(Some("Grace".into())), "others go on");
}

/// Knows what was asked, and may be away.
#[derive(Default)]
struct Watched {
    inner: MemoryCache,
    away: AtomicBool,
    renewed: std::sync::Mutex<Vec<Duration>>,
    keys: std::sync::Mutex<Vec<String>>,
}

impl Watched {
    fn there(&self) -> Result<&MemoryCache, Trouble> {
        let away = self.away.load(Ordering::Relaxed);
        if away { Err(Trouble::Unavailable { what: "a test", detail: "away".into() }) } else { Ok(&self.inner) }
    }
}

#[async_trait]
impl CacheStore for Watched {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, Trouble> {
        self.there()?.get(key).await
    }

    async fn keep(&self, key: &str, value: Bytes, time: Duration) -> Result<bool, Trouble> {
        self.keys.lock().unwrap().push(key.to_owned());
        self.there()?.keep(key, value, time).await
    }

    async fn renew(&self, key: &str, time: Duration) -> Result<Option<Bytes>, Trouble> {
        self.renewed.lock().unwrap().push(time);
        self.there()?.renew(key, time).await
    }

    async fn forget(&self, key: &str) -> Result<(), Trouble> {
        self.there()?.forget(key).await
    }
}

#[tokio::test]
async fn without_its_store_nobody_is_signed_in() {
    let watched = Arc::new(Watched::default());
    let store: Store = watched.clone();
    let sessions = sessions(&store);
    let ada = sessions.begin(&"Ada".into()).await.unwrap();
    watched.away.store(true, Ordering::Relaxed);
    assert!(sessions.look(ada).await.is_err() && sessions.begin(&"Grace".into()).await.is_err());
    assert!(sessions.end(ada).await.is_err(), "and nobody is told to be signed out");
    watched.away.store(false, Ordering::Relaxed);
    assert_eq!(sessions.look(ada).await, Ok(Some("Ada".into())));
}

#[tokio::test]
async fn every_look_begins_the_quarter_of_an_hour_anew_and_the_store_never_sees_the_proof() {
    let watched = Arc::new(Watched::default());
    let store: Store = watched.clone();
    let sessions = sessions(&store);
    let ada = sessions.begin(&"Ada".into()).await.unwrap();
    for _ in 0..2 {
        sessions.look(ada).await.unwrap();
    }
    assert_eq!(*watched.renewed.lock().unwrap(), [LASTS, LASTS]);
    assert!(watched.keys.lock().unwrap().iter().all(|key| !key.contains(&ada.text())));
}

#[tokio::test]
async fn what_another_release_kept_is_no_session() {
    let store: Store = Arc::new(MemoryCache::default());
    let proof = Proof([1; 32]);
    store.keep(&proof.key(), Bytes::from_static(b"\x00\"Ada\""), LASTS).await.unwrap();
    assert_eq!(sessions(&store).look(proof).await, Ok(None));
}
