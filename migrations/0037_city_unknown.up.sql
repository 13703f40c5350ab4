-- A plan that somebody brought does not say where its house stands, and nobody should read what is not so.
ALTER TABLE venues DROP CONSTRAINT venues_city_length;
ALTER TABLE venues ADD CONSTRAINT venues_city_length CHECK (length(city) <= 200);
