//! The development page: mail that was written to the data folder because no mail server is set.

use app::pages::mail::{LetterPage, LetterRow};
use app::pages::{self, render};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mail_parser::{Address, Message, MessageParser, MimeHeaders};

use crate::http::html::private;
use crate::http::json::Named;
use crate::http::problem::ApiError;
use crate::http::state::Shop;
use crate::mail::FolderMailer;

fn folder(shop: &Shop) -> Result<&FolderMailer, ApiError> {
    shop.letters.as_deref().ok_or_else(|| ApiError::not_found("mail"))
}

async fn read(shop: &Shop, name: &str) -> Result<Message<'static>, ApiError> {
    let bytes = folder(shop)?.read(name).await?.ok_or_else(|| ApiError::not_found("mail"))?;
    MessageParser::default().parse(&bytes).map(Message::into_owned).ok_or_else(|| ApiError::not_found("mail"))
}

fn to(message: &Message<'_>) -> String {
    let first = message.to().and_then(Address::first);
    first.and_then(|address| address.address()).unwrap_or_default().to_owned()
}

fn at(message: &Message<'_>) -> String {
    message.date().map(mail_parser::DateTime::to_rfc822).unwrap_or_default()
}

pub(super) async fn list(State(shop): State<Shop>) -> Result<Response, ApiError> {
    let mut letters = Vec::new();
    for kept in folder(&shop)?.list().await?.into_iter().take(50) {
        // A letter may be moved away between the two looks.
        if let Ok(message) = read(&shop, &kept.name).await {
            letters.push(LetterRow {
                href: format!("/dev/mail/{}", kept.name),
                subject: message.subject().unwrap_or_default().to_owned(),
                to: to(&message),
                at: at(&message),
            });
        }
    }
    let frame = shop.frame();
    Ok(private(StatusCode::OK, render(move || pages::mail::list(&frame, letters)), false))
}

pub(super) async fn letter(State(shop): State<Shop>, Named(name): Named<String>) -> Result<Response, ApiError> {
    let message = read(&shop, &name).await?;
    let attachments = message
        .attachments()
        .filter_map(|part| part.attachment_name())
        .map(|file| (file.to_owned(), format!("/dev/mail/{name}/{file}")));
    let data = LetterPage {
        subject: message.subject().unwrap_or_default().to_owned(),
        to: to(&message),
        at: at(&message),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        attachments: attachments.collect(),
    };
    let frame = shop.frame();
    Ok(private(StatusCode::OK, render(move || pages::mail::letter(&frame, data)), false))
}

pub(super) async fn attachment(
    State(shop): State<Shop>,
    Named((name, file)): Named<(String, String)>,
) -> Result<Response, ApiError> {
    let message = read(&shop, &name).await?;
    let part = message.attachments().find(|part| part.attachment_name() == Some(file.as_str()));
    let part = part.ok_or_else(|| ApiError::not_found("attachment"))?;
    let mut response = part.contents().to_vec().into_response();
    let kind = if file.ends_with(".pdf") { "application/pdf" } else { "text/calendar; charset=utf-8" };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}
