-- What each buyer has, by mail address: a guest is a buyer without an account.
CREATE VIEW user_tickets_summary AS
    SELECT lower(o.buyer_email) AS buyer_email,
        (array_agg(o.user_id ORDER BY o.id DESC) FILTER (WHERE o.user_id IS NOT NULL))[1] AS user_id,
        o.currency,
        count(*) AS orders,
        sum(o.total) AS total_paid,
        coalesce(sum(t.tickets), 0) AS tickets,
        coalesce(sum(t.valid), 0) AS valid_tickets,
        coalesce(sum(t.used), 0) AS used_tickets,
        coalesce(sum(t.valid) FILTER (WHERE coalesce(e.ends_at, e.starts_at) > now()), 0) AS upcoming_tickets,
        min(e.starts_at) FILTER (WHERE e.starts_at > now()) AS next_event_at,
        max(o.paid_at) AS last_paid_at
    FROM orders o
    JOIN events e ON e.id = o.event_id
    LEFT JOIN LATERAL (
        SELECT count(*) AS tickets, count(*) FILTER (WHERE k.status = 'valid') AS valid,
            count(*) FILTER (WHERE k.status = 'used') AS used
        FROM tickets k WHERE k.id BETWEEN uuid_first(o.id) AND uuid_last(o.id) AND k.order_id = o.id
    ) t ON true
    WHERE o.status IN ('paid', 'partly_refunded')
    GROUP BY lower(o.buyer_email), o.currency;
