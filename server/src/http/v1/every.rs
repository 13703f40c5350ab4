//! What many operations may answer, said once: bodies that cannot be read, other sites' forms, too many calls, keys of
//! idempotency, and stores that are away or make no sense. All of it by number: what hides in a `default` nobody expects.

use app::api::problem::PROBLEM_JSON;
use utoipa::Modify;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr, ResponseBuilder, Type};

use crate::http::looks::OWN;
use crate::http::once::LONE_KEY;

/// Answered from memory alone: no store can fail it.
const FROM_MEMORY: &str = "/api/v1/tickets/verify-keys";
/// What is asked of the list is limited by the hour.
const SEARCHED: &str = "/api/v1/events";
/// Whoever cannot read an order may have paid for it: nobody is told then that nothing was done.
const OF_MONEY: &str = "/api/v1/orders/{id}";

/// Adds them to each operation.
pub(super) struct EveryOperation;

fn say(path: &str, method: &str, operation: &mut Operation) {
    let writes = method != "get";
    add(operation, "413", "`too_large`: the body");
    if operation.request_body.is_some() {
        add(operation, "400", "`malformed_json`");
        add(operation, "415", "`not_json`");
    }
    if path.contains("{id}") {
        add(operation, "404", "`not_found`: there is no such id");
    }
    if writes {
        add(operation, "403", "`cross_site`: a browser sent it for another site");
    }
    if method == "post" {
        add(operation, "409", "`idempotency_key_in_progress`: the first request with this key is still running");
        add(operation, "422", "`idempotency_key_reused`: for another request; `invalid_request`: or the key is none");
        for parameter in operation.parameters.iter_mut().flatten() {
            let RefOr::T(key) = parameter else { continue };
            if key.name == "Idempotency-Key" {
                key.description = Some(format!(
                    "1 to 255 visible ASCII characters, remembered for 24 hours. Without a bearer token at least {LONE_KEY}, \
                     chosen at random: then the key alone keeps the answer, which carries a token, from everybody else, and \
                     from another address the same key is another call."
                ));
            }
        }
    }
    if writes || path == SEARCHED || OWN.iter().any(|own| path.starts_with(own)) {
        add(operation, "429", "`too_many_requests` from this address");
    }
    if path != FROM_MEMORY {
        add(
            operation,
            "500",
            "`internal`: what is stored makes no sense; asking again does not help, somebody has to look",
        );
        let words = match (writes, path == OF_MONEY) {
            (true, _) => {
                "`busy`: nothing was done; `unconfirmed`: nobody knows, and with the same key it is not done twice"
            }
            (false, true) => "`unconfirmed`: how it stands cannot be told now",
            (false, false) => "`busy`: nothing was looked up",
        };
        add(operation, "503", words);
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if ["429", "503"].contains(&status.as_str()) || response.description.contains("_in_progress`") {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).build();
            let header =
                HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds until asking again helps."));
            response.headers.insert("Retry-After".into(), header.build().into());
        }
    }
}

/// Says that the operation may answer so, after what it says of that status already.
fn add(operation: &mut Operation, status: &str, words: &str) {
    if let Some(RefOr::T(known)) = operation.responses.responses.get_mut(status) {
        known.description = format!("{}; {words}", known.description);
        return;
    }
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let problem = ResponseBuilder::new().description(words).content(PROBLEM_JSON, content).build();
    operation.responses.responses.insert(status.into(), problem.into());
}

impl Modify for EveryOperation {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut openapi.paths.paths {
            let operations = [("get", &mut item.get), ("post", &mut item.post), ("delete", &mut item.delete)];
            for (method, operation) in operations {
                operation.iter_mut().for_each(|operation| say(path, method, operation));
            }
        }
    }
}
