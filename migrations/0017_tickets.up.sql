-- What opens the door. One row a place: a standing line of three makes three, told apart by `ordinal`.
CREATE TABLE tickets (
    id            uuid        NOT NULL,
    order_id      uuid        NOT NULL,
    order_item_id uuid        NOT NULL,
    ordinal       integer     NOT NULL DEFAULT 0 CONSTRAINT tickets_ordinal_not_negative CHECK (ordinal >= 0),
    event_id      uuid        NOT NULL,
    tier_id       uuid        NOT NULL,
    seat          integer     CONSTRAINT tickets_seat_not_negative CHECK (seat >= 0),
    tier_name     text        NOT NULL,
    label         text        NOT NULL,
    code          text        NOT NULL CONSTRAINT tickets_code_length CHECK (length(code) BETWEEN 8 AND 64),
    token         text        NOT NULL CONSTRAINT tickets_token_length CHECK (length(token) BETWEEN 1 AND 2000),
    status        text        NOT NULL CONSTRAINT tickets_status_known CHECK (status IN ('valid', 'used', 'void')),
    issued_at     timestamptz NOT NULL DEFAULT now(),
    used_at       timestamptz,
    CONSTRAINT tickets_pkey PRIMARY KEY (id),
    CONSTRAINT tickets_tier_id_fkey FOREIGN KEY (event_id, tier_id) REFERENCES ticket_tiers (event_id, id) ON DELETE RESTRICT,
    CONSTRAINT tickets_millisecond CHECK (left(id::text, 13) = left(order_id::text, 13)),
    CONSTRAINT tickets_used_has_time CHECK ((status = 'used') = (used_at IS NOT NULL))
) PARTITION BY RANGE (id);
CREATE INDEX tickets_event_id_idx ON tickets (event_id);
CREATE INDEX tickets_order_id_idx ON tickets (order_id);
