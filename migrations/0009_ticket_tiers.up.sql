-- What a place costs and how many there are: a price zone of the chart, or a standing area. `reserved` is claimed for
-- orders that are not paid yet, `sold` is paid.
CREATE TABLE ticket_tiers (
    id             uuid        CONSTRAINT ticket_tiers_pkey PRIMARY KEY,
    event_id       uuid        NOT NULL,
    position       integer     NOT NULL DEFAULT 0,
    name           text        NOT NULL CONSTRAINT ticket_tiers_name_length CHECK (length(name) BETWEEN 1 AND 200),
    kind           text        NOT NULL CONSTRAINT ticket_tiers_kind_known CHECK (kind IN ('seated', 'standing')),
    category       smallint    CONSTRAINT ticket_tiers_category_range CHECK (category BETWEEN 0 AND 255),
    net            bigint      NOT NULL CONSTRAINT ticket_tiers_net_not_negative CHECK (net >= 0),
    fee            bigint      NOT NULL CONSTRAINT ticket_tiers_fee_not_negative CHECK (fee >= 0),
    tax            bigint      NOT NULL CONSTRAINT ticket_tiers_tax_not_negative CHECK (tax >= 0),
    total          bigint      NOT NULL,
    currency       text        NOT NULL,
    quantity       integer     NOT NULL,
    sold           integer     NOT NULL DEFAULT 0 CONSTRAINT ticket_tiers_sold_not_negative CHECK (sold >= 0),
    reserved       integer     NOT NULL DEFAULT 0 CONSTRAINT ticket_tiers_reserved_not_negative CHECK (reserved >= 0),
    min_purchase   integer     NOT NULL DEFAULT 1 CONSTRAINT ticket_tiers_min_purchase_positive CHECK (min_purchase > 0),
    max_purchase   integer     NOT NULL DEFAULT 10,
    sale_starts_at timestamptz,
    sale_ends_at   timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ticket_tiers_event_id_fkey FOREIGN KEY (event_id, currency) REFERENCES events (id, currency) ON DELETE CASCADE,
    CONSTRAINT ticket_tiers_event_key UNIQUE (event_id, id),
    CONSTRAINT ticket_tiers_name_key UNIQUE (event_id, name),
    CONSTRAINT ticket_tiers_category_key UNIQUE (event_id, category),
    CONSTRAINT ticket_tiers_kind_has_category CHECK ((kind = 'seated') = (category IS NOT NULL)),
    CONSTRAINT ticket_tiers_total_sums CHECK (total = net + fee + tax),
    CONSTRAINT ticket_tiers_capacity CHECK (sold::bigint + reserved <= quantity),
    CONSTRAINT ticket_tiers_purchase_range CHECK (min_purchase <= max_purchase),
    CONSTRAINT ticket_tiers_sale_window CHECK (sale_ends_at > sale_starts_at)
);
-- The counters change with every sale and no index holds them: room on the page keeps those updates in place (HOT).
ALTER TABLE ticket_tiers SET (fillfactor = 50);
