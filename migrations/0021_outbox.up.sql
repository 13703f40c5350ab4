-- What must follow a transition (mail, availability, analytics), written with it and done after it, at least once.
CREATE TABLE outbox (
    id         bigint      GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_pkey PRIMARY KEY,
    topic      text        NOT NULL CONSTRAINT outbox_topic_form CHECK (topic ~ '^[a-z_]{1,60}$'),
    subject_id uuid        NOT NULL,
    dedupe     text        NOT NULL CONSTRAINT outbox_dedupe_key UNIQUE,
    payload    jsonb       NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    due_at     timestamptz NOT NULL DEFAULT now(),
    attempts   integer     NOT NULL DEFAULT 0 CONSTRAINT outbox_attempts_not_negative CHECK (attempts >= 0),
    last_error text,
    done_at    timestamptz
);
CREATE INDEX outbox_due_idx ON outbox (due_at, id) WHERE done_at IS NULL;
COMMENT ON COLUMN outbox.dedupe IS 'One effect per key: the same transition written twice leaves one row.';
