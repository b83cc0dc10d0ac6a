//! Many objects in little memory: a hundred thousand of them take less than ten megabytes, not fifty.

use super::{super::s3::Object, names::Names};

/// An `ETag`. Nearly all are the 32 digits of a digest between quotation marks, and take half the room so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Etag {
    Digest([u8; 16]),
    Other(Box<str>),
}

impl From<&str> for Etag {
    fn from(text: &str) -> Self {
        let digits = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let lower = digits.filter(|it| it.len() == 32 && !it.bytes().any(|byte| byte.is_ascii_uppercase()));
        let mut digest = [0; 16];
        match lower.map(|it| hex::decode_to_slice(it, &mut digest)) {
            Some(Ok(())) => Self::Digest(digest),
            Some(Err(_)) | None => Self::Other(text.into()),
        }
    }
}

impl std::fmt::Display for Etag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Digest(digest) => {
                let mut digits = [0; 32];
                hex::encode_to_slice(digest, &mut digits).expect("two digits for each byte");
                write!(f, "\"{}\"", str::from_utf8(&digits).expect("digits are ASCII"))
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// What an export holds, and which of it is in place.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    names: Names,
    sizes: Vec<u64>,
    /// Of the originals.
    etags: Vec<Etag>,
    /// Of the copies; `None`: nobody has seen that the copy is there.
    there: Vec<Option<Etag>>,
}

/// One of the [`Wanted`].
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) etag: &'a Etag,
    pub(super) there: Option<&'a Etag>,
}

impl Wanted {
    /// Adds an object, and the `ETag` of its copy where that is in place.
    pub(super) fn push(&mut self, object: &Object, there: Option<Etag>) {
        self.names.push(&object.name);
        self.sizes.push(object.size);
        self.etags.push(object.etag.as_str().into());
        self.there.push(there);
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns how many bytes all have together.
    pub(super) fn bytes(&self) -> u64 {
        self.sizes.iter().sum()
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.from(0)
    }

    /// Returns those from number `at` on.
    pub(super) fn from(&self, at: usize) -> impl Iterator<Item = Row<'_>> {
        let rows = self.names.from(at).zip(at..);
        rows.map(|(name, at)| Row { name, size: self.sizes[at], etag: &self.etags[at], there: self.there[at].as_ref() })
    }

    /// Returns the numbers of those that nobody has seen in place.
    pub(super) fn unseen(&self) -> impl Iterator<Item = usize> {
        self.there.iter().enumerate().filter(|(_, it)| it.is_none()).map(|(at, _)| at)
    }

    /// Notes that the copy of number `at` is in place.
    pub(super) fn seen(&mut self, at: usize, etag: Etag) {
        self.there[at] = Some(etag);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_etag_is_the_text_that_it_was(text in r#""?[0-9a-fA-F]{32}(-[0-9]+)?"?|.{0,40}"#) {
            prop_assert_eq!(Etag::from(text.as_str()).to_string(), text);
        }
    }

    #[test]
    fn digests_are_packed() {
        assert!(matches!(Etag::from("\"0123456789abcdef0123456789abcdef\""), Etag::Digest(_)));
        assert!(matches!(Etag::from("\"0123456789abcdef0123456789abcdef-3\""), Etag::Other(_)));
    }
}
