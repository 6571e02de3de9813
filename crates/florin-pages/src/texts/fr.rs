//! French.

use super::Texts;

pub(super) static TEXTS: Texts = Texts {
    date_and_time: "{day} {month} {year} à {time}",
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],

    skip_to_content: "Aller au paiement",
    language: "Langue",
    test_mode: "Mode test\u{a0}: aucun argent réel ne circule.",
    page_title: "{status} · {merchant}",
    pay_to: "Paiement à",
    order_label: "Commande",
    amount_label: "Montant",
    to_pay_label: "Montant à payer",
    progress: "Progression",
    step_choose: "Choisir",
    step_pay: "Payer",
    step_confirm: "Confirmation",
    keep_private: "Toute personne qui connaît l’adresse de cette page peut voir ce paiement. Ne la partagez qu’avec \
                   des personnes de confiance.",
    back_to: "Retour à {merchant}",
    refresh_now: "Actualiser",
    reloads: "Cette page se recharge toutes les 15 secondes.",
    updates_by_itself: "Cette page s’actualise toute seule.",
    copy: "Copier",
    copied: "Copié",

    choose_title: "Comment souhaitez-vous payer\u{a0}?",
    choose_lead: "Choisissez une devise. Son cours reste ensuite fixe pendant que vous payez.",
    choose_on: "sur {network}",
    choose_rate: "1 {currency} = {price}",
    choose_prices_move: "Les cours suivent le marché jusqu’à votre choix.",
    choose_refresh: "Actualiser les cours",
    choose_none_title: "Aucune devise n’est disponible pour le moment",
    choose_none: "Il n’y a pas de cours en ce moment. Veuillez réessayer dans quelques minutes.",
    valid_until: "Vous pouvez payer jusqu’au {time}.",

    pay_title: "Envoyez {amount}",
    pay_lead: "Scannez le code avec votre portefeuille, ou copiez le montant et l’adresse.",
    pay_only: "Envoyez uniquement des {currency} sur le réseau {network}. Rien d’autre ne peut être crédité.",
    pay_fee: "Votre portefeuille ajoute les frais de réseau\u{a0}: le montant entier doit arriver.",
    pay_waiting: "En attente de votre paiement",
    pay_open_wallet: "Ouvrir dans le portefeuille",
    pay_change: "Choisir une autre devise",
    time_left: "Temps restant",
    qr_alt: "Code QR pour votre portefeuille\u{a0}: {amount} à l’adresse ci-dessous",
    address_label: "Adresse",
    copy_address: "Copier l’adresse",
    copy_amount: "Copier le montant",
    send_label: "Montant à envoyer",

    seen_title: "Nous voyons votre paiement",
    seen_lead: "Le réseau est en train de le confirmer. Vous n’avez plus rien à faire et pouvez fermer \
                cette page.",
    confirmations: "Confirmations\u{a0}: {count} sur {required}",

    underpaid_title: "Il manque encore {amount}",
    underpaid_lead: "Une partie du montant est arrivée. Envoyez le reste à la même adresse avant la fin \
                     du temps imparti.",
    required_label: "Demandé",
    received_label: "Reçu",
    missing_label: "Reste à payer",

    paid_title: "Paiement terminé",
    paid_lead: "Merci. {merchant} a reçu votre paiement.",
    receipt: "Reçu",
    receipt_for: "Objet",
    receipt_paid_with: "Payé avec",
    receipt_date: "Date et heure",
    transactions: "Transactions",
    confirmed: "Confirmée",
    print: "Imprimer ou enregistrer",
    over_note: "Vous avez envoyé {amount} de plus que demandé. Pour la différence, veuillez contacter {merchant}.",
    late_note: "Votre paiement est arrivé hors délai. Il a été converti au cours de ce moment-là.",

    expired_title: "Le temps imparti pour payer est écoulé",
    expired_lead: "N’envoyez plus rien à une adresse affichée ici auparavant.",
    expired_again: "Rien n’est perdu\u{a0}: choisissez de nouveau et payez au cours actuel.",
    expired_again_button: "Choisir de nouveau",
    expired_for_good: "Ce lien n’est plus utilisable. Demandez-en un nouveau à {merchant}.",
    expired_sent: "Déjà envoyé\u{a0}? Un paiement tardif n’est pas perdu. Il apparaît ici dès que le \
                   réseau l’a confirmé.",
    expired_received: "Un montant de {amount} est arrivé à temps. Veuillez contacter {merchant} à ce sujet.",

    cancelled_title: "Ce paiement a été annulé",
    cancelled_lead: "{merchant} l’a annulé. Vous n’avez rien à payer.",

    unknown_title: "Ce lien ne fonctionne pas",
    unknown_lead: "Vérifiez que l’adresse est complète, ou demandez un nouveau lien à l’entreprise qui \
                   vous l’a envoyé.",
    error_title: "Une erreur s’est produite",
    error_lead: "La page ne peut pas être affichée pour le moment. Un paiement déjà envoyé n’est pas concerné.",
    try_again: "Réessayer",
};
