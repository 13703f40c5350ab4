DROP INDEX outbox_due_idx;
CREATE INDEX outbox_due_idx ON outbox (due_at, id) WHERE done_at IS NULL;
