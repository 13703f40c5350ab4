-- What each provider owes is a range of its own: those who ask one do not read past what another, silent, owes.
CREATE INDEX payments_owed_idx ON payments (provider, check_at)
    WHERE status IN ('created', 'requires_action', 'processing', 'authorised', 'capturing', 'cancelling', 'refunding');
