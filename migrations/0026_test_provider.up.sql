-- The ledger of the built-in test payment provider. It stands for another company's books: nothing refers to it and it
-- is written in transactions of its own, so that killing the server loses no payment.
CREATE TABLE test_provider_intents (
    id              text        CONSTRAINT test_provider_intents_pkey PRIMARY KEY,
    idempotency_key text        NOT NULL CONSTRAINT test_provider_intents_idempotency_key_key UNIQUE,
    payment_id      uuid        NOT NULL,
    behaviour       text        NOT NULL,
    status          text        NOT NULL CONSTRAINT test_provider_intents_status_known
                    CHECK (status IN ('requires_action', 'processing', 'authorised', 'succeeded', 'declined', 'cancelled')),
    amount          bigint      NOT NULL CONSTRAINT test_provider_intents_amount_not_negative CHECK (amount >= 0),
    captured        bigint      NOT NULL DEFAULT 0,
    refunded        bigint      NOT NULL DEFAULT 0,
    currency        text        NOT NULL,
    decline_code    text,
    settles_at      timestamptz,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT test_provider_intents_captured_within CHECK (captured BETWEEN 0 AND amount),
    CONSTRAINT test_provider_intents_refunded_within CHECK (refunded BETWEEN 0 AND captured)
);
CREATE INDEX test_provider_intents_payment_id_idx ON test_provider_intents (payment_id);
