-- Tiles of the Merkle trees over the statements of tenants. `position` is the index in the level.
CREATE TABLE tiles (
    tenant_id INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hashes BLOB NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192),
    checksum INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, epoch, level, position)
) STRICT;
