DROP TRIGGER tickets_follow_change ON tickets;
DROP FUNCTION tickets_follow_change();
ALTER TABLE tickets DROP COLUMN changed_at;
