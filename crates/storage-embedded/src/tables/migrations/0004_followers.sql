DROP TABLE followers;
DELETE FROM definitions;
DELETE FROM person_names;

-- How far each follower has read a tenant's log: the sequence of the last statement.
CREATE TABLE followers (
    tenant_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    sequence INTEGER NOT NULL CHECK (0 <= sequence),
    checksum INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;
