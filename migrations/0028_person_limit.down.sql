ALTER TABLE events DROP COLUMN max_per_person;
