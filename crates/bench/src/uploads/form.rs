//! What is uploaded: one body, made once, with three photos.

use std::process::Stdio;

use anyhow::{Result, bail};

use crate::requests::Recipient;
use xtask::{process, workspace};

/// A photo's length: 8 MB, as the newer phones take them.
const PHOTO_BYTES: usize = 8 * 1024 * 1024;

/// The parts that an identity card needs.
const PARTS: [&str; 3] = ["front_id", "back_id", "selfie"];

/// What parts the body; no photo has it, as is looked at.
const BOUNDARY: &str = "florin-bench-8wCUqXmGdwAYKtl0";

/// A photo that can be decoded, made by the samples of `florin-document`, of which nothing else is known here.
pub fn photo() -> Result<Vec<u8>> {
    let mut cargo = workspace::cargo();
    cargo.args(["run", "--package", "florin-document", "--features", "samples", "--example", "sample"]);
    cargo.args(["--", &PHOTO_BYTES.to_string()]).stdin(Stdio::null());
    process::announce(&cargo);
    let photo = workspace::output(&mut cargo)?;
    if photo.len() != PHOTO_BYTES {
        bail!("a sample of {} bytes instead of {PHOTO_BYTES}", photo.len());
    }
    Ok(photo)
}

/// The body of every upload.
pub struct Form {
    body: Vec<u8>,
}

impl Form {
    /// All three parts are this photo.
    pub fn new(photo: &[u8]) -> Result<Self> {
        if photo.windows(BOUNDARY.len()).any(|window| window == BOUNDARY.as_bytes()) {
            bail!("the photo contains the boundary");
        }
        let mut body = Vec::with_capacity(PARTS.len() * (photo.len() + 256));
        for part in PARTS {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{part}.jpg\"\r\n\
                 Content-Type: image/jpeg\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(photo);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        Ok(Self { body })
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The head of an upload for this user.
    pub fn head(&self, recipient: &Recipient, user: &str) -> Vec<u8> {
        let Recipient { address, api_key } = recipient;
        let length = self.body.len();
        format!(
            "POST /v1/user/kyc-files/{user} HTTP/1.1\r\nhost: {address}\r\nx-api-key: {api_key}\r\n\
             content-type: multipart/form-data; boundary={BOUNDARY}\r\ncontent-length: {length}\r\n\r\n"
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_three_parts_stand_between_boundaries() {
        let form = Form::new(b"photo").unwrap();
        let text = String::from_utf8(form.body().to_vec()).unwrap();
        let parts: Vec<_> = text.split(&format!("--{BOUNDARY}")).collect();
        assert_eq!((parts.len(), parts[0], parts[4]), (5, "", "--\r\n"));
        for (part, name) in parts[1..4].iter().zip(PARTS) {
            let (head, content) = part.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("name=\"{name}\"")) && content == "photo\r\n", "{part}");
        }
    }

    #[test]
    fn the_head_names_the_user_and_the_length() {
        let recipient = Recipient { address: (Ipv4Addr::LOCALHOST, 80).into(), api_key: "key".to_owned() };
        let form = Form::new(b"photo").unwrap();
        let head = String::from_utf8(form.head(&recipient, "ona")).unwrap();
        assert!(head.starts_with("POST /v1/user/kyc-files/ona HTTP/1.1\r\n") && head.ends_with("\r\n\r\n"));
        assert!(head.contains(&format!("content-length: {}\r\n", form.body().len())), "{head}");
    }

    #[test]
    fn a_photo_with_the_boundary_is_refused() {
        assert!(Form::new(format!("..{BOUNDARY}..").as_bytes()).is_err());
    }
}
