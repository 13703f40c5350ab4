//! Building HTML as text, for the few parts that server and browser both draw: the same bytes on both sides, and far
//! less code to send than views that hydrate.

use super::Icon;

/// HTML in the making. What is not written by us goes through [`Html::text`].
#[derive(Clone, Debug, Default)]
pub struct Html(String);

impl Html {
    /// Markup as it is.
    pub fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text of any origin, safe between tags and in double quotes.
    pub fn text(&mut self, text: &str) -> &mut Self {
        let mut rest = text;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            self.0.push_str(&rest[..at]);
            self.0.push_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            });
            rest = &rest[at + 1..];
        }
        self.0.push_str(rest);
        self
    }

    /// A number.
    pub fn number(&mut self, number: u32) -> &mut Self {
        self.0.push_str(&number.to_string());
        self
    }

    /// An icon.
    pub fn icon(&mut self, icon: Icon) -> &mut Self {
        self.raw("<svg class=\"icon\" viewBox=\"0 0 24 24\" aria-hidden=\"true\" focusable=\"false\"><path d=\"");
        self.raw(icon.outline()).raw("\"></path></svg>")
    }

    /// All of it.
    #[must_use]
    pub fn done(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn text_cannot_become_markup() {
        let mut html = Html::default();
        html.raw("<b title=\"").text("\"><script>'&é").raw("\">").number(3);
        assert_eq!(html.done(), "<b title=\"&quot;&gt;&lt;script&gt;&#39;&amp;é\">3");
    }
}
