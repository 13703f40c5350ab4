//! What the auditor asks, one statement a question.
//!
//! A question answers with the event, a key, and what is wrong in words. Key and event name the breach and stay the same
//! while it lasts, whatever is sold meanwhile; the words may carry numbers that move. Each table is read once a question,
//! not once for each row of another: the books grow.

/// Breaches that one question answers with, at most. The first of each event come before the second of any.
pub(super) const AT_MOST: i64 = 1_000;

macro_rules! question {
    ($invariant:literal, $words:literal) => {
        (
            $invariant,
            concat!(
                "SELECT event_id, key, detail FROM (
                    SELECT q.*, row_number() OVER (PARTITION BY event_id ORDER BY key) AS nth FROM (",
                $words,
                ") AS q (event_id, key, detail)) AS found ORDER BY nth, event_id, key LIMIT $1"
            ),
        )
    };
}

/// Every question, with the invariant it is about. `$1` bounds the rows.
#[rustfmt::skip]
pub(super) const QUESTIONS: [(&str, &str); 28] = [
    question!("I1", "SELECT event_id, seat::text, format('seat %s of event %s has %s claims', seat, event_id, count(*))
            FROM seat_claims GROUP BY event_id, seat HAVING count(*) > 1"),
    question!("I1", "SELECT i.event_id, i.seat::text, format('seat %s of event %s is in %s live orders', i.seat, i.event_id, count(*))
            FROM order_items i JOIN orders o ON o.id = i.order_id
            WHERE i.seat IS NOT NULL AND o.status IN ('pending', 'closing', 'paid', 'partly_refunded')
            GROUP BY i.event_id, i.seat HAVING count(*) > 1"),
    question!("I1", "SELECT o.event_id, i.id::text, format('order %s is %s and does not own its seat %s', o.id, o.status, i.seat)
            FROM order_items i JOIN orders o ON o.id = i.order_id
            WHERE i.seat IS NOT NULL AND o.status IN ('pending', 'closing', 'paid', 'partly_refunded')
              AND NOT EXISTS (SELECT FROM seat_claims c WHERE c.event_id = i.event_id AND c.seat = i.seat AND c.order_id = o.id)"),
    question!("I1", "SELECT c.event_id, c.seat::text, format('seat %s of event %s is claimed for order %s, which is %s', c.seat, c.event_id,
                          c.order_id, coalesce(o.status, 'not there'))
            FROM seat_claims c LEFT JOIN orders o ON o.id = c.order_id
            WHERE o.id IS NULL OR o.status NOT IN ('pending', 'closing', 'paid', 'partly_refunded')"),
    question!("I1", "SELECT c.event_id, c.seat::text, format('seat %s of event %s is claimed and not for sale', c.seat, c.event_id)
            FROM seat_claims c JOIN seat_kills k USING (event_id, seat)"),
    // A promoter may lower a limit below what was bought before it, so that a breach of it need not be one: it names no event.
    question!("I2", "SELECT NULL::uuid, min(o.id::text), format('one person has %s places of event %s, which allows %s; one of the orders is %s',
                          sum(i.quantity), o.event_id, e.max_per_person, min(o.id::text))
            FROM orders o JOIN order_items i ON i.order_id = o.id JOIN events e ON e.id = o.event_id
            WHERE e.max_per_person IS NOT NULL AND o.status IN ('pending', 'closing', 'paid', 'partly_refunded')
            GROUP BY o.event_id, lower(o.buyer_email), e.max_per_person HAVING sum(i.quantity) > e.max_per_person"),
    question!("I2", "SELECT event_id, id::text, format('tier %s sold %s and reserved %s of %s', id, sold, reserved, quantity)
            FROM ticket_tiers WHERE sold::bigint + reserved > quantity"),
    question!("I2", "SELECT t.event_id, t.id::text, format('tier %s says reserved %s, sold %s; its orders say %s, %s', t.id, t.reserved, t.sold,
                          coalesce(n.reserved, 0), coalesce(n.sold, 0))
            FROM ticket_tiers t LEFT JOIN (
                SELECT i.tier_id, sum(i.quantity) FILTER (WHERE o.status IN ('pending', 'closing')) AS reserved,
                       sum(i.quantity) FILTER (WHERE o.status IN ('paid', 'partly_refunded')) AS sold
                FROM order_items i JOIN orders o ON o.id = i.order_id GROUP BY i.tier_id) n ON n.tier_id = t.id
            WHERE (t.reserved, t.sold) IS DISTINCT FROM (coalesce(n.reserved, 0), coalesce(n.sold, 0))"),
    question!("I2", "SELECT NULL::uuid, n.order_id::text || t.id::text, format('order %s has %s places of tier %s, which allows %s to %s',
                          n.order_id, n.places, t.id, t.min_purchase, t.max_purchase)
            FROM (SELECT i.order_id, i.tier_id, sum(i.quantity) AS places FROM order_items i JOIN orders o ON o.id = i.order_id
                  WHERE o.status IN ('pending', 'closing', 'paid', 'partly_refunded') GROUP BY i.order_id, i.tier_id) n
            JOIN ticket_tiers t ON t.id = n.tier_id
            WHERE n.places NOT BETWEEN t.min_purchase AND t.max_purchase"),
    question!("I3", "SELECT event_id, seat::text, format('seat %s of event %s has %s valid tickets', seat, event_id, count(*))
            FROM tickets WHERE seat IS NOT NULL AND status <> 'void' GROUP BY event_id, seat HAVING count(*) > 1"),
    question!("I3", "SELECT o.event_id, i.id::text, format('order %s paid for %s places of a line and has %s tickets', o.id, i.quantity, count(t.id))
            FROM orders o JOIN order_items i ON i.order_id = o.id
            LEFT JOIN tickets t ON t.order_item_id = i.id AND t.order_id = o.id AND t.status <> 'void'
            WHERE o.status = 'paid' GROUP BY o.id, i.id, i.quantity, o.event_id HAVING count(t.id) <> i.quantity"),
    question!("I3", "SELECT o.event_id, t.id::text, format('ticket %s is %s in order %s, which is %s', t.id, t.status, o.id, o.status)
            FROM tickets t JOIN orders o ON o.id = t.order_id
            WHERE t.status <> 'void' AND o.status NOT IN ('paid', 'partly_refunded')"),
    question!("I3", "SELECT t.event_id, t.id::text, format('ticket %s is for seat %s, its line for seat %s', t.id, t.seat, i.seat)
            FROM tickets t JOIN order_items i ON i.id = t.order_item_id AND i.order_id = t.order_id
            WHERE t.seat IS DISTINCT FROM i.seat OR t.tier_id <> i.tier_id"),
    question!("M1", "SELECT o.event_id, p.id::text, format('payment %s took money at %s; its order %s is %s', p.id, p.updated_at, o.id, o.status)
            FROM payments p JOIN orders o ON o.id = p.order_id
            WHERE p.status = 'succeeded' AND o.status NOT IN ('paid', 'partly_refunded')
              AND p.updated_at < clock_timestamp() - interval '60 seconds'"),
    question!("M1", "SELECT o.event_id, p.id::text, format('the provider took %s and gave back %s for payment %s; the books say %s, %s',
                          i.captured, i.refunded, p.id, p.captured, p.refunded)
            FROM payments p JOIN test_provider_intents i ON i.payment_id = p.id LEFT JOIN orders o ON o.id = p.order_id
            WHERE p.status IN ('succeeded', 'declined', 'cancelled', 'refunded')
              AND (i.captured, i.refunded) IS DISTINCT FROM (p.captured, p.refunded)"),
    question!("M2", "SELECT o.event_id, o.id::text, format('order %s is %s without its money', o.id, o.status) FROM orders o
            WHERE o.status IN ('paid', 'partly_refunded') AND o.total > 0
              AND NOT EXISTS (SELECT FROM payments p WHERE p.order_id = o.id AND p.status = 'succeeded' AND p.captured = o.total)"),
    question!("M3", "SELECT min(o.event_id::text)::uuid, p.order_id::text, format('order %s was charged %s times', p.order_id, count(*))
            FROM payments p LEFT JOIN orders o ON o.id = p.order_id
            WHERE p.status IN ('capturing', 'succeeded') GROUP BY p.order_id HAVING count(*) > 1"),
    question!("M5", "SELECT o.event_id, p.id::text, format('order %s is %s while payment %s is %s', o.id, o.status, p.id, p.status)
            FROM payments p JOIN orders o ON o.id = p.order_id
            WHERE o.status IN ('cancelled', 'expired') AND p.status NOT IN ('declined', 'cancelled', 'refunding', 'refunded')"),
    question!("M6", "SELECT o.event_id, o.id::text, format('order %s costs %s, its lines %s', o.id, o.total, coalesce(sum(i.total), 0))
            FROM orders o LEFT JOIN order_items i ON i.order_id = o.id
            GROUP BY o.id, o.event_id, o.total, o.subtotal, o.fee, o.tax
            HAVING o.total IS DISTINCT FROM sum(i.total) OR o.subtotal IS DISTINCT FROM sum(i.unit_net * i.quantity)
                OR o.fee IS DISTINCT FROM sum(i.unit_fee * i.quantity) OR o.tax IS DISTINCT FROM sum(i.unit_tax * i.quantity)"),
    question!("M6", "SELECT o.event_id, p.id::text, format('payment %s is over %s %s, its order over %s %s', p.id, p.amount, p.currency, o.total,
                          o.currency)
            FROM payments p JOIN orders o ON o.id = p.order_id
            WHERE (p.amount, p.currency) <> (o.total, o.currency)"),
    question!("D5", "SELECT o.event_id, o.id::text, format('order %s is %s without an audit row of it', o.id, o.status) FROM orders o
            WHERE NOT EXISTS (SELECT FROM audit a WHERE a.entity_id = o.id AND a.entity = 'order'
                              AND a.action = CASE o.status WHEN 'pending' THEN 'placed' ELSE o.status END)
              AND o.status <> 'closing'"),
    question!("D5", "SELECT o.event_id, p.id::text, format('payment %s is %s without an audit row of it', p.id, p.status)
            FROM payments p LEFT JOIN orders o ON o.id = p.order_id
            WHERE NOT EXISTS (SELECT FROM audit a WHERE a.entity_id = p.id AND a.entity = 'payment' AND a.action = p.status)"),
    question!("I3", "SELECT c.event_id, c.seat::text, format('seat %s of event %s is claimed for order %s, which has no line for it', c.seat,
                          c.event_id, c.order_id)
            FROM seat_claims c JOIN orders o ON o.id = c.order_id
            WHERE NOT EXISTS (SELECT FROM order_items i WHERE i.order_id = c.order_id AND i.seat = c.seat AND i.event_id = c.event_id)"),
    question!("M4", "SELECT o.event_id, p.id::text, format('payment %s gave back %s of %s', p.id, p.refunded, p.captured)
            FROM payments p LEFT JOIN orders o ON o.id = p.order_id WHERE p.refunded > p.captured"),
    // What a provider or a job owes, and what was written down twice: it has to wake somebody, but selling on makes it no
    // worse, so it names no event.
    question!("M1", "SELECT NULL::uuid, id::text, format('payment %s has been %s since %s', id, status, updated_at)
            FROM payments WHERE status IN ('capturing', 'cancelling') AND updated_at < clock_timestamp() - interval '60 seconds'"),
    question!("M1", "SELECT NULL::uuid, id::text, format('the refund of payment %s has been waiting since %s', id, updated_at)
            FROM payments WHERE status = 'refunding' AND updated_at < clock_timestamp() - interval '5 minutes'"),
    question!("I6", "SELECT NULL::uuid, id::text, format('order %s is %s and was to end at %s', id, status, expires_at) FROM orders
            WHERE status = 'closing' AND updated_at < clock_timestamp() - interval '5 minutes'
               OR status = 'pending' AND expires_at < clock_timestamp() - interval '5 minutes'"),
    question!("D5", "SELECT NULL::uuid, entity_id || ' ' || action, format('%s %s has %s audit rows of being %s', entity, entity_id, count(*), action)
            FROM audit WHERE entity IN ('order', 'payment') AND action <> 'buyer_amended'
            GROUP BY entity, entity_id, action HAVING count(*) > 1"),
];
