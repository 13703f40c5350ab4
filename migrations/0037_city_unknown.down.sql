ALTER TABLE venues DROP CONSTRAINT venues_city_length;
UPDATE venues SET city = name WHERE city = '';
ALTER TABLE venues ADD CONSTRAINT venues_city_length CHECK (length(city) BETWEEN 1 AND 200);
