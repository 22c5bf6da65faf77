-- Administration: records, the audit and usage.
--
-- Tenants and credentials become records. acta.tenants and acta.credentials stay for nodes of
-- the release before, which know nothing else; this release reads records alone. Whoever
-- writes or removes the record of a credential deletes its row of acta.credentials, and of a
-- tenant that is not served any more all such rows: what an older node cannot judge, it does
-- not know.
--
-- Times are microseconds since 1970 in UTC.

-- The directory. What is in a body, and that it is JSON, is not the database's to know.
CREATE TABLE acta.records (
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    tenant_id integer,
    owner text COLLATE "C",
    name text COLLATE "C",
    -- 0 for one that is only there to be locked by who makes it. Never committed.
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

-- Numbers above the greatest integer are negative here; in an id they have ten digits.
INSERT INTO acta.records (kind, id, tenant_id, version, body)
SELECT
    'tenant',
    lpad((tenant_id::bigint & 4294967295)::text, 10, '0'),
    tenant_id,
    1,
    '{"name":' || to_json(name)::text
        || ',"created":' || (extract(epoch FROM created) * 1000000)::bigint || '}'
FROM acta.tenants;

INSERT INTO acta.records (kind, id, tenant_id, version, body)
SELECT
    'credential',
    key,
    tenant_id,
    1,
    '{"label":' || to_json(label)::text
        || ',"secrets":[{"mac":"' || encode(secret_mac, 'hex')
        || '","created":' || (extract(epoch FROM created) * 1000000)::bigint
        || '}],"scopes":' || to_json(scopes)::text
        || ',"created":' || (extract(epoch FROM created) * 1000000)::bigint || '}'
FROM acta.credentials;

-- The greatest number that a tenant was given.
INSERT INTO acta.records (kind, id, version, body)
SELECT 'counter', 'tenants', 1, max(tenant_id::bigint & 4294967295)::text
FROM acta.tenants HAVING count(*) > 0;

-- The audit. tenant_id 0 is the server.

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
