//! Colours of a branding, and how well they can be read. Pure.

use crate::kit::request::types::{FieldType, text_schema};
use std::fmt;
use utoipa::openapi::schema::ObjectBuilder;

/// The least contrast of a text with its background, in tenths: WCAG 2.2, criterion 1.4.3 (AA).
const LEAST_CONTRAST: u64 = 45;

/// What WCAG adds to each luminance for the light that a screen reflects, in millionths.
const GLARE: u64 = 50_000;

/// How much light each value of a channel gives, in millionths: the transfer function of sRGB (IEC 61966-2-1).
const LIGHT: [u32; 256] = [
    0, 304, 607, 911, 1_214, 1_518, 1_821, 2_125, 2_428, 2_732, 3_035, 3_347, 3_677, 4_025, 4_391, 4_777,
    5_182, 5_605, 6_049, 6_512, 6_995, 7_499, 8_023, 8_568, 9_134, 9_721, 10_330, 10_960, 11_612, 12_286,
    12_983, 13_702, 14_444, 15_209, 15_996, 16_807, 17_642, 18_500, 19_382, 20_289, 21_219, 22_174, 23_153,
    24_158, 25_187, 26_241, 27_321, 28_426, 29_557, 30_713, 31_896, 33_105, 34_340, 35_601, 36_889, 38_204,
    39_546, 40_915, 42_311, 43_735, 45_186, 46_665, 48_172, 49_707, 51_269, 52_861, 54_480, 56_128, 57_805,
    59_511, 61_246, 63_010, 64_803, 66_626, 68_478, 70_360, 72_272, 74_214, 76_185, 78_187, 80_220, 82_283,
    84_376, 86_500, 88_656, 90_842, 93_059, 95_307, 97_587, 99_899, 102_242, 104_616, 107_023, 109_462,
    111_932, 114_435, 116_971, 119_538, 122_139, 124_772, 127_438, 130_136, 132_868, 135_633, 138_432,
    141_263, 144_128, 147_027, 149_960, 152_926, 155_926, 158_961, 162_029, 165_132, 168_269, 171_441,
    174_647, 177_888, 181_164, 184_475, 187_821, 191_202, 194_618, 198_069, 201_556, 205_079, 208_637,
    212_231, 215_861, 219_526, 223_228, 226_966, 230_740, 234_551, 238_398, 242_281, 246_201, 250_158,
    254_152, 258_183, 262_251, 266_356, 270_498, 274_677, 278_894, 283_149, 287_441, 291_771, 296_138,
    300_544, 304_987, 309_469, 313_989, 318_547, 323_143, 327_778, 332_452, 337_164, 341_914, 346_704,
    351_533, 356_400, 361_307, 366_253, 371_238, 376_262, 381_326, 386_429, 391_572, 396_755, 401_978,
    407_240, 412_543, 417_885, 423_268, 428_690, 434_154, 439_657, 445_201, 450_786, 456_411, 462_077,
    467_784, 473_531, 479_320, 485_150, 491_021, 496_933, 502_886, 508_881, 514_918, 520_996, 527_115,
    533_276, 539_479, 545_724, 552_011, 558_340, 564_712, 571_125, 577_580, 584_078, 590_619, 597_202,
    603_827, 610_496, 617_207, 623_960, 630_757, 637_597, 644_480, 651_406, 658_375, 665_387, 672_443,
    679_542, 686_685, 693_872, 701_102, 708_376, 715_694, 723_055, 730_461, 737_910, 745_404, 752_942,
    760_525, 768_151, 775_822, 783_538, 791_298, 799_103, 806_952, 814_847, 822_786, 830_770, 838_799,
    846_873, 854_993, 863_157, 871_367, 879_622, 887_923, 896_269, 904_661, 913_099, 921_582, 930_111,
    938_686, 947_307, 955_973, 964_686, 973_445, 982_251, 991_102, 1_000_000,
];

/// A colour of sRGB.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

impl Color {
    /// White.
    pub const WHITE: Self = Self([255; 3]);
    /// Black.
    pub const BLACK: Self = Self([0; 3]);

    /// How bright it is, in millionths of white.
    fn luminance(self) -> u64 {
        let light = |value: u8| u64::from(LIGHT.get(usize::from(value)).copied().unwrap_or_default());
        let [red, green, blue] = self.0.map(light);
        (red * 2_126 + green * 7_152 + blue * 722) / 10_000
    }

    /// The contrast with another colour, in tenths, cut: from 10 to 210.
    pub fn contrast(self, other: Self) -> u64 {
        let (a, b) = (self.luminance() + GLARE, other.luminance() + GLARE);
        a.max(b) * 10 / a.min(b)
    }

    /// Whether a text in one of the two can be read on the other.
    pub fn is_readable_on(self, other: Self) -> bool {
        self.contrast(other) >= LEAST_CONTRAST
    }

    /// White or black, whichever can be read better on it: one of them always can.
    pub fn text(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) { Self::WHITE } else { Self::BLACK }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl FieldType for Color {
    type Error = &'static str;

    fn parse(text: &str) -> Result<Self, Self::Error> {
        const FORM: &str = "must be a colour such as #0b5fff";
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(FORM)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(FORM);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| FORM)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }

    fn canonical(&self) -> String {
        self.to_string()
    }

    fn schema() -> ObjectBuilder {
        text_schema().pattern(Some("^#[0-9A-Fa-f]{6}$")).examples(["#0b5fff"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn contrasts_are_those_of_wcag() {
        let color = |text: &str| Color::parse(text).unwrap();
        assert_eq!(Color::WHITE.contrast(Color::BLACK), 210);
        assert_eq!(Color::WHITE.contrast(Color::WHITE), 10);
        // The lightest grey that can be read on white, and the one after it.
        assert!(color("#767676").is_readable_on(Color::WHITE));
        assert!(!color("#777777").is_readable_on(Color::WHITE));
        assert_eq!(color("#ffcc00").text(), Color::BLACK);
        assert_eq!(color("#0B5FFF").text(), Color::WHITE);
        assert_eq!(color("#0B5FFF").to_string(), "#0b5fff");
        for wrong in ["0b5fff", "#0b5ff", "#0b5fffa", "#0b5ffg", "#+b5fff", "blue", "#0b5f\u{e9}"] {
            assert!(Color::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn white_or_black_can_be_read_on_every_colour(color: [u8; 3]) {
            prop_assert!(Color(color).text().is_readable_on(Color(color)));
        }
    }
}
