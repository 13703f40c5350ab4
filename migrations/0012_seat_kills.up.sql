-- Seats of an event that are not for sale: kept back, blind, behind the mixing desk.
CREATE TABLE seat_kills (
    event_id   uuid        NOT NULL CONSTRAINT seat_kills_event_id_fkey REFERENCES events ON DELETE CASCADE,
    seat       integer     NOT NULL CONSTRAINT seat_kills_seat_not_negative CHECK (seat >= 0),
    reason     text        NOT NULL CONSTRAINT seat_kills_reason_length CHECK (length(reason) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT seat_kills_pkey PRIMARY KEY (event_id, seat)
);
