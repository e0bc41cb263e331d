-- no transaction
-- Waiting here keeps nobody else waiting, and giving up would leave an INVALID index to be built again.
SET lock_timeout = 0;

-- Who may do everything: a handful, all locked when one of them is to lose that.
DROP INDEX CONCURRENTLY IF EXISTS users_admins_idx;
CREATE INDEX CONCURRENTLY users_admins_idx ON users (id) WHERE role = 'admin' AND deleted_at IS NULL;

SET lock_timeout = '500ms';
