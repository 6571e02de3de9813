-- The rates that a partner has set in its sandbox, as `btc=95000.5 eth=2500.5`. One row per book, with an id of zeros:
-- a reset, which opens a new book, forgets it.

CREATE TABLE sandbox_rate (
    book INTEGER NOT NULL,
    id BLOB NOT NULL,
    rates TEXT NOT NULL,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;
