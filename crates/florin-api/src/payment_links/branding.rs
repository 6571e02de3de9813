//! `PUT` and `GET /v1/partner/branding`: how a checkout looks.

use super::logo::Logo;
use super::store::BRANDINGS;
use crate::kit::prelude::*;
use crate::kit::request::types::FieldType;
use florin_pages::Colour;

/// Characters of the name: what fits above an amount on a phone, in two lines.
const MAX_NAME: usize = 60;

/// How a partner's checkouts look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branding {
    /// Who is paid.
    pub name: Option<String>,
    /// A data URI.
    pub logo: Option<Logo>,
    /// Of buttons. Their text is [`Colour::text`].
    pub primary: Option<Colour>,
    /// Of words on white.
    pub accent: Option<Colour>,
}

impl Branding {
    /// One row per book, so that its id needs not be looked for.
    pub const ID: Uuid = Uuid::nil();
}

struct BrandingRequest(Branding);

impl Request for BrandingRequest {
    const NAME: &'static str = "BrandingRequest";
    const ABOUT: &'static str = "How your checkouts look.";
    /// A logo in base64, and the rest.
    const MAX_BYTES: usize = 96 * 1024;

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.optional("name").about("The name that the payer reads.").example("Bookshop");
        let name = name.text::<Text<MAX_NAME>>().map(|name| name.as_str().to_owned());
        let about = "A PNG or SVG of at most 65,536 bytes, as a data URI in base64. Of an SVG shapes, groups and \
                     gradients are taken, with their attributes; what else is drawn is refused, and words are left \
                     out.";
        let logo = fields.optional("logo").about(about).text::<Logo>();
        let about = "The colour of buttons. Their text is white or black, whichever can be read better.";
        let primary = fields.optional("primaryColor").about(about).text::<Colour>();
        let about =
            "The colour of links and headings: a contrast with white of 4.5 to 1 or more (WCAG 2.2, AA).";
        let accent = fields.optional("accentColor").about(about).example("#7a1fa2").text::<Colour>();
        if let Some(accent) = accent.filter(|accent| !accent.is_readable_on(Colour::WHITE)) {
            let contrast = accent.contrast(Colour::WHITE);
            let (whole, tenth) = (contrast / 100, contrast / 10 % 10);
            fields.fail(format!(
                "accentColor must have a contrast with white of at least 4.5 to 1; it has {whole}.{tenth}"
            ));
        }
        Some(Self(Branding { name, logo, primary, accent }))
    }
}

/// How checkouts look.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BrandingShown {
    /// The name that the payer reads; null if there is none.
    #[schema(required, example = "Bookshop")]
    name: Option<String>,
    /// A data URI: the logo as it was taken, which can have less in it than the one that was sent.
    #[schema(required)]
    logo: Option<String>,
    /// The colour of buttons.
    #[schema(required, example = "#0b5fff")]
    primary_color: Option<String>,
    /// The colour of their text: `#ffffff` or `#000000`.
    #[schema(required, example = "#ffffff")]
    primary_text_color: Option<String>,
    /// The colour of links and headings.
    #[schema(required, example = "#7a1fa2")]
    accent_color: Option<String>,
}

impl From<Branding> for BrandingShown {
    fn from(branding: Branding) -> Self {
        let text = |color: Colour| color.to_string();
        Self {
            name: branding.name,
            logo: branding.logo.map(|logo| logo.as_str().to_owned()),
            primary_color: branding.primary.map(text),
            primary_text_color: branding.primary.map(|color| text(color.text())),
            accent_color: branding.accent.map(text),
        }
    }
}

const ANSWER: &str = r##"{"name":"Bookshop","logo":null,"primaryColor":"#0b5fff","primaryTextColor":"#ffffff",
    "accentColor":"#7a1fa2"}"##;

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "setBranding",
            summary: "Set how checkouts look",
            description: "Sets name, logo and colours of your checkouts. What is left out is removed.",
            example: r##"{"name":"Bookshop","primaryColor":"#0b5fff","accentColor":"#7a1fa2"}"##,
            answer: ANSWER,
            ..put("/v1/partner/branding", set_branding)
        },
        Endpoint {
            id: "getBranding",
            summary: "Get how checkouts look",
            description: "Name, logo and colours of your checkouts; null what you have not set.",
            answer: ANSWER,
            ..get("/v1/partner/branding", get_branding)
        },
    ]
}

async fn set_branding(
    context: Context,
    call: Call<BrandingRequest>,
) -> Result<Success<BrandingShown>, Failure> {
    let Call { request: BrandingRequest(branding), keyed } = call;
    context
        .run(keyed, vec![Touch::Object(&BRANDINGS, Branding::ID)], async move |work| {
            // Read, so that the row that there is is replaced.
            let _ = work.object::<Branding>(Branding::ID)?;
            work.put(&branding)?;
            Ok(BrandingShown::from(branding.clone()))
        })
        .await
}

async fn get_branding(context: Context) -> Result<Success<BrandingShown>, Failure> {
    let mut snapshot = context.snapshot().await?;
    let branding = snapshot.objects_at::<Branding>(&[Branding::ID]).await?.pop();
    Success::of(&BrandingShown::from(branding.unwrap_or_default()))
}

/// A value as it was kept.
pub(super) fn kept<T: FieldType>(text: Option<String>) -> Result<Option<T>, StoreError> {
    let parse =
        |text: String| T::parse(&text).map_err(|_| StoreError::unexpected("a branding that can't be read"));
    text.map(parse).transpose()
}
