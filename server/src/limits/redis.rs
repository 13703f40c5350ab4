//! Counts in Redis: one script a request, which all processes share.

use std::time::Duration;

use async_trait::async_trait;
use domain::time::Millis;
use fred::interfaces::LuaInterface;

use super::{Nonce, RateStore, Rule, Verdict};
use crate::stores::redis::Redis;
use crate::trouble::Trouble;

const SCRIPT: &str = include_str!("gcra.lua");
/// SHA-1 of the script, by which Redis knows it; a test compares.
const NAME: &str = "30500410160d36b63e4f147be6a183f00bd0f931";
/// How long an answer is remembered for whoever asks again.
const REMEMBERED_FOR: Duration = Duration::from_secs(10);

/// Counts in Redis. Keys begin with `rate:` and end within the hour.
#[derive(Clone, Debug)]
pub struct RedisRates {
    redis: Redis,
}

impl RedisRates {
    /// Counts in `redis`.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self { redis }
    }
}

#[async_trait]
impl RateStore for RedisRates {
    async fn take(&self, rule: Rule, who: &str, nonce: Nonce, now: Millis) -> Result<Verdict, Trouble> {
        let state = self.redis.key(&format!("rate:{{{}:{who}}}", rule.name));
        let said = format!("{state}:{:032x}", u128::from_be_bytes(nonce.0));
        let keys = vec![state, said];
        let now = now.0.saturating_mul(1000);
        let remembered = i64::try_from(REMEMBERED_FOR.as_millis()).unwrap_or(i64::MAX);
        let args = vec![now, rule.interval(), rule.tolerance(), remembered];
        let client = self.redis.pool().next_connected();
        let asked = async {
            match client.evalsha::<i64, _, _, _>(NAME, keys.clone(), args.clone()).await {
                // A server that has just started, or was told to forget its scripts.
                Err(error) if error.details().starts_with("NOSCRIPT") => client.eval(SCRIPT, keys, args).await,
                answer => answer,
            }
        };
        self.redis.ask(asked).await.map(Verdict::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::redis;

    #[tokio::test]
    async fn redis_calls_the_script_by_the_name_it_has_here() {
        let redis = redis::one().await;
        let name: String = redis.pool().script_load(SCRIPT).await.unwrap();
        assert_eq!(name, NAME);
    }
}
