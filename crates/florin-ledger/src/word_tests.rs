//! The words of a posting against what they promise: every currency sums to zero, nothing held goes below zero, no
//! bounded account is overdrawn, and a receivable takes what is missing and nothing else.

use crate::model_tests::{BTC, Books, EUR, funding, main_account};
use crate::*;
use florin_types::CurrencyCode;
use proptest::prelude::*;

fn ada() -> AccountKey {
    main_account(2, EUR)
}

fn shop() -> AccountKey {
    AccountKey::system(ada().holder.book(), EUR, AccountKind::CardSettlement)
}

fn owed() -> AccountKey {
    AccountKey::receivable(ada().holder, EUR)
}

/// Books in which Ada has an amount, of which a part is held.
fn books(funds: i64, held: i64) -> Books {
    let mut books = Books::open(&[ada(), shop(), owed(), main_account(3, EUR), funding(EUR), funding(BTC)]);
    if funds > 0 {
        books.post(&Posting::between(funding(EUR), ada(), funds)).expect("funding is not bounded");
    }
    if held > 0 {
        books.post(&Posting::new().hold(ada(), held)).expect("what is held is there");
    }
    books
}

/// What must be so after any posting.
fn check(books: &Books) {
    for currency in [EUR, BTC] {
        let of_currency = books.accounts.values().filter(|account| account.key.currency == currency);
        assert_eq!(of_currency.map(|account| i128::from(account.balance)).sum::<i128>(), 0);
    }
    for account in books.accounts.values() {
        assert!(account.held >= 0, "{account:?}");
        assert!(!account.key.kind.is_bounded() || account.available() >= 0, "{account:?}");
        assert!(account.key.kind != AccountKind::Receivable || account.balance <= 0, "{account:?}");
    }
    books.records.iter().for_each(|record| record.check_balanced().expect("every record is balanced"));
}

fn capture(books: &Books, held: i64, amount: i64, rest: Rest) -> Posting {
    Posting::new().capture(Capture { account: books.accounts[&ada()], held, amount, to: shop(), rest })
}

/// An account's balance and what is held on it.
fn state(books: &Books, key: AccountKey) -> (i64, i64) {
    (books.accounts[&key].balance, books.accounts[&key].held)
}

proptest! {
    #[test]
    fn money_moves_where_there_is_enough(funds in 0..200_i64, held in 0..100_i64, amount in 0..300_i64) {
        let held = held.min(funds);
        let mut books = books(funds, held);
        let came = books.post(&Posting::new().move_money(ada(), shop(), amount));
        prop_assert_eq!(came.is_ok(), amount > 0 && amount <= funds - held);
        check(&books);
    }

    #[test]
    fn a_hold_is_taken_from_what_can_be_spent_and_a_release_gives_it_back(
        funds in 0..200_i64, held in 0..100_i64, more in 0..200_i64, released in 0..300_i64,
    ) {
        let held = held.min(funds);
        let mut books = books(funds, held);
        let came = books.post(&Posting::new().hold(ada(), more));
        prop_assert_eq!(came.is_ok(), more > 0 && more <= funds - held);
        let now_held = held + if came.is_ok() { more } else { 0 };
        let came = books.post(&Posting::new().release(ada(), released));
        prop_assert_eq!(came.is_ok(), released > 0 && released <= now_held);
        prop_assert_eq!(state(&books, ada()).0, funds, "holding moves nothing");
        check(&books);
    }

    #[test]
    fn a_capture_is_paid_by_the_hold_then_the_account_then_the_receivable(
        funds in 0..200_i64, held in 0..100_i64, of_object in 0..100_i64, amount in 0..400_i64, keeps in any::<bool>(),
    ) {
        let held = held.min(funds);
        // The account may hold for other objects too.
        let of_object = of_object.min(held);
        let mut books = books(funds, held);
        let rest = if keeps { Rest::Held } else { Rest::Released };
        let posting = capture(&books, of_object, amount, rest);
        let does_nothing = amount == 0 && (of_object == 0 || keeps);
        prop_assert_eq!(books.post(&posting), if does_nothing { Err(PostingError::Malformed) } else { Ok(()) });
        let missing = (amount - of_object - (funds - held)).max(0);
        let left = if keeps { (of_object - amount).max(0) } else { 0 };
        prop_assert_eq!(state(&books, owed()), (-missing, 0));
        prop_assert_eq!(state(&books, shop()), (amount, 0));
        prop_assert_eq!(state(&books, ada()), (funds - amount + missing, held - of_object + left));
        check(&books);
    }

    /// Several captures of one hold come to the same as their sum at once.
    #[test]
    fn a_hold_is_captured_in_parts(
        funds in 0..200_i64, held in 0..100_i64, parts in prop::collection::vec(0..90_i64, 1..6),
    ) {
        let held = held.min(funds);
        let (mut one_by_one, mut at_once) = (books(funds, held), books(funds, held));
        let mut left = held;
        for part in &parts {
            let _ = one_by_one.post(&capture(&one_by_one, left, *part, Rest::Held));
            left = (left - part).max(0);
        }
        let _ = one_by_one.post(&Posting::new().release(ada(), left));
        let _ = at_once.post(&capture(&at_once, held, parts.iter().sum(), Rest::Released));
        for key in [ada(), shop(), owed()] {
            prop_assert_eq!(state(&one_by_one, key), state(&at_once, key), "{:?}", key);
        }
        check(&one_by_one);
    }

    /// Words are one leg for each account, whatever they are and in whatever order.
    #[test]
    fn words_on_one_account_are_one_leg(words in prop::collection::vec((0..4_u8, 0..50_i64), 1..8)) {
        let mut books = books(100, 40);
        let mut posting = Posting::new();
        for (word, amount) in &words {
            posting = match word {
                0 => posting.move_money(ada(), shop(), *amount),
                1 => posting.move_money(shop(), ada(), *amount),
                2 => posting.hold(ada(), *amount),
                _ => posting.release(ada(), *amount),
            };
        }
        let of_word = |wanted: u8| words.iter().filter(|(word, _)| *word == wanted).map(|(_, n)| n).sum::<i64>();
        let (moved, held) = (of_word(1) - of_word(0), of_word(2) - of_word(3));
        let leg = posting.moves().iter().find(|m| m.account == ada()).map_or((0, 0), |m| (m.amount, m.hold));
        prop_assert_eq!(leg, (moved, held));
        prop_assert!(posting.moves().len() <= 2);
        if books.post(&posting).is_ok() {
            prop_assert_eq!(state(&books, ada()), (100 + moved, 40 + held));
        }
        check(&books);
    }

    #[test]
    fn no_amount_makes_a_word_panic(a in any::<i64>(), b in any::<i64>(), c in any::<i64>(), d in any::<i64>()) {
        let account = Account { balance: a, held: b.max(0).min(a.max(0)), ..Account::new(ada()) };
        for rest in [Rest::Held, Rest::Released] {
            let posting = Posting::new()
                .move_money(ada(), shop(), a)
                .hold(ada(), b)
                .release(ada(), c)
                .capture(Capture { account, held: c, amount: d, to: shop(), rest });
            let legs = draft(&posting, |key| Some(if key == ada() { account } else { Account::new(key) }));
            if a < 0 || b < 0 || c < 0 || d < 0 {
                prop_assert!(legs.is_err());
            }
        }
    }
}

/// A fee beside a capture: the words before it count, so that what they pay is not spent twice.
#[test]
fn a_capture_sees_the_words_before_it() {
    let mut books = books(100, 60);
    let fees = main_account(3, EUR);
    let posting = Posting::new().move_money(ada(), fees, 30).capture(Capture {
        account: books.accounts[&ada()],
        held: 60,
        amount: 80,
        to: shop(),
        rest: Rest::Released,
    });
    books.post(&posting).expect("never refused");
    assert_eq!(
        [state(&books, ada()), state(&books, owed()), state(&books, fees)],
        [(0, 0), (-10, 0), (30, 0)]
    );
    check(&books);
}

/// An account that is not bounded pays all by itself.
#[test]
fn an_account_of_the_house_has_no_receivable() {
    let mut books = books(0, 0);
    let account = books.accounts[&funding(EUR)];
    let posting =
        Posting::new().capture(Capture { account, held: 0, amount: 9, to: ada(), rest: Rest::Held });
    books.post(&posting).expect("not bounded");
    assert_eq!(state(&books, ada()), (9, 0));
    assert_eq!(posting.moves().len(), 2);
}

#[test]
fn a_move_between_currencies_is_unbalanced() {
    let mut books = books(100, 0);
    let currencies: [CurrencyCode; 2] = [EUR, BTC];
    let posting = Posting::new().move_money(ada(), funding(BTC), 5);
    assert!(
        matches!(books.post(&posting), Err(PostingError::Unbalanced(code)) if currencies.contains(&code))
    );
    check(&books);
}
