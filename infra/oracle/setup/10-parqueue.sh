#!/usr/bin/env bash
# Run once by the container, when the database was made: users, tables, grants. Passwords come from compose.yaml, as
# variables or as files that variables name.
set -euo pipefail

PARQUEUE_OWNER_PASSWORD=${PARQUEUE_OWNER_PASSWORD:-$(cat "$PARQUEUE_OWNER_PASSWORD_FILE")}
PARQUEUE_READER_PASSWORD=${PARQUEUE_READER_PASSWORD:-$(cat "$PARQUEUE_READER_PASSWORD_FILE")}

sqlplus -s -L / as sysdba <<SQL
WHENEVER SQLERROR EXIT FAILURE
ALTER SESSION SET CONTAINER = FREEPDB1;
@/opt/parqueue/user.sql "${PARQUEUE_OWNER_PASSWORD}" "${PARQUEUE_READER_PASSWORD}"
SQL

sqlplus -s -L "pq_owner/\"${PARQUEUE_OWNER_PASSWORD}\"@//localhost:1521/FREEPDB1" <<SQL
WHENEVER SQLERROR EXIT FAILURE
@/opt/parqueue/schema.sql
GRANT READ, FLASHBACK ON sales TO pq_reader;
GRANT READ, FLASHBACK ON regions TO pq_reader;
SQL
