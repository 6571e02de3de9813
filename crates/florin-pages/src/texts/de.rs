//! German.

use super::Texts;

pub(super) static TEXTS: Texts = Texts {
    date_and_time: "{day}. {month} {year}, {time}",
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],

    skip_to_content: "Zur Zahlung springen",
    language: "Sprache",
    test_mode: "Testmodus: Es wird kein echtes Geld bewegt.",
    page_title: "{status} · {merchant}",
    pay_to: "Zahlung an",
    order_label: "Bestellung",
    amount_label: "Betrag",
    to_pay_label: "Zu zahlen",
    progress: "Fortschritt",
    step_choose: "Auswählen",
    step_pay: "Bezahlen",
    step_confirm: "Bestätigung",
    keep_private: "Wer die Adresse dieser Seite kennt, kann diese Zahlung sehen. Geben Sie sie nur an Personen \
                   weiter, denen Sie vertrauen.",
    back_to: "Zurück zu {merchant}",
    refresh_now: "Jetzt aktualisieren",
    reloads: "Diese Seite lädt alle 15 Sekunden neu.",
    updates_by_itself: "Diese Seite aktualisiert sich von selbst.",
    copy: "Kopieren",
    copied: "Kopiert",

    choose_title: "Wie möchten Sie bezahlen?",
    choose_lead: "Wählen Sie eine Währung. Ihr Kurs steht dann fest, während Sie bezahlen.",
    choose_on: "über {network}",
    choose_rate: "1 {currency} = {price}",
    choose_prices_move: "Bis zu Ihrer Wahl folgen die Kurse dem Markt.",
    choose_refresh: "Kurse aktualisieren",
    choose_none_title: "Zurzeit ist keine Währung verfügbar",
    choose_none: "Es gibt im Moment keine Kurse. Bitte versuchen Sie es in ein paar Minuten noch einmal.",
    valid_until: "Sie können bis zum {time} bezahlen.",

    pay_title: "Senden Sie {amount}",
    pay_lead: "Scannen Sie den Code mit Ihrer Wallet oder kopieren Sie Betrag und Adresse.",
    pay_only: "Senden Sie nur {currency} über das Netzwerk {network}. Anderes kann nicht gutgeschrieben werden.",
    pay_fee: "Die Netzwerkgebühr kommt in Ihrer Wallet hinzu: Der volle Betrag muss ankommen.",
    pay_waiting: "Wir warten auf Ihre Zahlung",
    pay_open_wallet: "In der Wallet öffnen",
    pay_change: "Andere Währung wählen",
    time_left: "Verbleibende Zeit",
    qr_alt: "QR-Code für Ihre Wallet: {amount} an die Adresse darunter",
    address_label: "Adresse",
    copy_address: "Adresse kopieren",
    copy_amount: "Betrag kopieren",
    send_label: "Zu sendender Betrag",

    seen_title: "Wir sehen Ihre Zahlung",
    seen_lead: "Das Netzwerk bestätigt sie gerade. Sie müssen nichts weiter tun und können diese Seite schließen.",
    confirmations: "Bestätigungen: {count} von {required}",

    underpaid_title: "Es fehlen noch {amount}",
    underpaid_lead: "Ein Teil des Betrags ist angekommen. Senden Sie den Rest an dieselbe Adresse, bevor die Zeit \
                     abläuft.",
    required_label: "Gefordert",
    received_label: "Erhalten",
    missing_label: "Fehlt noch",

    paid_title: "Zahlung abgeschlossen",
    paid_lead: "Vielen Dank. {merchant} hat Ihre Zahlung erhalten.",
    receipt: "Beleg",
    receipt_for: "Für",
    receipt_paid_with: "Bezahlt mit",
    receipt_date: "Datum",
    transactions: "Transaktionen",
    confirmed: "Bestätigt",
    print: "Drucken oder speichern",
    over_note: "Sie haben {amount} mehr gesendet als gefordert. Bitte wenden Sie sich wegen der \
                Differenz an {merchant}.",
    late_note: "Ihre Zahlung kam nach Ablauf der Zeit an. Sie wurde zum Kurs jenes Augenblicks umgerechnet.",

    expired_title: "Die Zeit zum Bezahlen ist abgelaufen",
    expired_lead: "Bitte senden Sie nichts mehr an eine Adresse, die hier zuvor zu sehen war.",
    expired_again: "Es ist nichts verloren: Wählen Sie neu und bezahlen Sie zum aktuellen Kurs.",
    expired_again_button: "Neu auswählen",
    expired_for_good: "Dieser Link kann nicht mehr benutzt werden. Bitten Sie {merchant} um einen neuen.",
    expired_sent: "Schon gesendet? Eine verspätete Zahlung geht nicht verloren. Sie erscheint hier, sobald das \
                   Netzwerk sie bestätigt hat.",
    expired_received: "{amount} sind rechtzeitig angekommen. Bitte wenden Sie sich deswegen an {merchant}.",

    cancelled_title: "Diese Zahlung wurde storniert",
    cancelled_lead: "{merchant} hat sie storniert. Sie müssen nichts bezahlen.",

    unknown_title: "Dieser Link funktioniert nicht",
    unknown_lead: "Prüfen Sie, ob die Adresse vollständig ist, oder bitten Sie das Unternehmen, von dem Sie kommen, \
                   um einen neuen Link.",
    error_title: "Etwas ist schiefgegangen",
    error_lead: "Die Seite kann gerade nicht angezeigt werden. Eine bereits gesendete Zahlung ist davon \
                 nicht betroffen.",
    try_again: "Noch einmal versuchen",
};
