//! Images that the HTML shows and that travel with it (RFC 2387, RFC 2392).

use std::borrow::Cow;

use data_encoding::BASE64_MIME;
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::{BodyPart, MimePart};

use super::{ComposeError, guard};
use crate::base::Phi;

/// An image that the HTML names as `cid:` and its content id.
#[derive(Clone)]
pub(super) struct InlineImage {
    pub(super) content_id: String,
    pub(super) media_type: String,
    pub(super) content: Phi<Vec<u8>>,
}

/// Checks the images of a message that may have an HTML body.
pub(super) fn check(images: &[InlineImage], has_html: bool) -> Result<(), ComposeError> {
    for (index, image) in images.iter().enumerate() {
        let refuse = |why| Err(ComposeError::InlineImage { index, why });
        guard::single_line("content id", &image.content_id, guard::MAX_FILE_NAME)?;
        guard::single_line("media type", &image.media_type, guard::MAX_FILE_NAME)?;
        if !is_content_id(&image.content_id) {
            return refuse("its content id is not left@right (RFC 2392) in letters, digits, . - _");
        }
        if !is_image(&image.media_type) {
            return refuse("its media type is not image/… without parameters, or is SVG");
        }
        let before = images.get(..index).unwrap_or_default();
        if before.iter().any(|i| i.content_id == image.content_id) {
            return refuse("its content id stands twice");
        }
        if !has_html {
            return refuse("there is no HTML body to show it");
        }
    }
    Ok(())
}

/// What needs neither quotes in the header nor `%` in the HTML's address.
fn is_content_id(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let is_dotted = |side: &str| side.split('.').all(is_word);
    let sides = text.split_once('@');
    sides.is_some_and(|(left, right)| is_dotted(left) && is_dotted(right))
}

/// SVG can hold scripts and links.
fn is_image(text: &str) -> bool {
    let kind = text.strip_prefix("image/").unwrap_or_default();
    let word = |b: u8| b.is_ascii_alphanumeric() || b"-.".contains(&b);
    !kind.is_empty() && kind.bytes().all(word) && !kind.eq_ignore_ascii_case("svg")
}

/// The content of an image as it travels.
pub(super) fn encode(image: &InlineImage) -> Phi<Vec<u8>> {
    Phi::new(BASE64_MIME.encode(image.content.expose()).into_bytes())
}

/// The part of an image, over its encoded content.
pub(super) fn part<'x>(image: &'x InlineImage, encoded: &'x Phi<Vec<u8>>) -> MimePart<'x> {
    let content = BodyPart::Binary(Cow::Borrowed(encoded.expose().as_slice()));
    MimePart::new(ContentType::new(image.media_type.as_str()), content)
        .inline()
        .cid(image.content_id.as_str())
        .transfer_encoding("base64")
}
