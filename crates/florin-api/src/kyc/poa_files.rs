//! `POST /v1/user/poa-files/{externalUserId}`: proofs of address.

use super::decode::leave_decode;
use super::documents::PROOFS;
use super::poa::{self, Poa, PoaStatus, may_send};
use super::receive::{Incoming, Replaced, commit, precheck};
use super::store;
use super::work::Work;
use crate::kit::app::App;
use crate::kit::book::command::answer;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::answers::Message;
use crate::kit::endpoint::codes::{P211, P412, P426, P439, P440, P447, P460};
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

/// What a proof of address may be: the contract's.
const KINDS: &[Kind] = &[Kind::Jpeg, Kind::Png, Kind::Pdf];

/// Files in one request: the contract's.
const MAX_FILES: usize = 3;

/// Largest file, 5 MB: the contract's.
const MAX_BYTES: u64 = 5 * 1024 * 1024;

const WANTED: &[Wanted] = &[Wanted { name: PROOFS, kinds: KINDS, max_count: MAX_FILES }];

const PARTS: &[FilePart] = &[FilePart {
    name: PROOFS,
    meaning: "A utility bill, a bank statement or the like. At most 5 MB (5,242,880 bytes) each.",
    kinds: KINDS,
    max_count: MAX_FILES,
}];

/// The route.
pub fn endpoint() -> Endpoint {
    Endpoint {
        tag: "Verification",
        summary: "Add proof of address",
        description: "For a user who was asked for one (`poaRequired` of the user's balances): at most three files in \
                      one request. While they are being checked another request is answered 202 with P211; after a \
                      rejection or a question others may be sent. `poa_verification.status` tells of each step.",
        request: RequestBody::Multipart(PARTS),
        refusals: &[&P211, &P412, &P426, &P439, &P440, &P447, &P460],
        ..post("/v1/user/poa-files/{externalUserId}", handle, (201, Shape::of::<Message>()))
    }
}

async fn handle(
    State(app): State<App>,
    partner: Partner,
    ids: PathIds,
    upload: Upload,
) -> Result<Response, Failure> {
    let handle = ids.user(0).map(|id| id.as_str().to_owned()).unwrap_or_default();
    let rules = Rules { parts: WANTED, max_bytes: MAX_BYTES, max_pixels: MAX_PIXELS };
    let to = precheck(&app, &partner, &handle, async |scope, holder| {
        Ok(may_send(poa::find(scope, holder.id).await?).is_ok())
    });
    let to = to.await?;
    let received = upload.receive(&app, &rules, to.as_ref().map(|addressee| &addressee.to)).await?;
    let incoming = Incoming::of(&received, to.as_ref());
    let (platform, user, event, submission) = (app.clone(), handle.clone(), app.new_id(), app.new_id());
    let command = async move |tx: &mut Tx| {
        let holder = existing(tx.holder(&user))?.clone();
        may_send(poa::find(tx.scope(), holder.id).await?)?;
        let files = incoming.files(&holder)?;
        store::insert_files(tx, holder.id, submission, files).await?;
        poa::put(tx, &holder, Poa { submission, status: PoaStatus::Waiting }, event).await?;
        leave_decode(tx, &user, submission, files);
        if platform.is_sandbox() {
            poa::leave_review(&platform, tx, &Work::of(&user, submission));
        }
        Ok(answer(StatusCode::CREATED, &Message::new("POA files uploaded successfully"))?)
    };
    commit(app, partner, handle, (received, Replaced::default()), command).await
}
