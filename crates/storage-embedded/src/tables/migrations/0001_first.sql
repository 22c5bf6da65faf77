-- Names that are not set are empty texts, since a primary key cannot hold NULL.
-- Times are microseconds since 1970 UTC.

-- AUTOINCREMENT: the number of a removed tenant is never given to another.
CREATE TABLE tenants (
    tenant_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE credentials (
    tenant_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    label TEXT NOT NULL,
    secret_mac BLOB NOT NULL CHECK (length(secret_mac) = 32),
    scopes TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, key)
) STRICT;

-- The tenant of a request is found by the key alone.
CREATE UNIQUE INDEX credentials_by_key ON credentials (key);

-- Secrets of the store itself, such as the key of credential hashes.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL CHECK (length(value) = 32)
) STRICT, WITHOUT ROWID;

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
    -- The last column, so that lists do not read it.
    content BLOB NOT NULL,
    PRIMARY KEY (tenant_id, kind, activity, agent, registration, name)
) STRICT;

CREATE TABLE cursors (
    tenant_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE definitions (
    tenant_id INTEGER NOT NULL,
    activity TEXT NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (tenant_id, activity)
) STRICT;

CREATE TABLE person_names (
    tenant_id INTEGER NOT NULL,
    agent TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Greater for a name used later.
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, agent, name)
) STRICT;

CREATE UNIQUE INDEX person_names_by_ordinal ON person_names (tenant_id, agent, ordinal);

-- Followers read the log of all tenants: this is the one table of places without a tenant.
CREATE TABLE followers (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
