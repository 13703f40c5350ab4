-- One immutable version of a seat chart: the document it came from, and the packed geometry that browsers fetch under
-- its content hash. `geometry_br` is the same bytes under brotli, made once.
CREATE TABLE charts (
    id            uuid        CONSTRAINT charts_pkey PRIMARY KEY,
    venue_id      uuid        NOT NULL CONSTRAINT charts_venue_id_fkey REFERENCES venues ON DELETE RESTRICT,
    name          text        NOT NULL CONSTRAINT charts_name_length CHECK (length(name) BETWEEN 1 AND 200),
    version       integer     NOT NULL CONSTRAINT charts_version_positive CHECK (version > 0),
    seats         integer     NOT NULL CONSTRAINT charts_seats_range CHECK (seats BETWEEN 1 AND 1000000),
    document      bytea       NOT NULL,
    geometry      bytea       NOT NULL,
    geometry_br   bytea       NOT NULL,
    geometry_hash text        NOT NULL CONSTRAINT charts_geometry_hash_form CHECK (geometry_hash ~ '^[0-9a-f]{64}$'),
    notes         jsonb       NOT NULL DEFAULT '[]',
    created_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT charts_version_key UNIQUE (venue_id, name, version)
);
CREATE INDEX charts_geometry_hash_idx ON charts (geometry_hash);
COMMENT ON COLUMN charts.document IS 'The chart document as JSON under brotli: planes, labels, guids and source paths.';
COMMENT ON COLUMN charts.notes IS 'What the import found odd, and how seats were matched to the version before.';

-- The bytes are compressed already; TOAST would only spend time on them.
ALTER TABLE charts ALTER COLUMN document SET STORAGE EXTERNAL, ALTER COLUMN geometry_br SET STORAGE EXTERNAL;

CREATE FUNCTION charts_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a chart version never changes: import a new one'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'charts_immutable', TABLE = 'charts';
END
$$;
CREATE TRIGGER charts_immutable BEFORE UPDATE ON charts FOR EACH ROW
    WHEN (OLD.geometry_hash <> NEW.geometry_hash OR OLD.seats <> NEW.seats OR OLD.version <> NEW.version
          OR OLD.geometry <> NEW.geometry OR OLD.document <> NEW.document)
    EXECUTE FUNCTION charts_refuse_change();
