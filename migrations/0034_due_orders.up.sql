-- What comes round every second finds its orders by short indexes: money captured whose tickets are not written yet, orders
-- being closed, and orders that cost nothing. `check_at` of a payment that made tickets is emptied.
CREATE INDEX payments_captured_idx ON payments (check_at) WHERE status = 'succeeded' AND check_at IS NOT NULL;
CREATE INDEX orders_closing_idx ON orders (expires_at) WHERE status = 'closing';
CREATE INDEX orders_free_idx ON orders (expires_at) WHERE status = 'pending' AND total = 0;
UPDATE payments p SET check_at = NULL FROM orders o
WHERE o.id = p.order_id AND p.status = 'succeeded' AND o.status NOT IN ('pending', 'closing');
COMMENT ON COLUMN payments.check_at IS 'When to look after it again: the provider owes an answer, or tickets are to be written.';
