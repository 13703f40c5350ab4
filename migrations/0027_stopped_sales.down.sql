CREATE OR REPLACE FUNCTION event_availability(at timestamptz) RETURNS TABLE (
    id uuid, slug text, title text, category text, status text, starts_at timestamptz, ends_at timestamptz,
    venue_id uuid, venue_name text, venue_city text, venue_country text, time_zone text,
    currency text, from_price bigint, quantity bigint, sold bigint, reserved bigint, available bigint
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT e.id, e.slug, e.title, e.category,
        CASE
            WHEN e.status IN ('cancelled', 'postponed') THEN e.status
            WHEN coalesce(e.ends_at, e.starts_at) <= at THEN 'past'
            WHEN e.status = 'announced' OR t.opens_at > at THEN 'announced'
            WHEN coalesce(t.available, 0) <= 0 THEN 'sold_out'
            ELSE 'on_sale'
        END,
        e.starts_at, e.ends_at, v.id, v.name, v.city, v.country, v.time_zone,
        e.currency, t.from_price, coalesce(t.quantity, 0), coalesce(t.sold, 0), coalesce(t.reserved, 0),
        coalesce(t.available, 0)
    FROM events e
    JOIN venues v ON v.id = e.venue_id
    LEFT JOIN LATERAL (
        SELECT sum(k.quantity) AS quantity, sum(k.sold) AS sold, sum(k.reserved) AS reserved,
            sum(k.quantity - k.sold - k.reserved) FILTER (WHERE k.sale_ends_at IS NULL OR k.sale_ends_at > at) AS available,
            min(k.total) FILTER (WHERE k.quantity > k.sold + k.reserved AND (k.sale_ends_at IS NULL OR k.sale_ends_at > at))
                AS from_price,
            min(coalesce(k.sale_starts_at, '-infinity')) AS opens_at
        FROM ticket_tiers k WHERE k.event_id = e.id
    ) t ON true
    WHERE e.status <> 'draft'
$$;

ALTER TABLE events DROP COLUMN stopped_for, DROP COLUMN stopped_at;
