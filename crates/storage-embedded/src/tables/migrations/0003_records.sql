-- Everything administrative becomes a record, and the audit and usage begin.

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

-- A row that was damaged before stays so: its old checksum decides whether the new one is right.

INSERT INTO records (kind, id, tenant_id, version, body, checksum)
    SELECT 'tenant', printf('%010d', tenant_id), tenant_id, 1,
        json_object('name', name, 'created', created),
        checksum IS acta_sum('tenants', tenant_id, name, created)
    FROM tenants;

INSERT INTO records (kind, id, tenant_id, version, body, checksum)
    SELECT 'credential', key, tenant_id, 1,
        json_object(
            'label', label,
            'secrets',
            json_array(json_object('mac', lower(hex(secret_mac)), 'created', created)),
            'scopes', scopes,
            'created', created
        ),
        checksum IS
            acta_sum('credentials', tenant_id, key, label, secret_mac, scopes, created)
    FROM credentials;

-- The number of a removed tenant is never given to another.
INSERT INTO records (kind, id, version, body, checksum)
    SELECT 'counter', 'tenants', 1, CAST(seq AS TEXT), 1
    FROM sqlite_sequence WHERE name = 'tenants';

UPDATE records SET checksum = (checksum <> 1)
    + acta_sum('records', kind, id, tenant_id, owner, name, version, expires, body);

DROP TABLE credentials;
DROP TABLE tenants;
