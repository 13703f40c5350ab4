-- Text search folds case and accents. unaccent and pg_trgm are trusted extensions of every stock PostgreSQL; where a
-- provider withholds one, search still works, only less forgivingly.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'unaccent') THEN
        CREATE EXTENSION IF NOT EXISTS unaccent;
    END IF;
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
    END IF;

    -- unaccent(text) is only STABLE because its dictionary can be edited; naming the dictionary and promising never to
    -- edit it is the documented way to an index.
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'unaccent') THEN
        CREATE FUNCTION search_fold(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
            AS 'SELECT lower(unaccent(''unaccent''::regdictionary, words))';
    ELSE
        CREATE FUNCTION search_fold(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
            AS 'SELECT lower(words)';
    END IF;
END
$$;
