-- Each row gets a checksum over its table's name and all its columns; `acta_sum` is this
-- program's. Documents had one of their content: it becomes the lower half.

ALTER TABLE tenants ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE tenants SET checksum = acta_sum('tenants', tenant_id, name, created);

ALTER TABLE credentials ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE credentials SET checksum =
    acta_sum('credentials', tenant_id, key, label, secret_mac, scopes, created);

ALTER TABLE secrets ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE secrets SET checksum = acta_sum('secrets', name, value);

-- A second way to each document: what one index does not find, the other does.
ALTER TABLE documents ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
UPDATE documents SET place = acta_place(tenant_id, kind, activity, agent), checksum =
    (acta_sum('documents', tenant_id, kind, activity, agent, registration, name,
        updated, etag, content_type, checksum & 0xFFFFFFFF) << 32) | (checksum & 0xFFFFFFFF);

CREATE INDEX documents_by_place ON documents (place, registration, name);

ALTER TABLE cursors ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE cursors SET checksum = acta_sum('cursors', tenant_id, name, value);

ALTER TABLE definitions ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE definitions SET checksum = acta_sum('definitions', tenant_id, activity, definition);

ALTER TABLE person_names ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE person_names SET checksum = acta_sum('person_names', tenant_id, agent, name, ordinal);

ALTER TABLE followers ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
UPDATE followers SET checksum = acta_sum('followers', name, position);
