-- What a call makes of it is the same however often it has to run before it is answered.
ALTER TABLE idempotency_keys
    ADD COLUMN seed bytea CONSTRAINT idempotency_keys_seed_length CHECK (length(seed) = 32);
