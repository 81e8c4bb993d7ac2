-- What worker, projector and API may do in the database, and no more. To be run by the owner of the tables, who may create
-- roles, after each `busbar migrate` (a release may bring tables); as often as one likes.
--   CREATE USER worker_1 PASSWORD '...' IN ROLE busbar_worker;
-- The owner is whom `busbar migrate` runs as: CREATE DATABASE busbar OWNER busbar_migrate.
DO $$
DECLARE
    process text;
BEGIN
    FOREACH process IN ARRAY ARRAY ['busbar_worker', 'busbar_projector', 'busbar_api'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = process) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', process);
        END IF;
    END LOOP;
END
$$;

GRANT SELECT ON alembic_version, prepared_version TO busbar_worker, busbar_projector, busbar_api;
GRANT SELECT ON streams TO busbar_worker, busbar_projector;

GRANT SELECT, INSERT, UPDATE, DELETE
    ON microgrids, grid_connections, circuits, charge_points, connectors, outbox TO busbar_worker;
GRANT SELECT, INSERT, UPDATE ON microgrid_state, partition_epochs TO busbar_worker;

GRANT SELECT, INSERT, UPDATE, DELETE
    ON projection_positions, microgrid_status, cycles, breaches, node_history, node_hours, log, notices TO busbar_projector;

GRANT SELECT
    ON projection_positions, microgrid_status, cycles, breaches, node_history, node_hours, log, outbox TO busbar_api;
