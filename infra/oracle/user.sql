-- Two users: PQ_OWNER has the tables, PQ_READER is whom Parqueue logs on as. Run once by a DBA in the database (PDB)
-- that is meant, in SQL*Plus or SQLcl:
--
--   sqlplus sys@//HOST:1521/FREEPDB1 as sysdba @infra/oracle/user.sql OWNER_PASSWORD READER_PASSWORD
--
-- Nothing here is needed for the protocol test server, which knows neither users nor grants of its own.
SET VERIFY OFF

CREATE USER pq_owner IDENTIFIED BY "&1" QUOTA UNLIMITED ON users;
GRANT CREATE SESSION, CREATE TABLE, CREATE VIEW, CREATE SYNONYM, CREATE SEQUENCE TO pq_owner;

CREATE USER pq_reader IDENTIFIED BY "&2";

-- To log on. No table can be made or changed with it, and no quota is given.
GRANT CREATE SESSION TO pq_reader;

-- To read the rows, and COUNT(*) with MAX(ORA_ROWSCN), which is how a table's version is asked for. One grant for each
-- table that a dataset names; for a view the view and, for version `rowscn`, each base table below it, because their
-- ORA_ROWSCN is what the view's version is made of. READ (12.1.0.2 and newer) is the lesser right: SELECT also allows
-- FOR UPDATE, which Parqueue never sends. Once the tables are there, as their owner:
--   GRANT READ ON pq_owner.sales TO pq_reader;
--   GRANT READ ON pq_owner.regions TO pq_reader;

-- Dictionary views (ALL_OBJECTS, ALL_TABLES, ALL_EXTERNAL_TABLES, ALL_VIEWS, ALL_SYNONYMS): everybody may read them, and they show what one was granted.

-- Optional: the change number of each snapshot in the manifest, and loads that are split over several sessions at one
-- point in time. Without them snapshots are as exact, the manifest says `scn: null`, and a load uses one session.
GRANT SELECT ON sys.v_$database TO pq_reader;
--   GRANT FLASHBACK ON pq_owner.sales TO pq_reader;
--   GRANT FLASHBACK ON pq_owner.regions TO pq_reader;

-- For tests and demonstrations only: the server's own count of executed statements. Never grant this to a service.
GRANT SELECT ON sys.v_$sql TO pq_owner;
GRANT SELECT ON sys.v_$database TO pq_owner;
GRANT FLASHBACK ANY TABLE TO pq_owner;
