-- Keys of the HMAC that values in Redis carry: only a process that can read this database can make one that others take for true.
-- The first is made by whichever process needs it first. The one with the greatest id signs, all that are here are accepted:
-- docs/caching.md says how to change it.
CREATE TABLE cache_keys (
    id         bigint      NOT NULL,
    secret     bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT cache_keys_pkey PRIMARY KEY (id),
    CONSTRAINT cache_keys_secret_check CHECK (octet_length(secret) = 32)
);
