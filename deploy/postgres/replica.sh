#!/bin/sh
# Starts PostgreSQL as a standby of the host PRIMARY. On an empty volume it first creates the role and the replication slot
# "replica" there, and copies the data. Arguments are settings for PostgreSQL (-c name=value).
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    PGPASSWORD=$POSTGRES_PASSWORD psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set password="$REPLICATION_PASSWORD" \
        "host=$PRIMARY user=$POSTGRES_USER dbname=$POSTGRES_DB" >/dev/null <<'SQL'
SELECT 'CREATE ROLE replica' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'replica') \gexec
ALTER ROLE replica LOGIN REPLICATION PASSWORD :'password';
-- a slot that an earlier copy left behind
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'replica' AND NOT active;
SQL
    # Copied beside its place and renamed: an interrupted copy starts again. -R writes primary_conninfo and standby.signal.
    rm -rf "$PGDATA.new"
    PGPASSWORD=$REPLICATION_PASSWORD pg_basebackup --dbname="host=$PRIMARY user=replica application_name=replica" \
        --pgdata="$PGDATA.new" --checkpoint=fast --write-recovery-conf --create-slot --slot=replica
    mv -T "$PGDATA.new" "$PGDATA"
fi
exec postgres "$@"
