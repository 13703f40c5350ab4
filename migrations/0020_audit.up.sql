-- One row a transition, written in the transition's own transaction, never changed.
CREATE TABLE audit (
    id        bigint      GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_pkey PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    entity    text        NOT NULL CONSTRAINT audit_entity_form CHECK (entity ~ '^[a-z_]{1,40}$'),
    entity_id uuid        NOT NULL,
    action    text        NOT NULL CONSTRAINT audit_action_form CHECK (action ~ '^[a-z_]{1,60}$'),
    actor     text        NOT NULL CONSTRAINT audit_actor_length CHECK (length(actor) BETWEEN 1 AND 200),
    detail    jsonb       NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_entity_idx ON audit (entity_id, id);

CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is only ever added to'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_append_only', TABLE = 'audit';
END
$$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
