//! Who buys: a name and a mail address, checked the same way in the browser and on the server.

use serde::{Deserialize, Serialize};

/// Characters in a name, at most.
pub const MAX_NAME: usize = 200;
/// Characters in a mail address, at most (RFC 5321, 4.5.3.1.3, less the angle brackets).
pub const MAX_EMAIL: usize = 254;

/// A buyer whose details passed [`Buyer::new`].
#[derive(Clone, PartialEq, Eq)]
pub struct Buyer {
    name: String,
    email: String,
}

/// A field of the buyer's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuyerField {
    /// The name.
    Name,
    /// The mail address.
    Email,
}

/// What is wrong with a field, in words for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuyerProblem {
    /// The field.
    pub field: BuyerField,
    /// What to do about it.
    pub advice: String,
}

impl Buyer {
    /// Takes what was typed, trimmed; or says everything that is wrong with it at once.
    ///
    /// # Errors
    /// One [`BuyerProblem`] for each field that cannot be used.
    pub fn new(name: &str, email: &str) -> Result<Self, Vec<BuyerProblem>> {
        let (name, email) = (name.trim(), email.trim());
        let problems: Vec<_> = [(BuyerField::Name, name_advice(name)), (BuyerField::Email, email_advice(email))]
            .into_iter()
            .filter_map(|(field, advice)| Some(BuyerProblem { field, advice: advice?.to_owned() }))
            .collect();
        if problems.is_empty() { Ok(Self { name: name.into(), email: email.into() }) } else { Err(problems) }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The mail address.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }
}

/// Never shows who it is: buyers end up in logs through `Debug` of something larger.
impl core::fmt::Debug for Buyer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Buyer(..)")
    }
}

fn name_advice(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("Please tell us your name: it is printed on the tickets.")
    } else if name.chars().count() > MAX_NAME {
        Some("Please shorten the name to 200 characters.")
    } else if name.chars().any(char::is_control) {
        Some("Please type the name on one line.")
    } else {
        None
    }
}

/// Says no only to what certainly is no address: whether one exists, only a mail can find out.
fn email_advice(email: &str) -> Option<&'static str> {
    if email.is_empty() {
        return Some("Please tell us your mail address: the tickets go there.");
    }
    if email.chars().count() > MAX_EMAIL {
        return Some("Please check the mail address: it is longer than an address can be.");
    }
    let shape = email.rsplit_once('@').filter(|(local, domain)| {
        let local_fits = (1..=64).contains(&local.len())
            && !local.chars().any(|c| c.is_control() || c.is_whitespace() || "@<>(),;:\\\"[]".contains(c))
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        let labels: Vec<_> = domain.split('.').collect();
        let domain_fits = labels.len() >= 2
            && labels.iter().all(|label| {
                (1..=63).contains(&label.len())
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            });
        local_fits && domain_fits
    });
    shape.is_none().then_some("Please check the mail address: it should look like name@example.org.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("buyer@example.org")]
    #[case("sample.buyer+tickets@mail.example.co.uk")]
    #[case("jörg@müller.de")]
    #[case("  buyer@example.org  ")]
    fn an_address_that_can_exist_is_taken(#[case] email: &str) {
        assert!(Buyer::new("Buyer", email).is_ok());
    }

    #[rstest]
    #[case("")]
    #[case("buyer")]
    #[case("buyer@")]
    #[case("@example.org")]
    #[case("buyer@example")]
    #[case("buyer @example.org")]
    #[case("buyer@exam ple.org")]
    #[case("buyer@example..org")]
    #[case("buyer@-example.org")]
    #[case("a..b@example.org")]
    #[case("buyer@example.org\r\nBcc: all@example.org")]
    #[case("buyer@example.org,bob@example.org")]
    #[case("Buyer <buyer@example.org>")]
    fn an_address_that_cannot_exist_is_refused(#[case] email: &str) {
        let problems = Buyer::new("Buyer", email).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].field, BuyerField::Email);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let problems = Buyer::new(" ", "nowhere").unwrap_err();
        assert_eq!(problems.iter().map(|p| p.field).collect::<Vec<_>>(), [BuyerField::Name, BuyerField::Email]);
        assert!(Buyer::new(&"x".repeat(201), "buyer@example.org").is_err());
        assert!(Buyer::new("a\nb", "buyer@example.org").is_err());
    }

    #[test]
    fn a_buyer_does_not_show_in_debug_output() {
        let buyer = Buyer::new("Sample Buyer", "buyer@example.org").unwrap();
        assert!(!format!("{buyer:?}").contains("da"));
    }

    proptest! {
        #[test]
        fn no_input_breaks_the_check(name in any::<String>(), email in any::<String>()) {
            if let Ok(buyer) = Buyer::new(&name, &email) {
                prop_assert!(!buyer.email().contains(char::is_whitespace));
                prop_assert!(!buyer.name().contains(char::is_control));
            }
        }
    }
}
