//! Names against the rules of the module's documentation, pair by pair, and properties for all names.

use proptest::prelude::*;

use super::Comparison::{CloseMatch, Match, NoMatch, NotPossible};
use super::*;

/// A given name, the account's first and last names, the result, and whether the first-party check accepts it.
type Pair<'a> = (&'a str, &'a str, &'a str, Comparison, bool);

fn check_persons(pairs: &[Pair<'_>]) {
    let wrong: Vec<String> = (pairs.iter())
        .filter_map(|(given, first, last, expected, is_own)| {
            let found = (compare_person(given, first, last), is_first_party(given, first, last));
            (found != (*expected, *is_own)).then(|| format!("{given:?} for {first:?} {last:?}: {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check_companies(pairs: &[(&str, &str, Comparison)]) {
    let wrong: Vec<String> = (pairs.iter())
        .flat_map(|(given, name, expected)| [(given, name, expected), (name, given, expected)])
        .filter_map(|(given, name, expected)| {
            let found = compare_company(given, name);
            (found != *expected).then(|| format!("{given:?} for {name:?}: {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn case_order_and_punctuation_do_not_matter() {
    check_persons(&[
        ("Jan Nowak", "Jan", "Nowak", Match, true),
        ("JAN NOWAK", "Jan", "Nowak", Match, true),
        ("nowak jan", "Jan", "Nowak", Match, true),
        ("NOWAK, JAN", "Jan", "Nowak", Match, true),
        ("  Nowak ;Jan. ", "Jan", "Nowak", Match, true),
        ("Jan\u{a0}Nowak", "Jan", "Nowak", Match, true),
        ("Jan\tNowak\r\n", "Jan", "Nowak", Match, true),
        ("\u{202e}Jan\u{200b} No\u{ad}wak\u{202c}", "Jan", "Nowak", Match, true),
        ("\u{feff}Jan \u{2066}Nowak\u{2069}", "Jan", "Nowak", Match, true),
        ("Ｊａｎ Ｎｏｗａｋ", "Jan", "Nowak", Match, true),
        ("Jan 🙂 Nowak", "Jan", "Nowak", Match, true),
        ("Jan Piotr Nowak", "Jan Piotr", "Nowak", Match, true),
        ("Nowak Jan Piotr", "Jan Piotr", "Nowak", Match, true),
        ("Jan Nowak Piotr", "Jan Piotr", "Nowak", Match, true),
        ("Thomas Thomas", "Thomas", "Thomas", Match, true),
        ("Sukarno", "Sukarno", "", Match, true),
        ("Sukarno Jan", "", "Sukarno", NoMatch, false),
    ]);
}

#[test]
fn accents_are_the_same_in_every_spelling() {
    check_persons(&[
        ("Jürgen Müller", "Jürgen", "Müller", Match, true),
        ("Juergen Mueller", "Jürgen", "Müller", Match, true),
        ("Jurgen Muller", "Jürgen", "Müller", Match, true),
        ("Jürgen Müller", "Juergen", "Mueller", Match, true),
        ("Jürgen Müller", "Jurgen", "Muller", Match, true),
        ("Ju\u{308}rgen Mu\u{308}ller", "Jürgen", "Müller", Match, true),
        ("Anna Mueller", "Anna", "Muller", Match, true),
        ("Anna Muller", "Anna", "Mueller", Match, true),
        ("Anna Brauer", "Anna", "Braur", CloseMatch, false),
        ("Anna Bauer", "Anna", "Baur", NoMatch, false),
        ("Michael Nowak", "Michal", "Nowak", CloseMatch, false),
        ("Lukasz Wojcik", "Łukasz", "Wójcik", Match, true),
        ("ŁUKASZ WÓJCIK", "Lukasz", "Wojcik", Match, true),
        ("Soeren Oersted", "Søren", "Ørsted", Match, true),
        ("Soren Orsted", "Søren", "Ørsted", Match, true),
        ("Aase Haakonsen", "Åse", "Håkonsen", Match, true),
        ("Ase Hakonsen", "Åse", "Håkonsen", Match, true),
        ("Karl Strauss", "Karl", "Strauß", Match, true),
        ("KARL STRAUẞ", "Karl", "Strauß", Match, true),
        ("Jose Munoz", "José", "Muñoz", Match, true),
        ("Aegir Thorsson", "Ægir", "Þórsson", Match, true),
        ("Ismail Yildiz", "İsmail", "Yıldız", Match, true),
        ("Zoran Djordjevic", "Zoran", "Đorđević", Match, true),
        ("Zoran Dordevic", "Zoran", "Đorđević", Match, true),
        ("Nguyen Thi Huong", "Thị Hương", "Nguyễn", Match, true),
        ("Stefan Andreescu", "Ștefan", "Andreescu", Match, true),
    ]);
}

#[test]
fn greek_and_cyrillic_are_read() {
    check_persons(&[
        ("Giorgos Papadopoulos", "Γιώργος", "Παπαδόπουλος", Match, true),
        ("GIORGOS PAPADOPOYLOS", "Γιώργος", "Παπαδόπουλος", Match, true),
        ("ΓΙΩΡΓΟΣ ΠΑΠΑΔΟΠΟΥΛΟΣ", "Giorgos", "Papadopoulos", Match, true),
        ("Eleftheria Bakogianni", "Ελευθερία", "Μπακογιάννη", Match, true),
        ("Evangelos Tsipras", "Ευάγγελος", "Τσίπρας", Match, true),
        ("Volodymyr Zelenskyi", "Володимир", "Зеленський", Match, true),
        ("Yevheniia Shevchenko", "Євгенія", "Шевченко", Match, true),
        ("Yurii Zghurskyi", "Юрій", "Згурський", Match, true),
        ("Iurii Shcherbak", "Юрій", "Щербак", Match, true),
        ("Yuriy Shcherbak", "Юрій", "Щербак", Match, true),
        ("Serhii Hryhorenko", "Сергій", "Григоренко", Match, true),
        ("Sergiy Grigorenko", "Сергій", "Григоренко", Match, true),
        ("Oleksandr Kovalchuk", "Олександр", "Ковальчук", Match, true),
        ("Alexander Kovalchuk", "Олександр", "Ковальчук", NoMatch, false),
        ("Fyodor Dostoyevskiy", "Фёдор", "Достоевский", Match, true),
        ("Fedor Dostoevskii", "Фёдор", "Достоевский", Match, true),
        ("Fyodor Dostoevskiy", "Фёдор", "Достоевский", Match, true),
        ("Fedor Dostoevsky", "Фёдор", "Достоевский", Match, true),
        ("Fedor Dostoyevsky", "Фёдор", "Достоевский", Match, true),
        ("Yevgeniy Kuznetsov", "Евгений", "Кузнецов", Match, true),
        ("Evgeny Kuznetsov", "Евгений", "Кузнецов", Match, true),
        ("Tsvetan Shterev", "Цветан", "Щерев", Match, true),
        ("Djordje Zivkovic", "Ђорђе", "Живковић", Match, true),
        ("Taras Szewczenko", "Тарас", "Шевченко", Match, true),
        ("Yauhen Yakubovich", "Яўген", "Якубовіч", Match, true),
        ("Yauhien Yakubovich", "Яўген", "Якубовіч", Match, true),
        ("王小明", "Xiaoming", "Wang", Match, true),
    ]);
}

#[test]
fn titles_are_left_out_where_one_side_has_none() {
    check_persons(&[
        ("Mr Jan Nowak", "Jan", "Nowak", Match, true),
        ("Mrs. Anna Nowak", "Anna", "Nowak", Match, true),
        ("Herr Dr. Jan Nowak", "Jan", "Nowak", Match, true),
        ("Herr Jan Nowak", "Dr. Jan", "Nowak", Match, true),
        ("Frau Prof. Dr. med. Anna Nowak", "Anna", "Nowak", Match, true),
        ("Dr. rer. nat. Jan Nowak", "Jan", "Nowak", Match, true),
        ("Pani Anna Nowak", "Anna", "Nowak", Match, true),
        ("mgr inż. Jan Nowak", "Jan", "Nowak", Match, true),
        ("Jan Nowak, MSc", "Jan", "Nowak", Match, true),
        ("Jan Nowak M.Sc.", "Jan", "Nowak", Match, true),
        ("Jan Nowak Ph.D.", "Jan", "Nowak", Match, true),
        ("Dipl.-Ing. Jan Nowak", "Jan", "Nowak", Match, true),
        ("Mag. (FH) Jan Nowak", "Jan", "Nowak", Match, true),
        ("Dr.Jan Nowak", "Jan", "Nowak", Match, true),
        ("Sr. Juan Garcia", "Juan", "García", Match, true),
        // Titles that are names.
        ("Pan Wei", "Wei", "Pan", Match, true),
        ("Li Wei", "Wei", "Pan", NoMatch, false),
        ("Wei", "Wei", "Pan", NoMatch, false),
        ("Herr Nowak", "Jan", "Nowak", NoMatch, false),
        ("Jan Phil Nowak", "Jan", "Nowak", CloseMatch, true),
        // Father and son.
        ("Jan Nowak Jr", "Jan", "Nowak", CloseMatch, true),
        ("Jan Nowak jun.", "Jan", "Nowak Jr.", CloseMatch, true),
        ("Jan Nowak Sr", "Jan", "Nowak Jr", NoMatch, false),
        ("Jan Nowak III", "Jan", "Nowak II", NoMatch, false),
    ]);
}

#[test]
fn double_names_particles_and_prefixes() {
    check_persons(&[
        ("Anna-Maria Nowak", "Anna Maria", "Nowak", Match, true),
        ("Annemarie Nowak", "Anne-Marie", "Nowak", Match, true),
        ("Anne Marie Nowak", "Annemarie", "Nowak", Match, true),
        ("Anna Nowak Kowalska", "Anna", "Nowak-Kowalska", Match, true),
        ("Anna Nowak - Kowalska", "Anna", "Nowak-Kowalska", Match, true),
        ("Anna Kowalska-Nowak", "Anna", "Nowak-Kowalska", CloseMatch, true),
        ("Anna Nowak", "Anna", "Nowak-Kowalska", CloseMatch, true),
        ("Anna Kowalska", "Anna", "Nowak-Kowalska", CloseMatch, true),
        ("Anna Nowak-Kowalska", "Anna", "Nowak", CloseMatch, true),
        ("Kowalska-Nowak Anna", "Anna", "Nowak", CloseMatch, true),
        ("Anna Nowak-Lis", "Anna", "Nowak-Kowalska", NoMatch, false),
        ("Juan García", "Juan", "García López", CloseMatch, true),
        ("Juan Carlos García López", "Juan", "García", CloseMatch, false),
        ("Jan van der Berg", "Jan", "van der Berg", Match, true),
        ("Berg, Jan van der", "Jan", "van der Berg", Match, true),
        ("J van der Berg", "Jan", "van der Berg", CloseMatch, true),
        ("Jan Vanderberg", "Jan", "van der Berg", Match, true),
        ("Jan Berg", "Jan", "van der Berg", CloseMatch, true),
        ("Jan v.d. Berg", "Jan", "van der Berg", CloseMatch, true),
        ("Maria Cruz", "Maria", "de la Cruz", CloseMatch, true),
        ("Maria Delacruz", "Maria", "de la Cruz", Match, true),
        ("Otto Bismarck", "Otto", "von Bismarck", CloseMatch, true),
        ("Sean OConnor", "Sean", "O'Connor", Match, true),
        ("Sean O Connor", "Sean", "O’Connor", Match, true),
        ("Sean O´Connor", "Sean", "O'Connor", Match, true),
        ("Ronald Mc Donald", "Ronald", "McDonald", Match, true),
        ("RONALD MCDONALD", "Ronald", "Mc Donald", Match, true),
        ("Paolo D Angelo", "Paolo", "D'Angelo", Match, true),
        ("Paolo Dangelo", "Paolo", "D'Angelo", Match, true),
        ("José Ortega y Gasset", "José", "Ortega y Gasset", Match, true),
        ("José Ortega", "José", "Ortega y Gasset", CloseMatch, true),
        ("José Ortega y Gasset", "José", "Ortega", CloseMatch, true),
        ("Karl Guttenberg", "Karl", "von und zu Guttenberg", CloseMatch, true),
        ("Ann Abel", "Anna", "Bel", NoMatch, false),
        ("José Ortega Gasset", "José", "Ortega y Gasset", CloseMatch, true),
    ]);
}

#[test]
fn given_names_missing_more_or_by_initials() {
    check_persons(&[
        ("J. Nowak", "Jan", "Nowak", CloseMatch, true),
        ("Nowak J", "Jan", "Nowak", CloseMatch, true),
        ("J.P. Nowak", "Jan Piotr", "Nowak", CloseMatch, true),
        ("JP Nowak", "Jan Piotr", "Nowak", CloseMatch, true),
        ("Jan P. Nowak", "Jan Piotr", "Nowak", CloseMatch, true),
        ("Jan P. Nowak", "Jan", "Nowak", CloseMatch, true),
        ("Jan A. Nowak", "Jan", "Nowak", CloseMatch, true),
        ("Jan Piotr Nowak", "Jan P.", "Nowak", CloseMatch, true),
        ("Ю. Шевченко", "Yurii", "Shevchenko", CloseMatch, true),
        ("Jan Nowak", "Jan Piotr", "Nowak", CloseMatch, true),
        ("Jan Piotr Nowak", "Jan", "Nowak", CloseMatch, true),
        ("Nowak Jan Piotr", "Jan", "Nowak", CloseMatch, true),
        ("Piotr Nowak", "Jan Piotr", "Nowak", CloseMatch, false),
        ("Piotr Jan Nowak", "Jan", "Nowak", CloseMatch, false),
        ("Piotr Jan Nowak", "Jan Piotr", "Nowak", CloseMatch, false),
        ("Maria José García", "José María", "García", CloseMatch, false),
        ("Jan P. Nowak", "Jan Marek", "Nowak", NoMatch, false),
        ("Jan P. Nowak", "Jan M.", "Nowak", NoMatch, false),
        ("Jan Piotr Nowak", "Jan Marek", "Nowak", NoMatch, false),
        ("A. Nowak", "Jan", "Nowak", NoMatch, false),
        ("J. Nowak", "Jan", "Nowak-Kowalski", NoMatch, false),
        ("Jan N.", "Jan", "Nowak", NoMatch, false),
        ("J. N.", "Jan", "Nowak", NoMatch, false),
        ("Jan", "Jan", "Nowak", NoMatch, false),
        ("Nowak", "Jan", "Nowak", NoMatch, false),
        ("Jan Anna Piotr Marek Nowak", "Jan", "Nowak", NoMatch, false),
        ("A B C D E F G J K L M Nowak", "Jan", "Nowak", NoMatch, false),
    ]);
}

#[test]
fn a_typing_error_is_close_and_never_the_user() {
    check_persons(&[
        ("anna muller", "Anna", "Miller", CloseMatch, false),
        ("Anna Miller", "Anna", "Müller", CloseMatch, false),
        ("Jan Kowalsky", "Jan", "Kowalski", CloseMatch, false),
        ("Jan Kowalksi", "Jan", "Kowalski", CloseMatch, false),
        ("Jan Kowalsi", "Jan", "Kowalski", CloseMatch, false),
        ("Jan Kowalskki", "Jan", "Kowalski", CloseMatch, false),
        ("Katarzina Nowak", "Katarzyna", "Nowak", CloseMatch, false),
        ("Katarzina Nowac", "Katarzyna", "Nowak", NoMatch, false),
        ("Jan Kowaslsky", "Jan", "Kowalski", NoMatch, false),
        ("Jon Nowak", "Jan", "Nowak", NoMatch, false),
        ("Hanna Nowak", "Anna", "Nowak", NoMatch, false),
        ("Maria Rossi", "Mario", "Rossi", CloseMatch, false),
        ("Daniela Nowak", "Daniel", "Nowak", CloseMatch, false),
        ("J. Kowalsky", "Jan", "Kowalski", NoMatch, false),
        ("Anna Nowak", "Jan", "Nowak", NoMatch, false),
        ("Jan Kowalski", "Jan", "Nowak", NoMatch, false),
        ("Bob Nowak", "Robert", "Nowak", NoMatch, false),
    ]);
}

#[test]
fn of_two_persons_one_is_close() {
    check_persons(&[
        ("Jan Nowak und Anna Nowak", "Jan", "Nowak", CloseMatch, true),
        ("JAN NOWAK OR ANNA NOWAK", "Anna", "Nowak", CloseMatch, true),
        ("Jan und Anna Nowak", "Jan", "Nowak", CloseMatch, true),
        ("Jan und Anna Nowak", "Anna", "Nowak", CloseMatch, true),
        ("Nowak Jan i Anna", "Anna", "Nowak", CloseMatch, true),
        ("Nowak Jan & Lis Anna", "Anna", "Lis", CloseMatch, true),
        ("Herr Jan Nowak + Frau Anna Lis", "Anna", "Lis", CloseMatch, true),
        ("Jan Nowak / Anna Nowak", "Jan", "Nowak", CloseMatch, true),
        ("Jan Kowalski und Anna Nowak", "Jan", "Nowak", NoMatch, false),
        ("Jan Kowalski i Anna Nowak", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak und Anna Lis", "Anna", "Nowak", NoMatch, false),
        ("Jan or Adam or Anna or Ewa Nowak", "Ewa", "Nowak", NoMatch, false),
        ("J. Nowak und A. Nowak", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak Anna Nowak", "Jan", "Nowak", CloseMatch, false),
    ]);
}

#[test]
fn an_account_of_something_else_is_no_person() {
    check_persons(&[
        ("Jan Nowak GmbH", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak Sp. z o.o.", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak S.A.", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak S. L.", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak B.V.", "Jan", "Nowak", NoMatch, false),
        ("Nowak Jan S.r.l.", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak e.K.", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak K.G.", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak d.o.o.", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak Trading", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak Consulting", "Jan", "Nowak", NoMatch, false),
        // Initials, not a form.
        ("Nowak S.A.", "Stefan Adam", "Nowak", CloseMatch, true),
        ("Nowak E.V.", "Eva Vera", "Nowak", CloseMatch, true),
        ("Erben Jan Nowak", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak Stiftung", "Jan", "Nowak", NoMatch, false),
        ("Estate of Jan Nowak", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak c/o Anna Lis", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak i Synowie", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak & Söhne", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak and Sons", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak + Partner", "Jan", "Nowak", NoMatch, false),
        ("Jan Nowak et Fils", "Jan", "Nowak", NoMatch, false),
        ("Konto Jan Nowak", "Jan", "Nowak", CloseMatch, false),
    ]);
}

#[test]
fn what_has_no_letters_or_too_many_is_not_possible() {
    let long = "Jan ".repeat(71);
    let much = "ﷺ".repeat(200);
    let many = "J ".repeat(25);
    for given in ["", " ", "---", "\u{200b}", "…", "'", "🙂", &long, &much, &many] {
        assert_eq!(compare_person(given, "Jan", "Nowak"), NotPossible, "{given}");
        assert_eq!(
            compare_person("Jan Nowak", given, if given.len() > 9 { given } else { "" }),
            NotPossible,
            "{given}"
        );
        assert_eq!(compare_company(given, "Acme"), NotPossible, "{given}");
        assert_eq!(compare_company("Acme", given), NotPossible, "{given}");
        assert!(!is_first_party(given, "Jan", "Nowak"));
    }
    let longest = "a".repeat(280);
    assert_eq!(compare_person(&longest, &longest, ""), Match);
}

#[test]
fn companies_and_their_forms() {
    check_companies(&[
        ("Acme GmbH", "ACME GMBH", Match),
        ("Acme G.m.b.H.", "Acme GmbH", Match),
        ("Acme Gesellschaft mit beschränkter Haftung", "Acme GmbH", Match),
        ("Acme", "Acme GmbH", CloseMatch),
        ("Acme AG", "Acme GmbH", CloseMatch),
        ("Acme Limited", "Acme Ltd.", Match),
        ("Acme Ltd", "Acme PLC", CloseMatch),
        ("Nowak Transport sp. z o.o.", "NOWAK TRANSPORT SP Z O O", Match),
        ("Nowak Transport Sp. z o. o.", "Nowak Transport Spółka z ograniczoną odpowiedzialnością", Match),
        ("Nowak Transport", "Nowak Transport sp. z o.o.", CloseMatch),
        ("Nowak Transport S.A.", "Nowak Transport SA", Match),
        ("Nowak Transport S. A.", "Nowak Transport Spółka Akcyjna", Match),
        ("Müller & Söhne GmbH & Co. KG", "Mueller und Soehne GmbH und Co KG", Match),
        ("Müller & Söhne KG", "Müller & Söhne GmbH & Co. KG", CloseMatch),
        ("Müller Söhne KG", "Müller & Söhne KG", CloseMatch),
        ("Müller & Co. KG", "Müller KG", CloseMatch),
        ("UAB Baltic Pay", "Baltic Pay, UAB", Match),
        ("Baltic Pay", "UAB „Baltic Pay“", CloseMatch),
        ("SIA Rīgas Maize", "Rigas Maize SIA", Match),
        ("Dupont S.A.R.L.", "Dupont SARL", Match),
        ("Rossi S.p.A.", "Rossi SpA", Match),
        ("Rossi S.r.l.", "Rossi S.p.A.", CloseMatch),
        ("Novák s.r.o.", "Novak, spol. s r.o.", Match),
        ("Hansen A/S", "Hansen AS", Match),
        ("Firma Müller GmbH", "Müller GmbH", Match),
        ("The Body Shop Ltd", "Body Shop Ltd", Match),
        ("Data Base Ltd", "Database Ltd", Match),
        ("I.B.M. Ltd", "IBM Ltd", Match),
        ("Müller GmbH Berlin", "Müller Berlin GmbH", Match),
        ("Bau Müller GmbH", "Müller Bau GmbH", CloseMatch),
        ("Nowak Transport Polska sp. z o.o.", "Nowak Transport sp. z o.o.", CloseMatch),
        ("Nowak Transprot", "Nowak Transport", CloseMatch),
        ("ТОВ Нова Пошта", "TOV Nova Poshta", Match),
        ("Acme", "Acme Trading", NoMatch),
        ("Bank", "Deutsche Bank", NoMatch),
        ("Deutsche Telekom AG", "Deutsche Bank AG", NoMatch),
        ("Alfa Invest 2 sp. z o.o.", "Alfa Invest sp. z o.o.", NoMatch),
        ("Alfa Invest 2", "Alfa Invest 3", NoMatch),
        ("Alfa Invest II", "Alfa Invest III", NoMatch),
        ("Studio54321", "Studio54322", NoMatch),
        ("AB Consulting Ltd", "SE Consulting Ltd", NoMatch),
        ("GmbH", "AG", NoMatch),
        ("GmbH", "Acme GmbH", NoMatch),
        ("SA", "S.A.", Match),
    ]);
}

const WORDS: &[&str] =
    &["Jan", "Anna", "Łukasz", "Müller", "Nowak", "O'Connor", "Шевченко", "Παπαδόπουλος", "van", "Dr."];

fn any_name() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(WORDS).prop_map(str::to_owned),
        "[A-Za-zÀ-ž]{1,12}",
        "[А-яїєґ]{1,10}",
        "\\PC{1,6}",
    ];
    prop::collection::vec(word, 1..5).prop_map(|words| words.join(" "))
}

/// First and last names without a title, a particle or another word with a meaning.
fn name_words() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let first = prop::collection::vec("[BKT][aeiou][klmrst][aeiou]n", 1..3);
    let last = prop::collection::vec("[GMR][aeiou][klmrst][aeiou]n", 1..3);
    (first, last)
}

proptest! {
    #[test]
    fn a_name_matches_itself(first in any_name(), last in any_name()) {
        let possible = compare_person(&format!("{first} {last}"), &first, &last);
        prop_assert!([Match, NotPossible].contains(&possible) , "{:?}", possible);
        let possible = compare_company(&first, &first);
        prop_assert!([Match, NotPossible].contains(&possible), "{:?}", possible);
    }

    #[test]
    fn nothing_panics(given in "\\PC{0,300}|.{0,40}", first in ".{0,40}", last in ".{0,40}") {
        let found = compare_person(&given, &first, &last);
        prop_assert!(found != Match || is_first_party(&given, &first, &last));
        prop_assert!(found != NoMatch || !is_first_party(&given, &first, &last));
        prop_assert_eq!(compare_company(&given, &first), compare_company(&first, &given));
    }

    #[test]
    fn given_and_family_names_come_in_any_order((first, last) in name_words(), at in 0_usize..3) {
        // The family name in front, behind and between the given names.
        let (in_front, behind) = first.split_at(at.min(first.len()));
        let given = [in_front, &last, behind].concat().join(" ");
        prop_assert_eq!(compare_person(&given, &first.join(" "), &last.join(" ")), Match);
        // Words in another order are close at least.
        let mut reversed = [first.clone(), last.clone()].concat();
        reversed.reverse();
        let found = compare_person(&reversed.join(", "), &first.join(" "), &last.join(" "));
        prop_assert!(found == Match || found == CloseMatch, "{:?}", found);
    }

    #[test]
    fn an_unrelated_name_is_none((first, last) in name_words(), other in "[QXZ][qxz]{6} [QXZ][qxz]{6}") {
        prop_assert_eq!(compare_person(&other, &first.join(" "), &last.join(" ")), NoMatch);
        prop_assert_eq!(compare_company(&other, &last.join(" ")), NoMatch);
    }

    #[test]
    fn another_first_name_is_never_the_user((first, last) in name_words(), other in "[QXZ][aeiou]{2}[xz]") {
        let first = &first[0];
        for given in [format!("{other} {}", last.join(" ")), format!("{other} {first} {}", last.join(" "))] {
            prop_assert!(!is_first_party(&given, first, &last.join(" ")), "{}", given);
        }
    }

    #[test]
    fn one_edit_in_a_long_word_never_matches((first, _) in name_words(), last in "[A-Z][a-z]{5,9}", at in 1_usize..5) {
        let mut typed: Vec<char> = last.chars().collect();
        typed[at] = if typed[at] == 'x' { 'q' } else { 'x' };
        let given = format!("{} {}", first[0], typed.iter().collect::<String>());
        prop_assert_ne!(compare_person(&given, &first[0], &last), Match);
    }
}

/// Prints how long a pair takes: `cargo test --release -p florin-types -- --ignored --nocapture time_of_a_pair`.
#[test]
#[ignore = "prints times, checks none"]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "measures the real time for a person to read"
)]
fn time_of_a_pair() {
    let many = "Ющенкщ ".repeat(24);
    for (given, first, last) in [
        ("Jan Nowak", "Jan", "Nowak"),
        ("NOWAK, JAN PIOTR", "Jan Piotr", "Nowak-Kowalski"),
        ("Juergen Mueller", "Jürgen", "Müller"),
        ("Volodymyr Zelenskyi", "Володимир", "Зеленський"),
        ("Herr Dr. Jan Nowak und Anna Nowak", "Anna Maria", "Nowak"),
        ("Katarzina Wisniewska", "Katarzyna", "Wiśniewska"),
        (&many, &many, &many),
    ] {
        // The best of ten: the others shared the processor.
        let times = (0..10).map(|_| {
            let start = std::time::Instant::now();
            for _ in 0..200 {
                std::hint::black_box(compare_person(given, first, last));
            }
            start.elapsed() / 200
        });
        println!("{:>10.2?} {given:.40}", times.min().unwrap_or_default());
    }
}
