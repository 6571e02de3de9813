//! `POST /v1/payment-link/{paymentLinkId}/cancel`.

use super::link::PaymentLink;
use super::look::tell;
use super::said::PaymentLinkId;
use super::store::touch;
use crate::crypto::seen_of_purpose;
use crate::kit::prelude::*;
use crate::orders::orders_of_link;

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "cancelPaymentLink",
        summary: "Cancel a payment link",
        description: "Ends a payment link or checkout to which nothing was paid: the payer cannot choose any more. \
                      What is paid all the same to an address that the payer was shown before is settled to your \
                      master balance, and the event `payment_link` says so. A link that is cancelled can be cancelled \
                      again.",
        answer: r#"{"message":"Payment link cancelled"}"#,
        refusals: &[&P444, &P476],
        ..post("/v1/payment-link/{paymentLinkId}/cancel", cancel_payment_link)
    }
}

async fn cancel_payment_link(
    context: Context,
    Path(id): Path<PaymentLinkId>,
    call: BareCall,
) -> Result<Success<Message>, Failure> {
    // What can be no id is kept under none, so it is found as little as an unknown one.
    let id = id.key(&context.app).unwrap_or_default();
    context
        .run(call.keyed, vec![Touch::Partner, touch(id)], async move |work| {
            let link = work.object::<PaymentLink>(id)?.ok_or_else(|| Refusal::of(&P444))?;
            let (mut orders, now) = (orders_of_link(work.scope(), id).await?, work.now());
            for order in &mut orders {
                // What is in a block counts before its order's job has looked at it.
                order.seen = order.seen.max(seen_of_purpose(work.scope(), order.id).await?);
            }
            link.may_cancel(&orders, now)?;
            if link.cancelled_at.is_none() {
                let link = PaymentLink { cancelled_at: Some(now), ..link };
                work.put(&link)?;
                tell(work, link).await?;
            }
            Ok(Message::new("Payment link cancelled"))
        })
        .await
}
