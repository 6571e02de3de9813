//! Internal transfers, section 2.4.

use crate::support::TestApp;

#[tokio::test]
async fn money_goes_from_partner_to_user_to_user_and_back() {
    let app = TestApp::start().await;
    let a = app.a();
    a.fund(None, "100", "eur").await;
    a.verified_user("anna").await;
    a.verified_user("ben").await;
    a.pay(None, Some("anna"), "50").await;
    a.pay(Some("anna"), Some("ben"), "12.50").await;
    a.pay(Some("ben"), None, "2.25").await;
    assert_eq!(a.amount(Some("anna"), "eur").await, "37.50");
    assert_eq!(a.amount(Some("ben"), "eur").await, "10.25");
    assert_eq!(a.amount(None, "eur").await, "52.25");
    app.finish().await;
}
