//! `POST /v1/user/kyc-files/{externalUserId}`: the files of method A.

use super::change::{AttemptSecret, Begin, begin, enter};
use super::decode::leave_decode;
use super::documents::{BACK, Details, FRONT, SELFIE};
use super::receive::{Incoming, Replaced, commit, precheck};
use super::standing::{Method, may_begin};
use super::store;
use crate::kit::endpoint::table::FilePart;
use crate::kit::prelude::*;
use crate::kit::request::upload::{FileParts, Rules, UploadOf, Wanted};
use crate::users::{UserId, existing};
use florin_document::{Kind, MAX_PIXELS};

/// What a document may be.
const PHOTO_OR_SCAN: &[Kind] = &[Kind::Jpeg, Kind::Png, Kind::Webp, Kind::Heic, Kind::Pdf];
/// What a selfie may be: nobody's face is a PDF.
const PHOTO: &[Kind] = &[Kind::Jpeg, Kind::Png, Kind::Webp, Kind::Heic];

const WANTED: &[Wanted] = &[
    Wanted { name: FRONT, kinds: PHOTO_OR_SCAN, max_count: 1 },
    Wanted { name: BACK, kinds: PHOTO_OR_SCAN, max_count: 1 },
    Wanted { name: SELFIE, kinds: PHOTO, max_count: 1 },
];

const PARTS: &[FilePart] = &[
    FilePart {
        name: FRONT,
        meaning: "The front of the document; of a passport, the page with the photo. At most 10 MB (10,485,760 bytes).",
        kinds: PHOTO_OR_SCAN,
        max_count: 1,
    },
    FilePart {
        name: BACK,
        meaning: "The back, of any document but a passport. At most 10 MB.",
        kinds: PHOTO_OR_SCAN,
        max_count: 1,
    },
    FilePart { name: SELFIE, meaning: "The person's face. At most 10 MB.", kinds: PHOTO, max_count: 1 },
];

struct KycFiles;

impl FileParts for KycFiles {
    const PARTS: &'static [FilePart] = PARTS;
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "uploadKycFiles",
        summary: "Add KYC files (method A)",
        description: "Uploads the files by which a user is verified: all at once or the missing ones one by one, in \
                      any order. A part that is sent again replaces the earlier file. A passport needs `front_id` and \
                      `selfie`, any other document `back_id` too; whether the files are complete is checked when the \
                      user verification comes. The type of a file is told by its content, not by its name or declared \
                      type. If one file is refused, nothing of the request is stored. Files are stored encrypted and \
                      cannot be read back.\n\nEach file is decoded in full afterwards, and the event \
                      `kyc_files.status` brings the result: `ADDED`, or `ERROR`. After `ERROR` the review ends with \
                      `DOCUMENT_UNREADABLE` unless the file is replaced.",
        answer: r#"{"message":"KYC files uploaded successfully"}"#,
        refusals: &[&P412, &P426, &P439, &P440, &P448, &P465],
        ..post("/v1/user/kyc-files/{externalUserId}", upload_kyc_files)
    }
}

async fn upload_kyc_files(
    context: Context,
    Path(user): Path<UserId>,
    UploadOf(upload, _): UploadOf<KycFiles>,
) -> Result<Created<Message>, Failure> {
    let (app, user) = (&context.app, user.into_string());
    let rules = Rules { parts: WANTED, max_bytes: app.settings.document_max_bytes, max_pixels: MAX_PIXELS };
    let to = precheck(&context, &user, async |scope, holder| {
        let current = store::find(scope, holder.id).await?;
        Ok(may_begin(current.map(|current| current.standing)).is_ok())
    });
    let to = to.await?;
    let received = upload
        .receive((app, context.partner.book), &rules, to.as_ref().map(|addressee| &addressee.to))
        .await?;
    let (incoming, replaced) = (Incoming::of(&received, to.as_ref()), Replaced::default());
    let (secret, others, external_user_id) = (AttemptSecret::draw(app), replaced.clone(), user.clone());
    let command = async move |work: &mut Work<'_>| {
        let holder = existing(work.holder(&external_user_id))?.clone();
        let current = store::find(work.scope(), holder.id).await?;
        may_begin(current.as_ref().map(|current| current.standing))?;
        let files = incoming.files(&holder)?;
        let (owner, there) = match &current {
            Some(current) if current.standing.takes_files() => {
                (current.attempt, store::files(work.scope(), holder.id).await?)
            }
            before => {
                let (details, expires_at) = (Details::default(), None);
                let new = Begin { before: before.as_ref(), method: Method::Files, details, expires_at };
                let begun = begin(work, &holder, new, &secret).await?;
                let was = before.as_ref().map(|current| current.standing);
                enter(work, &holder, was, begun).await?;
                (begun.0, Vec::new())
            }
        };
        let is_replaced =
            |file: &store::File| file.owner == owner && files.iter().any(|new| new.part == file.part);
        let replaced_now: Vec<_> =
            there.iter().filter(|file| is_replaced(file)).map(|file| file.name).collect();
        for name in &replaced_now {
            store::delete_file(work, *name).await?;
        }
        others.put(replaced_now);
        store::insert_files(work, holder.id, owner, files).await?;
        leave_decode(work, &external_user_id, owner, files);
        Ok(Message::new("KYC files uploaded successfully"))
    };
    commit(context, user, (received, replaced), command).await
}
