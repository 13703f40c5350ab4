-- One purchase. Partitioned by the month in its UUIDv7, so the key stays one column and a month can be dropped alone.
-- `closing` is an order being given up whose payment the provider has not cancelled yet: its seats are still safe.
CREATE TABLE orders (
    id          uuid        NOT NULL,
    event_id    uuid        NOT NULL,
    user_id     uuid        CONSTRAINT orders_user_id_fkey REFERENCES users ON DELETE RESTRICT,
    holder_id   uuid        NOT NULL,
    hold_id     uuid        NOT NULL,
    status      text        NOT NULL CONSTRAINT orders_status_known
                CHECK (status IN ('pending', 'closing', 'paid', 'cancelled', 'expired', 'partly_refunded', 'refunded')),
    close_as    text        CONSTRAINT orders_close_as_known CHECK (close_as IN ('cancelled', 'expired')),
    buyer_name  text        NOT NULL CONSTRAINT orders_buyer_name_length CHECK (length(buyer_name) BETWEEN 1 AND 200),
    buyer_email text        NOT NULL CONSTRAINT orders_buyer_email_plausible
                CHECK (buyer_email LIKE '%_@_%' AND length(buyer_email) <= 254),
    language    text        NOT NULL DEFAULT 'en' CONSTRAINT orders_language_form CHECK (language ~ '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    subtotal    bigint      NOT NULL CONSTRAINT orders_subtotal_not_negative CHECK (subtotal >= 0),
    fee         bigint      NOT NULL CONSTRAINT orders_fee_not_negative CHECK (fee >= 0),
    tax         bigint      NOT NULL CONSTRAINT orders_tax_not_negative CHECK (tax >= 0),
    total       bigint      NOT NULL,
    currency    text        NOT NULL,
    token_hash  bytea       NOT NULL CONSTRAINT orders_token_hash_length CHECK (length(token_hash) = 32),
    expires_at  timestamptz NOT NULL,
    paid_at     timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT orders_pkey PRIMARY KEY (id),
    CONSTRAINT orders_event_id_fkey FOREIGN KEY (event_id, currency) REFERENCES events (id, currency) ON DELETE RESTRICT,
    CONSTRAINT orders_id_version CHECK (substr(id::text, 15, 1) = '7'),
    CONSTRAINT orders_total_sums CHECK (total = subtotal + fee + tax),
    CONSTRAINT orders_closing_says_how CHECK (status <> 'closing' OR close_as IS NOT NULL),
    CONSTRAINT orders_paid_has_time CHECK (paid_at IS NOT NULL OR status NOT IN ('paid', 'partly_refunded', 'refunded'))
) PARTITION BY RANGE (id);
CREATE INDEX orders_event_id_idx ON orders (event_id);
CREATE INDEX orders_holder_id_idx ON orders (holder_id);
CREATE INDEX orders_hold_id_idx ON orders (hold_id);
CREATE INDEX orders_buyer_email_idx ON orders (lower(buyer_email));
CREATE INDEX orders_open_idx ON orders (expires_at) WHERE status IN ('pending', 'closing');
COMMENT ON COLUMN orders.token_hash IS 'SHA-256 of the secret that opens the order without an account.';
