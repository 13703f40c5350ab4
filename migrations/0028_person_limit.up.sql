-- How many places one person may buy of an event over all orders, known by the mail address whatever its case.
ALTER TABLE events
    ADD COLUMN max_per_person integer CONSTRAINT events_max_per_person_positive CHECK (max_per_person > 0);
COMMENT ON COLUMN events.max_per_person IS 'NULL: as many as the tiers allow.';
