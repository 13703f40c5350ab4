-- Sealed answers are opened by nobody but their clients: calls of the last day are forgotten.
DELETE FROM idempotency_keys;
COMMENT ON COLUMN idempotency_keys.key IS NULL;
COMMENT ON COLUMN idempotency_keys.body IS NULL;
COMMENT ON COLUMN idempotency_keys.seed IS NULL;
