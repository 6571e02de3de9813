-- Webhooks: the endpoint of a book, and what became of each event on its way there.

-- `url` is null until one is registered: a sandbox's own partner has its token from the start. `secrets` are sealed. Up to
-- `cursor` every event since the registration has its row in webhook_delivery; later ones are pending without one.
-- `owner` is the process that delivers until `leased_until` (wall clock); each taking over raises `epoch`.
CREATE TABLE webhook_endpoint (
    book INTEGER NOT NULL PRIMARY KEY,
    url TEXT,
    enabled INTEGER NOT NULL,
    disabled_reason TEXT,
    paths TEXT NOT NULL,
    secrets BLOB NOT NULL,
    cursor INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    owner BLOB NOT NULL,
    leased_until INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

-- `position` is the event's. `status`: 0 pending, 1 delivered, 2 failed. `due_at` (business time) is null unless it is pending
-- and the next of its object: the others wait for it. `tries` count in the present run of the schedule; `attempts` are
-- the newest, in JSON.
CREATE TABLE webhook_delivery (
    position INTEGER NOT NULL PRIMARY KEY,
    book INTEGER NOT NULL,
    object BLOB NOT NULL,
    status INTEGER NOT NULL,
    due_at INTEGER,
    tries INTEGER NOT NULL,
    attempts TEXT NOT NULL
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (book, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_delivery_object ON webhook_delivery (book, object, position) WHERE status = 0;
CREATE INDEX webhook_delivery_status ON webhook_delivery (book, status, position) WHERE status <> 1;
