SET LOCAL lock_timeout = '2s';
DROP INDEX payments_owed_idx;
