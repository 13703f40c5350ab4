-- Full text over title, artist, venue, city and description, best first; trigrams forgive a misspelt title. A trigger
-- and not a generated column, because the venue's words live in another table.
ALTER TABLE events ADD COLUMN search tsvector NOT NULL DEFAULT '', ADD COLUMN search_words text NOT NULL DEFAULT '';

CREATE FUNCTION events_write_search() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place text := (SELECT v.name || ' ' || v.city FROM venues v WHERE v.id = NEW.venue_id);
    artist text := coalesce(NEW.details ->> 'artist', '');
BEGIN
    NEW.search_words := search_fold(NEW.title || ' ' || artist || ' ' || coalesce(place, ''));
    NEW.search := setweight(to_tsvector('simple', search_fold(NEW.title || ' ' || artist)), 'A')
        || setweight(to_tsvector('simple', search_fold(coalesce(place, '') || ' ' || replace(NEW.category, '_', ' '))), 'B')
        || setweight(to_tsvector('simple', search_fold(NEW.description)), 'D');
    RETURN NEW;
END
$$;
CREATE TRIGGER events_write_search BEFORE INSERT OR UPDATE OF title, description, category, details, venue_id ON events
    FOR EACH ROW EXECUTE FUNCTION events_write_search();

CREATE FUNCTION venues_rewrite_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE events SET venue_id = venue_id WHERE venue_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER venues_rewrite_search AFTER UPDATE OF name, city ON venues
    FOR EACH ROW EXECUTE FUNCTION venues_rewrite_search();

UPDATE events SET venue_id = venue_id;
CREATE INDEX events_search_idx ON events USING gin (search);

-- What somebody typed, as a query: every word must begin some word of the event.
CREATE FUNCTION search_query(typed text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT to_tsquery('simple', coalesce(string_agg(word || ':*', ' & '), ''))
    FROM regexp_split_to_table(search_fold(typed), '[^[:alnum:]]+') AS word WHERE word <> ''
$$;

-- Whether what somebody typed is nearly among the words: one letter wrong, two swapped.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE INDEX events_search_words_idx ON events USING gin (search_words gin_trgm_ops);
        CREATE FUNCTION search_near(typed text, words text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
            AS 'SELECT search_fold(typed) <% words';
    ELSE
        CREATE FUNCTION search_near(typed text, words text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
            AS 'SELECT false';
    END IF;
END
$$;
