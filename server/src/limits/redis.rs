//! Counts in Redis: one script a request, which all processes share.

use async_trait::async_trait;
use domain::time::Millis;
use fred::interfaces::LuaInterface;

use super::store::GIVEN_BACK_WITHIN;
use super::{APART, Nonce, RateStore, Rule, Verdict};
use crate::stores::redis::Redis;
use crate::trouble::Trouble;

/// A script, and its SHA-1, by which Redis knows it; a test compares.
type Script = (&'static str, &'static str);

const TAKES: Script = (include_str!("gcra.lua"), "db92a8ab8b936ab99fdbf71925f42c28ab1d8c5a");
const GIVES_BACK: Script = (include_str!("back.lua"), "e6cd2e430dbd6e766b69ed2637391cdc95c852e1");
/// How long an answer is remembered for whoever asks again, or gives back, in milliseconds.
const REMEMBERED_FOR: i64 = GIVEN_BACK_WITHIN;

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

    async fn run(
        &self,
        (script, name): Script,
        rule: Rule,
        who: &str,
        nonce: Nonce,
        args: Vec<i64>,
    ) -> Result<i64, Trouble> {
        let state = self.redis.key(&format!("rate:{{{}:{who}}}", rule.name));
        let said = format!("{state}:{:032x}", u128::from_be_bytes(nonce.0));
        let keys = vec![state, said];
        let client = self.redis.pool().next_connected();
        let asked = async {
            match client.evalsha::<i64, _, _, _>(name, keys.clone(), args.clone()).await {
                // A server that has just started, or was told to forget its scripts.
                Err(error) if error.details().starts_with("NOSCRIPT") => client.eval(script, keys, args).await,
                answer => answer,
            }
        };
        self.redis.ask(asked).await
    }
}

/// In microseconds.
fn exact(milliseconds: i64) -> i64 {
    milliseconds.saturating_mul(1000)
}

#[async_trait]
impl RateStore for RedisRates {
    async fn take(&self, rule: Rule, who: &str, nonce: Nonce, now: Millis) -> Result<Verdict, Trouble> {
        let args = vec![exact(now.0), rule.interval(), rule.tolerance(), APART, REMEMBERED_FOR];
        self.run(TAKES, rule, who, nonce, args).await.map(Verdict::of)
    }

    async fn give_back(&self, rule: Rule, who: &str, nonce: Nonce, taken: Millis, now: Millis) -> Result<(), Trouble> {
        let args = vec![exact(now.0), rule.interval(), exact(taken.0), exact(GIVEN_BACK_WITHIN), REMEMBERED_FOR];
        self.run(GIVES_BACK, rule, who, nonce, args).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::redis;

    #[tokio::test]
    async fn redis_calls_the_scripts_by_the_names_they_have_here() {
        let redis = redis::one().await;
        for (script, known) in [TAKES, GIVES_BACK] {
            let name: String = redis.pool().script_load(script).await.unwrap();
            assert_eq!(name, known);
        }
    }
}
