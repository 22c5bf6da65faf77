-- Parts of a key that a row does not have are empty texts, since a primary key cannot hold NULL.
-- Times are microseconds since 1970 UTC.
--
-- Each row has a checksum over its table's name and its other columns.

CREATE TABLE documents (
    tenant_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('state', 'activity-profile', 'agent-profile')),
    activity TEXT NOT NULL,
    agent TEXT NOT NULL,
    registration TEXT NOT NULL,
    name TEXT NOT NULL,
    updated INTEGER NOT NULL,
    etag TEXT NOT NULL,
    content_type TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    place INTEGER NOT NULL,
    -- The last column, so that lists do not read it.
    content BLOB NOT NULL,
    PRIMARY KEY (tenant_id, kind, activity, agent, registration, name)
) STRICT;

-- A second way to each document: what one index does not find, the other does.
CREATE INDEX documents_by_place ON documents (place, registration, name);

-- When documents were last removed, for the times of lists: at most some hundred rows a tenant.
-- The place is SHA-256 over kind, activity and agent, or zeros for every place; the registration
-- '*' stands for every registration and for none.
CREATE TABLE document_removals (
    tenant_id INTEGER NOT NULL,
    place BLOB NOT NULL CHECK (length(place) = 32),
    registration TEXT NOT NULL,
    removed INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, place, registration)
) STRICT, WITHOUT ROWID;

-- Everything administrative.
CREATE TABLE records (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    tenant_id INTEGER,
    owner TEXT,
    name TEXT,
    version INTEGER NOT NULL CHECK (1 <= version),
    expires INTEGER,
    body TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

CREATE UNIQUE INDEX records_by_name ON records (kind, name) WHERE name IS NOT NULL;
CREATE INDEX records_by_tenant ON records (tenant_id, kind, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX records_by_owner ON records (kind, owner, id) WHERE owner IS NOT NULL;
CREATE INDEX records_by_expiry ON records (expires) WHERE expires IS NOT NULL;

-- The tenant 0 stands for the server.
CREATE TABLE audit (
    tenant_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL CHECK (1 <= sequence),
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    origin TEXT NOT NULL,
    act TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    checksum INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage (
    tenant_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    statement_count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, day)
) STRICT, WITHOUT ROWID;

-- Secrets of the store itself, such as the key of credential hashes.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL CHECK (length(value) = 32),
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cursors (
    tenant_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE definitions (
    tenant_id INTEGER NOT NULL,
    activity TEXT NOT NULL,
    definition TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, activity)
) STRICT;

CREATE TABLE person_names (
    tenant_id INTEGER NOT NULL,
    agent TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Greater for a name used later.
    ordinal INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, agent, name)
) STRICT;

CREATE UNIQUE INDEX person_names_by_ordinal ON person_names (tenant_id, agent, ordinal);

-- How far each follower has read a tenant's log: the sequence of the last record.
CREATE TABLE followers (
    tenant_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    sequence INTEGER NOT NULL CHECK (0 <= sequence),
    checksum INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;
