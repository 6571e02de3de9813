//! `POST /v1/user/kyc-files/{externalUserId}`: the files of method A.

use super::change::{Begin, Drawn, begin, enter};
use super::decode::leave_decode;
use super::documents::{BACK, Details, FRONT, SELFIE};
use super::receive::{Incoming, Replaced, commit, precheck};
use super::standing::{Method, may_begin};
use super::store;
use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::Message;
use crate::kit::endpoint::codes::{P412, P426, P439, P440, P448, P465};
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::table::{Endpoint, FilePart, RequestBody, Shape, post};
use crate::kit::request::call::PathIds;
use crate::kit::request::upload::{Rules, Upload, Wanted};
use crate::users::existing;
use axum::extract::State;
use axum::response::Response;
use florin_document::{Kind, MAX_PIXELS};
use florin_store::Tx;
use http::StatusCode;

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

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        tag: "Verification",
        summary: "Add KYC files (method A)",
        description: "Uploads the files by which a user is verified: all at once or the missing ones one by one, in \
                      any order; a part sent again replaces the earlier file. A passport needs `front_id` and \
                      `selfie`, any other document `back_id` too; whether they are complete is judged when the user \
                      verification comes. The type is told by the content: name and declared type of a part are not \
                      looked at. One bad file, and nothing of the request is kept. Files are kept encrypted and can't \
                      be read back.\n\nEach is decoded in full afterwards; a `kyc_files.status` event tells what came \
                      of it: `ADDED`, or `ERROR`, and then the review will end with `DOCUMENT_UNREADABLE` unless the \
                      file is replaced.",
        request: RequestBody::Multipart(PARTS),
        refusals: &[&P412, &P426, &P439, &P440, &P448, &P465],
        ..post("/v1/user/kyc-files/{externalUserId}", handle, (201, Shape::of::<Message>()))
    }
}

async fn handle(
    State(app): State<App>,
    partner: Partner,
    ids: PathIds,
    upload: Upload,
) -> Result<Response, Failure> {
    let handle = ids.user(0).map(|id| id.as_str().to_owned()).unwrap_or_default();
    let rules = Rules { parts: WANTED, max_bytes: app.settings.document_max_bytes, max_pixels: MAX_PIXELS };
    let to = precheck(&app, &partner, &handle, async |scope, holder| {
        let current = store::find(scope, holder.id).await?;
        Ok(may_begin(current.map(|current| current.standing)).is_ok())
    });
    let to = to.await?;
    let received = upload.receive(&app, &rules, to.as_ref().map(|addressee| &addressee.to)).await?;
    let (incoming, replaced) = (Incoming::of(&received, to.as_ref()), Replaced::default());
    let (platform, drawn, user, others) = (app.clone(), Drawn::draw(&app), handle.clone(), replaced.clone());
    let command = async move |tx: &mut Tx| {
        let holder = existing(tx.holder(&user))?.clone();
        let current = store::find(tx.scope(), holder.id).await?;
        may_begin(current.as_ref().map(|current| current.standing))?;
        let files = incoming.files(&holder)?;
        let (owner, there) = match &current {
            Some(current) if current.standing.takes_files() => {
                (current.attempt, store::files(tx.scope(), holder.id).await?)
            }
            before => {
                let (details, expires_at) = (Details::default(), None);
                let new = Begin { before: before.as_ref(), method: Method::Files, details, expires_at };
                let begun = begin(&platform, tx, &holder, new, &drawn).await?;
                let was = before.as_ref().map(|current| current.standing);
                enter(tx, &holder, was, begun, drawn.event).await?;
                (begun.0, Vec::new())
            }
        };
        let is_replaced =
            |file: &store::File| file.owner == owner && files.iter().any(|new| new.part == file.part);
        let replaced_now: Vec<_> =
            there.iter().filter(|file| is_replaced(file)).map(|file| file.name).collect();
        for name in &replaced_now {
            store::delete_file(tx, *name).await?;
        }
        others.set(replaced_now);
        store::insert_files(tx, holder.id, owner, files).await?;
        leave_decode(tx, &user, owner, files);
        Ok(answer(StatusCode::CREATED, &Message::new("KYC files uploaded successfully"))?)
    };
    commit(app, partner, handle, (received, replaced), command).await
}
