-- Makes one month's partitions of `orders` and all that hangs on an order, with foreign keys from leaf to leaf: a key
-- checked against a leaf costs a sixth of one checked against a parent of twelve months, and a month can be detached
-- and dropped by itself. Leaf-wide unique indexes hold for the whole order, because an order and its children share a
-- leaf. Tables are built beside and then attached, which does not stop the sale. Answers whether it made anything.
CREATE FUNCTION make_month(instant timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', instant AT TIME ZONE 'UTC');
    suffix text := to_char(month, 'YYYY_MM');
    low text := quote_literal(uuid_floor(month AT TIME ZONE 'UTC'));
    high text := quote_literal(uuid_floor((month + interval '1 month') AT TIME ZONE 'UTC'));
    hashes constant integer := 4;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('parterre.make_month'));
    IF to_regclass('orders_' || suffix) IS NOT NULL THEN
        RETURN false;
    END IF;

    EXECUTE format('CREATE TABLE orders_%s (LIKE orders INCLUDING ALL)', suffix);
    EXECUTE format('CREATE TABLE payments_%s (LIKE payments INCLUDING ALL,
        CONSTRAINT payments_%1$s_order_fkey FOREIGN KEY (order_id) REFERENCES orders_%1$s (id) ON DELETE RESTRICT)', suffix);
    EXECUTE format('CREATE TABLE order_items_%s (LIKE order_items INCLUDING ALL,
        CONSTRAINT order_items_%1$s_order_fkey FOREIGN KEY (order_id) REFERENCES orders_%1$s (id) ON DELETE RESTRICT
        ) PARTITION BY HASH (order_id)', suffix);
    FOR remainder IN 0 .. hashes - 1 LOOP
        EXECUTE format('CREATE TABLE order_items_%s_h%s PARTITION OF order_items_%1$s
            FOR VALUES WITH (MODULUS %3$s, REMAINDER %2$s)', suffix, remainder, hashes);
    END LOOP;
    EXECUTE format('CREATE TABLE tickets_%s (LIKE tickets INCLUDING ALL,
        CONSTRAINT tickets_%1$s_order_fkey FOREIGN KEY (order_id) REFERENCES orders_%1$s (id) ON DELETE RESTRICT,
        CONSTRAINT tickets_%1$s_item_fkey FOREIGN KEY (order_id, order_item_id)
            REFERENCES order_items_%1$s (order_id, id) ON DELETE RESTRICT)', suffix);

    -- At most one payment of an order takes money; an intent belongs to one payment.
    EXECUTE format('CREATE UNIQUE INDEX payments_%s_one_capture ON payments_%1$s (order_id)
        WHERE status IN (''capturing'', ''succeeded'', ''refunding'')', suffix);
    EXECUTE format('CREATE UNIQUE INDEX payments_%s_intent_key ON payments_%1$s (provider, provider_intent)', suffix);
    -- A line has a seat once; a place has one ticket; a code names one ticket.
    EXECUTE format('CREATE UNIQUE INDEX order_items_%s_seat_key ON order_items_%1$s (order_id, seat)', suffix);
    EXECUTE format('CREATE UNIQUE INDEX tickets_%s_place_key ON tickets_%1$s (order_item_id, ordinal)', suffix);
    EXECUTE format('CREATE UNIQUE INDEX tickets_%s_seat_key ON tickets_%1$s (event_id, seat)
        WHERE status <> ''void''', suffix);
    EXECUTE format('CREATE UNIQUE INDEX tickets_%s_code_key ON tickets_%1$s (code)', suffix);

    EXECUTE format('ALTER TABLE orders ATTACH PARTITION orders_%s FOR VALUES FROM (%s) TO (%s)', suffix, low, high);
    EXECUTE format('ALTER TABLE payments ATTACH PARTITION payments_%s FOR VALUES FROM (%s) TO (%s)', suffix, low, high);
    EXECUTE format('ALTER TABLE order_items ATTACH PARTITION order_items_%s FOR VALUES FROM (%s) TO (%s)', suffix, low, high);
    EXECUTE format('ALTER TABLE tickets ATTACH PARTITION tickets_%s FOR VALUES FROM (%s) TO (%s)', suffix, low, high);
    RETURN true;
END
$$;
