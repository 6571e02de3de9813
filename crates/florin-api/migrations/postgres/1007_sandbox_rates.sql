-- The rates that a partner has set in its sandbox, as `btc=95000.5 eth=2500.5`. One row per book, with an id of zeros:
-- a reset, which opens a new book, forgets it.

CREATE TABLE sandbox_rate (
    book BIGINT NOT NULL,
    id BYTEA NOT NULL,
    rates TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (book, id)
);
