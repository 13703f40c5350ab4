-- A key seals its answer, so a row has only a hash of it. Answers of before stay as they are until their day is over.
UPDATE idempotency_keys SET key = encode(sha256(convert_to(scope || ' ' || key, 'UTF8')), 'hex');
COMMENT ON COLUMN idempotency_keys.key IS 'SHA-256 of scope and key in hex: the key itself opens the answer.';
COMMENT ON COLUMN idempotency_keys.body IS 'Sealed with the key that the client chose and the caller''s secret.';
COMMENT ON COLUMN idempotency_keys.seed IS 'What a call makes is drawn from it and from the key together.';
