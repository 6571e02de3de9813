//! Where SEPA reaches: the countries of the EPC's list of scheme countries (EPC409-09), as their IBANs begin.
//! Territories have the code of the country that they belong to.

use florin_types::Iban;

const COUNTRIES: [&str; 41] = [
    "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR",
    "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL",
    "PT", "RO", "SE", "SI", "SK", "SM", "VA",
];

/// Whether an account can be reached by SEPA.
pub fn is_in_sepa(iban: &Iban) -> bool {
    COUNTRIES.contains(&&iban.as_str()[..2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn euro_countries_are_in_it_and_others_are_not() {
        let all: Vec<Iban> = ["DE89370400440532013000", "LT121000011101001000", "GB29NWBK60161331926819"]
            .map(|text| Iban::parse(text).expect("an IBAN"))
            .into();
        assert!(all.iter().all(is_in_sepa));
        let turkish = Iban::parse("TR330006100519786457841326").expect("an IBAN");
        assert!(!is_in_sepa(&turkish));
        assert!(COUNTRIES.is_sorted());
    }
}
