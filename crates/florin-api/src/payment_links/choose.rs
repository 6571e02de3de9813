//! A payer chooses what to pay with: an order of the link, for what is missing.

use super::link::{Choice, PaymentLink};
use super::look::tell;
use super::said::Said;
use super::store::touch;
use crate::kit::book::memo::Memo;
use crate::kit::prelude::*;
use crate::orders::{Order, open_of_link, orders_of_link};
use crate::rates;

/// What a command must touch to choose.
pub fn touches(app: &App, link: Uuid) -> Vec<Touch> {
    let mut touches = vec![Touch::Partner, touch(link)];
    touches.extend(rates::touch(app));
    touches
}

/// Chooses: the order of the link that is to be paid from now on.
///
/// # Errors
/// P444: there is no such link; P476: it waits for no choice; P410, P450 or P457 of the currency and the network; P501.
pub async fn choose(
    work: &mut Work<'_>,
    link: Uuid,
    (currency, network): (Currency, &str),
) -> Result<Order, Stop> {
    let link = work.object::<PaymentLink>(link)?.ok_or_else(|| Refusal::of(&P444))?;
    let orders = orders_of_link(work.scope(), link.id).await?;
    let missing = match link.choose(&orders, (currency.code.as_str(), network), work.now())? {
        Choice::Same(order) => return Ok(order.clone()),
        Choice::New(missing) => missing,
    };
    let (app, holder) = (work.app(), work.book().partner());
    let said = Said::open(app, work.partner_holder(), &link)?;
    let memo = Memo { reference: Some(said.id), ..Memo::default() }.seal(work, holder)?;
    let order = open_of_link(work, (currency, network), missing, (link.id, orders.len(), memo)).await?;
    tell(work, link).await?;
    Ok(order)
}
