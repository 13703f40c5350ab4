CREATE INDEX payments_open_idx ON payments (check_at)
    WHERE status IN ('created', 'requires_action', 'processing', 'authorised', 'capturing', 'cancelling', 'refunding');
