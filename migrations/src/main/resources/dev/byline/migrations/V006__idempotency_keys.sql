-- Answers to writes that brought an Idempotency-Key, written in the same transaction as their effect, kept for a day.
CREATE TABLE idempotency_keys (
    hash        bytea       NOT NULL, -- SHA-256 of the operation, the caller and their key
    fingerprint bytea       NOT NULL, -- SHA-256 of what was asked for, without a password
    user_ids    bigint[]    NOT NULL, -- whose data the answer shows; when one is deleted it is shown no more. No foreign
                        -- key: a busy user has a million rows in a day, and deleting them would be one long statement
    answer      bytea       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (hash),
    CONSTRAINT idempotency_keys_hash_check CHECK (octet_length(hash) = 32),
    CONSTRAINT idempotency_keys_fingerprint_check CHECK (octet_length(fingerprint) = 32)
);

-- For what removes them when their day is over. The table is new: nothing to wait for.
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
