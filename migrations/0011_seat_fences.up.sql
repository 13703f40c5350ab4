-- The highest fencing token a seat was ever given up with. A holder who comes back late with an older one, or with the
-- very one that was given up, is refused by the database itself.
CREATE TABLE seat_fences (
    event_id uuid    NOT NULL CONSTRAINT seat_fences_event_id_fkey REFERENCES events ON DELETE CASCADE,
    seat     integer NOT NULL,
    fence    bigint  NOT NULL,
    CONSTRAINT seat_fences_pkey PRIMARY KEY (event_id, seat)
);

-- Per statement, not per row: a purchase of ten seats pays once.
CREATE FUNCTION seat_claims_check_fence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM claimed c JOIN seat_fences f USING (event_id, seat) WHERE c.fence <= f.fence) THEN
        RAISE EXCEPTION 'the hold behind this claim is older than the seat''s last one'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seat_claims_fence_fresh', TABLE = 'seat_claims';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER seat_claims_fence_fresh AFTER INSERT ON seat_claims REFERENCING NEW TABLE AS claimed
    FOR EACH STATEMENT EXECUTE FUNCTION seat_claims_check_fence();

CREATE FUNCTION seat_claims_raise_fence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seat_fences AS f (event_id, seat, fence)
        SELECT event_id, seat, fence FROM released ORDER BY event_id, seat
        ON CONFLICT (event_id, seat) DO UPDATE SET fence = greatest(f.fence, excluded.fence);
    RETURN NULL;
END
$$;
CREATE TRIGGER seat_claims_raise_fence AFTER DELETE ON seat_claims REFERENCING OLD TABLE AS released
    FOR EACH STATEMENT EXECUTE FUNCTION seat_claims_raise_fence();
