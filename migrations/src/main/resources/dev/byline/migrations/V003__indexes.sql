-- no transaction
-- Built CONCURRENTLY, so that the same file is safe on a table in use; each statement commits on its own, so a run that was cut short is
-- simply repeated: each index, perhaps left INVALID, is dropped first. docs/decisions/0006-lists-by-keyset.md says which list each one serves.

-- Waiting here keeps nobody else waiting, and giving up would leave an INVALID index to be built again.
SET lock_timeout = 0;

-- GET /users: newest first, id breaks ties.
DROP INDEX CONCURRENTLY IF EXISTS users_newest_idx;
CREATE INDEX CONCURRENTLY users_newest_idx ON users (created_at DESC, id DESC) WHERE deleted_at IS NULL;

-- GET /users?active=true
DROP INDEX CONCURRENTLY IF EXISTS users_active_idx;
CREATE INDEX CONCURRENTLY users_active_idx ON users (created_at DESC, id DESC) WHERE is_active AND deleted_at IS NULL;

-- GET /users?active=false: few among many.
DROP INDEX CONCURRENTLY IF EXISTS users_inactive_idx;
CREATE INDEX CONCURRENTLY users_inactive_idx ON users (created_at DESC, id DESC)
    WHERE NOT is_active AND deleted_at IS NULL;

-- The users whose rows are still being removed: nearly always none. Every list of posts asks this one.
DROP INDEX CONCURRENTLY IF EXISTS users_deleted_idx;
CREATE INDEX CONCURRENTLY users_deleted_idx ON users (id) WHERE deleted_at IS NOT NULL;

-- GET /users/{id}/posts; also the foreign key's index. Read backwards: a position is compared as (user_id, created_at, id),
-- which needs one direction.
DROP INDEX CONCURRENTLY IF EXISTS posts_author_idx;
CREATE INDEX CONCURRENTLY posts_author_idx ON posts (user_id, created_at, id);

-- GET /users/{id}/posts?status=draft: few among many.
DROP INDEX CONCURRENTLY IF EXISTS posts_drafts_idx;
CREATE INDEX CONCURRENTLY posts_drafts_idx ON posts (user_id, created_at, id) WHERE published_at IS NULL;

-- GET /posts: the feed.
DROP INDEX CONCURRENTLY IF EXISTS posts_feed_idx;
CREATE INDEX CONCURRENTLY posts_feed_idx ON posts (published_at DESC, id DESC) WHERE published_at IS NOT NULL;

-- GET /posts?author=: one author's part of the feed.
DROP INDEX CONCURRENTLY IF EXISTS posts_author_feed_idx;
CREATE INDEX CONCURRENTLY posts_author_feed_idx ON posts (user_id, published_at, id)
    WHERE published_at IS NOT NULL;

-- GET /posts?q= and ?metadata=: what is rare among the newest posts. Published ones only: a draft is not searched. Containment is all that
-- metadata is asked for: jsonb_path_ops is smaller and faster than the default. With id / 16 the index answers for a few given posts
-- without reading their vectors (match_posts). What isn't sorted in yet is bounded: whoever fills it up pays for sorting it in.
DROP INDEX CONCURRENTLY IF EXISTS posts_search_idx;
CREATE INDEX CONCURRENTLY posts_search_idx ON posts USING gin (search, metadata jsonb_path_ops, (ARRAY[id / 16]))
    WITH (gin_pending_list_limit = 1024) WHERE coalesce(published_at IS NOT NULL, false);

-- GET /users?metadata=: as for posts.
DROP INDEX CONCURRENTLY IF EXISTS users_metadata_idx;
CREATE INDEX CONCURRENTLY users_metadata_idx ON users USING gin (metadata jsonb_path_ops, (ARRAY[id / 16]))
    WITH (gin_pending_list_limit = 1024) WHERE deleted_at IS NULL;

SET lock_timeout = '500ms';
