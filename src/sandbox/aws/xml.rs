//! Writing XML: just enough for the answers of RDS and for errors.

use std::fmt::{Display, Write as _};

/// A run of XML elements, built from left to right.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    /// Adds `<name>value</name>`.
    pub(super) fn text(mut self, name: &str, value: impl Display) -> Self {
        let value = escaped(&value.to_string());
        write!(self.0, "<{name}>{value}</{name}>").expect("a String takes all that is written");
        self
    }

    /// Adds `<name>value</name>` if there is a value.
    pub(super) fn optional(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds `<name>inner</name>`.
    pub(super) fn node(mut self, name: &str, inner: &Self) -> Self {
        write!(self.0, "<{name}>{}</{name}>", inner.0).expect("a String takes all that is written");
        self
    }

    /// Adds `<name>`, each item as an `<item>`, `</name>`.
    pub(super) fn list(self, name: &str, item: &str, items: impl IntoIterator<Item = Self>) -> Self {
        let inner = items.into_iter().fold(Self::default(), |inner, it| inner.node(item, &it));
        self.node(name, &inner)
    }

    /// Returns the text.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// Returns `text` with the characters replaced that mean something in XML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
