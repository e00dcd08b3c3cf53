-- Sessions, their parts, and what is on its way between them.
--
-- Every row carries the key of its session, and no statement but a batch of steps touches two sessions. There are no triggers, foreign
-- keys, advisory locks or sequences that have to be without gaps, so the tables can be spread by `session`.

CREATE TABLE telltale.session (
    key text COLLATE "C" PRIMARY KEY,
    incarnation bigint NOT NULL,
    image bytea NOT NULL,
    started timestamptz NOT NULL DEFAULT now(),
    -- When it has to be over, and what its starter calls that time.
    deadline timestamptz,
    deadline_text text,
    -- How long nothing may happen in it, and since when nothing has.
    idle interval,
    idle_text text,
    moved timestamptz NOT NULL DEFAULT now(),
    -- When it is looked at again.
    due timestamptz,
    -- 1 complete, 2 cancelled, 3 faulted, 4 late.
    ending smallint,
    ending_by text,
    ending_reason text,
    ended timestamptz
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);

CREATE INDEX session_due ON telltale.session (due) WHERE due IS NOT NULL;
CREATE INDEX session_ended ON telltale.session (ended) WHERE ended IS NOT NULL;
CREATE SEQUENCE telltale.incarnation;

-- What is served: a role of a protocol.
CREATE TABLE telltale.seat (
    topic bigserial PRIMARY KEY,
    image bytea NOT NULL,
    role smallint NOT NULL,
    UNIQUE (image, role)
);

-- A part is changed in each of its steps, and most steps change no column that is in an index.
CREATE TABLE telltale.part (
    session text COLLATE "C",
    role smallint,
    name text NOT NULL,
    -- Of its seat; below zero if somebody with a ticket plays it.
    topic bigint NOT NULL,
    -- A hash of what the claimant of such a part shows.
    ticket bytea,
    state bytea,
    version bigint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    -- Which claim it has, and until when.
    claim bytea,
    claimed timestamptz,
    -- When it was claimed last, for whoever is to have its turn after others.
    tried timestamptz,
    rests boolean NOT NULL DEFAULT false,
    done boolean NOT NULL DEFAULT false,
    -- When it has something to do, whether there are messages or not.
    wake timestamptz,
    PRIMARY KEY (session, role)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);

CREATE INDEX part_wake ON telltale.part (topic, wake) WHERE wake IS NOT NULL;

CREATE TABLE telltale.message (
    session text COLLATE "C",
    receiver smallint,
    sender smallint,
    lane integer,
    number bigint,
    label integer NOT NULL,
    payload bytea NOT NULL,
    -- In the order in which the messages of a session have come.
    id bigint NOT NULL,
    sent timestamptz NOT NULL DEFAULT now(),
    -- Of its receiver.
    topic bigint NOT NULL,
    -- Whether its receiver has not been offered it.
    fresh boolean NOT NULL DEFAULT true,
    PRIMARY KEY (session, receiver, sender, lane, number)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);

CREATE INDEX message_fresh ON telltale.message (topic, sent) WHERE fresh;
CREATE SEQUENCE telltale.message_id;

-- Who waits to be told that there is something to do. It is a hint, so it need not outlive a crash.
CREATE UNLOGGED TABLE telltale.sleeper (
    topic bigint,
    channel text,
    until timestamptz NOT NULL,
    PRIMARY KEY (topic, channel)
);

-- Which logins may play which roles of which protocols; role -1 stands for starting sessions.
CREATE TABLE telltale.login (
    login name,
    image bytea,
    role smallint,
    PRIMARY KEY (login, image, role)
);

-- What is refused, whoever asks; one row, for whoever looks after the database to change.
CREATE TABLE telltale.bounds (
    key integer NOT NULL DEFAULT 255,
    payload integer NOT NULL DEFAULT 16777216,
    state integer NOT NULL DEFAULT 67108864,
    -- How many messages of a channel may be on their way.
    channel bigint NOT NULL DEFAULT 100000,
    -- How many bytes may be on their way to a part.
    inbox bigint NOT NULL DEFAULT 268435456,
    reason integer NOT NULL DEFAULT 5000,
    -- How long the name of a session is taken after its end.
    keep interval NOT NULL DEFAULT '1 day'
);
INSERT INTO telltale.bounds DEFAULT VALUES;

-- A claimed part: what it has come to, how its session has ended, and its inbox, the messages of a channel in their order.
CREATE TYPE telltale.work AS (
    session text, incarnation bigint, image bytea, role smallint, version bigint, attempts integer, state bytea, claim bytea,
    ending smallint, ending_by text, ending_reason text,
    senders smallint[], lanes integer[], numbers bigint[], labels integer[], payloads bytea[], mark bigint
);
