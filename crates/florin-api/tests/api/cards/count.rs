//! How many cards a user may have, at a time and in a time.

use super::{DELETE, ask, create, list, of_card, resident};
use crate::support::{Client, TestApp};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn refused(client: &Client, user: &str, why: &str) {
    let answer = ask(client, user).send().await;
    answer.is_refused("P452");
    assert!(answer.text().contains(why), "{}", answer.text());
}

/// Deletes all cards of a user.
async fn clear(client: &Client, user: &str) {
    for card in list(client, user).await {
        of_card(client, DELETE, user, &card).send().await.expect(200);
    }
}

/// Every window, to the microsecond of the book's clock, deleted cards included.
#[tokio::test]
async fn five_a_day_ten_a_month_and_twenty_a_year() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    let almost = |window: Duration| window - Duration::from_micros(1);
    let five = async || {
        for _ in 0..5 {
            create(&a, "anna").await;
            clear(&a, "anna").await;
        }
    };
    five().await;
    refused(&a, "anna", "5 cards were made in 24 hours").await;
    app.clock.advance(almost(DAY));
    refused(&a, "anna", "5 cards were made in 24 hours").await;
    app.clock.advance(Duration::from_micros(1));
    // Day 1.
    five().await;
    app.clock.advance(DAY);
    refused(&a, "anna", "10 cards were made in 30 days").await;
    app.clock.advance(almost(28 * DAY));
    refused(&a, "anna", "10 cards were made in 30 days").await;
    app.clock.advance(Duration::from_micros(1));
    // Day 30: those of day 0 count no more.
    five().await;
    app.clock.advance(31 * DAY);
    // Day 61.
    five().await;
    app.clock.advance(60 * DAY);
    refused(&a, "anna", "20 cards were made in 365 days").await;
    app.clock.advance(almost(365 * DAY - 121 * DAY));
    refused(&a, "anna", "20 cards were made in 365 days").await;
    app.clock.advance(Duration::from_micros(1));
    five().await;
    // Another user has windows of its own.
    resident(&a, "ben").await;
    create(&a, "ben").await;
    app.finish().await;
}

/// Locked ones count, deleted ones and those that an operator holds do not.
#[tokio::test]
async fn ten_at_a_time() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    for _ in 0..2 {
        for _ in 0..5 {
            create(&a, "anna").await;
        }
        app.clock.advance(31 * DAY);
    }
    let cards = list(&a, "anna").await;
    assert_eq!(cards.len(), 10);
    refused(&a, "anna", "the user has 10 cards").await;
    of_card(&a, super::BLOCK, "anna", &cards[0]).send().await.expect(200);
    refused(&a, "anna", "the user has 10 cards").await;
    super::block_by_operator(&app, cards[1]["cardId"].as_str().expect("an id")).await;
    create(&a, "anna").await;
    refused(&a, "anna", "the user has 10 cards").await;
    of_card(&a, DELETE, "anna", &cards[0]).send().await.expect(200);
    create(&a, "anna").await;
    refused(&a, "anna", "the user has 10 cards").await;
    app.finish().await;
}

/// Many at once fill a window and go no further.
#[tokio::test]
async fn many_at_once_make_five() {
    let app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    let answers = futures_util::future::join_all((0..12).map(|_| ask(&a, "anna").send())).await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((made, list(&a, "anna").await.len()), (5, 5));
    answers.iter().filter(|answer| answer.status != 200).for_each(|answer| answer.is_refused("P452"));
    app.finish().await;
}
