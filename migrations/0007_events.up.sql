-- One performance on one evening, in one currency.
CREATE TABLE events (
    id          uuid        CONSTRAINT events_pkey PRIMARY KEY,
    promoter_id uuid        NOT NULL CONSTRAINT events_promoter_id_fkey REFERENCES promoters ON DELETE RESTRICT,
    venue_id    uuid        NOT NULL CONSTRAINT events_venue_id_fkey REFERENCES venues ON DELETE RESTRICT,
    chart_id    uuid        CONSTRAINT events_chart_id_fkey REFERENCES charts ON DELETE RESTRICT,
    slug        text        NOT NULL CONSTRAINT events_slug_key UNIQUE
                            CONSTRAINT events_slug_form CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 100),
    title       text        NOT NULL CONSTRAINT events_title_length CHECK (length(title) BETWEEN 1 AND 200),
    description text        NOT NULL DEFAULT '' CONSTRAINT events_description_length CHECK (length(description) <= 20000),
    category    text        NOT NULL CONSTRAINT events_category_form CHECK (category ~ '^[a-z]+(_[a-z]+)*$' AND length(category) <= 40),
    status      text        NOT NULL CONSTRAINT events_status_known
                            CHECK (status IN ('draft', 'announced', 'on_sale', 'postponed', 'cancelled')),
    currency    text        NOT NULL CONSTRAINT events_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    capacity    integer     NOT NULL CONSTRAINT events_capacity_positive CHECK (capacity > 0),
    doors_at    timestamptz,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz,
    details     jsonb       NOT NULL DEFAULT '{}' CONSTRAINT events_details_object CHECK (jsonb_typeof(details) = 'object'),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT events_end_after_start CHECK (ends_at > starts_at),
    CONSTRAINT events_doors_before_start CHECK (doors_at <= starts_at),
    CONSTRAINT events_currency_key UNIQUE (id, currency)
);
CREATE INDEX events_starts_at_idx ON events (starts_at, id) WHERE status <> 'draft';
CREATE INDEX events_venue_id_idx ON events (venue_id);
CREATE INDEX events_promoter_id_idx ON events (promoter_id);
COMMENT ON COLUMN events.details IS 'What differs from event to event: artist, age, amenities, rules, links.';
