-- Times are microseconds since 1970 (UTC). JSON columns hold domain types with serde's names: old forms stay readable.

CREATE TABLE instance (
    id            INTEGER PRIMARY KEY,
    workspace     TEXT    NOT NULL UNIQUE,
    declared      BOOLEAN NOT NULL,          -- in the configuration file, hence read-only in the admin API
    settings      BLOB,                      -- of instances made through the admin API, encrypted
    arguments     BLOB,                      -- of Kontur's setup, encrypted
    condition     TEXT    NOT NULL,
    status        INTEGER NOT NULL,          -- Kontur's code, derived from the condition
    status_since  BIGINT  NOT NULL,
    set_up_for    TEXT,                      -- the version that setup or upgrade last went through with
    deleted       BOOLEAN NOT NULL,
    revision      BIGINT  NOT NULL DEFAULT 0 -- grows with what other replicas have to learn of
);

CREATE TABLE status_change (
    id           INTEGER PRIMARY KEY,
    instance_id  BIGINT  NOT NULL REFERENCES instance (id),
    at           BIGINT  NOT NULL,
    from_status  INTEGER NOT NULL,
    to_status    INTEGER NOT NULL,
    reason       TEXT    NOT NULL
);
CREATE INDEX status_change_instance ON status_change (instance_id, id);

CREATE TABLE user_mapping (
    instance_id         BIGINT NOT NULL REFERENCES instance (id),
    position            BIGINT NOT NULL,
    kontur_user_id      TEXT   NOT NULL,
    extension           TEXT   NOT NULL,
    workonflow_user_id  TEXT,
    valid_from          BIGINT,              -- the first moment at which the extension is the user's; null: always was
    valid_to            BIGINT,              -- the first at which it is not any more; null: always will be
    PRIMARY KEY (instance_id, position)
) WITHOUT ROWID;

-- Every authenticated request of a provider as it came, stored before it is parsed.
CREATE TABLE raw_request (
    id           INTEGER PRIMARY KEY,
    instance_id  BIGINT NOT NULL,
    provider     TEXT   NOT NULL,
    received_at  BIGINT NOT NULL,
    body         BLOB   NOT NULL,
    fault        TEXT                        -- why it was refused; null if it was accepted
);

CREATE TABLE call (
    id                INTEGER PRIMARY KEY,
    instance_id       BIGINT NOT NULL,
    external_id       TEXT   NOT NULL,
    communication_id  TEXT,
    client_phone      TEXT   NOT NULL,
    direction         TEXT   NOT NULL,
    state             TEXT   NOT NULL,       -- active, then answered, missed or failed
    began_at          BIGINT NOT NULL,
    ended_at          BIGINT,
    settle_at         BIGINT,                -- over, and to be handed on when it has been quiet until then
    look_at           BIGINT,                -- open, and looked at then if its end has not come; null once it has
    facts             TEXT   NOT NULL,
    told              TEXT   NOT NULL,
    version           BIGINT NOT NULL,       -- grows with each change
    UNIQUE (instance_id, external_id)
);
CREATE INDEX call_began ON call (instance_id, began_at);
CREATE INDEX call_client ON call (client_phone, instance_id);
CREATE INDEX call_settling ON call (settle_at) WHERE settle_at IS NOT NULL;
-- Written to when a call begins and when it ends, not by what happens in between.
CREATE INDEX call_open ON call (instance_id, look_at) WHERE look_at IS NOT NULL;

-- Close to the tail, since call ids grow: a repeat is found without an index of its own.
CREATE TABLE call_event (
    call_id         BIGINT NOT NULL,
    event_id        TEXT   NOT NULL,
    kind            TEXT   NOT NULL,
    leg_id          TEXT,
    at              BIGINT NOT NULL,
    received_at     BIGINT NOT NULL,
    raw_request_id  BIGINT,                  -- null if it came from history
    PRIMARY KEY (call_id, event_id)
) WITHOUT ROWID;

CREATE TABLE call_leg (
    instance_id  BIGINT NOT NULL,
    leg_id       TEXT   NOT NULL,
    call_id      BIGINT NOT NULL,
    PRIMARY KEY (instance_id, leg_id)
) WITHOUT ROWID;

-- The outbox. A lane is (instance, destination, call); within a lane, the order is that of the ids.
CREATE TABLE delivery (
    id                INTEGER PRIMARY KEY,
    instance_id       BIGINT  NOT NULL,
    destination       TEXT    NOT NULL,
    call_id           BIGINT  NOT NULL,
    kind              TEXT    NOT NULL,
    notice            TEXT    NOT NULL,
    state             TEXT    NOT NULL,      -- pending, delivered, expired, dead
    created_at        BIGINT  NOT NULL,
    due_at            BIGINT  NOT NULL,
    expires_at        BIGINT,
    attempts          INTEGER NOT NULL,
    first_attempt_at  BIGINT,
    settled_at        BIGINT,                -- null while it is pending
    http_status       INTEGER,
    answer            TEXT,
    cause             TEXT,
    reason            TEXT,
    suspect           BOOLEAN NOT NULL,      -- an attempt may have had its effect without our knowing
    background        BOOLEAN NOT NULL,      -- of a call that was over long before: others go first
    progress          TEXT
);
CREATE INDEX delivery_pending ON delivery (instance_id, destination, id) WHERE settled_at IS NULL;
CREATE INDEX delivery_dead ON delivery (instance_id, destination, id) WHERE state = 'dead';
CREATE INDEX delivery_call ON delivery (call_id);

-- Attempts that did not succeed; the one that did is in the delivery itself.
CREATE TABLE attempt (
    delivery_id  BIGINT  NOT NULL,
    number       INTEGER NOT NULL,
    at           BIGINT  NOT NULL,
    took         BIGINT  NOT NULL,           -- microseconds
    http_status  INTEGER,
    outcome      TEXT    NOT NULL,
    answer       TEXT,
    PRIMARY KEY (delivery_id, number)
) WITHOUT ROWID;

-- Calls that Kontur asked for; a repeated CALL finds its row and places no second call.
CREATE TABLE dial (
    instance_id       BIGINT NOT NULL,
    communication_id  TEXT   NOT NULL,
    extension         TEXT   NOT NULL,
    client_phone      TEXT   NOT NULL,
    requested_at      BIGINT NOT NULL,
    state             TEXT   NOT NULL,       -- requested, accepted, refused, failed
    external_id       TEXT,
    reason            TEXT,
    look_at           BIGINT,                -- accepted, and looked for then if its call has not shown up
    PRIMARY KEY (instance_id, communication_id)
) WITHOUT ROWID;
CREATE INDEX dial_waiting ON dial (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX dial_open ON dial (state) WHERE state = 'requested';

-- Workonflow threads with a missed call that nobody returned yet.
CREATE TABLE unreturned_thread (
    instance_id   BIGINT NOT NULL,
    client_phone  TEXT   NOT NULL,
    thread_id     TEXT   NOT NULL,
    missed_at     BIGINT NOT NULL,
    PRIMARY KEY (instance_id, client_phone, thread_id)
) WITHOUT ROWID;

-- Handed on and not registered: extensions in them are given to no user yet. Goes with the registration's planning.
CREATE TABLE parked (
    instance_id  BIGINT NOT NULL,
    call_id      BIGINT NOT NULL,
    until        BIGINT NOT NULL,            -- then it is registered without a user
    extensions   TEXT   NOT NULL,
    PRIMARY KEY (instance_id, call_id)
) WITHOUT ROWID;
CREATE INDEX parked_until ON parked (instance_id, until);

-- Extensions that were given to no user when a call at them was handed on.
CREATE TABLE unmapped_extension (
    instance_id    BIGINT NOT NULL,
    extension      TEXT   NOT NULL,
    calls          BIGINT NOT NULL,
    first_call_at  BIGINT NOT NULL,
    last_call_at   BIGINT NOT NULL,
    PRIMARY KEY (instance_id, extension)
) WITHOUT ROWID;
CREATE INDEX unmapped_extension_last ON unmapped_extension (last_call_at);

-- How far each recording is of which the telephony told; one row from then on.
CREATE TABLE recording (
    call_id       BIGINT NOT NULL,
    leg_id        TEXT   NOT NULL,
    instance_id   BIGINT NOT NULL,
    state         TEXT   NOT NULL,           -- available, fetched, attached, failed
    fault         TEXT,                      -- why it failed; of one that has not, what went wrong last
    reason        TEXT,                      -- the fault in words
    size          BIGINT,
    content_type  TEXT,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (call_id, leg_id)
) WITHOUT ROWID;
CREATE INDEX recording_state ON recording (instance_id, state);

CREATE TABLE mark (
    instance_id  BIGINT NOT NULL,
    name         TEXT   NOT NULL,
    value        TEXT   NOT NULL,
    PRIMARY KEY (instance_id, name)
) WITHOUT ROWID;

CREATE TABLE sync_job (
    id                INTEGER PRIMARY KEY,
    instance_id       BIGINT  NOT NULL,
    purpose           TEXT    NOT NULL,      -- news, again, span
    from_at           BIGINT  NOT NULL,
    to_at             BIGINT  NOT NULL,
    state             TEXT    NOT NULL,      -- running, paused, done, failed, cancelled
    created_at        BIGINT  NOT NULL,
    finished_at       BIGINT,
    read_until        BIGINT  NOT NULL,      -- where it goes on if it is cut off
    cursor            TEXT,
    taken             INTEGER NOT NULL,
    seen              BIGINT  NOT NULL,
    added             BIGINT  NOT NULL,
    worked            BIGINT  NOT NULL,      -- microseconds
    calls_per_minute  INTEGER,
    reason            TEXT
);
CREATE INDEX sync_job_instance ON sync_job (instance_id, id);
CREATE INDEX sync_job_news ON sync_job (instance_id, finished_at) WHERE purpose = 'news' AND state = 'done' AND added = 0;
CREATE INDEX sync_job_running ON sync_job (instance_id, id) WHERE state = 'running';

-- Calls whose communication was deleted in Kontur after they were registered.
CREATE TABLE deleted_in_kontur (
    instance_id  BIGINT NOT NULL,
    call_id      BIGINT NOT NULL,
    at           BIGINT NOT NULL,             -- when we learned of it
    PRIMARY KEY (instance_id, call_id)
) WITHOUT ROWID;

CREATE TABLE reconciliation (
    id           INTEGER PRIMARY KEY,
    instance_id  BIGINT NOT NULL,
    from_at      BIGINT NOT NULL,
    to_at        BIGINT NOT NULL,
    state        TEXT   NOT NULL,             -- running, done, failed
    created_at   BIGINT NOT NULL,
    finished_at  BIGINT,
    report       TEXT,
    reason       TEXT
);
CREATE INDEX reconciliation_instance ON reconciliation (instance_id, id);
CREATE INDEX reconciliation_running ON reconciliation (state) WHERE state = 'running';
