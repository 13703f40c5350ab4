//! The API's document as tests read it: which operation a request belongs to, and what that may answer.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::http::v1;

/// An operation, as (method, path), with a status that it may answer.
pub type Case = (String, String, u16);

/// The document.
#[derive(Clone, Debug)]
pub struct Paper(Value);

impl Default for Paper {
    /// Of this version of the API.
    ///
    /// # Panics
    /// Where it is no JSON.
    fn default() -> Self {
        Self(serde_json::to_value(v1::parts().1).expect("a document is JSON"))
    }
}

impl Paper {
    fn paths(&self) -> &Map<String, Value> {
        self.0["paths"].as_object().expect("a document has paths")
    }

    /// The document's path that `path` belongs to; a literal one wins over one with a variable.
    #[must_use]
    pub fn template(&self, path: &str) -> Option<&str> {
        let path = path.split('?').next().unwrap_or_default();
        let fits = |template: &&String| {
            let (known, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
            known.len() == given.len() && known.iter().zip(&given).all(|(k, g)| k.starts_with('{') || k == g)
        };
        let fitting = self.paths().keys().filter(fits);
        fitting.min_by_key(|template| template.matches('{').count()).map(String::as_str)
    }

    /// All operations, as (method, path).
    #[must_use]
    pub fn operations(&self) -> Vec<(String, String)> {
        let each = self.paths().iter();
        each.flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flat_map(Map::keys);
            methods.map(move |method| (method.clone(), path.clone()))
        })
        .collect()
    }

    /// What an operation may answer, by status.
    #[must_use]
    pub fn responses(&self, method: &str, template: &str) -> Option<&Map<String, Value>> {
        self.paths().get(template)?.get(method)?["responses"].as_object()
    }

    /// Every operation with every status that it may answer.
    ///
    /// # Panics
    /// Where one is no number: what a client has to expect is said by number.
    #[must_use]
    pub fn cases(&self) -> BTreeSet<Case> {
        let statuses = |method: &str, path: &str| -> Vec<u16> {
            let known = self.responses(method, path).into_iter().flat_map(Map::keys);
            known.map(|status| status.parse().expect("a status is a number")).collect()
        };
        let each = self.operations().into_iter();
        each.flat_map(|(method, path)| {
            let statuses = statuses(&method, &path);
            statuses.into_iter().map(move |status| (method.clone(), path.clone(), status))
        })
        .collect()
    }

    /// The codes that an operation names at a status; none where the status alone says it.
    #[must_use]
    pub fn codes(&self, (method, path, status): &Case) -> BTreeSet<String> {
        let said = self.responses(method, path).and_then(|known| known.get(&status.to_string()));
        let words = said.and_then(|said| said["description"].as_str()).unwrap_or_default();
        words.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    /// Whether an answer is one of those that the document names: status, code of a problem, and the time to come back.
    ///
    /// # Errors
    /// What it does not know, in words.
    pub fn knows(&self, case: &Case, code: Option<&str>, retry_after: bool) -> Result<(), String> {
        let (method, path, status) = case;
        let said = self.responses(method, path).and_then(|known| known.get(&status.to_string()));
        let Some(said) = said else {
            return Err(format!("{method} {path} answered {status}, which is not documented"));
        };
        let codes = self.codes(case);
        if let Some(code) = code
            && !codes.is_empty()
            && !codes.contains(code)
        {
            return Err(format!("{method} {path} answered {status} `{code}`, and only {codes:?} are documented"));
        }
        if retry_after && said["headers"]["Retry-After"].is_null() {
            return Err(format!("{method} {path} answered {status} with a Retry-After that is not documented"));
        }
        Ok(())
    }
}
