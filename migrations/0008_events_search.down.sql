DROP FUNCTION search_near(text, text);
DROP FUNCTION search_query(text);
DROP TRIGGER venues_rewrite_search ON venues;
DROP FUNCTION venues_rewrite_search();
DROP TRIGGER events_write_search ON events;
DROP FUNCTION events_write_search();
ALTER TABLE events DROP COLUMN search_words, DROP COLUMN search;
