//! The shop's list of keys in PostgreSQL: which key may sign, and what every server believes.

use sqlx::PgExecutor;

use super::signer::{KEY_FILE, KEYS_FILE, Known, PublicKey, Signer};
use crate::stores::postgres::Pool;
use crate::stores::postgres::begin::begin;
use crate::stores::postgres::error::{commit_trouble, trouble};
use crate::trouble::Trouble;

/// Puts the signer's keys on the shop's list and lets it believe all of them. A key may sign where the list is empty or
/// has it, or where the signer's folder shows that it follows one of the list.
///
/// # Errors
/// One sentence for whoever started the server.
pub async fn join(pool: &Pool, signer: &Signer) -> Result<(), String> {
    let sentence = |trouble: Trouble| format!("Parterre cannot open: {trouble}.");
    let mut tx = begin(pool).await.map_err(trouble).map_err(sentence)?;
    // Of servers that start at the same time for the first time, one brings the key.
    sqlx::query("LOCK TABLE ticket_keys IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await
        .map_err(trouble)
        .map_err(sentence)?;
    let listed = list(&mut *tx).await.map_err(sentence)?;
    let own = signer.known();
    if !listed.is_empty() && !own.iter().any(|key| listed.iter().any(|known| known.public == key.public)) {
        return Err(stranger(&listed));
    }
    for key in own {
        sqlx::query(
            "INSERT INTO ticket_keys AS k (public_key, link_key) VALUES ($1, $2)
             ON CONFLICT (public_key) DO UPDATE SET link_key = coalesce(k.link_key, excluded.link_key)",
        )
        .bind(key.public.text())
        .bind(key.link_key.map(|key| key.to_vec()))
        .execute(&mut *tx)
        .await
        .map_err(trouble)
        .map_err(sentence)?;
    }
    tx.commit().await.map_err(commit_trouble).map_err(sentence)?;
    refresh(pool, signer).await.map_err(sentence)
}

/// Reads the list again: another server may have changed its key.
///
/// # Errors
/// [`Trouble`] of the database.
pub async fn refresh(pool: &Pool, signer: &Signer) -> Result<(), Trouble> {
    signer.believe(list(pool).await?);
    Ok(())
}

fn stranger(listed: &[Known]) -> String {
    let newest = listed.last().map_or_else(String::new, |known| known.public.text());
    format!(
        "This server would sign tickets with a key of its own, which doors that know the shop's keys refuse. If it has sold \
         tickets before, write the line {newest} into {KEYS_FILE} in its data folder and start it once: its key and the \
         links it mailed are then the shop's. After that, or if it is new, copy {KEY_FILE} from the data folder of \
         another server of this shop and start again. If the shop's key is lost, that line alone will do."
    )
}

/// Oldest first.
async fn list(books: impl PgExecutor<'_>) -> Result<Vec<Known>, Trouble> {
    let rows: Vec<(String, Option<Vec<u8>>)> =
        sqlx::query_as("SELECT public_key, link_key FROM ticket_keys ORDER BY created_at, public_key")
            .fetch_all(books)
            .await
            .map_err(trouble)?;
    let read = |(text, link_key): (String, Option<Vec<u8>>)| {
        let public = PublicKey::parse(&text)
            .ok_or_else(|| Trouble::Corrupt { what: "the list of ticket keys", detail: text.clone() })?;
        Ok(Known { public, link_key: link_key.and_then(|key| key.try_into().ok()) })
    };
    rows.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use domain::ids::TicketId;

    use super::*;
    use crate::test_support::{NOW, database};

    #[tokio::test]
    async fn servers_with_one_key_open_each_others_links_before_and_after_a_change() {
        let database = database().await;
        let (one, other) = (Signer::new([1; 32]), Signer::new([1; 32]));
        join(&database.pool, &one).await.unwrap();
        join(&database.pool, &other).await.unwrap();
        let ticket = TicketId::mint(NOW, [1; 10]);
        let changed = Signer::new([2; 32]).after(one.public_key());
        join(&database.pool, &changed).await.unwrap();
        refresh(&database.pool, &other).await.unwrap();
        assert_eq!(changed.read_link(&one.link(ticket)), Some(ticket));
        assert_eq!(other.read_link(&changed.link(ticket)), Some(ticket));
        let believed = |signer: &Signer| {
            let mut keys: Vec<_> = signer.verify_keys().iter().map(PublicKey::text).collect();
            keys.sort();
            keys
        };
        assert_eq!(believed(&other), believed(&changed));
        assert_eq!(changed.verify_keys()[0], changed.public_key());
    }

    #[tokio::test]
    async fn a_server_with_a_key_of_its_own_does_not_open() {
        let database = database().await;
        let shops = Signer::new([1; 32]);
        join(&database.pool, &shops).await.unwrap();
        let refused = join(&database.pool, &Signer::new([2; 32])).await.unwrap_err();
        assert!(refused.contains(KEY_FILE) && refused.contains(&shops.public_key().text()), "{refused}");
    }

    #[tokio::test]
    async fn of_servers_that_start_first_at_once_one_brings_the_key() {
        let database = database().await;
        let (a, b) = (Signer::new([1; 32]), Signer::new([2; 32]));
        let (one, other) = tokio::join!(join(&database.pool, &a), join(&database.pool, &b));
        assert_ne!(one.is_ok(), other.is_ok());
    }
}
