//! Mails written to a folder, for a machine without a mail server; a development page shows them.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use lettre::message::Mailbox;
use tokio::fs;

use super::compose::composed;
use super::{Mailer, TicketMail};
use crate::trouble::Trouble;

/// Mails that a listing shows, at most.
const LISTED: usize = 100;

/// Writes `DATA/mail/ORDER.eml`.
#[derive(Clone, Debug)]
pub struct FolderMailer {
    folder: PathBuf,
    from: Mailbox,
}

/// A mail that was kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// Its name, for [`FolderMailer::read`].
    pub name: String,
    /// Bytes.
    pub size: u64,
}

fn unavailable(error: &std::io::Error) -> Trouble {
    Trouble::Unavailable { what: "the mail folder", detail: error.to_string() }
}

impl FolderMailer {
    /// Mails of `from` (such as `Parterre <tickets@example.org>`) under `data`.
    ///
    /// # Errors
    /// [`Trouble::Corrupt`] where `from` is no mail address.
    pub fn new(data: &Path, from: &str) -> Result<Self, Trouble> {
        let from = from.parse().map_err(|_| Trouble::Corrupt { what: "the sender's address", detail: from.into() })?;
        Ok(Self { folder: data.join("mail"), from })
    }

    /// What is kept, newest order first.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`] where the folder cannot be read.
    pub async fn list(&self) -> Result<Vec<Kept>, Trouble> {
        let mut kept = vec![];
        let mut entries = match fs::read_dir(&self.folder).await {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(kept),
            entries => entries.map_err(|e| unavailable(&e))?,
        };
        while let Some(entry) = entries.next_entry().await.map_err(|e| unavailable(&e))? {
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_name(&name) {
                kept.push(Kept { name, size: entry.metadata().await.map_err(|e| unavailable(&e))?.len() });
            }
        }
        kept.sort_unstable_by(|a, b| b.cmp(a));
        kept.truncate(LISTED);
        Ok(kept)
    }

    /// One mail whole; `None` for a name that [`FolderMailer::list`] does not know.
    ///
    /// # Errors
    /// [`Trouble::Unavailable`] where it cannot be read.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Trouble> {
        if !is_name(name) {
            return Ok(None);
        }
        match fs::read(self.folder.join(name)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }
}

/// A name that this folder makes: an order's id. Nothing that leads elsewhere, nothing longer than a file's name.
fn is_name(name: &str) -> bool {
    name.strip_suffix(".eml")
        .is_some_and(|id| (1..=36).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))
}

#[async_trait]
impl Mailer for FolderMailer {
    async fn send_tickets(&self, mail: &TicketMail) -> Result<(), Trouble> {
        let message = composed(mail, &self.from).await?.formatted();
        fs::create_dir_all(&self.folder).await.map_err(|e| unavailable(&e))?;
        // Written beside and renamed: a reader never sees half a mail, and the same order again is the same file.
        let draft = self.folder.join(format!("{}.part", mail.order));
        fs::write(&draft, message).await.map_err(|e| unavailable(&e))?;
        fs::rename(&draft, self.folder.join(format!("{}.eml", mail.order))).await.map_err(|e| unavailable(&e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_order_is_one_file_and_names_lead_nowhere_else() {
        let data = std::env::temp_dir().join(format!("parterre-mail-{}", std::process::id()));
        let mailer = FolderMailer::new(&data, "Parterre <tickets@localhost>").unwrap();
        assert_eq!(mailer.list().await.unwrap(), []);
        let mail = super::super::compose::tests::mail();
        mailer.send_tickets(&mail).await.unwrap();
        mailer.send_tickets(&mail).await.unwrap();
        let kept = mailer.list().await.unwrap();
        assert_eq!(kept.len(), 1);
        assert!(mailer.read(&kept[0].name).await.unwrap().is_some());
        assert_eq!(mailer.read("../ticket-key").await.unwrap(), None);
        assert_eq!(mailer.read("..%2f.eml").await.unwrap(), None);
        assert_eq!(mailer.read(&format!("{}.eml", "a".repeat(300))).await.unwrap(), None);
        tokio::fs::remove_dir_all(&data).await.unwrap();
    }
}
