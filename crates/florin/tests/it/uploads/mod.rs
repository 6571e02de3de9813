//! Files on their way in, through real sockets into real places: nothing is lost, nothing is left behind and nothing
//! is in clear, whatever dies on the way.

mod clear;
mod curl;
mod decodes;
mod drops;
mod full;
mod gone;
mod kept;
mod kills;
mod large;
mod operator;
mod restored;
mod two;

use crate::support::{Form, fresh_word};
use florin_document::Kind;
use florin_document::samples::{of_size, valid};
use florin_testing::skip;

/// The parts of a complete upload.
const PARTS: [&str; 3] = ["front_id", "back_id", "selfie"];

/// Small files, one for each part.
fn small_form() -> Form {
    let kinds = [Kind::Jpeg, Kind::Pdf, Kind::Png];
    PARTS.iter().zip(kinds).fold(Form::new(), |form, (part, kind)| form.file(part, &valid(kind, 64, 48)))
}

/// A file of so many bytes for each part.
fn form_of(bytes: usize) -> Form {
    let file = of_size(Kind::Png, bytes);
    PARTS.iter().fold(Form::new(), |form, part| form.file(part, &file))
}

/// So many bytes that begin as a photo and go on as its image data, so that nothing but their number is wrong for long.
fn endless_photo(bytes: usize) -> Vec<u8> {
    let mut photo = of_size(Kind::Jpeg, 200_000);
    photo.truncate(100_000);
    photo.resize(bytes, 0x55);
    photo
}

fn files_path(user: &str) -> String {
    format!("/v1/user/kyc-files/{user}")
}

/// Settings of a place of files in the bucket of this run, at this address or the S3 server's own; none where no S3
/// server was started.
fn bucket(endpoint: Option<&str>) -> Option<Vec<(&'static str, String)>> {
    let known = |name: &str| std::env::var(format!("FLORIN_TEST_S3_{name}")).ok();
    let Some(real) = known("ENDPOINT") else {
        skip("FLORIN_TEST_S3_ENDPOINT names no S3 server");
        return None;
    };
    let must = |name: &str| known(name).unwrap_or_else(|| panic!("FLORIN_TEST_S3_{name} is set"));
    Some(vec![
        ("FLORIN_VAULT", format!("s3://{}/{}", must("BUCKET"), fresh_word())),
        ("FLORIN_VAULT_S3_ENDPOINT", endpoint.map_or(real, str::to_owned)),
        ("FLORIN_VAULT_S3_REGION", must("REGION")),
        ("FLORIN_VAULT_S3_ACCESS_KEY_ID", must("ACCESS_KEY")),
        ("FLORIN_VAULT_S3_SECRET_ACCESS_KEY", must("SECRET_KEY")),
        ("FLORIN_VAULT_S3_ALLOW_HTTP", "true".to_owned()),
    ])
}
