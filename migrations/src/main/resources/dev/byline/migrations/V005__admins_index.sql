-- Who may do everything: a handful, all locked when one of them is to lose that.
DROP INDEX CONCURRENTLY IF EXISTS users_admins_idx;
CREATE INDEX CONCURRENTLY users_admins_idx ON users (id) WHERE role = 'admin' AND deleted_at IS NULL;
