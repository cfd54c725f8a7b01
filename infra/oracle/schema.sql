-- The tables of the demonstration, for the schema that is logged on. Runs in SQL*Plus, by
--   node infra/oracle/writer.mjs --connect OWNER/PASSWORD@HOST:PORT/SERVICE --file infra/oracle/schema.sql
-- and in the protocol test server. Made once; to make them anew: DROP TABLE sales PURGE, DROP TABLE regions PURGE.

CREATE TABLE regions (
  id    NUMBER(4) NOT NULL PRIMARY KEY,
  name  VARCHAR2(40) NOT NULL
) ROWDEPENDENCIES;

-- ROWDEPENDENCIES keeps a change number with each row. Without it Oracle keeps one per block, so that a change moves
-- ORA_ROWSCN for the block's neighbours too. Parqueue compares the table's MAX, so both are right for it; with it the
-- number is also exact per row. It can only be chosen when a table is made, and costs six bytes a row.
CREATE TABLE sales (
  id         NUMBER(9) NOT NULL PRIMARY KEY,
  region_id  NUMBER(4) NOT NULL,
  sold_on    DATE NOT NULL,
  product    VARCHAR2(20) NOT NULL,
  amount     NUMBER(12,2) NOT NULL
) ROWDEPENDENCIES;

INSERT INTO regions (id, name) SELECT 1, 'north' FROM dual UNION ALL SELECT 2, 'south' FROM dual UNION ALL SELECT 3, 'east' FROM dual UNION ALL SELECT 4, 'west' FROM dual;

INSERT INTO sales (id, region_id, sold_on, product, amount)
SELECT LEVEL,
       MOD(LEVEL, 4) + 1,
       DATE '2026-01-01' + MOD(LEVEL, 365),
       'product ' || MOD(LEVEL, 17),
       MOD(LEVEL * 7919, 100000) / 100
FROM dual
CONNECT BY LEVEL <= 20000;

COMMIT;
