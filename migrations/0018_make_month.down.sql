DROP FUNCTION make_month(timestamptz);
