-- What Acta asks of Citus, on a server that does not have it. All rows are in one database; a
-- policy on each distributed table stands for the machines that the rows would be on.

SET allow_system_table_mods = on;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (16000, 'citus', 10, 'public'::regnamespace, false, 'none');
RESET allow_system_table_mods;

CREATE TABLE machines (
    groupid integer PRIMARY KEY,
    nodename text NOT NULL,
    nodeport integer NOT NULL,
    -- What is said of it while it is away.
    failure text,
    synchronous_commit text NOT NULL
);

INSERT INTO machines VALUES
    (0, 'worker0', 5432, NULL, 'on'),
    (1, 'worker1', 5432, NULL, 'on');

CREATE VIEW pg_dist_node AS
SELECT groupid, nodename, nodeport, 'primary' AS noderole FROM machines;

-- A shard on each machine.
CREATE VIEW pg_dist_placement AS SELECT groupid AS shardid, groupid FROM machines;

GRANT SELECT ON pg_dist_node, pg_dist_placement TO public;

CREATE FUNCTION get_shard_id_for_distribution_column(regclass, tenant integer) RETURNS bigint
LANGUAGE sql IMMUTABLE AS 'SELECT tenant % 2';

CREATE FUNCTION run_command_on_workers(command text)
RETURNS TABLE (nodename text, nodeport integer, success boolean, result text)
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF command <> 'SHOW synchronous_commit' THEN
        RAISE EXCEPTION 'workers are asked for another thing: %', command;
    END IF;
    RETURN QUERY SELECT m.nodename, m.nodeport, m.failure IS NULL,
        coalesce(m.failure, m.synchronous_commit) FROM public.machines m;
END $$;

-- Fails as Citus does if the machine of a tenant is away: the connection to the coordinator stays.
CREATE FUNCTION reach(tenant integer) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    told text;
BEGIN
    SELECT failure INTO told FROM public.machines WHERE groupid = tenant % 2;
    IF told IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = told, ERRCODE = 'connection_failure';
    END IF;
    RETURN true;
END $$;

CREATE FUNCTION create_distributed_table(
    name regclass, distribution_column text, colocate_with text DEFAULT 'default'
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format(
        'CREATE POLICY machine ON %s USING (public.reach(%I))', name, distribution_column
    );
END $$;
