-- Fails while an order that was paid has a refund of another payment under way.
DO $do$
DECLARE
    leaf text;
    made text := pg_get_functiondef('make_month(timestamptz)'::regprocedure);
    said constant text := $q$(''capturing'', ''succeeded'')$q$;
BEGIN
    ASSERT position(said IN made) > 0, 'make_month is not as it was written';
    EXECUTE replace(made, said, $q$(''capturing'', ''succeeded'', ''refunding'')$q$);
    FOR leaf IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'payments'::regclass LOOP
        EXECUTE format('DROP INDEX %s_one_capture', leaf);
        EXECUTE format('CREATE UNIQUE INDEX %1$s_one_capture ON %1$s (order_id)
            WHERE status IN (''capturing'', ''succeeded'', ''refunding'')', leaf);
    END LOOP;
END
$do$;
