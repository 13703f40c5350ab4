DROP FUNCTION event_availability(timestamptz);
