-- `payments_owed_idx` answers what this one did. In a step of its own: dropping it waits for all who read payments, and
-- would wait for ever behind those who wait for a lock that the same step already has.
SET LOCAL lock_timeout = '2s';
DROP INDEX payments_open_idx;
