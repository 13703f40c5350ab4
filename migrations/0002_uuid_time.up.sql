-- A UUIDv7 begins with 48 bits of milliseconds, so a time is an id range and a month is a partition.

-- The lowest id of an instant.
CREATE FUNCTION uuid_floor(instant timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT rpad(lpad(to_hex(floor(extract(epoch FROM instant) * 1000)::bigint), 12, '0'), 32, '0')::uuid $$;

-- The instant of an id.
CREATE FUNCTION uuid_instant(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT to_timestamp(('x' || replace(left(id::text, 13), '-', ''))::bit(48)::bigint / 1000.0) $$;

-- The lowest and the highest id of an id's own millisecond. Everything below an order is minted in the order's
-- millisecond, so `id BETWEEN uuid_first(order) AND uuid_last(order)` finds its children in one partition.
CREATE FUNCTION uuid_first(id uuid) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT (left(id::text, 13) || '-0000-0000-000000000000')::uuid $$;
CREATE FUNCTION uuid_last(id uuid) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT (left(id::text, 13) || '-ffff-ffff-ffffffffffff')::uuid $$;
