-- The first schema.
--
-- Tables of tenants have tenant_id in every key and are marked BY TENANT: they can be
-- distributed or partitioned by it. The others are a directory, small and read by all.
--
-- Whole numbers that are times are microseconds since 1970 in UTC.

-- The directory.

-- Records of administration. Bodies are opaque to the database.
CREATE TABLE acta.records (
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    tenant_id integer,
    owner text COLLATE "C",
    name text COLLATE "C",
    -- 0 for a row that exists only to be locked while it is created. Never committed.
    version bigint NOT NULL,
    expires bigint,
    body text NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE UNIQUE INDEX records_by_name ON acta.records (kind, name) WHERE name IS NOT NULL;

CREATE INDEX records_of_tenant ON acta.records (kind, tenant_id, id)
    WHERE tenant_id IS NOT NULL;

CREATE INDEX records_by_owner ON acta.records (kind, owner, id) WHERE owner IS NOT NULL;

CREATE INDEX records_by_expiry ON acta.records (expires) WHERE expires IS NOT NULL;

CREATE TABLE acta.secrets (
    name text PRIMARY KEY,
    secret bytea NOT NULL
);

-- The node that runs a follower, and when its lease expires unless it is renewed.
CREATE TABLE acta.leases (
    name text PRIMARY KEY,
    holder uuid NOT NULL,
    expires timestamptz NOT NULL
);

-- The nodes that serve the database, for those who ask whether any does.
CREATE TABLE acta.nodes (
    id uuid PRIMARY KEY,
    release text NOT NULL,
    started timestamptz NOT NULL,
    -- When it last said that it is there.
    seen timestamptz NOT NULL
);

-- Space for changes of administration, such as the removal of a credential: one that finds no space
-- empties it. Filled with hashes, so that no file system compresses it, and without columns that
-- may be stored elsewhere: a table without other relations is emptied without taking any space.
CREATE TABLE acta.reserve (
    a bigint NOT NULL,
    b bigint NOT NULL,
    c bigint NOT NULL,
    d bigint NOT NULL,
    e bigint NOT NULL,
    f bigint NOT NULL,
    g bigint NOT NULL,
    h bigint NOT NULL
);

-- Statements.

-- One row a tenant, locked by the transaction that appends: sequences have no gaps and are
-- committed in order.
CREATE TABLE acta.counters (
    tenant_id integer NOT NULL,
    last_sequence bigint NOT NULL,
    last_stored bigint NOT NULL,
    -- Nothing is stored before this any more.
    consistent_through bigint NOT NULL,
    -- Whether any statement refers to another.
    has_references boolean NOT NULL,
    PRIMARY KEY (tenant_id)
) /* BY TENANT */;

CREATE TABLE acta.statements (
    tenant_id integer NOT NULL,
    sequence bigint NOT NULL,
    id uuid NOT NULL,
    stored timestamptz NOT NULL,
    -- The statement that its object refers to.
    target uuid,
    -- Of the request that brought it: 1 for 1.0.3, 2 for 2.0.0.
    version smallint NOT NULL,
    is_voiding boolean NOT NULL,
    -- Whether its timestamp equals stored, because the sender gave none.
    is_timestamp_stored boolean NOT NULL,
    -- What becomes known by it of activities and persons: 0 everything, 1 its object, 2 nothing.
    defines smallint NOT NULL,
    -- What it is compared by.
    fingerprint bytea NOT NULL,
    -- Random bytes for commitments.
    salt bytea NOT NULL,
    -- The text: the sender's bytes with what the store sets.
    statement json NOT NULL,
    -- Of the text.
    len_bytes integer NOT NULL,
    PRIMARY KEY (tenant_id, sequence),
    UNIQUE (tenant_id, id)
) /* BY TENANT */;

CREATE INDEX statements_by_stored ON acta.statements (tenant_id, stored, sequence);

CREATE INDEX statements_by_target ON acta.statements (tenant_id, target)
    WHERE target IS NOT NULL;

-- The targets of all voiding statements, whether they are here or not.
CREATE TABLE acta.voids (
    tenant_id integer NOT NULL,
    target uuid NOT NULL,
    PRIMARY KEY (tenant_id, target)
) /* BY TENANT */;

-- What statements are found by. Bit n is set if the statement with the sequence
-- first_sequence + n has the term; the rows of a term do not overlap.
CREATE TABLE acta.postings (
    tenant_id integer NOT NULL,
    term bigint NOT NULL,
    first_sequence bigint NOT NULL,
    bits varbit NOT NULL,
    -- With the bits, so that a list is read from the index alone, where it lies together.
    PRIMARY KEY (tenant_id, term, first_sequence) INCLUDE (bits)
) /* BY TENANT */;

-- Attachments.

-- Content that no batch has named yet. Recorded before its first byte, and taken away by the
-- transaction that names it: what is here for long is left over.
CREATE TABLE acta.contents (
    tenant_id integer NOT NULL,
    content_id uuid NOT NULL,
    begun timestamptz NOT NULL,
    -- Whether it is in object storage, not in pieces here.
    is_object boolean NOT NULL,
    -- What object storage calls its upload, if it is sent there in parts.
    upload text,
    -- Whether somebody is about to remove it. Nobody names it any more.
    is_doomed boolean NOT NULL,
    PRIMARY KEY (tenant_id, content_id)
) /* BY TENANT */;

CREATE TABLE acta.pieces (
    tenant_id integer NOT NULL,
    content_id uuid NOT NULL,
    -- Its place among the pieces of the content, from 0.
    piece integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (tenant_id, content_id, piece)
) /* BY TENANT */;

CREATE TABLE acta.attachments (
    tenant_id integer NOT NULL,
    sha2 text NOT NULL,
    len_bytes bigint NOT NULL,
    -- Short content itself. If null, it is where content_id and is_object say.
    bytes bytea,
    content_id uuid NOT NULL,
    is_object boolean NOT NULL,
    PRIMARY KEY (tenant_id, sha2)
) /* BY TENANT */;

-- Documents.

-- How many documents a place has. Locked by a session that makes or removes one.
CREATE TABLE acta.document_places (
    tenant_id integer NOT NULL,
    -- SHA-256 over kind, activity and agent.
    place bytea NOT NULL,
    -- Empty for none.
    registration text NOT NULL,
    document_count integer NOT NULL,
    PRIMARY KEY (tenant_id, place, registration)
) /* BY TENANT */;

CREATE TABLE acta.documents (
    tenant_id integer NOT NULL,
    place bytea NOT NULL,
    registration text NOT NULL,
    -- SHA-256 over the name: a key has no room for all names.
    name_hash bytea NOT NULL,
    -- UTF-8; bytes, because a name may hold the character 0.
    name bytea NOT NULL,
    -- state, activity-profile or agent-profile.
    kind text NOT NULL,
    activity text NOT NULL,
    -- The identifier as JSON.
    agent text NOT NULL,
    updated timestamptz NOT NULL,
    etag text NOT NULL,
    content_type text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (tenant_id, place, registration, name_hash)
) /* BY TENANT */;

-- When documents were last removed, for the times of lists. At most some hundred rows a tenant,
-- since all of them become one when there are more.
CREATE TABLE acta.document_removals (
    tenant_id integer NOT NULL,
    -- As in document_places; zeros for every place.
    place bytea NOT NULL,
    -- '*' for every registration and for none.
    registration text NOT NULL,
    removed timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, place, registration)
) /* BY TENANT */;

-- Activities and persons.

CREATE TABLE acta.definitions (
    tenant_id integer NOT NULL,
    -- SHA-256 over the activity's id.
    activity_hash bytea NOT NULL,
    activity text NOT NULL,
    definition json NOT NULL,
    PRIMARY KEY (tenant_id, activity_hash)
) /* BY TENANT */;

CREATE TABLE acta.person_names (
    tenant_id integer NOT NULL,
    -- SHA-256 over the identifier as JSON.
    agent_hash bytea NOT NULL,
    name_hash bytea NOT NULL,
    agent text NOT NULL,
    -- UTF-8; bytes, because a name may hold the character 0.
    name bytea NOT NULL,
    -- Where it was used last: the statement, and the place in it.
    last_sequence bigint NOT NULL,
    last_ordinal integer NOT NULL,
    PRIMARY KEY (tenant_id, agent_hash, name_hash)
) /* BY TENANT */;

-- Followers and other readers.

-- How far a follower has come. Moved in the transaction that writes what it made of the
-- statements up to there.
CREATE TABLE acta.followers (
    tenant_id integer NOT NULL,
    name text NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (tenant_id, name)
) /* BY TENANT */;

CREATE TABLE acta.cursors (
    tenant_id integer NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (tenant_id, name)
) /* BY TENANT */;

-- The audit and usage.

-- tenant_id 0 is the server.
CREATE TABLE acta.audit (
    tenant_id integer NOT NULL,
    sequence bigint NOT NULL,
    -- The entry's own, by which a change that is tried again is known.
    id uuid NOT NULL,
    at bigint NOT NULL,
    who text NOT NULL,
    -- The address that it was done from.
    origin text NOT NULL,
    act text NOT NULL,
    target text NOT NULL,
    outcome text NOT NULL,
    detail text NOT NULL,
    -- SHA-256 over the hash before and all of this.
    hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, sequence),
    UNIQUE (tenant_id, id)
) /* BY TENANT */;

-- The ends of the chains, each locked by the transaction that appends.
CREATE TABLE acta.audit_heads (
    tenant_id integer NOT NULL,
    last_sequence bigint NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (tenant_id)
) /* BY TENANT */;

-- What a tenant has stored, a row for each day since 1970.
CREATE TABLE acta.usage (
    tenant_id integer NOT NULL,
    day integer NOT NULL,
    statement_count bigint NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (tenant_id, day)
) /* BY TENANT */;

-- For people and tools that read with SQL. Nothing else here is meant for them. PostgreSQL
-- cannot look into JSON in which the character 0 or a lone surrogate is written: verb and
-- statement are NULL then, and text is there. With a join instead of a subquery, a cluster reads
-- one tenant on one machine.
CREATE VIEW acta.statement_view AS
SELECT
    s.tenant_id,
    s.sequence,
    s.id,
    s.stored,
    NOT s.is_voiding AND v.target IS NOT NULL AS is_voided,
    CASE s.version WHEN 1 THEN '1.0.3' ELSE '2.0.0' END AS version,
    CASE WHEN s.statement::text !~* '\\u0000|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])'
        '|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f]'
        THEN s.statement -> 'verb' ->> 'id' END AS verb,
    CASE WHEN s.statement::text !~* '\\u0000|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])'
        '|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f]'
        THEN s.statement END AS statement,
    s.statement::text AS text
FROM acta.statements s
LEFT JOIN acta.voids v ON v.tenant_id = s.tenant_id AND v.target = s.id;
