DROP INDEX outbox_done_idx;
