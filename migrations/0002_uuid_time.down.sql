DROP FUNCTION uuid_last(uuid);
DROP FUNCTION uuid_first(uuid);
DROP FUNCTION uuid_instant(uuid);
DROP FUNCTION uuid_floor(timestamptz);
