-- How much of a payment has come back, in cents: a bank may send it back in parts. Before this, a payment came back once.

ALTER TABLE sepa_transfer ADD COLUMN returned INTEGER NOT NULL DEFAULT 0;
UPDATE sepa_transfer SET returned = (
    SELECT COALESCE(MAX(deposit.amount), 0) FROM sepa_deposit deposit
    WHERE deposit.book = sepa_transfer.book AND deposit.returns = sepa_transfer.id
        AND deposit.amount <= sepa_transfer.amount AND deposit.state <> 'UNMATCHED'
) WHERE state = 'RETURNED';
