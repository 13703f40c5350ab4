-- What was answered to a request with an Idempotency-Key, so that its repetition gets the same answer.
CREATE TABLE idempotency_keys (
    scope        text        NOT NULL CONSTRAINT idempotency_keys_scope_length CHECK (length(scope) BETWEEN 1 AND 200),
    key          text        NOT NULL CONSTRAINT idempotency_keys_key_form CHECK (key ~ '^[!-~]{1,255}$'),
    request_hash bytea       NOT NULL CONSTRAINT idempotency_keys_request_hash_length CHECK (length(request_hash) = 32),
    status       smallint    CONSTRAINT idempotency_keys_status_range CHECK (status BETWEEN 100 AND 599),
    content_type text,
    body         bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    answered_at  timestamptz,
    expires_at   timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (scope, key),
    CONSTRAINT idempotency_keys_answer_whole CHECK ((status IS NULL) = (answered_at IS NULL) AND (status IS NULL) = (body IS NULL)),
    CONSTRAINT idempotency_keys_expires_later CHECK (expires_at > created_at)
);
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);
COMMENT ON COLUMN idempotency_keys.scope IS 'Whose key it is and for which call: two buyers may choose the same key.';
