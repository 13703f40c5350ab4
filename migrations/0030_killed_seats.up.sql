-- A seat that is not for sale is never claimed, and a claimed one is not taken off sale. A claim's foreign key locks the
-- event's row against the lock that a kill takes, so that of two at the same moment the later one sees the other.
CREATE FUNCTION seat_claims_check_kills() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM claimed c JOIN seat_kills k USING (event_id, seat)) THEN
        RAISE EXCEPTION 'a seat of this claim is not for sale'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seat_claims_not_killed', TABLE = 'seat_claims';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER seat_claims_not_killed AFTER INSERT ON seat_claims REFERENCING NEW TABLE AS claimed
    FOR EACH STATEMENT EXECUTE FUNCTION seat_claims_check_kills();

CREATE FUNCTION seat_kills_check_claims() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM events WHERE id = NEW.event_id FOR UPDATE;
    IF EXISTS (SELECT FROM seat_claims c WHERE c.event_id = NEW.event_id AND c.seat = NEW.seat) THEN
        RAISE EXCEPTION 'seat % is claimed', NEW.seat
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seat_kills_not_claimed', TABLE = 'seat_kills';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER seat_kills_not_claimed BEFORE INSERT OR UPDATE OF event_id, seat ON seat_kills
    FOR EACH ROW EXECUTE FUNCTION seat_kills_check_claims();
