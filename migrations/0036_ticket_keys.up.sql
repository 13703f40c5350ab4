-- The keys that sign this shop's tickets, for all its servers: what one of them signed, doors believe and every server
-- opens. A private key never comes here; it stays in the data folder.
CREATE TABLE ticket_keys (
    public_key text        CONSTRAINT ticket_keys_pkey PRIMARY KEY
               CONSTRAINT ticket_keys_public_key_form CHECK (public_key ~ '^[A-Za-z0-9_-]{43}$'),
    link_key   bytea       CONSTRAINT ticket_keys_link_key_length CHECK (length(link_key) = 32),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN ticket_keys.link_key IS 'Proves links of ticket pages; empty for a key that was given up before this table was made.';
