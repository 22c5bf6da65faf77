-- Tiles of the Merkle trees over the statements of tenants.
--
-- They are made from the statements: a release that does not know them works without them.

-- position is the index within the level.
CREATE TABLE acta.tiles (
    tenant_id integer NOT NULL,
    epoch bigint NOT NULL,
    level smallint NOT NULL,
    position bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (tenant_id, epoch, level, position)
) /* BY TENANT */;
