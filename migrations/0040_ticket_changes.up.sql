-- When a ticket last changed since it was issued, and a message to whoever shows tickets elsewhere (doors ask a CQL
-- cluster). By trigger, so that no way of changing a ticket forgets it. The moment grows with each change, whatever the
-- clock does: it tells an older word about a ticket from a newer one.
-- Who reads tickets for long is waited for in short turns, between which the shop goes on (see `migrate.rs`).
SET LOCAL lock_timeout = '2s';
ALTER TABLE tickets ADD COLUMN changed_at timestamptz;
COMMENT ON COLUMN tickets.changed_at IS 'NULL: as it was issued.';

CREATE FUNCTION tickets_follow_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at := greatest(clock_timestamp(), coalesce(OLD.changed_at, OLD.issued_at) + interval '1 microsecond');
    INSERT INTO outbox (topic, subject_id, dedupe)
        VALUES ('ticket_doors', NEW.order_id, 'ticket_doors:' || NEW.id || ':' || extract(epoch FROM NEW.changed_at));
    RETURN NEW;
END
$$;
CREATE TRIGGER tickets_follow_change BEFORE UPDATE ON tickets FOR EACH ROW
    WHEN ((OLD.status, OLD.seat, OLD.label, OLD.used_at) IS DISTINCT FROM (NEW.status, NEW.seat, NEW.label, NEW.used_at))
    EXECUTE FUNCTION tickets_follow_change();
