-- What a partner has set of its sandbox. A row per book: a reset, which opens a new book, forgets it.

CREATE TABLE sandbox_setting (
    book INTEGER NOT NULL PRIMARY KEY,
    auto_verify INTEGER NOT NULL
);
