//! `PUT /v1/sandbox/settings`: what the caller's sandbox does by itself.

use crate::kit::prelude::*;
use crate::users::set_auto_verify;

#[derive(Copy, Clone)]
struct Wanted {
    auto_verify: bool,
}

impl Request for Wanted {
    const NAME: &'static str = "SandboxSettingsRequest";
    const ABOUT: &'static str = "The settings of your sandbox.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about =
            "Whether users created without `birthDate`, as by older clients, are verified by themselves.";
        let auto_verify = fields.required("autoVerify").about(about).boolean();
        Some(Self { auto_verify: auto_verify? })
    }
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "setSandboxSettings",
        summary: "Change the settings",
        description: "Changes what your sandbox does by itself. With `autoVerify` a user who is created without \
                      `birthDate` is verified half a second later, with the same events as after an approval, and \
                      without having accepted the terms: for older clients, which have no call for a verification. It \
                      counts for users who are created from now on. A reset forgets it; then what the operator has \
                      set counts.",
        example: r#"{"autoVerify":true}"#,
        answer: r#"{"message":"Settings saved"}"#,
        ..put("/v1/sandbox/settings", set_sandbox_settings)
    }
}

async fn set_sandbox_settings(
    context: SandboxContext,
    call: Call<Wanted>,
) -> Result<Success<Message>, Failure> {
    let Call { request, keyed } = call;
    context
        .run(keyed, Vec::new(), async move |work| {
            set_auto_verify(work, request.auto_verify).await?;
            Ok(Message::new("Settings saved"))
        })
        .await
}
