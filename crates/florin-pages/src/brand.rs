//! A partner's colours, and what makes them readable.
//!
//! A partner chooses any two colours. The pages take the nearest shades that are readable on their own surfaces, so no
//! choice can make a page unreadable; [`Colour::contrast`] is for the caller who wants to say so when they are chosen.

use std::fmt;

/// A colour, as CSS writes it: `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// Contrast of text, in hundredths (WCAG 2.2, 1.4.3).
pub const TEXT_CONTRAST: u32 = 450;

/// Contrast of the shape of a control, in hundredths (WCAG 2.2, 1.4.11).
const SHAPE_CONTRAST: u32 = 300;

/// The darker of the two light surfaces, and the lighter of the two dark ones: `--paper` and `--card` of `pay.css`.
const LIGHT_SURFACE: Colour = Colour { red: 0xf3, green: 0xf5, blue: 0xf8 };
const DARK_SURFACE: Colour = Colour { red: 0x1a, green: 0x21, blue: 0x2b };

impl Colour {
    /// Black.
    pub const BLACK: Self = Self { red: 0, green: 0, blue: 0 };
    /// White.
    pub const WHITE: Self = Self { red: 0xff, green: 0xff, blue: 0xff };

    /// Whether a text in one of the two can be read on the other.
    #[must_use]
    pub fn is_readable_on(self, other: Self) -> bool {
        self.contrast(other) >= TEXT_CONTRAST
    }

    /// White or black, whichever can be read better on it: one of them always can. Of other colours none could.
    #[must_use]
    pub fn text(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) { Self::WHITE } else { Self::BLACK }
    }

    /// Reads `#rrggbb`, in any letter case; nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let part = |from: usize| u8::from_str_radix(digits.get(from..from + 2)?, 16).ok();
        Some(Self { red: part(0)?, green: part(2)?, blue: part(4)? })
    }

    /// The contrast of two colours in hundredths: 100 (none) to 2100 (black on white), by WCAG 2.2.
    #[must_use]
    pub fn contrast(self, other: Self) -> u32 {
        let (one, two) = (self.luminance(), other.luminance());
        // WCAG adds 0.05 to both.
        let (light, dark) = (one.max(two) + 5 * UNIT / 100, one.min(two) + 5 * UNIT / 100);
        u32::try_from(light * 100 / dark).unwrap_or(u32::MAX)
    }

    /// The relative luminance, in parts of [`UNIT`].
    fn luminance(self) -> u64 {
        let linear = |part: u8| u64::from(LINEAR[usize::from(part)]);
        (2126 * linear(self.red) + 7152 * linear(self.green) + 722 * linear(self.blue)) / 10_000
    }

    /// The nearest shade on the way to `towards` that has this contrast with a surface.
    fn readable(self, surface: Self, towards: Self, contrast: u32) -> Self {
        let shades = (0..=STEPS).map(|step| self.mixed(towards, step));
        shades.into_iter().find(|shade| shade.contrast(surface) >= contrast).unwrap_or(towards)
    }

    fn mixed(self, other: Self, step: u16) -> Self {
        let part = |from: u8, to: u8| {
            let mixed = (u16::from(from) * (STEPS - step) + u16::from(to) * step) / STEPS;
            u8::try_from(mixed).unwrap_or(to)
        };
        Self {
            red: part(self.red, other.red),
            green: part(self.green, other.green),
            blue: part(self.blue, other.blue),
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

/// Shades between a colour and black or white: each a step that one sees.
const STEPS: u16 = 20;

/// The stylesheet of a partner's colours, for `/pay/{id}/brand.css`: `primary` for buttons, `accent` for links and
/// marks. It overrides the tokens of the same names in `pay.css`.
#[must_use]
pub fn brand_css(primary: Colour, accent: Colour) -> String {
    let tokens = |surface: Colour, towards: Colour| {
        let brand = primary.readable(surface, towards, SHAPE_CONTRAST);
        let on_brand = brand.text();
        let accent = accent.readable(surface, towards, TEXT_CONTRAST);
        format!(":root{{--brand:{brand};--on-brand:{on_brand};--accent:{accent}}}")
    };
    format!(
        "{}\n@media (prefers-color-scheme:dark){{{}}}\n",
        tokens(LIGHT_SURFACE, Colour::BLACK),
        tokens(DARK_SURFACE, Colour::WHITE)
    )
}

/// What the luminance of white is.
const UNIT: u64 = 100_000;

/// The linear part of each value of sRGB (IEC 61966-2-1), in parts of [`UNIT`]: `((c/255 + 0.055) / 1.055) ^ 2.4`, and
/// `c/255 / 12.92` for dark ones.
#[rustfmt::skip]
const LINEAR: [u32; 256] = [
    0, 30, 61, 91, 121, 152, 182, 212, 243, 273, 304, 335,
    368, 402, 439, 478, 518, 561, 605, 651, 700, 750, 802, 857,
    913, 972, 1_033, 1_096, 1_161, 1_229, 1_298, 1_370, 1_444, 1_521, 1_600, 1_681,
    1_764, 1_850, 1_938, 2_029, 2_122, 2_217, 2_315, 2_416, 2_519, 2_624, 2_732, 2_843,
    2_956, 3_071, 3_190, 3_310, 3_434, 3_560, 3_689, 3_820, 3_955, 4_092, 4_231, 4_374,
    4_519, 4_667, 4_817, 4_971, 5_127, 5_286, 5_448, 5_613, 5_781, 5_951, 6_125, 6_301,
    6_480, 6_663, 6_848, 7_036, 7_227, 7_421, 7_619, 7_819, 8_022, 8_228, 8_438, 8_650,
    8_866, 9_084, 9_306, 9_531, 9_759, 9_990, 10_224, 10_462, 10_702, 10_946, 11_193, 11_444,
    11_697, 11_954, 12_214, 12_477, 12_744, 13_014, 13_287, 13_563, 13_843, 14_126, 14_413, 14_703,
    14_996, 15_293, 15_593, 15_896, 16_203, 16_513, 16_827, 17_144, 17_465, 17_789, 18_116, 18_447,
    18_782, 19_120, 19_462, 19_807, 20_156, 20_508, 20_864, 21_223, 21_586, 21_953, 22_323, 22_697,
    23_074, 23_455, 23_840, 24_228, 24_620, 25_016, 25_415, 25_818, 26_225, 26_636, 27_050, 27_468,
    27_889, 28_315, 28_744, 29_177, 29_614, 30_054, 30_499, 30_947, 31_399, 31_855, 32_314, 32_778,
    33_245, 33_716, 34_191, 34_670, 35_153, 35_640, 36_131, 36_625, 37_124, 37_626, 38_133, 38_643,
    39_157, 39_676, 40_198, 40_724, 41_254, 41_789, 42_327, 42_869, 43_415, 43_966, 44_520, 45_079,
    45_641, 46_208, 46_778, 47_353, 47_932, 48_515, 49_102, 49_693, 50_289, 50_888, 51_492, 52_100,
    52_712, 53_328, 53_948, 54_572, 55_201, 55_834, 56_471, 57_112, 57_758, 58_408, 59_062, 59_720,
    60_383, 61_050, 61_721, 62_396, 63_076, 63_760, 64_448, 65_141, 65_837, 66_539, 67_244, 67_954,
    68_669, 69_387, 70_110, 70_838, 71_569, 72_306, 73_046, 73_791, 74_540, 75_294, 76_052, 76_815,
    77_582, 78_354, 79_130, 79_910, 80_695, 81_485, 82_279, 83_077, 83_880, 84_687, 85_499, 86_316,
    87_137, 87_962, 88_792, 89_627, 90_466, 91_310, 92_158, 93_011, 93_869, 94_731, 95_597, 96_469,
    97_345, 98_225, 99_110, 100_000,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::parse(text).unwrap()
    }

    #[test]
    fn only_six_digits_are_a_colour() {
        assert_eq!(colour("#1D4ed8").to_string(), "#1d4ed8");
        for wrong in ["", "#fff", "1d4ed8", "#1d4ed8;", "#1d4edg", "#1d4ed8ff", "red", "#é1d4e", "#+1d4ed"] {
            assert_eq!(Colour::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_contrast_is_that_of_wcag() {
        assert_eq!(colour("#000000").contrast(Colour::WHITE), 2100);
        assert_eq!(Colour::WHITE.contrast(Colour::WHITE), 100);
        // Values of the WebAIM checker: 4.54, 4.48, 21 and 3.99.
        assert_eq!(colour("#767676").contrast(Colour::WHITE), 454);
        assert_eq!(colour("#777777").contrast(Colour::WHITE), 447);
        assert_eq!(colour("#ff0000").contrast(Colour::WHITE), 399);
    }

    #[test]
    fn every_choice_is_readable() {
        let parts = [0x00, 0x33, 0x66, 0x80, 0x99, 0xcc, 0xff];
        let all = parts.iter().flat_map(|red| parts.iter().map(move |green| (*red, *green)));
        for (red, green, blue) in
            all.flat_map(|(red, green)| parts.iter().map(move |blue| (red, green, *blue)))
        {
            let chosen = Colour { red, green, blue };
            let css = brand_css(chosen, chosen);
            let token = |name: &str, theme: usize| {
                let text = css.split(&format!("{name}:")).nth(theme + 1).unwrap();
                colour(&text[..7])
            };
            for (theme, surface) in [LIGHT_SURFACE, DARK_SURFACE].into_iter().enumerate() {
                let brand = token("--brand", theme);
                assert!(brand.contrast(surface) >= SHAPE_CONTRAST, "{chosen} {css}");
                assert!(brand.contrast(token("--on-brand", theme)) >= TEXT_CONTRAST, "{chosen} {css}");
                assert!(token("--accent", theme).contrast(surface) >= TEXT_CONTRAST, "{chosen} {css}");
            }
        }
    }

    #[test]
    fn a_readable_choice_is_left_alone() {
        let css = brand_css(colour("#0b6b4a"), colour("#8a3ffc"));
        assert!(css.starts_with(":root{--brand:#0b6b4a;--on-brand:#ffffff;--accent:#8a3ffc}"), "{css}");
    }
}
