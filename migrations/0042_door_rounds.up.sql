-- Comparing tickets with what doors are told: one round for all servers of the shop, who take turns by the lot. A store
-- that doors ask has a row, which says how far the round has come and when the next lot is due.
CREATE TABLE door_rounds (
    store  text        CONSTRAINT door_rounds_pkey PRIMARY KEY,
    behind uuid,
    turn   bigint      NOT NULL DEFAULT 1,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '1 minute'
);
COMMENT ON COLUMN door_rounds.behind IS 'The last ticket that was compared; empty where a round begins.';
COMMENT ON COLUMN door_rounds.turn IS 'Grows with each turn that is taken: whoever was taken for lost and comes back late moves nothing.';
COMMENT ON COLUMN door_rounds.due_at IS 'While a turn lasts, when it is taken for lost.';
