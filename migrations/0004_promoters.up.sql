-- Who sells: the tenant.
CREATE TABLE promoters (
    id         uuid        CONSTRAINT promoters_pkey PRIMARY KEY,
    slug       text        NOT NULL CONSTRAINT promoters_slug_key UNIQUE
                           CONSTRAINT promoters_slug_form CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 100),
    name       text        NOT NULL CONSTRAINT promoters_name_length CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now()
);
