-- The one truth about who has a seat: at most one row a seat, whatever any cache or hold store believes. The row stays
-- when the order is paid. No foreign key to `orders`: it would have to search every month's partition; the orders'
-- own statements write both sides in one transaction.
CREATE TABLE seat_claims (
    event_id   uuid        NOT NULL CONSTRAINT seat_claims_event_id_fkey REFERENCES events ON DELETE RESTRICT,
    seat       integer     NOT NULL CONSTRAINT seat_claims_seat_not_negative CHECK (seat >= 0),
    order_id   uuid        NOT NULL,
    fence      bigint      NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT seat_claims_pkey PRIMARY KEY (event_id, seat)
);
CREATE INDEX seat_claims_order_id_idx ON seat_claims (order_id);
