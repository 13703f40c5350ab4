SET LOCAL lock_timeout = '2s';
DROP TRIGGER tickets_follow_change ON tickets;
DROP FUNCTION tickets_follow_change();
ALTER TABLE tickets DROP COLUMN changed_at;
-- Nobody takes these up any more.
DELETE FROM outbox WHERE topic = 'ticket_doors' AND done_at IS NULL;
