-- An order is paid by one payment. Money that a provider takes beside it, after it said that it would not or a second
-- time, is written down as `refunding` and goes back, so a payment on its way back no longer counts.
DO $do$
DECLARE
    leaf text;
    made text := pg_get_functiondef('make_month(timestamptz)'::regprocedure);
    said constant text := $q$(''capturing'', ''succeeded'', ''refunding'')$q$;
BEGIN
    ASSERT position(said IN made) > 0, 'make_month is not as it was written';
    EXECUTE replace(made, said, $q$(''capturing'', ''succeeded'')$q$);
    FOR leaf IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'payments'::regclass LOOP
        EXECUTE format('DROP INDEX %s_one_capture', leaf);
        EXECUTE format('CREATE UNIQUE INDEX %1$s_one_capture ON %1$s (order_id)
            WHERE status IN (''capturing'', ''succeeded'')', leaf);
    END LOOP;
END
$do$;
