-- An attempt to pay. Written down before the provider is asked (`created`, `capturing`, `cancelling`, `refunding`), so
-- that after a crash it is known what to ask about.
CREATE TABLE payments (
    id              uuid        NOT NULL,
    order_id        uuid        NOT NULL,
    provider        text        NOT NULL CONSTRAINT payments_provider_form CHECK (provider ~ '^[a-z0-9_]{1,40}$'),
    provider_intent text,
    status          text        NOT NULL CONSTRAINT payments_status_known
                    CHECK (status IN ('created', 'requires_action', 'processing', 'authorised', 'capturing', 'succeeded',
                                      'declined', 'cancelling', 'cancelled', 'refunding', 'refunded')),
    amount          bigint      NOT NULL CONSTRAINT payments_amount_not_negative CHECK (amount >= 0),
    captured        bigint      NOT NULL DEFAULT 0 CONSTRAINT payments_captured_not_negative CHECK (captured >= 0),
    refunded        bigint      NOT NULL DEFAULT 0 CONSTRAINT payments_refunded_not_negative CHECK (refunded >= 0),
    currency        text        NOT NULL CONSTRAINT payments_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    decline_code    text,
    action_url      text,
    check_at        timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payments_pkey PRIMARY KEY (id),
    CONSTRAINT payments_millisecond CHECK (left(id::text, 13) = left(order_id::text, 13)),
    CONSTRAINT payments_captured_within CHECK (captured <= amount),
    CONSTRAINT payments_refunded_within CHECK (refunded <= captured),
    CONSTRAINT payments_captured_when CHECK (captured = 0 OR status IN ('succeeded', 'refunding', 'refunded')),
    CONSTRAINT payments_declined_says_why CHECK (status <> 'declined' OR decline_code IS NOT NULL)
) PARTITION BY RANGE (id);
CREATE INDEX payments_order_id_idx ON payments (order_id);
CREATE INDEX payments_open_idx ON payments (check_at)
    WHERE status IN ('created', 'requires_action', 'processing', 'authorised', 'capturing', 'cancelling', 'refunding');
COMMENT ON COLUMN payments.check_at IS 'When to ask the provider again, where it owes an answer.';
