//! `POST /v1/user/poa-files/{externalUserId}`: proofs of address.

use super::decode::leave_decode;
use super::documents::PROOFS;
use super::poa::{self, Poa, may_send};
use super::receive::{Incoming, Replaced, commit, precheck};
use super::store;
use super::task::Task;
use crate::kit::endpoint::table::FilePart;
use crate::kit::prelude::*;
use crate::kit::request::upload::{FileParts, Rules, UploadOf, Wanted};
use crate::users::{UserId, require};
use florin_document::{Kind, MAX_PIXELS};

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

struct PoaFiles;

impl FileParts for PoaFiles {
    const PARTS: &'static [FilePart] = PARTS;
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "uploadPoaFiles",
        summary: "Add proof of address",
        description: "Uploads a proof of address for a user who was asked for one (`poaRequired` of the user's \
                      balances): at most three files in one request. While they are reviewed, another request is \
                      answered 202 with P211. After a rejection or a question other files may be sent. The event \
                      `poa_verification.status` brings each step.",
        answer: r#"{"message":"POA files uploaded successfully"}"#,
        refusals: &[&P211, &P412, &P426, &P439, &P440, &P447, &P460],
        ..post("/v1/user/poa-files/{externalUserId}", upload_poa_files)
    }
}

async fn upload_poa_files(
    context: Context,
    Path(user): Path<UserId>,
    UploadOf(upload, _): UploadOf<PoaFiles>,
) -> Result<Created<Message>, Failure> {
    let user = user.into_string();
    let rules = Rules { parts: WANTED, max_bytes: MAX_BYTES, max_pixels: MAX_PIXELS };
    let to = precheck(&context, &user, async |scope, holder| {
        Ok(may_send(poa::find(scope, holder.id).await?).is_ok())
    });
    let to = to.await?;
    let received = upload
        .receive((&context.app, context.partner.book), &rules, to.as_ref().map(|addressee| &addressee.to))
        .await?;
    let (incoming, external_user_id) = (Incoming::of(&received, to.as_ref()), user.clone());
    let command = async move |work: &mut Work<'_>| {
        let holder = require(work.holder(&external_user_id), &external_user_id)?.clone();
        may_send(poa::find(work.scope(), holder.id).await?)?;
        let files = incoming.files(&holder)?;
        let submission = work.id();
        store::insert_files(work, holder.id, submission, files).await?;
        poa::put(work, &holder, Poa::sent(submission)).await?;
        leave_decode(work, &external_user_id, submission, files);
        if work.app().is_sandbox() {
            poa::leave_review(work, &Task::of(&external_user_id, submission));
        }
        Ok(Message::new("POA files uploaded successfully"))
    };
    commit(context, user, (received, Replaced::default()), command).await
}
