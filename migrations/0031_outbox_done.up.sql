-- Forgetting what was done long ago finds it without reading what was not.
CREATE INDEX outbox_done_idx ON outbox (done_at) WHERE done_at IS NOT NULL;
