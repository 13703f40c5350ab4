-- Each topic finds what is due by itself: a hundred thousand mails that wait for their server delay nobody else.
DROP INDEX outbox_due_idx;
CREATE INDEX outbox_due_idx ON outbox (topic, due_at, id) WHERE done_at IS NULL;
