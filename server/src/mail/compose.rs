//! The ticket mail: text and HTML, the PDF and the calendar file.

use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

use super::TicketMail;
use crate::tickets::{calendar, pdf};
use crate::trouble::Trouble;

fn broken(detail: impl std::fmt::Display) -> Trouble {
    Trouble::Corrupt { what: "the mail", detail: detail.to_string() }
}

/// The mail as a message. Setting the PDF takes long for a mailer's thread, so another one does it.
pub(super) async fn composed(mail: &TicketMail, from: &Mailbox) -> Result<Message, Trouble> {
    let (mail, from) = (mail.clone(), from.clone());
    match tokio::task::spawn_blocking(move || compose(&mail, &from)).await {
        Ok(message) => message,
        Err(error) if error.is_panic() => Err(broken(error)),
        // The process is ending: nothing was sent, and the mail is as good as before.
        Err(error) => Err(Trouble::Unavailable { what: "the mail", detail: error.to_string() }),
    }
}

fn compose(mail: &TicketMail, from: &Mailbox) -> Result<Message, Trouble> {
    let first = mail.prints.first().ok_or_else(|| broken("no tickets"))?;
    let to = Mailbox::new(Some(one_line(&mail.name)), mail.address.parse().map_err(broken)?);
    let word = if mail.prints.len() == 1 { "ticket" } else { "tickets" };
    let sent = SystemTime::UNIX_EPOCH + Duration::from_millis(mail.sent_at.0.unsigned_abs());
    let html = ContentType::parse("text/html; charset=utf-8").map_err(broken)?;
    let calendar_type = ContentType::parse("text/calendar; charset=utf-8; method=PUBLISH").map_err(broken)?;
    let pdf_type = ContentType::parse("application/pdf").map_err(broken)?;
    let document = pdf(&mail.prints).map_err(broken)?;
    let file = calendar(&mail.prints, &mail.order.to_string(), mail.sent_at);
    Message::builder()
        .from(from.clone())
        .to(to)
        .subject(one_line(&format!("Your {word}: {}, {}", first.title, first.day)))
        .date(sent)
        .message_id(Some(format!("<order-{}@{}>", mail.order, from.email.domain())))
        .multipart(
            MultiPart::mixed()
                .multipart(
                    MultiPart::alternative()
                        .singlepart(SinglePart::plain(text(mail, word)))
                        .singlepart(SinglePart::builder().header(html).body(page(mail, word))),
                )
                .singlepart(Attachment::new("tickets.pdf".into()).body(document, pdf_type))
                .singlepart(Attachment::new("event.ics".into()).body(file, calendar_type)),
        )
        .map_err(broken)
}

/// For a header: without the line ends that would begin another header, or control signs that no header can hold.
fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn place(print: &crate::tickets::Print) -> String {
    print.place.iter().map(|(word, name)| format!("{word} {name}")).collect::<Vec<_>>().join(", ")
}

fn text(mail: &TicketMail, word: &str) -> String {
    let Some(first) = mail.prints.first() else { return String::new() };
    let tickets: String = mail
        .prints
        .iter()
        .zip(&mail.links)
        .map(|(print, link)| format!("{}, code {}\n{link}\n\n", place(print), print.code))
        .collect();
    format!(
        "Hello {},\n\nhere {} your {word}. {} paid, fees included.\n\n{}\n{}\n{}\n{}\n\n{tickets}\
         The PDF is attached; the pages above work without a network once you have opened them. At the door, show the \
         code on your phone or on paper.\n\nSee you there!\n",
        mail.name,
        if mail.prints.len() == 1 { "is" } else { "are" },
        mail.total,
        first.title,
        first.day,
        first.times,
        first.venue,
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn page(mail: &TicketMail, word: &str) -> String {
    let Some(first) = mail.prints.first() else { return String::new() };
    let tickets: String = mail
        .prints
        .iter()
        .zip(&mail.links)
        .map(|(print, link)| {
            format!(
                "<tr><td style=\"padding:12px 0;border-top:1px solid #d9cfc3\"><strong>{}</strong><br>\
                 <span style=\"color:#5e534b\">{} · code {}</span></td>\
                 <td style=\"padding:12px 0;border-top:1px solid #d9cfc3;text-align:right\">\
                 <a href=\"{}\" style=\"color:#8e1b2f\">Open ticket</a></td></tr>",
                escape(&place(print)),
                escape(&print.tier),
                escape(&print.code),
                escape(link),
            )
        })
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><body style=\"margin:0;background:#fbf8f3;color:#1c1714;\
         font:16px/1.5 system-ui,sans-serif\"><div style=\"max-width:520px;margin:0 auto;padding:32px 20px\">\
         <p>Hello {},</p><p>here {} your {word}. {} paid, fees included.</p>\
         <h1 style=\"font:400 28px/1.2 'Instrument Serif',Georgia,serif;margin:24px 0 8px\">{}</h1>\
         <p style=\"margin:0 0 20px\">{}<br><span style=\"color:#5e534b\">{}<br>{}</span></p>\
         <table role=\"presentation\" style=\"width:100%;border-collapse:collapse\">{tickets}</table>\
         <p style=\"color:#5e534b;margin-top:24px\">The PDF is attached; the ticket pages work without a network once you \
         have opened them. At the door, show the code on your phone or on paper.</p><p>See you there!</p></div></body></html>",
        escape(&mail.name),
        if mail.prints.len() == 1 { "is" } else { "are" },
        mail.total,
        escape(&first.title),
        escape(&first.day),
        escape(&first.times),
        escape(&first.venue),
    )
}

#[cfg(test)]
pub(super) mod tests {
    use domain::ids::OrderId;
    use domain::money::{Currency, Money};
    use domain::time::Millis;

    use super::*;

    pub(in crate::mail) fn mail() -> TicketMail {
        TicketMail {
            order: OrderId::mint(Millis(1_795_000_000_000), [1; 10]),
            name: "Buyer <b>".into(),
            address: "buyer@example.org".into(),
            total: Money::new(13_600, Currency::EUR),
            prints: crate::tickets::samples::sample(),
            links: vec!["http://localhost/tickets/a".into(), "http://localhost/tickets/b".into()],
            sent_at: Millis(1_795_000_000_000),
        }
    }

    #[test]
    fn the_mail_carries_tickets_pdf_and_calendar() {
        let from: Mailbox = "Parterre <tickets@localhost>".parse().unwrap();
        let message = compose(&mail(), &from).unwrap();
        let raw = String::from_utf8_lossy(&message.formatted()).into_owned();
        assert!(raw.contains("tickets.pdf") && raw.contains("event.ics") && raw.contains("text/html"));
        assert!(raw.contains("Message-ID: <order-"));
        assert!(text(&mail(), "tickets").contains("Block 212, Row F, Seat 15, code K7QM-2F9D"));
        let page = page(&mail(), "tickets");
        assert!(page.contains("Buyer &lt;b&gt;") && !page.contains("Buyer <b>"));
    }

    #[test]
    fn names_and_titles_make_no_headers() {
        let from: Mailbox = "Parterre <tickets@localhost>".parse().unwrap();
        let mut mail = mail();
        mail.name = "Buyer\r\nBcc: all@example.org\r\n\r\nHello".into();
        for print in &mut mail.prints {
            print.title = "Night\r\nBcc: all@example.org\nÄ 北京 مسرح".into();
        }
        let raw = String::from_utf8_lossy(&compose(&mail, &from).unwrap().formatted()).into_owned();
        let head = raw.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{head}");
        assert!(head.lines().any(|line| line.starts_with("Message-ID:")), "the head is whole: {head}");
    }
}
